/** From the words of a command line to what a verb is given: commander splits them, and what is wrong is said in our words. */
import { Command, CommanderError, Option } from "commander"
import { SpecError, type SpecProblem } from "../errors.js"
import { nearest, show } from "../input/parse.js"
import type { Flag, Flags, Given, Source, Verb } from "./surroundings.js"

/** What commander makes of a flag: each text that was given, `true` for a switch and for a value that was forgotten. */
type Parsed = Readonly<Record<string, boolean | readonly (string | true)[] | undefined>>

/** The command of a verb: what parses its words, and what its help is made of. */
export function commandOf(verb: Verb): Command {
  const command = new Command(verb.name)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption(false)
  command.argument("[words...]").allowUnknownOption().allowExcessArguments()
  for (const [name, flag] of Object.entries(verb.flags)) command.addOption(optionOf(name, flag))
  return command
}

function optionOf(name: string, { type, short, help }: Flag): Option {
  const head = `${short === undefined ? "" : `-${short}, `}--${name}`
  const option = new Option(type === "boolean" ? head : `${head} [value]`, help)
  if (type === "boolean") return option
  // A value that is left out is `true`: commander's own error would name the first one only.
  return option.preset("").argParser((value: string, before: readonly string[] = []) => [...before, value])
}

/** @throws SpecError naming every flag that is not known, lacks its value, or has one too many, and every word amiss. */
export function parseWords(verb: Verb, args: readonly string[], env: NodeJS.ProcessEnv): Given {
  const command = commandOf(verb)
  try {
    command.parse([...args], { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw new SpecError([{ option: verb.name, message: error.message.replace(/^error: /, "") }])
  }
  const parsed = Object.fromEntries(Object.keys(verb.flags).map((name) => [name, parsedOf(command, name)]))
  const isFlag = (word: string) => word.length > 1 && word !== "--" && word.startsWith("-") && !/^-\d/.test(word)
  // What follows "--" is taken as it is.
  const literal = args.includes("--") ? args.length - args.indexOf("--") - 1 : 0
  const problems = [
    ...command.args
      .slice(0, command.args.length - literal)
      .filter(isFlag)
      .map((word) => problemOf(word, verb)),
    ...Object.entries(verb.flags).flatMap(([name, flag]) => missingValue(name, flag, parsed[name])),
  ]
  if (problems.length > 0) throw new SpecError(problems)
  checkWords(verb, command.args)
  return { words: command.args, literal, ...settingsOf(verb.flags, parsed, env) }
}

function parsedOf(command: Command, name: string): Parsed[string] {
  const option = command.options.find(({ long }) => long === `--${name}`)
  const value = command.getOptionValue(option?.attributeName() ?? name) as Parsed[string]
  // Commander takes "--no-headers" for the negation of "headers", which is true when left out.
  if (option?.negate === true) return value === false ? true : undefined
  return value
}

function problemOf(word: string, { name: verb, flags }: Verb): SpecProblem {
  const [head = "", ...rest] = word.split("=")
  const name = head.replace(/^-+/, "")
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (flag !== undefined) {
    const value = rest.join("=")
    return { option: head, value, message: `is ${show(value)}; it takes no value` }
  }
  const near = nearest(name, Object.keys(flags))
  const known = Object.keys(flags).map((one) => `--${one}`)
  const some = known.length === 0 ? `muster ${verb} takes none` : `there are ${known.join(", ")}`
  return { option: head, message: `is not known; ${near === undefined ? some : `did you mean --${near}?`}` }
}

function missingValue(name: string, { type, value }: Flag, parsed: Parsed[string]): readonly SpecProblem[] {
  if (type === "boolean" || !Array.isArray(parsed) || !parsed.includes("")) return []
  return [{ option: `--${name}`, message: `needs a value: --${name} ${value ?? "VALUE"}` }]
}

function checkWords({ name, words }: Verb, given: readonly string[]): void {
  const usage = `use: muster ${[name, ...words].join(" ")}`
  const missing = words[given.length]
  const isMany = words.at(-1)?.includes("...") ?? false
  if (missing !== undefined && !missing.startsWith("["))
    throw new SpecError([{ option: missing, message: `is missing; ${usage}` }])
  const extra = isMany ? undefined : given[words.length]
  if (extra !== undefined) throw new SpecError([{ option: extra, message: `is one word too many; ${usage}` }])
}

/** A flag counts before the variable that stands for it. */
function settingsOf(flags: Flags, parsed: Parsed, env: NodeJS.ProcessEnv): Omit<Given, "words"> {
  const values: Record<string, readonly string[]> = {}
  const switches = new Set<string>()
  const sources: Record<string, Source> = {}
  for (const [name, { type, variable }] of Object.entries(flags)) {
    const given = parsed[name]
    const instead = variable === undefined ? undefined : env[variable]
    if (Array.isArray(given)) values[name] = given as readonly string[]
    else if (given === true) switches.add(name)
    else if (!instead) continue
    else if (type === "string") values[name] = [instead]
    else if (isYes(variable ?? "", instead)) switches.add(name)
    sources[name] = given === undefined ? "environment" : "flag"
  }
  return { values, switches, sources }
}

function isYes(variable: string, text: string): boolean {
  if (/^(1|true|yes)$/i.test(text)) return true
  if (/^(0|false|no)$/i.test(text)) return false
  throw new SpecError([{ option: variable, value: text, message: `is ${show(text)}; use 1 or 0` }])
}

/** A flag that stands at most once: the last one counts. */
export function single(given: Given, name: string): string | undefined {
  return given.values[name]?.at(-1)
}
