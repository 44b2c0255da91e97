/** Streams of events as no cluster would send them: any order, any counts, any words, time that jumps. */
import type { ClusterEvent, ClusterEventBody } from "../../../src/events.js"
import * as fc from "../../support/property.js"

const STATES = ["pending", "running", "interrupted", "failed", "lost", "terminating", "terminated"] as const
export const ERRORS = [
  ...["AuthError", "OwnershipError", "JournalError", "BudgetError", "RejectedError", "SpecError", "OfferRefusedError"],
  ...[
    "BootFailures",
    "LeakError",
    "Unanswered",
    "TimeoutError",
    "ShortfallError",
    "TransientError",
    "UnavailableError",
  ],
  ...["PartialListError", "NotFoundError", "ThrottledError", "SomethingElse"],
] as const
export const REASONS = [
  "capacity",
  "quota",
  "rejected",
  "transient",
  "boot",
  "startup",
  "interrupted",
  "budget",
] as const

/** Words that try to get at the terminal. */
const hostile = fc.constantFrom(
  "\u001b[2J",
  "\u009b1;1H",
  "a\nb\rc",
  "\u202eevil",
  "漢字".repeat(30),
  "😀",
  "e\u0301",
  "\u0007",
)
const words = fc.oneof(hostile, fc.string({ maxLength: 60 }), fc.string({ unit: "grapheme", maxLength: 40 }))
const count = fc.oneof(fc.nat(5), fc.nat(20_000))
const group = fc.constantFrom("default", "gpu", "c\u001b[31md")
const scope = fc.record({ region: words, zone: words, instanceType: words }, { requiredKeys: [] })

const bodies: fc.Arbitrary<ClusterEventBody> = fc.oneof(
  fc.record({ type: fc.constant("target" as const), desired: fc.dictionary(group, count, { maxKeys: 3 }) }),
  fc.record({
    ...{ type: fc.constant("plan" as const), group, provider: words, region: words, count, instanceType: words },
    ...{ market: fc.constantFrom("spot" as const, "on-demand" as const), calls: count },
  }),
  fc.record({
    ...{ type: fc.constant("offer-unavailable" as const), reason: fc.constantFrom(...REASONS), count, scope },
    ...{ until: fc.integer({ min: -100_000, max: 1_000_000 }), code: words, message: words },
  }),
  fc.record(
    {
      ...{ type: fc.constant("tasks" as const), read: count, total: count, running: count, done: count, failed: count },
      ...{ resumed: count, lost: count, workers: count, slots: count, busy: count, leftMs: count },
      perSecond: fc.double({ min: 0, max: 1e9, noNaN: true }),
    },
    {
      requiredKeys: ["type", "read", "running", "done", "failed", "resumed", "lost", "workers", "slots", "busy"],
    },
  ),
  fc.record({
    ...{ type: fc.constant("call" as const), provider: words, region: words, api: words, attempt: count, ms: count },
    ...{ error: fc.constantFrom(...ERRORS), message: words },
  }),
  fc.record({
    ...{ type: fc.constant("worker" as const), id: fc.nat(6).map(String), name: words, group },
    ...{ from: fc.constantFrom(...STATES), to: fc.constantFrom(...STATES), reason: words },
  }),
  fc.record({
    type: fc.constant("termination-ended" as const),
    accepted: count,
    failed: fc.array(words, { maxLength: 3 }),
  }),
  fc.record({
    ...{ type: fc.constant("finished" as const), id: fc.nat(6).map(String), name: words, group, desired: count },
    ...{ outcome: fc.constantFrom("success" as const, "failure" as const, "unknown" as const), step: words },
    ...{ action: fc.constantFrom("end" as const, "replace" as const), exitCode: fc.nat(255), tail: words },
  }),
  fc.record({ type: fc.constant("budget" as const), limit: words, reached: fc.boolean(), message: words }),
  fc.record({ type: fc.constant("note" as const), message: words }),
  fc.record({ type: fc.constant("problem" as const), error: fc.constantFrom(...ERRORS), message: words }),
  fc.record({
    ...{ type: fc.constant("pass" as const), desired: count, running: count, ready: count },
    ...{ pending: count, booked: count },
    ...{ terminating: count, pricePerHour: fc.double({ min: 0, max: 1e5, noNaN: true }), unpriced: count },
  }),
  fc.record({ type: fc.constant("closed" as const), instances: count, leaked: fc.nat(2) }),
)

export interface Told {
  readonly event: ClusterEvent
  readonly now: number
}

/** Events with the moments at which they are heard: mostly later ones, some earlier. */
export const streams: fc.Arbitrary<readonly Told[]> = fc
  .array(fc.tuple(bodies, fc.integer({ min: -60_000, max: 120_000 })), { maxLength: 80, size: "max" })
  .map((steps) => {
    let now = 1_000_000
    return steps.map(([body, ms]) => {
      now += ms
      return { event: { at: now, cluster: "c", ...body } as ClusterEvent, now }
    })
  })
