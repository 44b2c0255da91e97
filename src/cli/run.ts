/** Runs one command line. */
import type { Clock } from "../calls/clock.js"
import { MusterError, SpecError, ThrottledError, TransientError } from "../errors.js"
import { nearest } from "../input/parse.js"
import type { loadProvider } from "../registry.js"
import { plainLines } from "../text.js"
import { deleteCluster } from "./delete.js"
import { EXIT, exitCodeOf } from "./exit-codes.js"
import { type Flags, type Given, parseFlags } from "./flags.js"
import { commandHelp, generalHelp } from "./help.js"
import { list } from "./list.js"
import { sweepPlaces } from "./sweep.js"

/** What a command has around it; tests give their own. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  /** Of this package. */
  readonly version: string
  readonly clock: Clock
  readonly load: typeof loadProvider
  /** The result. */
  readonly out: (text: string) => void
  /** Everything else. */
  readonly say: (text: string) => void
  /** Undefined where nobody could answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}

export interface Command {
  readonly name: string
  /** The words that follow it. */
  readonly words: readonly string[]
  readonly summary: string
  readonly about: string
  readonly flags: Flags
  run(given: Given, surroundings: Surroundings): Promise<number>
}

export const COMMANDS: readonly Command[] = [list, deleteCluster, sweepPlaces]

/** The exit code. */
export async function run(args: readonly string[], given: Surroundings): Promise<number> {
  const isJson = args.includes("--json")
  // What programs read is as it was sent.
  const surroundings = isJson ? given : legible(given)
  try {
    return await runCommand(args, surroundings)
  } catch (error) {
    surroundings.say(isJson ? `${JSON.stringify(envelope(error))}\n` : `muster: ${messageOf(error)}\n`)
    return exitCodeOf(error)
  }
}

/** Names, tags and what clouds say are other people's words: none of them is for a terminal to obey. */
function legible({ out, say, ask, ...others }: Surroundings): Surroundings {
  return {
    ...others,
    out: (text) => out(plainLines(text)),
    say: (text) => say(plainLines(text)),
    ask: ask === undefined ? undefined : (question) => ask(plainLines(question)),
  }
}

async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest[0], surroundings)
  if (name === "version" || name === "--version") {
    surroundings.out(`${surroundings.version}\n`)
    return EXIT.ok
  }
  const command = commandOf(name)
  if (rest.includes("--help") || rest.includes("-h")) return help(name, surroundings)
  const given = parseFlags(rest, command.flags, surroundings.env)
  checkWords(command, given.words)
  return command.run(given, surroundings)
}

function help(name: string | undefined, { out }: Surroundings): number {
  out(name === undefined ? generalHelp(COMMANDS) : commandHelp(commandOf(name)))
  return EXIT.ok
}

function commandOf(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = COMMANDS.map((command) => command.name)
  const near = nearest(name, names)
  const hint = near === undefined ? `there are ${names.join(", ")}, help` : `did you mean "muster ${near}"?`
  throw new SpecError([{ option: name, message: `is no command; ${hint}` }])
}

function checkWords({ name, words }: Command, given: readonly string[]): void {
  const missing = words[given.length]
  const extra = given[words.length]
  const usage = `use: muster ${[name, ...words].join(" ")}`
  if (missing !== undefined) throw new SpecError([{ option: missing, message: `is missing; ${usage}` }])
  if (extra !== undefined) throw new SpecError([{ option: extra, message: `is one word too many; ${usage}` }])
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** An error as programs read it. Fields may be added, none is taken away. */
function envelope(error: unknown): object {
  const known = error instanceof MusterError ? error : undefined
  return {
    error: {
      code: known?.code ?? "Error",
      class: error instanceof Error ? error.name : "Error",
      message: messageOf(error),
      requestId: known?.requestId ?? null,
      retryable: error instanceof TransientError || error instanceof ThrottledError,
      details: error instanceof SpecError ? error.problems : null,
    },
  }
}
