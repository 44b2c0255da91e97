import * as fc from "../../support/property.js"
import { describe, expect, test } from "vitest"
import { etaMs } from "../../../src/fleet/planning/eta.js"
import { receiptOf } from "../../../src/fleet/receipt.js"
import { workerName } from "../../../src/fleet/reports/worker.js"
import { type GroupShort, shortfallMessage, shortfallOf } from "../../../src/fleet/scaling/shortfall.js"
import type { Bucket, Cost, Failure } from "../../../src/provider.js"
import { failureOf, instanceOf, NOW, offerOf, workerOf } from "../support.js"

function shortOf(change: Partial<GroupShort> = {}): GroupShort {
  const ready = change.ready ?? change.running ?? 0
  const nothing = { running: 0, ready, pending: 0, booked: 0, failures: [], problem: undefined, memory: [] }
  const offers = [offerOf()]
  return { group: "default", desired: 10, ...nothing, offers, now: NOW, ...change } as GroupShort
}

const rowsOf = (short: Partial<GroupShort>) =>
  shortfallOf([shortOf(short)]).reasons.map(({ count, reason, code }) => [count, reason, code])

describe("reasons", () => {
  const capacity = (count: number, change: Partial<Failure> = {}) => failureOf({ count, ...change })
  const rows: readonly (readonly [string, Partial<GroupShort>, readonly (readonly unknown[])[]])[] = [
    ["nothing is missing", { running: 10 }, []],
    ["more run than are asked for", { running: 12, failures: [capacity(3)] }, []],
    ["launched, not running yet", { running: 4, pending: 6 }, [[6, "timeout", "Pending"]]],
    [
      "some boot, some are asked for, the rest was refused",
      { running: 1, pending: 2, booked: 3, failures: [capacity(4)] },
      [
        [2, "timeout", "Pending"],
        [3, "timeout", "Unanswered"],
        [4, "capacity", "None"],
      ],
    ],
    [
      "failures of more than is missing are cut to that",
      { running: 7, failures: [capacity(50)] },
      [[3, "capacity", "None"]],
    ],
    ["of one kind they are one row", { failures: [capacity(4), capacity(6)] }, [[10, "capacity", "None"]]],
    [
      "the latest kind first; what was not tried any more is missing for the last reason",
      { failures: [capacity(2), capacity(3, { reason: "quota", code: "Limit" })] },
      [
        [3, "quota", "Limit"],
        [2, "capacity", "None"],
        [5, "quota", "Limit"],
      ],
    ],
    [
      "a problem that stopped the group",
      { failures: [capacity(2)], problem: new TypeError("bad image") },
      [
        [2, "capacity", "None"],
        [8, "error", "TypeError"],
      ],
    ],
    ["nothing was tried at all", {}, [[10, "timeout", "NotStarted"]]],
  ]
  test("what the cloud's answer says of what to do goes before what its reason says", () => {
    const advice = "ask for more addresses"
    const told = shortfallOf([shortOf({ failures: [capacity(10, { reason: "quota", advice })] })])
    expect(told.reasons.map((reason) => reason.advice)).toEqual([advice])
    const untold = shortfallOf([shortOf({ failures: [capacity(10, { reason: "quota" })] })])
    expect(untold.reasons[0]?.advice).toMatch(/^ask the cloud for an increase/)
  })

  test.each(rows)("%s", (_title, short, expected) => {
    expect(merge(rowsOf(short))).toEqual(merge(expected))
  })

  test("a scope is one whatever the order of its fields, and says when it is tried again", () => {
    const failures = [
      failureOf({ count: 4, scope: { zone: "a", family: "f" } }),
      failureOf({ count: 6, scope: { family: "f", zone: "a" } }),
    ]
    const memory = [{ scope: { zone: "a", family: "f" }, until: NOW + 5, failure: failureOf() }]
    const { reasons } = shortfallOf([shortOf({ failures, memory })])
    expect(reasons).toMatchObject([{ count: 10, retryAt: NOW + 5 }])
    expect(shortfallOf([shortOf({ failures, memory, now: NOW + 5 })]).reasons[0]).not.toHaveProperty("retryAt")
  })

  test("always add up to what is missing, each with at least one", () => {
    const count = fc.nat(30)
    const failure = fc.record({
      reason: fc.constantFrom("capacity", "quota", "boot", "rejected", "interrupted"),
      count,
      scope: fc.constantFrom({}, { zone: "a" }, { zone: "a", family: "f" }),
      code: fc.constantFrom("A", "B"),
    }) as fc.Arbitrary<Partial<Failure>>
    const short = fc.record({
      desired: count,
      running: count,
      pending: count,
      booked: count,
      failures: fc.array(failure.map(failureOf), { maxLength: 6 }),
      problem: fc.constantFrom(undefined, new Error("stopped")),
    })
    fc.assert(
      fc.property(fc.array(short, { maxLength: 4 }), (shorts) => {
        const groups = shorts.map((one, index) => shortOf({ ...one, group: `g${index}` }))
        const { count: total, reasons } = shortfallOf(groups)
        const missing = groups.map(({ desired, running }) => Math.max(0, desired - running))
        expect(total).toBe(missing.reduce((sum, one) => sum + one, 0))
        expect(reasons.every((reason) => reason.count > 0)).toBe(true)
        for (const [index, { group }] of groups.entries()) {
          const own = reasons.filter((reason) => reason.group === group)
          expect(own.reduce((sum, reason) => sum + reason.count, 0)).toBe(missing[index])
        }
      }),
    )
  })

  test("in words: one line for each", () => {
    const shortfall = shortfallOf([shortOf({ running: 4, pending: 1 }), shortOf({ group: "big", desired: 1 })])
    expect(shortfallMessage("render", { desired: 11, running: 4, ready: 4 }, shortfall).split("\n")).toEqual([
      'scaling "render" to 11: 4 run, 7 are missing',
      "  1 × timeout (Pending): launched, but not running yet",
      "  5 × timeout (NotStarted): not asked for yet",
      "  1 of group big × timeout (NotStarted): not asked for yet",
    ])
  })
})

/** Whether one reason is told in one row or in two is not what the table is about. */
function merge(rows: readonly (readonly unknown[])[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [count, reason, code] of rows) {
    const key = `${String(reason)} ${String(code)}`
    sums[key] = (sums[key] ?? 0) + Number(count)
  }
  return sums
}

describe("eta", () => {
  const token: Bucket = { kind: "token", capacity: 10, perSecond: 2, reserve: 2 }
  const window: Bucket = { kind: "window", count: 5, perMinute: 2, aligned: true }
  const rows: readonly (readonly [string, Readonly<Record<string, Bucket>>, Record<string, number>, Cost[], number])[] =
    [
      ["nothing to send", { a: token }, { a: 0 }, [], 0],
      ["enough is there", { a: token }, { a: 10 }, [{ a: 4 }, { a: 4 }], 0],
      ["the rest flows back, above the reserve", { a: token }, { a: 10 }, [{ a: 8 }, { a: 6 }], 3000],
      ["a bucket in debt", { a: token }, { a: -4 }, [{ a: 2 }], 4000],
      ["windows are whole", { a: window }, { a: 3 }, [{ a: 4 }], 120_000],
      ["the slowest bucket counts", { a: token, b: window }, { a: 0, b: 0 }, [{ a: 1, b: 6 }], 240_000],
      ["what nobody limits costs no time", {}, {}, [{ a: 1000 }], 0],
      ["concurrency depends on the calls", { a: { kind: "concurrency", max: 1 } }, { a: 0 }, [{ a: 5 }], 0],
      ["a bucket that never fills, and need not", { a: { ...token, perSecond: 0 } }, { a: 10 }, [{ a: 8 }], 0],
      ["and one that would have to", { a: { ...token, perSecond: 0 } }, { a: 0 }, [{ a: 1 }], Number.POSITIVE_INFINITY],
    ]
  test.each(rows)("%s", (_title, buckets, levels, costs, ms) => {
    expect(etaMs(buckets, levels, costs)).toBe(ms)
  })
})

describe("receipt", () => {
  const HOUR_MS = 3_600_000
  const now = NOW + 2 * HOUR_MS

  test("seconds and costs: to the end that the cloud names, else to when it was seen gone, else to now", () => {
    const workers = [
      workerOf({ id: "said", endedAt: NOW + HOUR_MS }, { state: "terminated", since: now, pricePerHour: 1 }),
      workerOf({ id: "seen" }, { state: "terminated", since: NOW + HOUR_MS / 2, pricePerHour: 2 }),
      workerOf({ id: "lost" }, { state: "lost", since: NOW + HOUR_MS }),
      workerOf({ id: "left" }, { state: "terminating", pricePerHour: 0.5 }),
    ]
    const receipt = receiptOf("render", workers, now, ["group sg-1"])
    expect(receipt.instances.map(({ id, cost, finalState }) => [id, cost, finalState])).toEqual([
      ["said", 1, "terminated"],
      ["seen", 1, "terminated"],
      ["lost", undefined, "lost"],
      ["left", 1, "terminating"],
    ])
    expect(receipt.seconds).toBe(3600 + 1800 + 3600 + 7200)
    expect(receipt.cost).toBe(3)
    expect(receipt.leaked.map((row) => row.id)).toEqual(["left"])
    expect(receipt.leftovers).toEqual(["group sg-1"])
    expect(receipt.instances[3]).not.toHaveProperty("endedAt")
  })

  test("no price is no cost, and an end before the launch is no negative time", () => {
    const early = workerOf({ endedAt: NOW - 5 }, { state: "terminated" })
    const receipt = receiptOf("render", [early], now, [])
    expect(receipt).not.toHaveProperty("cost")
    expect(receipt.seconds).toBe(0)
    expect(receiptOf("render", [], now, [])).toMatchObject({ instances: [], leaked: [], seconds: 0 })
  })

  test("a worker's name: ours, or its group's and the end of its id", () => {
    expect(workerName(instanceOf({ name: "render-1" }), "x")).toBe("render-1")
    const id = "i-0123456789abcdef0"
    expect(workerName(instanceOf({ id, tags: { "muster-group": "big" } }), "x")).toBe("big-9abcdef0")
    expect(workerName(instanceOf({ id }), "x")).toBe("x-9abcdef0")
  })
})
