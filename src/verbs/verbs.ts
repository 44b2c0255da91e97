/** The arguments of a cluster's verbs, checked: scale, close, attach, list, sweep. */
import type * as Zod from "zod"
import { MusterError, OwnershipError, RejectedError, SpecError, type SpecProblem } from "../errors.js"
import type {
  AttachSpec,
  CloseOptions,
  ClusterOptions,
  DetachOptions,
  FinishedOptions,
  ListSpec,
  ScaleOptions,
  ScaleTarget,
  SweepSpec,
} from "./types.js"
import type { Criteria, SweepEvent } from "./removals.js"
import { parseOptions, show, type Z } from "../input/parse.js"
import { type ClusterSpec, durationMs, durationSchema, resolveSpec } from "../spec.js"
import { countSchema } from "../input/count.js"
import type { ResolvedSpec } from "../spec/resolved.js"

export type * from "./types.js"

/** The waits of one verb, given once. */
const GIVEN_ONCE = "give timeout or timeoutMs, not both"
const isOnce = (given: { readonly timeout?: unknown; readonly timeoutMs?: unknown }) =>
  given.timeout === undefined || given.timeoutMs === undefined

export const signalSchema = (z: Z): Zod.ZodType =>
  z.instanceof(AbortSignal, { error: "use an AbortSignal: the signal of an AbortController" })

const scaleSchema = (z: Z): Zod.ZodType => {
  const count = countSchema(z)
  return z.strictObject({
    target: z.union([count, z.record(z.string(), count)]),
    options: z
      .strictObject({
        minimum: count.optional(),
        timeout: durationSchema(z).optional(),
        timeoutMs: z.number().positive().optional(),
        ifShort: z.enum(["keep", "close"]).optional(),
        drain: durationSchema(z).optional(),
        signal: signalSchema(z).optional(),
      })
      .refine(isOnce, GIVEN_ONCE),
  })
}

export interface ResolvedScale {
  readonly targets: ReadonlyMap<string, number>
  readonly minimum: number
  readonly timeoutMs: number | undefined
  readonly ifShort: "keep" | "close" | undefined
  /** How long workers that are too many may go on; undefined: as their groups say, and not at all at zero. */
  readonly drainMs: number | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Checks the arguments of `scale` against the groups there are.
 *
 * @throws SpecError with every problem at once.
 */
export function resolveScale(target: ScaleTarget, options: ScaleOptions, groups: readonly string[]): ResolvedScale {
  parseOptions("scale", scaleSchema, { target, options })
  const targets = new Map(typeof target === "number" ? groups.map((name) => [name, target]) : countsIn(target))
  const total = [...targets.values()].reduce((sum, count) => sum + count, 0)
  const problems: SpecProblem[] = [...targets.keys()]
    .filter((name) => !groups.includes(name))
    .map((name) => ({
      option: `scale.target.${name}`,
      value: name,
      message: `no such group; groups: ${groups.join(", ")}`,
    }))
  if (typeof target === "number" && target > 0 && groups.length > 1) {
    const example = `{ ${groups.map((name) => `${name}: ${target}`).join(", ")} }`
    problems.push({
      option: "scale.target",
      value: target,
      message: `is ${target}, but there are ${groups.length} groups; say how many of each: ${example}`,
    })
  }
  if (options.minimum !== undefined && options.minimum > total) {
    problems.push({
      option: "scale.options.minimum",
      value: options.minimum,
      message: `is ${options.minimum}, above the target ${total}`,
    })
  }
  if (groups.length === 0 && (typeof target === "number" ? target : total) > 0) {
    const message = `is ${show(target)}, but the cluster has no workers now and nothing tells what they were; give its spec (instanceType, startup, …) to Cluster.attach again`
    throw new SpecError([{ option: "scale.target", value: target, message }])
  }
  if (problems.length > 0) throw new SpecError(problems)
  return {
    targets,
    minimum: options.minimum ?? total,
    timeoutMs: options.timeoutMs ?? (options.timeout === undefined ? undefined : durationMs(options.timeout)),
    ifShort: options.ifShort,
    drainMs: options.drain === undefined ? undefined : durationMs(options.drain),
    signal: options.signal,
  }
}

/** A compiler that does not tell "left out" from "undefined" lets both through; the schema has refused the second one. */
function countsIn(target: Exclude<ScaleTarget, number>): (readonly [string, number])[] {
  return Object.entries(target).flatMap(([name, count]) => (count === undefined ? [] : [[name, count] as const]))
}

/** A caller in plain JavaScript may leave the spec out altogether: this refuses that. A cluster's own schema checks its fields. */
const someObject = (z: Z): Zod.ZodType => z.looseObject({})

/** @throws SpecError with every problem at once. */
export function resolveAttach(name: string, given: AttachSpec): ClusterSpec {
  parseOptions("attach", someObject, given)
  const { takeOver, quick, ...spec } = given
  const full: ClusterSpec = { ...spec, name, existing: "connect" }
  resolveSpec(full)
  if (takeOver === false && full.closeOnExit === true) {
    const message = "is true, but takeOver: false says that this process only watches; leave one of them out"
    throw new SpecError([{ option: "attach.closeOnExit", value: true, message }])
  }
  const problems = Object.entries({ takeOver, quick }).flatMap(([option, value]): SpecProblem[] => {
    if (value === undefined || typeof value === "boolean") return []
    return [{ option: `attach.${option}`, value, message: `is ${show(value)}; use true, false, or leave it out` }]
  })
  if (quick === true && takeOver !== false)
    problems.push({
      option: "attach.quick",
      value: quick,
      message: "reads too little to change anything; give takeOver: false",
    })
  if (problems.length > 0) throw new SpecError(problems)
  return full
}

export function closedError(name: string): RejectedError {
  return new RejectedError(`cluster "${name}" is closed; make a new one to scale again`)
}

export function detachedError(cluster: string): MusterError {
  return new MusterError(`cluster "${cluster}" was detached while this waited; its instances go on`)
}

export function onlyWatches(name: string): OwnershipError {
  return new OwnershipError(
    `cluster "${name}" was attached with takeOver: false, to watch it; attach without that to change it`,
  )
}

export interface ResolvedList extends Pick<ResolvedSpec, "providers" | "regions"> {
  readonly owner: string | undefined
  readonly timeoutMs: number
}

const DEFAULT_LIST_MS = 10 * 60_000

/** @throws SpecError with every problem at once. */
export function resolveList(spec: ListSpec): ResolvedList {
  parseOptions("list", someObject, spec)
  const { timeout, timeoutMs, ...place } = spec
  parseOptions("list", timeoutSchema, { timeout, timeoutMs })
  const { providers, regions } = resolveSpec(place)
  const givenMs = timeoutMs ?? (timeout === undefined ? undefined : durationMs(timeout))
  return { providers, regions, owner: spec.owner, timeoutMs: givenMs ?? DEFAULT_LIST_MS }
}

export interface ResolvedSweep extends Pick<ResolvedSpec, "providers" | "regions"> {
  readonly criteria: Criteria
  readonly dryRun: boolean
  readonly now: boolean
  readonly timeoutMs: number
  readonly journal: ClusterOptions["journal"]
  readonly onEvent: (event: SweepEvent) => void
}

const sweepSchema = (z: Z): Zod.ZodType =>
  z
    .strictObject({
      provider: z.any(),
      region: z.any().optional(),
      regions: z.array(z.string()).optional(),
      owner: z.any().optional(),
      name: z.any().optional(),
      olderThan: durationSchema(z).optional(),
      olderThanMs: z.number().min(0).optional(),
      shared: z.boolean().optional(),
      dryRun: z.boolean().optional(),
      now: z.boolean().optional(),
      onEvent: z.instanceof(Function, { error: "use a function" }).optional(),
      timeout: durationSchema(z).optional(),
      timeoutMs: z.number().positive().optional(),
    })
    .refine(isOnce, GIVEN_ONCE)

/** @throws SpecError with every problem at once. */
export function resolveSweep(spec: SweepSpec, { journal }: Pick<ClusterOptions, "journal"> = {}): ResolvedSweep {
  parseOptions("sweep", sweepSchema, spec)
  const { regions, olderThan, olderThanMs, shared, dryRun, now, timeout, timeoutMs, onEvent, ...place } = spec
  const { region = regions } = place
  const { providers, regions: resolved, owner, name } = resolveSpec({ ...place, ...(region && { region }) })
  if (regions !== undefined && place.region !== undefined) {
    const message = `is ${show(regions)}, and region is given too; give one of them`
    throw new SpecError([{ option: "sweep.regions", value: regions, message }])
  }
  const ageMs = olderThanMs ?? (olderThan === undefined ? undefined : durationMs(olderThan))
  return {
    providers,
    regions: resolved,
    criteria: { owner, name, olderThanMs: ageMs, shared: shared ?? false },
    dryRun: dryRun ?? false,
    now: now ?? false,
    journal,
    onEvent: onEvent ?? (() => {}),
    timeoutMs: timeoutMs ?? (timeout === undefined ? undefined : durationMs(timeout)) ?? DEFAULT_CLOSE_MS,
  }
}

const DEFAULT_CLOSE_MS = 15 * 60_000

export interface ResolvedClose {
  /** The time that workers may go on is part of it. */
  readonly timeoutMs: number
  readonly drainMs: number
  /** What is wrong with the options. Machines must not go on for a slip in them: it is told when they are gone. */
  readonly mistake: unknown
}

const timeoutSchema = (z: Z): Zod.ZodType =>
  z
    .strictObject({ timeout: durationSchema(z).optional(), timeoutMs: z.number().positive().optional() })
    .refine(isOnce, GIVEN_ONCE)

const closeSchema = (z: Z): Zod.ZodType =>
  z
    .strictObject({
      timeout: durationSchema(z).optional(),
      timeoutMs: z.number().positive().optional(),
      drain: durationSchema(z).optional(),
    })
    .refine(isOnce, GIVEN_ONCE)

export function resolveClose(options: CloseOptions): ResolvedClose {
  try {
    parseOptions("close", closeSchema, options)
  } catch (mistake) {
    return { timeoutMs: DEFAULT_CLOSE_MS, drainMs: 0, mistake }
  }
  const { timeout, timeoutMs, drain } = options
  const ms = timeoutMs ?? (timeout === undefined ? undefined : durationMs(timeout)) ?? DEFAULT_CLOSE_MS
  const drainMs = (drain === undefined ? undefined : durationMs(drain)) ?? 0
  return { timeoutMs: ms + drainMs, drainMs, mistake: undefined }
}

const DEFAULT_DETACH_MS = 5 * 60_000

export interface ResolvedDetach {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

const waitSchema = (z: Z): Zod.ZodType =>
  z
    .strictObject({
      timeout: durationSchema(z).optional(),
      timeoutMs: z.number().positive().optional(),
      signal: signalSchema(z).optional(),
    })
    .refine(isOnce, GIVEN_ONCE)

/** @throws SpecError with every problem at once. */
export function resolveDetach(options: DetachOptions): ResolvedDetach {
  parseOptions("detach", waitSchema, options)
  const { timeout, timeoutMs, signal } = options
  const ms = timeoutMs ?? (timeout === undefined ? undefined : durationMs(timeout)) ?? DEFAULT_DETACH_MS
  return { timeoutMs: ms, signal }
}

export interface ResolvedFinished {
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
}

/** @throws SpecError with every problem at once. */
export function resolveFinished(options: FinishedOptions): ResolvedFinished {
  parseOptions("finished", waitSchema, options)
  const { timeout, timeoutMs, signal } = options
  return { timeoutMs: timeoutMs ?? (timeout === undefined ? undefined : durationMs(timeout)), signal }
}
