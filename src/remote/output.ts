/** Output: runs one command to its end and keeps what it wrote, within bounds. */
import { StringDecoder } from "node:string_decoder"
import { CommandError } from "../errors.js"
import { hearing } from "./hearing.js"
import type { Command, Ended, Remote, SpawnOptions } from "./remote.js"
import { argvOf } from "./shell.js"

/** More than one reads, and less than what a hundred workers' output would fill a process with. */
export const MOST_OUTPUT_BYTES = 16 * 1024 * 1024

/** As much as one wants to read in an error message. */
const ERROR_LINES = 20

export interface CommandOptions extends SpawnOptions {
  /** A command that ends with another code than 0 is an error; true by default. */
  readonly check?: boolean
  /** Hears of each piece of output as it arrives. What it throws ends the command. */
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void
}

export interface CommandResult extends Ended {
  readonly stdout: string
  readonly stderr: string
  /** Output was longer than 16 MiB a stream: its first part is missing. */
  readonly isCut: boolean
}

/**
 * @throws CommandError when it ends with another code than 0, unless `check` is false.
 * @throws TransientError when the connection was lost before its end.
 * @throws what `onOutput` throws, once the command was ended for it.
 */
export function runCommand(
  remote: Remote,
  command: Command,
  where: { readonly worker: string },
  options: CommandOptions = {},
): Promise<CommandResult> {
  return hearing(options, (heard) => run(remote, command, where, heard))
}

async function run(
  remote: Remote,
  command: Command,
  where: { readonly worker: string },
  { check = true, onOutput, ...options }: CommandOptions,
): Promise<CommandResult> {
  const process = await remote.spawn(command, { ...options, stdin: options.stdin ?? "" })
  const kept = { stdout: new Kept(), stderr: new Kept() }
  for (const stream of ["stdout", "stderr"] as const) {
    process[stream].on("data", (bytes) => {
      const text = kept[stream].take(bytes)
      if (text !== "") onOutput?.(stream, text)
    })
  }
  const ended = await process.ended
  const [stdout, stderr] = [kept.stdout.text(), kept.stderr.text()]
  const result = { ...ended, stdout, stderr, isCut: kept.stdout.isCut || kept.stderr.isCut }
  if (check && ended.exitCode !== 0) throw commandError(where.worker, command, result)
  return result
}

/** The words of a failed command: where, what, its code, and the last that it wrote. */
function commandError(worker: string, command: Command, { stdout, stderr, ...ended }: CommandResult): CommandError {
  const shown = typeof command === "string" ? command : argvOf(command).join(" ")
  const [first = "", ...more] = shown.split("\n")
  const name = more.length > 0 || first.length > 80 ? `${first.slice(0, 80)}…` : first
  const how = ended.signal === undefined ? `exit code ${ended.exitCode}` : `signal ${ended.signal}`
  const tail = (stderr.trim() === "" ? stdout : stderr).trim().split("\n").slice(-ERROR_LINES).join("\n")
  const message = `${worker}: ${name}: ${how}${tail === "" ? "" : `; the last that it wrote:\n${tail}`}`
  return new CommandError(message, { worker, exitCode: ended.exitCode, stdout, stderr })
}

/** The last bytes of a stream, as text. */
class Kept {
  readonly #decoder = new StringDecoder("utf8")
  #pieces: string[] = []
  #length = 0
  isCut = false

  take(bytes: Uint8Array): string {
    const text = this.#decoder.write(Buffer.from(bytes))
    this.#pieces.push(text)
    this.#length += text.length
    while (this.#length > MOST_OUTPUT_BYTES && this.#pieces.length > 1) {
      this.#length -= this.#pieces.shift()?.length ?? 0
      this.isCut = true
    }
    return text
  }

  text(): string {
    return this.#pieces.join("") + this.#decoder.end()
  }
}
