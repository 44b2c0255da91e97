/** Command runner: commands as tasks on one worker, by the program of shell that is sent there. */
import { StringDecoder } from "node:string_decoder"
import type { Clock } from "../../calls/clock.js"
import { exportLines } from "../../guest/steps/environment.js"
import { plainWord } from "../../guest/text.js"
import type { Remote } from "../../remote/remote.js"
import { argvOf } from "../../remote/shell.js"
import { commandProgram, MOST_COMMAND_OUTPUT_BYTES } from "./command-program.js"
import { Link } from "./link.js"
import type { Outcome, Runner, Started, Try } from "../farm/runner.js"
import type { CommandOutput, CommandTask } from "../types.js"

export interface CommandRunnerOptions {
  readonly remote: Remote
  readonly clock: Clock
  readonly task: CommandTask<unknown>
  readonly slots: number | "vcpus"
  /** Letters and digits; another one for each process that works. */
  readonly owner: string
  /** Each task gets an empty directory. */
  readonly hasOutputs: boolean
}

/** A worker that does not answer within so long is left alone for now. */
const HELLO_MS = 60_000
/** In an error. */
const TAIL_LINES = 20

interface Slot {
  readonly id: number
  readonly settle: (outcome: Outcome) => void
}

/** @throws TransientError or TimeoutError when the program does not start there. */
export async function startCommandRunner(options: CommandRunnerOptions): Promise<Runner> {
  const { remote, clock, owner } = options
  const process = await remote.spawn(commandProgram(owner), {})
  const runner = new CommandRunner(options)
  const link = new Link({ process, clock, beat: "beat\n", end: "end\n", read: (bytes) => runner.read(bytes) })
  return runner.begin(link)
}

class CommandRunner implements Runner {
  readonly #options: CommandRunnerOptions
  readonly #frames = new CommandFrames()
  readonly #slots = new Map<number, Slot>()
  readonly #free: number[] = []
  #link: Link | undefined
  #directory = ""
  #next = 1
  slots = 0

  constructor(options: CommandRunnerOptions) {
    this.#options = options
  }

  get gone(): Promise<string> {
    return this.#link?.gone ?? Promise.resolve("it has not begun")
  }

  async begin(link: Link): Promise<this> {
    this.#link = link
    await link.untilHello(HELLO_MS)
    return this
  }

  start({ index, attempt, input }: Try): Started {
    const slot = this.#free.pop() ?? this.#slots.size + 1
    const id = this.#next++
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    this.#slots.set(slot, { id, settle })
    void this.gone.then((why) => settle({ kind: "lost", why }))
    try {
      this.#link?.send(taskLines(slot, id, this.#scriptOf({ index, attempt, input }, slot)))
    } catch (error) {
      const { name, message, stack } = error as Error
      settle({ kind: "failure", failure: { name, message, ...(stack === undefined ? {} : { stack }) } })
    }
    return {
      outcome,
      stop: (hard) => {
        if (this.#slots.get(slot)?.id === id) this.#link?.send(`stop ${slot} ${hard ? "KILL" : "TERM"}\n`)
      },
      release: () => {
        if (this.#slots.get(slot)?.id !== id) return
        this.#slots.delete(slot)
        this.#free.push(slot)
      },
    }
  }

  /** Commands have no signal but SIGTERM: what can be saved within the time is the worker's `onNotice`. */
  notice(): void {}

  async close(): Promise<void> {
    await this.#link?.close()
  }

  read(bytes: Uint8Array): void {
    for (const { words, out, err } of this.#frames.take(bytes)) {
      const [verb, first = "", id = "", code = ""] = words
      if (verb === "hello") {
        const { slots } = this.#options
        this.slots = slots === "vcpus" ? Math.max(1, Number(first)) : slots
        this.#directory = words.slice(2).join(" ")
        this.#link?.hello()
      } else if (verb === "done") this.#done(Number(first), Number(id), Number(code), { out, err })
    }
  }

  #done(number: number, id: number, exitCode: number, { out, err }: { readonly out: Buffer; readonly err: Buffer }) {
    const slot = this.#slots.get(number)
    if (slot?.id !== id) return
    const [stdout, stderr] = [textOf(out), textOf(err)]
    if (exitCode === 0) {
      const isCut = out.length >= MOST_COMMAND_OUTPUT_BYTES || err.length >= MOST_COMMAND_OUTPUT_BYTES
      const value: CommandOutput = { stdout, stderr, isCut }
      const files = this.#options.hasOutputs ? { files: `${this.#directory}/${number}.files` } : {}
      slot.settle({ kind: "value", value, ...files })
      return
    }
    const tail = (stderr.trim() === "" ? stdout : stderr).trimEnd().split("\n").slice(-TAIL_LINES).join("\n")
    const failure = { name: "CommandError", message: `its command ended with exit code ${exitCode}`, exitCode, tail }
    slot.settle({ kind: "failure", failure })
  }

  #scriptOf({ index, attempt, input }: Try, slot: number): readonly string[] {
    const { task, hasOutputs } = this.#options
    const { command, environment = {} } = task
    const argv = argvOf(typeof command === "function" ? command(input, { index, attempt }) : command)
    const files = `${this.#directory}/${slot}.files`
    const ours = {
      MUSTER_TASK_INDEX: String(index),
      MUSTER_TASK_ATTEMPT: String(attempt),
      ...(hasOutputs ? { MUSTER_OUTPUT: files } : {}),
    }
    return [
      ...(hasOutputs ? [`rm -rf ${plainWord(files)} && mkdir ${plainWord(files)} || exit 1`] : []),
      ...exportLines({ ...environment, ...ours }),
      `exec ${argv.map(plainWord).join(" ")}`,
    ]
  }
}

/** In one line where no word has several; and nothing of it stands in an argument list. */
function taskLines(slot: number, id: number, lines: readonly string[]): string {
  const isPlain = lines.every((line) => !line.includes("\n"))
  return isPlain
    ? `task ${slot} ${id} plain\n${lines.join("; ")}\n`
    : `task ${slot} ${id} base64\n${Buffer.from(lines.join("\n")).toString("base64")}\n`
}

function textOf(bytes: Buffer): string {
  return new StringDecoder("utf8").end(bytes)
}

interface CommandFrame {
  readonly words: readonly string[]
  readonly out: Buffer
  readonly err: Buffer
}

const NOTHING = Buffer.alloc(0)
const NEWLINE = 10
/** A header is some words. */
const MOST_HEADER_BYTES = 10_000

/** Takes bytes as they come, and gives the frames that are whole: a line, and for "done" what follows it. */
class CommandFrames {
  #waiting: Buffer = NOTHING;

  *take(bytes: Uint8Array): Generator<CommandFrame, void, undefined> {
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#waiting, bytes])
    for (;;) {
      const end = this.#waiting.indexOf(NEWLINE)
      if (end === -1) {
        if (this.#waiting.length > MOST_HEADER_BYTES) throw new Error("no line ends")
        return
      }
      const words = this.#waiting.toString("utf8", 0, end).split(" ")
      const [outBytes, errBytes] = words[0] === "done" ? words.slice(4).map(Number) : [0, 0]
      const [from, middle] = [end + 1, end + 1 + (outBytes ?? 0)]
      const to = middle + (errBytes ?? 0)
      if (Number.isNaN(to)) throw new Error(`"${words.join(" ")}" is no frame`)
      if (this.#waiting.length < to) return
      yield { words, out: this.#waiting.subarray(from, middle), err: this.#waiting.subarray(middle, to) }
      this.#waiting = this.#waiting.subarray(to)
    }
  }
}
