/** Command runner: commands as tasks on one worker, by the program of shell that is sent there. */
import { StringDecoder } from "node:string_decoder"
import type { Clock } from "../../calls/clock.js"
import { exportLines } from "../../guest/steps/environment.js"
import { plainWord } from "../../guest/text.js"
import type { Command, Remote } from "../../remote/remote.js"
import { commandProblem, MOST_WORD_BYTES } from "../../remote/limits.js"
import { argvOf } from "../../remote/shell.js"
import type { Channel } from "../farm/channels.js"
import type { Gone, Runner, Started, Try } from "../farm/runner.js"
import { type CommandFrame, CommandFrames } from "./command-frames.js"
import { commandProgram, MOST_COMMAND_OUTPUT_BYTES, UNWRITTEN } from "./command-program.js"
import { Link } from "./link.js"
import type { ProgramName } from "./program.js"
import { Tries } from "./tries.js"
import type { CommandOutput, CommandTask } from "../types.js"

export interface CommandChannelOptions {
  readonly remote: Remote
  readonly clock: Clock
  readonly name: ProgramName
}

/** What one call has run there. */
export interface CommandUse {
  readonly task: CommandTask<unknown>
  readonly slots: number | "vcpus"
  /** Each task gets an empty directory. */
  readonly hasOutputs: boolean
}

/** A worker that does not answer within so long is left alone for now. */
const HELLO_MS = 60_000
/** In an error. */
const TAIL_LINES = 20

/** @throws TransientError or TimeoutError when the program does not start there. */
export async function startCommandChannel({ remote, clock, name }: CommandChannelOptions): Promise<CommandChannel> {
  const process = await remote.spawn(commandProgram(name), { isLasting: true })
  const frames = new CommandFrames()
  let channel: CommandChannel | undefined
  const read = (bytes: Uint8Array) => {
    for (const one of frames.take(bytes)) channel?.hear(one)
  }
  const link = new Link({ process, clock, beat: "beat\n", end: "end\n", read })
  channel = new CommandChannel(link)
  await link.untilHello(HELLO_MS)
  return channel
}

/** The program of shell on one worker. */
export class CommandChannel implements Channel {
  readonly #link: Link
  readonly #tries: Tries<{ readonly hasOutputs: boolean }>
  #directory = ""
  #vcpus = 1

  constructor(link: Link) {
    this.#link = link
    this.#tries = new Tries(link.gone)
  }

  get gone(): Promise<Gone> {
    return this.#link.gone
  }

  /** @param leave what is called when the runner is needed no more. */
  runner(use: CommandUse, leave: () => Promise<void>): Runner {
    return {
      slots: use.slots === "vcpus" ? this.#vcpus : use.slots,
      start: (one) => this.#start(one, use),
      // Commands go on: most end in time, and what can be saved is the worker's `onNotice`.
      notice: () => {},
      ...this.#link.lent(leave),
    }
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  hear({ words, out, err }: CommandFrame): void {
    const [verb, first = "", id = "", code = ""] = words
    if (verb === "hello") {
      this.#vcpus = Math.max(1, Number(first) || 1)
      this.#directory = words.slice(2).join(" ")
      this.#link.hello()
    } else if (verb === "done") this.#done(Number(id), code, { out, err })
  }

  #start(one: Try, use: CommandUse): Started {
    const open = this.#tries.begin({ hasOutputs: use.hasOutputs })
    const { id, slot, outcome, settle } = open
    try {
      this.#link.send(taskLines(slot, id, this.#scriptOf(one, slot, use)))
    } catch (error) {
      const { name, message, stack } = error as Error
      settle({ kind: "failure", failure: { name, message, ...(stack === undefined ? {} : { stack }) } })
    }
    return {
      outcome,
      stop: (hard) => {
        if (this.#tries.get(id) !== undefined) this.#link.send(`stop ${slot} ${hard ? "KILL" : "TERM"}\n`)
      },
      release: () => this.#tries.release(open),
    }
  }

  #done(id: number, code: string, { out, err }: { readonly out: Buffer; readonly err: Buffer }): void {
    const open = this.#tries.get(id)
    if (open === undefined) return
    const [stdout, stderr, exitCode] = [textOf(out), textOf(err), Number(code)]
    const isCut = out.length >= MOST_COMMAND_OUTPUT_BYTES || err.length >= MOST_COMMAND_OUTPUT_BYTES
    const value: CommandOutput = { stdout, stderr, isCut }
    if (exitCode === 0) {
      open.settle({ kind: "value", value, ...(open.more.hasOutputs ? { files: this.#filesOf(open.slot) } : {}) })
      return
    }
    if (code === UNWRITTEN) {
      const message = `its command could not be written to ${this.#directory}: is the worker's disk full?`
      open.settle({ kind: "failure", failure: { name: "CommandError", message, code: "CommandNotWritten" } })
      return
    }
    const tail = (stderr.trim() === "" ? stdout : stderr).trimEnd().split("\n").slice(-TAIL_LINES).join("\n")
    const message = `its command ended with exit code ${code}`
    open.settle({ kind: "failure", failure: { name: "CommandError", message, exitCode, tail, output: value } })
  }

  #filesOf(slot: number): string {
    return `${this.#directory}/${slot}.files`
  }

  #scriptOf({ index, attempt, input }: Try, slot: number, { task, hasOutputs }: CommandUse): readonly string[] {
    const { command, environment = {} } = task
    const made = checkCommand(typeof command === "function" ? command(input, { index, attempt }) : command)
    const files = this.#filesOf(slot)
    const ours = {
      MUSTER_TASK_INDEX: String(index),
      MUSTER_TASK_ATTEMPT: String(attempt),
      ...(hasOutputs ? { MUSTER_OUTPUT: files } : {}),
    }
    return [
      "{",
      ...(hasOutputs ? [emptied(files)] : []),
      ...exportLines({ ...environment, ...ours }),
      runLine(made),
      "}",
    ]
  }
}

/** What an earlier task has left running may still write there: it keeps no directory that was moved away. */
function emptied(directory: string): string {
  const [path, old] = [plainWord(directory), `${plainWord(directory)}.$$`]
  return `[ ! -e ${path} ] || { mv ${path} ${old} && rm -rf ${old}; } 2>/dev/null; mkdir ${path} || exit 1`
}

/** @throws TypeError for what is no command. */
function checkCommand(command: Command): Command {
  const words: readonly unknown[] = typeof command === "string" ? [command] : Array.isArray(command) ? command : []
  if (words.length === 0 || words[0] === "" || words.some((one) => typeof one !== "string")) {
    throw new TypeError(
      `its command is ${JSON.stringify(command)}; use a text for sh, or a list of a program and its arguments`,
    )
  }
  const problem = commandProblem(command)
  if (problem !== undefined) throw new TypeError(`its command: ${problem}`)
  return command
}

/** A text that no argument can hold is read by the shell that has the script. */
function runLine(command: Command): string {
  const isLong = typeof command === "string" && Buffer.byteLength(command) > MOST_WORD_BYTES
  return isLong ? `eval ${plainWord(command)}` : `exec ${argvOf(command).map(plainWord).join(" ")}`
}

/** In one line where no word has several; and nothing of it stands in an argument list. */
function taskLines(slot: number, id: number, lines: readonly string[]): string {
  const isPlain = lines.every((line) => !line.includes("\n"))
  return isPlain
    ? `task ${slot} ${id} plain\n${lines.join("; ").replace(/^\{; /, "{ ")}\n`
    : `task ${slot} ${id} base64\n${Buffer.from(lines.join("\n")).toString("base64")}\n`
}

function textOf(bytes: Buffer): string {
  return new StringDecoder("utf8").end(bytes)
}
