/** A trial, as plain data: a world, what goes wrong in it and when, and what is asked of a cluster there. */
import fc from "fast-check"
import type { MarketWish } from "../../src/spec.js"

/** What happens to the world itself. `share` is of the cluster's instances, 0 to 1. */
export type Blow =
  | { readonly kind: "interrupt" | "vanish" | "halt"; readonly share: number; readonly noticeMs: number }
  | { readonly kind: "storm"; readonly share: number; readonly forMs: number }
  | { readonly kind: "drain"; readonly zone: number; readonly left: number }
  | { readonly kind: "bad-boots"; readonly share: number; readonly stuck: boolean; readonly forMs: number }

/** What happens to requests while it lasts. `half-list` meets the second and later pages of a list. */
export type Fault = {
  readonly kind:
    | "lose-reply"
    | "hang"
    | "cut-reply"
    | "garble-reply"
    | "late"
    | "too-late"
    | "twice"
    | "half-list"
    | "error-500"
    | "reset"
    | "throttle"
  readonly api: string
  readonly share: number
  readonly forMs: number
}

export interface At<T> {
  readonly atMs: number
  readonly what: T
}

export interface Step {
  readonly afterMs: number
  readonly count: number
  /** Waits for the target before the next step, or lets the next one take its place. */
  readonly waits: boolean
  readonly ifShort?: "keep"
  readonly abortsAfterMs?: number
}

export interface Trial {
  readonly seed: number
  readonly regions: number
  readonly zones: number
  /** As RunInstances (tokens, answers at once), as fleets, as GCP (tokens, answers later), as Azure (names). */
  readonly style: "tokens" | "fleets" | "operations" | "names"
  readonly market: MarketWish
  readonly spread: "one-zone" | "zones"
  /** How many each pool holds; the first for the first zone. Nothing: no limit. */
  readonly stock: readonly number[]
  readonly quotaVcpus?: number
  readonly lagMs: number
  readonly bootMs: number
  readonly requestMs: number
  readonly page: number
  readonly batch: number
  readonly bucket: { readonly capacity: number; readonly perSecond: number }
  readonly shownWhenGone: boolean
  /** How many more than the highest target the cluster may ever have at once. */
  readonly spareWorkers?: number
  readonly blows: readonly At<Blow>[]
  readonly faults: readonly At<Fault>[]
  readonly steps: readonly Step[]
  readonly last: number
  /** The faults begin again before the cluster is closed. */
  readonly closesInTrouble: boolean
}

const MINUTE_MS = 60_000

const share = fc.integer({ min: 1, max: 10 }).map((tenths) => tenths / 10)
export const span = (max: number) => fc.integer({ min: 0, max })
export const atSome = <T>(what: fc.Arbitrary<T>) => fc.record({ atMs: span(8 * MINUTE_MS), what })

export const blow: fc.Arbitrary<Blow> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("interrupt", "vanish", "halt"),
    share,
    noticeMs: fc.constantFrom(0, 30_000, 120_000),
  }),
  fc.record({ kind: fc.constant("storm" as const), share, forMs: span(6 * MINUTE_MS) }),
  fc.record({ kind: fc.constant("drain" as const), zone: span(2), left: span(10) }),
  fc.record({
    kind: fc.constant("bad-boots" as const),
    share: share.map((part) => part / 2),
    stuck: fc.boolean(),
    forMs: span(6 * MINUTE_MS),
  }),
)

const KINDS: readonly Fault["kind"][] = [
  "lose-reply",
  "hang",
  "cut-reply",
  "garble-reply",
  "late",
  "too-late",
  "twice",
  "half-list",
  "error-500",
  "reset",
  "throttle",
]

const APIS = [
  "*",
  "CreateInstances",
  "PutInstance",
  "CreateFleet",
  "ListInstances",
  "TerminateInstances",
  "GetOperation",
  "ListNotices",
]

/** A fault alone has a share of all requests of one kind; together they have smaller ones, so that something passes. */
export const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(...KINDS),
  api: fc.constantFrom(...APIS),
  share: fc.constantFrom(0.05, 0.2, 0.5, 1),
  forMs: span(6 * MINUTE_MS),
})

const step: fc.Arbitrary<Step> = fc.record(
  {
    afterMs: span(4 * MINUTE_MS),
    count: span(40),
    waits: fc.boolean(),
    ifShort: fc.constant("keep" as const),
    abortsAfterMs: span(3 * MINUTE_MS),
  },
  { requiredKeys: ["afterMs", "count", "waits"] },
)

/** A world in which nothing goes wrong, but for its lags. */
export const quiet = {
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  regions: fc.constantFrom(1, 1, 2),
  zones: fc.integer({ min: 1, max: 3 }),
  style: fc.constantFrom("tokens", "fleets", "operations", "names"),
  market: fc.constantFrom("on-demand", "spot", "spot-with-fallback"),
  spread: fc.constantFrom("one-zone", "zones"),
  lagMs: fc.constantFrom(0, 3_000, 30_000, 5 * MINUTE_MS),
  bootMs: fc.constantFrom(5_000, 60_000),
  requestMs: fc.constantFrom(50, 200, 2_000),
  page: fc.constantFrom(3, 10, 1_000),
  batch: fc.constantFrom(1, 7, 250),
  bucket: fc.constantFrom(
    { capacity: 5, perSecond: 2 },
    { capacity: 20, perSecond: 5 },
    { capacity: 200, perSecond: 50 },
  ),
  shownWhenGone: fc.boolean(),
  spareWorkers: span(5),
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  last: span(40),
  closesInTrouble: fc.boolean(),
} as const

const REQUIRED = ["seed", "regions", "zones", "style", "market", "spread", "stock", "lagMs", "bootMs"] as const
const MORE = ["requestMs", "page", "batch", "bucket", "shownWhenGone", "blows", "faults", "steps", "last"] as const
const requiredKeys = [...REQUIRED, ...MORE, "closesInTrouble"] as const

/** Any world, any day: too little stock, quotas, interruptions, failing boots, and a network that is bad at times. */
export const anyTrial: fc.Arbitrary<Trial> = fc.record(
  {
    ...quiet,
    stock: fc.array(span(20), { maxLength: 3 }),
    quotaVcpus: span(40),
    blows: fc.array(atSome(blow), { maxLength: 4 }),
    faults: fc.array(atSome(fault), { maxLength: 3 }),
  },
  { requiredKeys: [...requiredKeys] },
)

/** Enough of everything, but for a way to talk about it: faults alone and together, one after the other and at once. */
export const badNetwork: fc.Arbitrary<Trial> = fc.record(
  {
    ...quiet,
    stock: fc.constant([]),
    blows: fc.array(atSome(blow), { maxLength: 1 }),
    faults: fc.array(atSome(fault), { minLength: 1, maxLength: 6 }),
  },
  { requiredKeys: [...requiredKeys] },
)
