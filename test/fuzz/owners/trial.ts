/** A trial of owners, as plain data: a world, what goes wrong in it, and what up to three processes do there to one cluster. */
import fc from "fast-check"
import { atSome, blow, fault, quiet, span, type Trial } from "../../simulation/trial.js"

/** One thing that a process does. `share` picks one of the objects that it has open, 0 to 1. */
export type Act =
  | {
      readonly kind: "scale"
      readonly share: number
      readonly count: number
      readonly timeoutMs: number
      readonly ifShort?: "keep" | "close"
      readonly abortsAfterMs?: number
    }
  | { readonly kind: "start"; readonly existing: "refuse" | "connect" }
  | { readonly kind: "attach"; readonly takeOver?: boolean }
  | { readonly kind: "close"; readonly share: number; readonly timeoutMs: number }
  | { readonly kind: "detach"; readonly share: number; readonly timeoutMs: number; readonly abortsAfterMs?: number }
  | { readonly kind: "plan" | "look"; readonly share: number }
  /** At once, or once it has begun so many more requests and files. */
  | { readonly kind: "crash"; readonly works: number }
  | { readonly kind: "set-clock"; readonly ms: number }
  /** `muster delete`, from elsewhere. */
  | { readonly kind: "delete"; readonly timeoutMs: number }

export interface OwnerStep {
  readonly afterMs: number
  /** Waits for it before the next step. */
  readonly waits: boolean
  readonly act: Act
}

export interface OwnerScript {
  readonly startsAtMs: number
  readonly hasJournal: boolean
  /** USD; the instances that a trial has cost some cents an hour. */
  readonly budget?: number
  readonly steps: readonly OwnerStep[]
}

export interface OwnersTrial {
  readonly world: Trial
  /** The cloud has something that can be made only once. */
  readonly hasClaims: boolean
  /** All keep their journals in one place, as processes of one machine. */
  readonly onOneMachine: boolean
  readonly owners: readonly OwnerScript[]
  /** All that is done there is to start: of all that start at once exactly one cluster stays. */
  readonly isRace: boolean
  /** How many there are to be in the end. */
  readonly last: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

const share = fc.integer({ min: 0, max: 9 }).map((tenths) => tenths / 10)
const timeoutMs = fc.constantFrom(5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS)
const count = fc.integer({ min: 0, max: 8 })
const aborts = fc.option(span(20 * SECOND_MS), { nil: undefined, freq: 4 })

/** Nothing that is undefined: an option that is given as undefined is given. */
function without<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T
}

const ifShort = fc.option(fc.constantFrom("keep", "close"), { nil: undefined, freq: 5 })

const scale: fc.Arbitrary<Act> = fc
  .record({ kind: fc.constant("scale" as const), share, count, timeoutMs, ifShort, abortsAfterMs: aborts })
  .map((given) => without(given) as Act)

const start: fc.Arbitrary<Act> = fc.record({
  kind: fc.constant("start" as const),
  existing: fc.constantFrom("refuse", "connect"),
})

const attach: fc.Arbitrary<Act> = fc
  .record({ kind: fc.constant("attach" as const), takeOver: fc.constantFrom(undefined, undefined, true, false) })
  .map((given) => without(given) as Act)

const act: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: scale, weight: 8 },
  { arbitrary: start, weight: 3 },
  { arbitrary: attach, weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("close" as const), share, timeoutMs }), weight: 2 },
  {
    arbitrary: fc
      .record({ kind: fc.constant("detach" as const), share, timeoutMs, abortsAfterMs: aborts })
      .map((given) => without(given) as Act),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: fc.constant("crash" as const), works: fc.constantFrom(0, 1, 2, 3, 5, 8, 13) }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constantFrom("plan" as const, "look" as const), share }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant("set-clock" as const),
      ms: fc.constantFrom(-13 * 60 * MINUTE_MS, -30 * SECOND_MS, 20 * SECOND_MS, 60 * MINUTE_MS),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ kind: fc.constant("delete" as const), timeoutMs }), weight: 1 },
)

const afterMs = fc.oneof(span(3 * SECOND_MS), span(90 * SECOND_MS))
const step: fc.Arbitrary<OwnerStep> = fc.record({ afterMs, waits: fc.boolean(), act })

const script: fc.Arbitrary<OwnerScript> = fc.record(
  {
    startsAtMs: fc.oneof(span(2 * SECOND_MS), span(2 * MINUTE_MS)),
    hasJournal: fc.boolean(),
    budget: fc.constantFrom(0.05, 1),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  },
  { requiredKeys: ["startsAtMs", "hasJournal", "steps"] },
)

/** Nothing else goes wrong for long enough to be mistaken for somebody else's doing. */
const world: fc.Arbitrary<Trial> = fc.record({
  ...quiet,
  lagMs: fc.constantFrom(0, 3_000, 20_000),
  requestMs: fc.constantFrom(50, 500, 2_000),
  market: fc.constantFrom("on-demand", "spot"),
  stock: fc.constant([]),
  blows: fc.array(atSome(blow), { maxLength: 1 }),
  faults: fc.array(atSome(fault), { maxLength: 3 }),
  steps: fc.constant([]),
})

/** Whoever starts, and nothing else. */
const starter: fc.Arbitrary<OwnerScript> = fc
  .record({ startsAtMs: span(4 * SECOND_MS), hasJournal: fc.boolean(), count: fc.integer({ min: 1, max: 8 }) })
  .map(({ count: wanted, ...rest }) => {
    const scaling: Act = { kind: "scale", share: 0, count: wanted, timeoutMs: 10 * MINUTE_MS }
    return { ...rest, steps: [{ afterMs: 0, waits: true, act: scaling }] }
  })

const rest = { hasClaims: fc.boolean(), onOneMachine: fc.boolean(), last: fc.integer({ min: 1, max: 8 }) } as const

export const anyOwners: fc.Arbitrary<OwnersTrial> = fc.oneof(
  {
    arbitrary: fc.record({
      ...rest,
      isRace: fc.constant(false),
      world,
      owners: fc.array(script, { minLength: 1, maxLength: 3 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      ...rest,
      isRace: fc.constant(true),
      world,
      owners: fc.array(starter, { minLength: 2, maxLength: 3 }),
    }),
    weight: 1,
  },
)
