import * as fc from "../../support/property.js"
import { describe, expect, test } from "vitest"
import { advance, counts, mayLive, observedState, type WorkerState } from "../../../src/fleet/lifecycle.js"
import { pausedUntil, MOST_FAILED_BOOTS, toEnd, tripped } from "../../../src/fleet/replace.js"
import { Members } from "../../../src/fleet/roster/members.js"
import type { WorkerRecord } from "../../../src/fleet/roster/worker-record.js"
import type { Instance } from "../../../src/provider.js"
import { failureOf, instanceOf, NOW, workerOf } from "../support.js"

const STATES: readonly WorkerState[] = [
  "pending",
  "running",
  "interrupted",
  "failed",
  "lost",
  "terminating",
  "terminated",
]
const anyState = fc.constantFrom(...STATES)

describe("the steps between states", () => {
  test("what has been asked to go never comes back, whatever is observed", () => {
    const walk = (start: WorkerState, seen: readonly WorkerState[]) => seen.reduce(advance, start)
    fc.assert(
      fc.property(fc.array(anyState), (seen) => {
        expect(["terminating", "terminated"]).toContain(walk("terminating", seen))
        expect(walk("terminated", seen)).toBe("terminated")
        // Only what vanished may turn out to live.
        const ended = walk(
          "failed",
          seen.filter((state) => state !== "lost"),
        )
        expect(counts(ended)).toBe(false)
      }),
    )
  })

  const rows: readonly (readonly [WorkerState, WorkerState, WorkerState])[] = [
    ["pending", "running", "running"],
    ["running", "pending", "running"],
    ["interrupted", "running", "interrupted"],
    ["lost", "running", "running"],
    ["failed", "running", "failed"],
    ["terminating", "running", "terminating"],
    ["terminating", "lost", "terminating"],
    ["terminated", "running", "terminated"],
  ]
  test.each(rows)("%s, then seen %s: %s", (from, wanted, to) => {
    expect(advance(from, wanted)).toBe(to)
  })

  test("what counts may live, and only the lost and the terminated may not", () => {
    expect(STATES.filter(counts)).toEqual(["pending", "running"])
    expect(STATES.filter((state) => !mayLive(state))).toEqual(["lost", "terminated"])
  })
})

describe("what a look at an instance says", () => {
  const limits = { goneStates: ["terminated", "terminating"], bootMs: 60_000 } as const
  const rows: readonly (readonly [string, Partial<Instance>, WorkerState])[] = [
    ["it runs", { state: "running" }, "running"],
    ["it boots", { state: "pending" }, "pending"],
    ["it boots for as long as it may", { state: "pending", launchedAt: NOW - 60_000 }, "pending"],
    ["and for too long", { state: "pending", launchedAt: NOW - 60_001 }, "failed"],
    ["somebody stopped it", { state: "stopped" }, "failed"],
    ["it runs, but the cloud says that it failed", { state: "running", failure: failureOf() }, "failed"],
    ["it failed and is gone", { state: "terminated", failure: failureOf() }, "terminated"],
    ["on its way out, with no way back", { state: "terminating" }, "terminated"],
  ]
  test.each(rows)("%s", (_title, instance, state) => {
    expect(observedState(instanceOf(instance), limits, NOW)).toBe(state)
  })

  test("where a way out still costs money, it is not gone", () => {
    expect(observedState(instanceOf({ state: "terminating" }), { ...limits, goneStates: ["terminated"] }, NOW)).toBe(
      "terminating",
    )
  })
})

describe("toEnd", () => {
  const workers = new Members()
  for (const state of STATES) workers.note(workerOf({ id: state }, { state }))
  const ids = (chosen: readonly WorkerRecord[]) => chosen.map((worker) => worker.instance.id)

  test("before the deadline: what failed and is still there", () => {
    expect(ids(toEnd(workers, NOW, NOW + 1))).toEqual(["failed"])
  })

  test("from the deadline on: everything that may live and is not on its way", () => {
    expect(ids(toEnd(workers, NOW, NOW))).toEqual(["pending", "running", "interrupted", "failed"])
  })
})

describe("tripped", () => {
  const LATER = NOW + 600_000
  const record = { since: NOW, now: LATER, desired: 1000, bootMs: 300_000 }
  const failed = (at: number) =>
    workerOf({}, { state: "terminated", knownSince: NOW + at, failure: failureOf({ reason: "boot" }) })
  const failures = (count: number, from = 0) => Array.from({ length: count }, (_, index) => failed(from + index))
  const booted = (at: number, since = NOW) => workerOf({}, { knownSince: NOW + at, since })

  const rows: readonly (readonly [string, readonly WorkerRecord[], boolean])[] = [
    ["nine failed boots are bad luck", failures(MOST_FAILED_BOOTS - 1), false],
    ["ten are not", failures(MOST_FAILED_BOOTS), true],
    ["one that booted well between them breaks the row", [...failures(9), booted(50), ...failures(9, 100)], false],
    [
      "while as many still boot, they are not known to be a row",
      [...failures(12), ...Array.from({ length: 12 }, () => workerOf({}, { state: "pending" }))],
      false,
    ],
    ["before them, it does not", [booted(0), ...failures(10, 100)], true],
    ["one that runs for a moment only breaks nothing", [...failures(5), booted(50, LATER), ...failures(5, 100)], true],
    [
      "those that were interrupted say nothing",
      Array.from({ length: 20 }, () => workerOf({}, { failure: failureOf({ reason: "interrupted" }) })),
      false,
    ],
    ["what failed before the last scale is forgiven", failures(10, -10_000), false],
    [
      "those that had run for longer than a boot takes did boot",
      failures(10).map((worker) => ({ ...worker, ranFrom: worker.since - record.bootMs })),
      false,
    ],
    [
      "those that had run for a moment did not",
      failures(10).map((worker) => ({ ...worker, ranFrom: worker.since - 1_000 })),
      true,
    ],
  ]
  test.each(rows)("%s", (_title, workers, isTripped) => {
    expect(tripped([...workers], record) !== undefined).toBe(isTripped)
    expect(tripped([...workers].reverse(), record) !== undefined).toBe(isTripped)
  })

  const often = (count: number, at = LATER) =>
    Array.from({ length: count }, () =>
      workerOf({}, { state: "terminated", since: at, failure: failureOf({ reason: "boot" }) }),
    )
  const between = (count: number) => Array.from({ length: count }, (_, index) => booted(200 + index))
  const rates: readonly (readonly [string, number, readonly WorkerRecord[], boolean])[] = [
    ["a fifth of the group within one boot time", 40, [...often(8), ...between(32)], true],
    ["less than that", 41, [...often(8), ...between(33)], false],
    ["the same number over a longer time", 40, [...often(4), ...often(4, LATER - 300_001), ...between(32)], false],
    ["one of five is bad luck", 5, [...often(1), ...between(4)], false],
    ["so are four of ten", 10, [...often(4), ...between(6)], false],
    ["five of ten are not", 10, [...often(5), ...between(5)], true],
  ]
  test.each(rates)("%s", (_title, desired, workers, isTripped) => {
    expect(tripped(workers, { ...record, desired }) !== undefined).toBe(isTripped)
  })

  test("it gives the latest failure", () => {
    const last = workerOf({}, { knownSince: NOW + 99, failure: failureOf({ reason: "boot", code: "Last" }) })
    expect(tripped([last, ...failures(10)], record)?.code).toBe("Last")
  })
})

describe("heldUntil: what vanishes again and again", () => {
  const MINUTE_MS = 60_000
  const life = (from: number, to: number, change: Partial<WorkerRecord> = {}) =>
    workerOf({}, { state: "lost", knownSince: NOW + from * MINUTE_MS, since: NOW + to * MINUTE_MS, ...change })
  const chain = (lives: number, change: Partial<WorkerRecord> = {}) =>
    Array.from({ length: lives }, (_, index) => life(index, index + 1, change))
  const rows: readonly (readonly [string, readonly WorkerRecord[], number])[] = [
    ["nothing has vanished", [workerOf()], 0],
    ["a hundred that somebody deletes at once are replaced at once", Array.from({ length: 100 }, () => life(0, 1)), 0],
    ["the second time it waits a little", chain(2), 2 * MINUTE_MS + 10_000],
    ["then longer and longer", chain(5), 5 * MINUTE_MS + 80_000],
    ["and never longer than ten minutes", chain(30), 40 * MINUTE_MS],
    ["what we ended did not vanish", chain(9, { state: "terminated", terminatedAt: NOW }), 0],
    ["what was interrupted did not", chain(9, { interruptedAt: NOW }), 0],
    ["what failed to boot did not: the breaker counts that", chain(9, { failure: failureOf({ reason: "boot" }) }), 0],
    ["what lived for long did not vanish for being new", [life(0, 20), life(20, 40), life(40, 60)], 0],
    [
      "what somebody stops, and we end for it, did",
      chain(2, { terminatedAt: NOW, failure: failureOf({ reason: "interrupted", code: "Stopped" }) }),
      2 * MINUTE_MS + 10_000,
    ],
    ["two that are hours apart have nothing to do with each other", [life(0, 1), life(120, 121)], 0],
  ]
  test.each(rows)("%s", (_title, workers, until) => {
    expect(pausedUntil(workers, NOW)).toBe(until === 0 ? 0 : NOW + until)
  })

  test("what vanished before the last scale is forgiven", () => {
    expect(pausedUntil(chain(9), NOW + 60 * MINUTE_MS)).toBe(0)
  })
})
