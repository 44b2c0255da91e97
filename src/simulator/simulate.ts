/** The door for users: a small cloud and its provider from checked options. */
import type * as Zod from "zod"
import { type Clock, systemClock } from "../calls/clock.js"
import { acceleratedClock } from "../calls/derived-clocks.js"
import { parseOptions, type Z } from "../input/parse.js"
import type { Provider } from "../provider.js"
import type { WorldOptions } from "./world/options.js"
import { worldProvider, type WorldProviderOptions } from "./provider/provider.js"
import { arrange, type ScenarioName, scenarios } from "./scenarios.js"
import { World } from "./world/world.js"

export interface SimulateOptions extends Omit<WorldOptions, "clock">, Omit<WorldProviderOptions, "overrides"> {
  /** The machine's own clock by default. Give the same one to the cluster. */
  readonly clock?: Clock
  /** How much faster than `clock` the time of this cloud goes; 1 by default. */
  readonly speed?: number
  /** A bad day by name; "calm-day" by default. */
  readonly scenario?: ScenarioName
}

export interface SimulatedCloud {
  readonly world: World
  readonly provider: Provider
  /** The clock of the world: give it to the cluster as well (`new Cluster(spec, { clock })`). */
  readonly clock: Clock
}

/**
 * A small cloud to rehearse a burst on: nothing is launched anywhere and nothing is paid.
 *
 * @param options all optional; see `SimulateOptions` for meanings, units and defaults.
 * @returns the world (to inspect, and to script what goes wrong), a provider for it, and the clock that both run on.
 * @throws SpecError with everything that is wrong with the options.
 */
export function simulate(options: SimulateOptions = {}): SimulatedCloud {
  parseOptions("simulate", optionsSchema, options)
  const {
    clock: given = systemClock,
    speed = 1,
    scenario = "calm-day",
    settleMs,
    names,
    fleets,
    guests,
    ...rest
  } = options
  const clock = speed === 1 ? given : acceleratedClock(given, speed)
  const world = new World({ ...rest, clock })
  arrange(scenarios[scenario], [world])
  const provider = worldProvider(world, {
    ...(settleMs === undefined ? {} : { settleMs }),
    ...(names === undefined ? {} : { names }),
    ...(fleets === undefined ? {} : { fleets }),
    ...(guests === undefined ? {} : { guests }),
  })
  return { world, provider, clock }
}

function optionsSchema(z: Z): Zod.ZodType {
  const span = spanSchema(z)
  const word = z.string().min(1)
  return z.strictObject({
    clock: z.custom((value) => typeof (value as Clock | undefined)?.serve === "function", "must be a Clock").optional(),
    speed: z.number().positive().optional(),
    scenario: z.enum(Object.keys(scenarios) as [ScenarioName, ...ScenarioName[]]).optional(),
    settleMs: span.optional(),
    names: z.boolean().optional(),
    fleets: z.boolean().optional(),
    guests: z.enum(["end", "stop", "delete"]).optional(),
    seed: z.number().int().optional(),
    provider: word.optional(),
    region: word.optional(),
    zones: z.array(word).min(1).optional(),
    types: z.array(typeSchema(z)).min(1).optional(),
    capacity: z.array(capacitySchema(z)).optional(),
    quotas: z.array(quotaSchema(z)).optional(),
    buckets: z.record(word, bucketSchema(z)).optional(),
    guestTimes: z
      .strictObject({ systemMs: span, steps: z.record(word, span) })
      .partial()
      .optional(),
    latency: z
      .strictObject({ requestMs: span, createMs: span, bootMs: span, stopMs: span, readyMs: span })
      .partial()
      .optional(),
    listLagMs: span.optional(),
    terminatedVisibleMs: z.number().nonnegative().optional(),
    billsUntilGone: z.boolean().optional(),
    billsStopped: z.boolean().optional(),
    noticeMs: z.number().nonnegative().optional(),
    tokenTtlMs: z.number().positive().optional(),
    limits: limitsSchema(z).optional(),
    ids: z.custom((value) => typeof value === "function", "must be a function").optional(),
    addresses: z.custom((value) => typeof value === "function", "must be a function").optional(),
  })
}

function spanSchema(z: Z): Zod.ZodType {
  const ms = z.number().nonnegative()
  return z
    .union([ms, z.tuple([ms, ms])])
    .refine((span) => typeof span === "number" || span[0] <= span[1], "must be milliseconds, or [least, most] of them")
}

function typeSchema(z: Z): Zod.ZodType {
  const amount = z.number().positive()
  return z.strictObject({
    name: z.string().min(1),
    family: z.string().min(1),
    vcpus: z.number().int().positive(),
    memoryGiB: amount,
    arch: z.enum(["x86_64", "arm64"]),
    gpu: z
      .strictObject({ name: z.string().min(1), count: z.number().int().positive(), memoryGiB: amount.optional() })
      .optional(),
    localDiskGiB: amount.optional(),
    price: z.strictObject({ "on-demand": amount.optional(), spot: amount.optional() }).optional(),
    zones: z.array(z.string().min(1)).optional(),
    markets: z.array(z.enum(["on-demand", "spot"])).optional(),
  })
}

function capacitySchema(z: Z): Zod.ZodType {
  const word = z.string().min(1).optional()
  const market = z.enum(["on-demand", "spot"]).optional()
  const count = z.union([z.number().int().nonnegative(), z.literal(Number.POSITIVE_INFINITY)])
  return z.strictObject({ provider: word, region: word, zone: word, instanceType: word, family: word, market, count })
}

function quotaSchema(z: Z): Zod.ZodType {
  const word = z.string().min(1).optional()
  return z.strictObject({
    name: word,
    family: word,
    market: z.enum(["on-demand", "spot"]).optional(),
    vcpus: z.number().nonnegative(),
  })
}

function bucketSchema(z: Z): Zod.ZodType {
  const units = z.number().nonnegative()
  const positive = z.number().positive()
  return z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("token"),
      capacity: positive,
      perSecond: units,
      reserve: units.optional(),
      byOutcome: z.boolean().optional(),
    }),
    z.strictObject({ kind: z.literal("window"), count: positive, perMinute: positive, aligned: z.boolean() }),
    z.strictObject({ kind: z.literal("concurrency"), max: positive }),
  ])
}

function limitsSchema(z: Z): Zod.ZodType {
  const batch = z.number().int().positive().optional()
  return z.strictObject({
    createBatch: batch,
    terminateBatch: batch,
    listPage: batch,
    consistencyMs: z.number().nonnegative().optional(),
  })
}
