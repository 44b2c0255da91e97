/** Options: what is said of a group that follows a demand, checked, with its defaults. */
import type * as Zod from "zod"
import { SpecError, type SpecProblem } from "../errors.js"
import { parseOptions, show, type Z } from "../input/parse.js"
import { countSchema } from "../input/count.js"
import { durationMs, durationSchema } from "../spec/duration.js"
import type { Bounds } from "./policy.js"
import type { AdaptOptions, Demand, DemandCommand } from "./types.js"

const DEFAULT_EVERY_MS = 5_000
/** More often says nothing new: a launch takes longer. */
const LEAST_EVERY_MS = 1_000
/** How long one reading may take. */
const TIMEOUT_MS = 30_000

export interface ResolvedAdapt {
  readonly bounds: Bounds
  readonly everyMs: number
  readonly timeoutMs: number
  /** Undefined: the engine's. */
  readonly demand: Demand | DemandCommand | undefined
}

/** A demand as data, as a file has it. */
export const commandSchema = (z: Z): Zod.ZodType => {
  const word = z.string().min(1, "must not be empty")
  return z.strictObject({
    command: z.union([word, z.array(z.string()).min(1, "name a program")]),
    timeout: durationSchema(z).optional(),
  })
}

/** @param demand says what a demand may be given as. */
export const adaptShape = (z: Z, demand: Zod.ZodType) => {
  const count = countSchema(z)
  return {
    minimum: count.optional(),
    maximum: count.min(1, "use 1 or more"),
    demand: demand.optional(),
    every: durationSchema(z).optional(),
    shrink: z.boolean().optional(),
  }
}

/** What a file says of it: of a cluster, or of groups by their names. @param name says what a group may be called. */
export const adaptDataSchema = (z: Z, name: Zod.ZodType<string>): Zod.ZodType => {
  const one = z.strictObject(adaptShape(z, commandSchema(z)))
  return z.union([one, z.record(name as never, one)])
}

const optionsSchema = (z: Z): Zod.ZodType => {
  const asked = z.custom((value) => typeof value === "function", "use a function, or { command }")
  return z.strictObject(adaptShape(z, z.union([asked, commandSchema(z)])))
}

const optionNames = ["minimum", "maximum", "demand", "every", "shrink"]

/**
 * Checks what `adapt` was given against the groups that there are.
 *
 * @param given options, or with several groups a record of them by group. @param what names it in messages.
 * @returns by group.
 * @throws SpecError with every problem at once.
 */
export function resolveAdapt(
  given: unknown,
  groups: readonly string[],
  { what = "adapt", maxWorkers, hasEngine = false }: AdaptContext = {},
): ReadonlyMap<string, ResolvedAdapt> {
  const records = isByGroup(given, groups) ? Object.entries(given) : undefined
  const [only, ...others] = groups
  if (records === undefined && others.length > 0) throw severalGroups(what, given, groups)
  const problems: SpecProblem[] = []
  const read = (at: string, one: unknown): readonly ResolvedAdapt[] => {
    try {
      return [resolveOne(at, one, hasEngine)]
    } catch (error) {
      if (!(error instanceof SpecError)) throw error
      problems.push(...error.problems)
      return []
    }
  }
  const resolved = new Map<string, ResolvedAdapt>()
  for (const [name, one] of records ?? [[only ?? "default", given] as const]) {
    const at = records === undefined ? what : `${what}.${name}`
    if (!groups.includes(name)) problems.push({ option: at, value: name, message: noGroup(groups) })
    for (const own of read(at, one)) resolved.set(name, own)
  }
  problems.push(...ceilingProblems(what, resolved, maxWorkers))
  if (problems.length > 0) throw new SpecError(problems)
  return resolved
}

/** What else decides whether it can be. */
export interface AdaptContext {
  /** "adapt" by default. */
  readonly what?: string
  /** The most workers of the whole cluster; undefined: no limit. */
  readonly maxWorkers?: number | undefined
  /** The cluster has an engine, which tells a demand. */
  readonly hasEngine?: boolean
}

/** A record has objects alone, under names that are no options, unless they are those of groups. */
function isByGroup(given: unknown, groups: readonly string[]): given is Readonly<Record<string, unknown>> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return false
  const entries = Object.entries(given)
  const isRecord = entries.every(([, value]) => typeof value === "object" && value !== null)
  return isRecord && entries.some(([name]) => groups.includes(name) || !optionNames.includes(name))
}

function noGroup(groups: readonly string[]): string {
  return `no such group; groups: ${groups.join(", ")}`
}

function severalGroups(what: string, given: unknown, groups: readonly string[]): SpecError {
  const example = `{ ${groups.map((name) => `${name}: { maximum: 10, … }`).join(", ")} }`
  const message = `there are ${groups.length} groups; say it of each that is to follow a demand: ${example}`
  return new SpecError([{ option: what, value: given, message }])
}

function resolveOne(what: string, given: unknown, hasEngine: boolean): ResolvedAdapt {
  const options = parseOptions(what, optionsSchema, given) as AdaptOptions
  const { minimum = 0, maximum, demand, every, shrink = true } = options
  const everyMs = every === undefined ? DEFAULT_EVERY_MS : (durationMs(every) ?? 0)
  const problems: SpecProblem[] = []
  if (maximum < minimum) {
    const message = `is ${maximum}, below minimum ${minimum}; use at least as many`
    problems.push({ option: `${what}.maximum`, value: maximum, message })
  }
  if (everyMs < LEAST_EVERY_MS) {
    problems.push({ option: `${what}.every`, value: every, message: `is ${show(every)}; use "1s" or more` })
  }
  if (demand === undefined && !hasEngine) {
    const message = "is missing, and the cluster has no engine that tells one; give a function or { command }"
    problems.push({ option: `${what}.demand`, value: demand, message })
  }
  const timeout = typeof demand === "object" ? demand.timeout : undefined
  const timeoutMs = timeout === undefined ? TIMEOUT_MS : (durationMs(timeout) ?? 0)
  if (timeoutMs <= 0) {
    problems.push({
      option: `${what}.demand.timeout`,
      value: timeout,
      message: `is ${show(timeout)}; use "1s" or more`,
    })
  }
  if (problems.length > 0) throw new SpecError(problems)
  return { bounds: { minimum, maximum, shrink }, everyMs, timeoutMs, demand }
}

/** Groups share what `maxWorkers` leaves; what all of them have at least must fit. */
function ceilingProblems(
  what: string,
  resolved: ReadonlyMap<string, ResolvedAdapt>,
  maxWorkers: number | undefined,
): readonly SpecProblem[] {
  const least = [...resolved.values()].reduce((sum, { bounds }) => sum + bounds.minimum, 0)
  if (maxWorkers === undefined || least <= maxWorkers) return []
  const message = `asks for ${least} in all at least, above maxWorkers ${maxWorkers}; lower minimum, or raise maxWorkers`
  return [{ option: `${what}.minimum`, value: least, message }]
}
