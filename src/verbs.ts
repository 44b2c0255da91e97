/** The arguments of a cluster's verbs: scale, close, attach, list. */
import type * as Zod from "zod"
import { SpecError, type SpecProblem } from "./errors.js"
import { parseOptions, type Z } from "./parse.js"
import {
  type ClusterSpec,
  type Duration,
  durationMs,
  durationSchema,
  MOST_WORKERS,
  type ResolvedSpec,
  resolveSpec,
} from "./spec.js"

export type ScaleTarget = number | Readonly<Record<string, number>>

export interface ScaleOptions {
  /** The fewest workers that are not a failure: the whole target by default. */
  readonly minimum?: number
  readonly timeout?: Duration
  readonly timeoutMs?: number
  /** What `desired` becomes when fewer run in the end: what runs (`keep`), or nothing (`close`). Else it stays. */
  readonly ifShort?: "keep" | "close"
  readonly signal?: AbortSignal
}

/** What `Cluster.attach` needs: where to look, and optionally what its workers are, to launch more of them. */
export interface AttachSpec extends Omit<ClusterSpec, "name" | "existing" | "maxLifetime" | "maxLifetimeMs"> {}

export interface ListSpec extends Pick<ClusterSpec, "provider" | "region"> {
  /** Only this owner's clusters; everybody's when left out. */
  readonly owner?: string
}

export interface CloseOptions {
  readonly timeout?: Duration
  readonly timeoutMs?: number
}

const scaleSchema = (z: Z): Zod.ZodType => {
  const count = z.int("use a whole number").min(0, "use 0 or more").max(MOST_WORKERS, `use at most ${MOST_WORKERS}`)
  return z.strictObject({
    target: z.union([count, z.record(z.string(), count)]),
    options: z.strictObject({
      minimum: count.optional(),
      timeout: durationSchema(z).optional(),
      timeoutMs: z.number().positive().optional(),
      ifShort: z.enum(["keep", "close"]).optional(),
      signal: z.instanceof(AbortSignal).optional(),
    }),
  })
}

export interface ResolvedScale {
  readonly targets: ReadonlyMap<string, number>
  readonly minimum: number
  readonly timeoutMs: number | undefined
  readonly ifShort: "keep" | "close" | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Checks the arguments of `scale` against the groups there are.
 *
 * @throws SpecError with every problem at once.
 */
export function resolveScale(target: ScaleTarget, options: ScaleOptions, groups: readonly string[]): ResolvedScale {
  parseOptions("scale", scaleSchema, { target, options })
  const targets = new Map(typeof target === "number" ? groups.map((name) => [name, target]) : Object.entries(target))
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
  if (problems.length > 0) throw new SpecError(problems)
  return {
    targets,
    minimum: options.minimum ?? total,
    timeoutMs: options.timeoutMs ?? (options.timeout === undefined ? undefined : durationMs(options.timeout)),
    ifShort: options.ifShort,
    signal: options.signal,
  }
}

/** @throws SpecError with every problem at once. */
export function resolveAttach(name: string, spec: AttachSpec): ClusterSpec {
  const full: ClusterSpec = { ...spec, name, existing: "connect" }
  resolveSpec(full)
  return full
}

export interface ResolvedList extends Pick<ResolvedSpec, "providers" | "regions"> {
  readonly owner: string | undefined
}

/** @throws SpecError with every problem at once. */
export function resolveList(spec: ListSpec): ResolvedList {
  const { providers, regions } = resolveSpec(spec)
  return { providers, regions, owner: spec.owner }
}

const DEFAULT_CLOSE_MS = 15 * 60_000

/** @throws SpecError with every problem at once. */
export function resolveClose(options: CloseOptions): number {
  const schema = (z: Z): Zod.ZodType =>
    z.strictObject({ timeout: durationSchema(z).optional(), timeoutMs: z.number().positive().optional() })
  if (Object.keys(options).length > 0) parseOptions("close", schema, options)
  return (
    options.timeoutMs ??
    (options.timeout === undefined ? DEFAULT_CLOSE_MS : (durationMs(options.timeout) ?? DEFAULT_CLOSE_MS))
  )
}
