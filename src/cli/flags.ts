/** Flags: what may stand on the command line, and what it means when it does. */
import { parseArgs } from "node:util"
import { SpecError, type SpecProblem } from "../errors.js"
import { nearest, show } from "../input/parse.js"

export interface Flag {
  readonly type: "string" | "boolean"
  readonly short?: string
  readonly multiple?: boolean
  /** How the value is called in help texts. */
  readonly value?: string
  readonly help: string
  /** The variable that stands for it when it is not given. */
  readonly variable?: string
}

export type Flags = Readonly<Record<string, Flag>>

export interface Given {
  readonly words: readonly string[]
  readonly values: Readonly<Record<string, readonly string[]>>
  readonly switches: ReadonlySet<string>
}

/** @throws SpecError naming every flag that is not known, lacks its value, or has one too many. */
export function parseFlags(args: readonly string[], flags: Flags, env: NodeJS.ProcessEnv): Given {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => {
      return [name, { type, multiple: type === "string", ...(short && { short }) }] as const
    }),
  )
  const { tokens, positionals } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const values: Record<string, string[]> = {}
  const switches = new Set<string>()
  const problems: SpecProblem[] = []
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const problem = problemOf(token, flags)
    if (problem !== undefined) problems.push(problem)
    else if (token.value === undefined) switches.add(token.name)
    else values[token.name] = [...(values[token.name] ?? []), token.value]
  }
  if (problems.length > 0) throw new SpecError(problems)
  for (const [name, { variable }] of Object.entries(flags)) {
    const value = variable === undefined ? undefined : env[variable]
    if (value && values[name] === undefined) values[name] = [value]
  }
  return { words: positionals, values, switches }
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
}

function problemOf({ name, rawName, value }: OptionToken, flags: Flags): SpecProblem | undefined {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (flag === undefined) {
    const near = nearest(name, Object.keys(flags))
    const known = Object.keys(flags).map((one) => `--${one}`)
    const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean --${near}?`
    return { option: rawName, message: `is not known; ${hint}` }
  }
  if (flag.type === "boolean") {
    return value === undefined ? undefined : { option: rawName, value, message: `is ${show(value)}; it takes no value` }
  }
  // "--region --json": the value was forgotten.
  if (value !== undefined && value !== "" && !value.startsWith("--")) return undefined
  return { option: rawName, message: `needs a value: ${rawName} ${flag.value ?? "VALUE"}` }
}

/** A flag that stands at most once. */
export function single(given: Given, name: string): string | undefined {
  return given.values[name]?.at(-1)
}
