/** Runs one command line. */
import { MusterError, SpecError, ThrottledError, TransientError } from "../errors.js"
import { nearest } from "../input/parse.js"
import { plainLines } from "../text.js"
import { EXIT, exitCodeOf, InterruptedError } from "./exit-codes.js"
import { generalHelp, verbHelp } from "./help.js"
import { parseWords } from "./parse.js"
import type { Surroundings, Verb } from "./surroundings.js"
import { VERBS } from "./verbs/index.js"

/** The exit code. */
export async function run(args: readonly string[], given: Surroundings): Promise<number> {
  const isJson = asksJson(ownWords(args), given.env)
  // What programs read is as it was sent.
  const surroundings = isJson ? given : legible(given)
  try {
    return await runVerb(args, surroundings)
  } catch (error) {
    surroundings.say(isJson ? `${JSON.stringify(envelope(error))}\n` : `muster: ${messageOf(error)}\n`)
    return failureCode(args[0], error)
  }
}

function failureCode(name: string | undefined, error: unknown): number {
  const verb = VERBS.find((one) => one.name === name)
  return error instanceof InterruptedError ? exitCodeOf(error) : (verb?.failed ?? exitCodeOf(error))
}

/** Those before "--": what follows is for a command on a worker. */
function ownWords(args: readonly string[]): readonly string[] {
  return args.includes("--") ? args.slice(0, args.indexOf("--")) : args
}

/** Known before anything is parsed: what is wrong with the line is told in JSON too. */
function asksJson(args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const isNamed = (word: string, at: number) => ["-o", "--output"].includes(word) && args[at + 1] === "json"
  const isAsked = args.some((word, at) => ["--json", "-ojson", "--output=json"].includes(word) || isNamed(word, at))
  const isOther = args.some((word) => /^(-o|--output)/.test(word))
  return isAsked || (!isOther && env.MUSTER_OUTPUT === "json")
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

async function runVerb(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === "--help" || name === "-h") return help(rest[0], surroundings)
  if (name === "help") return help(rest[0] === "help" ? undefined : rest[0], surroundings)
  if (name === "--version" || name === "-V" || name === "-v") return runVerb(["version"], surroundings)
  const verb = verbOf(name)
  const own = ownWords(rest)
  if (own.includes("--help") || own.includes("-h")) return help(name, surroundings)
  const given = parseWords(verb, [...(verb.shorthands?.[name] ?? []), ...rest], surroundings.env)
  const { run: runIt } = await surroundings.clock.busy("loading the verb", verb.load())
  return runIt(given, surroundings, VERBS)
}

function help(name: string | undefined, { out, columns }: Surroundings): number {
  out(name === undefined ? generalHelp(VERBS, columns) : verbHelp(verbOf(name), columns))
  return EXIT.ok
}

/** What other tools call it. */
const CALLED: Readonly<Record<string, string>> = {
  ...{ create: "up", apply: "up", start: "up", launch: "up", deploy: "up", resize: "scale" },
  ...{ destroy: "delete", stop: "delete", kill: "delete", terminate: "delete", down: "delete", remove: "delete" },
  ...{ status: "describe", info: "describe", inspect: "describe", show: "describe", history: "events" },
  ...{ nodes: "get", workers: "get", clusters: "get", price: "cost", prices: "offers", simulate: "rehearse" },
  ...{ map: "run", parallel: "run", job: "run", batch: "run" },
  ...{ check: "doctor", diagnose: "doctor", preflight: "doctor", permissions: "policy", iam: "policy" },
  ...{ shell: "ssh", connect: "ssh", tunnel: "forward", copy: "cp", scp: "cp", tail: "logs" },
  ...{ cleanup: "sweep", prune: "sweep", diff: "plan", preview: "plan", new: "init" },
}

function namesOf({ name, aliases = [], shorthands = {} }: Verb): readonly string[] {
  return [name, ...aliases, ...Object.keys(shorthands)]
}

function verbOf(name: string): Verb {
  const found = VERBS.find((verb) => namesOf(verb).includes(name))
  if (found !== undefined) return found
  const names = VERBS.map((verb) => verb.name)
  if (name.startsWith("-")) {
    throw new SpecError([{ option: name, message: "is no verb; the verb comes first: muster VERB [words] [flags]" }])
  }
  const near = Object.hasOwn(CALLED, name) ? CALLED[name] : nearest(name, names)
  const hint = near === undefined ? `there are ${names.join(", ")}, help` : `did you mean "muster ${near}"?`
  throw new SpecError([{ option: name, message: `is no command; ${hint}` }])
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
