/** What the model makes of events and looks: counts, trouble, money, and how long it takes. */
import { countItems } from "../../src/progress/sentences.js"
import { describe, expect, test } from "vitest"
import type { ClusterEvent, ClusterEventBody } from "../../src/events.js"
import type { Explanation, GroupExplanation } from "../../src/fleet/explain/explanation.js"
import { NO_COST } from "../../src/money/cost.js"
import { etaOf, type ToCome } from "../../src/progress/model/eta.js"
import { kindOf, kindOfReason } from "../../src/progress/model/kinds.js"
import { NOTHING_WRITTEN, jsonDue } from "../../src/progress/json.js"
import { ProgressModel } from "../../src/progress/model/model.js"
import { NOTHING_SAID, plainDue } from "../../src/progress/plain.js"
import { kindItems, taskItems } from "../../src/progress/sentences.js"
import { cellsIn, clip, short, shown, wrap } from "../../src/progress/words.js"

const START = 1_000_000

function modelAfter(...bodies: readonly ClusterEventBody[]): ProgressModel {
  const model = new ProgressModel("c", START)
  for (const body of bodies) model.hear({ at: START, cluster: "c", ...body } as ClusterEvent, START)
  return model
}

const target = (count: number): ClusterEventBody => ({ type: "target", desired: { default: count } })
const pass = (desired: number, booked = 0): ClusterEventBody => ({
  ...{ type: "pass", desired, running: 0, ready: 0, pending: 0, booked, terminating: 0, pricePerHour: 1, unpriced: 0 },
})
type To = Extract<ClusterEventBody, { type: "worker" }>["to"]
const worker = (id: string, to: To, from?: To, reason?: string): ClusterEventBody => ({
  ...{ type: "worker", id, name: `w${id}`, group: "default", to },
  ...(from === undefined ? {} : { from }),
  ...(reason === undefined ? {} : { reason }),
})
const refusal = (code: string, count: number, until: number): ClusterEventBody => ({
  ...{
    type: "offer-unavailable",
    reason: "capacity",
    count,
    scope: { zone: "z", market: "spot" },
    until,
    code,
    message: "none",
  },
})

function look(group: Partial<GroupExplanation>): Explanation {
  const whole = {
    group: "default",
    desired: 10,
    finished: { succeeded: 0, failed: 0 },
    shortfall: { count: 0, reasons: [] },
    ...group,
  }
  return { cluster: "c", at: START, groups: [whole], unavailable: [] } as unknown as Explanation
}

describe("counts", () => {
  test("what has come of launch calls since the last pass is not requested any more", () => {
    const model = modelAfter(target(10), pass(10, 6), worker("1", "pending"), worker("2", "running"))
    expect(model.view(START)).toMatchObject({ running: 1, booting: 1, requested: 4, missing: 4, surplus: 0 })
  })

  test("more than are asked for are too many, and nothing is missing", () => {
    const model = modelAfter(
      target(2),
      worker("1", "running"),
      worker("2", "running"),
      worker("3", "running"),
      target(1),
    )
    expect(model.view(START)).toMatchObject({ running: 3, missing: 0, surplus: 2 })
  })

  test.each([
    ["opening", []],
    ["scaling", [target(1)]],
    ["running", [target(1), worker("1", "running")]],
    ["ending", [target(1), worker("1", "running"), target(0)]],
    ["empty", [target(1), worker("1", "running"), target(0), worker("1", "terminated", "terminating")]],
    ["closed", [target(1), { type: "closed", instances: 1, leaked: 0 }]],
  ] as const)("the phase is %s", (phase, events) => {
    expect(modelAfter(...events).view(START).phase).toBe(phase)
  })

  test("a group that launches no more is said to be stopped, until the next target", () => {
    const model = modelAfter(target(10))
    model.see(look({ stopped: "RejectedError: no" }), NO_COST, START)
    expect(model.view(START)).toMatchObject({ phase: "stopped", stopped: "RejectedError: no" })
    expect(model.view(START)).not.toHaveProperty("eta")
    model.hear({ at: START, cluster: "c", ...target(3) } as ClusterEvent, START)
    expect(model.view(START)).toMatchObject({ phase: "scaling" })
  })
})

describe("trouble", () => {
  test("is counted by kind and code, with the latest words, and when it is tried again", () => {
    const model = modelAfter(
      refusal("ICE", 40, START + 5_000),
      refusal("ICE", 2, START + 9_000),
      refusal("Stockout", 1, START),
    )
    const [ice, stockout] = model.view(START).troubles
    expect(ice).toMatchObject({ kind: "capacity", code: "ICE", count: 42, scope: "z spot", nextTryAt: START + 9_000 })
    expect(stockout).not.toHaveProperty("nextTryAt")
    expect(model.view(START + 10_000).troubles[0]).not.toHaveProperty("nextTryAt")
  })

  test("does not keep a whole console", () => {
    const model = modelAfter(worker("1", "failed", "pending", "x".repeat(1_000_000)))
    expect(model.view(START).troubles[0]?.message).toHaveLength(1_000)
  })

  test("of one kind is one sum, whatever the codes are", () => {
    const model = modelAfter(refusal("ICE", 40, 0), refusal("Stockout", 2, 0))
    expect(kindItems(model.view(START))).toEqual(["42 capacity"])
  })

  test("is tried again when the cluster says so", () => {
    const model = modelAfter(refusal("ICE", 1, START + 60_000))
    const reason = { group: "default", count: 1, reason: "capacity", scope: {}, code: "ICE", message: "m", advice: "a" }
    const reasons = [
      { ...reason, retryAt: START + 8_000 },
      { ...reason, retryAt: START + 4_000 },
    ] as never
    model.see(look({ shortfall: { count: 2, reasons } }), NO_COST, START)
    expect(model.view(START).troubles[0]).toMatchObject({ nextTryAt: START + 4_000 })
  })

  test("a refused launch counts its instances, not its request as well", () => {
    const call = { provider: "p", region: "r", api: "Run", attempt: 1, ms: 1, message: "m" }
    const calls = ["CapacityError", "QuotaError", "ThrottledError"].map((error) => ({
      type: "call" as const,
      ...call,
      error,
    }))
    expect(
      modelAfter(...calls)
        .view(START)
        .troubles.map(({ kind }) => kind),
    ).toEqual(["throttled"])
  })

  test("a worker is counted once, and one that was asked to go not at all", () => {
    const model = modelAfter(
      ...[worker("1", "interrupted", "running"), worker("1", "terminating", "interrupted", "notice")],
      ...[worker("2", "failed", "pending", "no boot"), worker("2", "terminated", "terminating", "no boot")],
      ...[
        worker("3", "terminated", "pending", "no boot"),
        worker("4", "terminating", "running"),
        worker("5", "lost", "running"),
      ],
    )
    const counts = model.view(START).troubles.map(({ kind, count }) => [kind, count])
    expect(counts).toEqual([
      ["failed", 2],
      ["lost", 1],
      ["interrupted", 1],
    ])
  })

  test("codes beyond any number share a row of their kind, and none is lost", () => {
    const model = modelAfter(...Array.from({ length: 500 }, (_, at) => refusal(`code ${at}`, 1, 0)))
    const { troubles } = model.view(START)
    expect(troubles.length).toBeLessThan(50)
    expect(troubles.reduce((sum, { count }) => sum + count, 0)).toBe(500)
  })

  test("what has no kind of its own is other, whatever its name", () => {
    expect([kindOf("constructor"), kindOf("Odd"), kindOfReason("toString"), kindOfReason("boot")]).toEqual([
      ...["other", "other", "other", "failed"],
    ])
  })
})

test("money never goes back, also when a look says less", () => {
  const model = modelAfter(target(1))
  model.see(look({}), { ...NO_COST, soFar: 2, perHour: 3, unpriced: 1 }, START)
  model.see(look({}), { ...NO_COST, soFar: 1, perHour: 4 }, START)
  expect(model.view(START)).toMatchObject({ spent: 2, pricePerHour: 4, unpriced: 0 })
})

describe("how long it takes", () => {
  const boots = { seen: 10, fastestMs: 20_000, typicalMs: 30_000, slowMs: 40_000 }
  const nothing: ToCome = {
    ...{ booting: 0, missing: 0, sentInMs: 0, triedInMs: undefined, boots: undefined, oldestMs: 0, youngestMs: 0 },
  }
  test.each([
    ["nothing is to come", {}, undefined],
    ["nobody knows what a boot takes", { booting: 5 }, undefined],
    [
      "the limits take long, and a boot comes after them",
      { missing: 5, sentInMs: 60_000 },
      { ms: 60_000, isLeast: true },
    ],
    ["both are known", { missing: 5, sentInMs: 60_000, boots }, { ms: 100_000, isLeast: false }],
    ["something must be tried again first", { missing: 5, triedInMs: 90_000, boots }, { ms: 130_000, isLeast: true }],
    ["all are launched", { booting: 5, oldestMs: 30_000, youngestMs: 10_000, boots }, { ms: 30_000, isLeast: false }],
    ["few of many that began together have come", { booting: 90, oldestMs: 50_000, boots }, undefined],
    ["half of those have come", { booting: 10, oldestMs: 45_000, boots }, { ms: 25_000, isLeast: false }],
    [
      "one takes longer than any that was seen",
      { booting: 1, oldestMs: 45_000, boots: { ...boots, seen: 999 } },
      undefined,
    ],
    ["four boots were seen", { booting: 1, boots: { ...boots, seen: 4 } }, undefined],
  ] as const)("when %s", (_when, toCome, eta) => {
    expect(etaOf({ ...nothing, ...toCome })).toEqual(eta)
  })

  test("the limits are those of the latest look", () => {
    const model = modelAfter(target(10))
    model.see(look({ sentBy: START + 30_000 }), NO_COST, START)
    expect(model.view(START + 10_000).eta).toEqual({ ms: 20_000, isLeast: true })
  })
})

describe("words", () => {
  test.each([
    ["plain", 5],
    ["漢字", 4],
    ["e\u0301", 1],
    ["😀", 2],
    ["█▌", 2],
    ["한글", 4],
    ["\u2699\ufe0f", 2],
    ["\u0915\u093f", 2],
  ])("%s takes %i columns", (text, cells) => {
    expect(cellsIn(text)).toBe(cells)
    expect(cellsIn(clip(text, 3, true))).toBeLessThanOrEqual(3)
  })

  test("nothing that a terminal would obey is left, nor more than ASCII where it shows nothing else", () => {
    expect(shown("a\u001b[31m\u009bb\u202ec\u00add\ne", true)).toBe("a[31mbcd e")
    expect(shown("größe", false)).toBe("gr??e")
  })

  test.each([
    [999, "999"],
    [1_000, "1.0k"],
    [9_949, "9.9k"],
    [9_950, "10k"],
    [999_499, "999k"],
    [999_500, "1.0M"],
    [123_456_789, "123M"],
    [1e12, "many"],
  ])("%i is %s", (count, text) => {
    expect(short(count)).toBe(text)
    expect(text.length).toBeLessThanOrEqual(4)
  })

  test("items are broken between, never within", () => {
    expect(wrap(["aa", "bb", "cccccc", "d"], 6, ", ")).toEqual(["aa, bb", "cccccc", "d"])
    expect(wrap(["aa", "bb"], 5, ", ")).toEqual(["aa", "bb"])
  })
})

describe("lines", () => {
  const view = (model: ProgressModel, seconds: number) => model.view(START + seconds * 1_000)
  const options = { unicode: true, isLast: false }

  test("a sign of life every 15 s while something is to come, every 60 s when all run, and none twice in a second", () => {
    for (const [model, seconds] of [
      [modelAfter(target(1)), 15],
      [modelAfter(target(1), worker("1", "running")), 60],
    ] as const) {
      const { said, lines } = plainDue(view(model, 0), NOTHING_SAID, options)
      expect(lines).toHaveLength(1)
      expect(plainDue(view(model, seconds - 1), said, options).lines).toEqual([])
      expect(plainDue(view(model, seconds), said, options).lines).toHaveLength(1)
      model.hear({ at: 0, cluster: "c", ...target(5) } as ClusterEvent, START)
      expect(plainDue({ ...view(model, 0), at: START + 999 }, said, options).lines).toEqual([])
      expect(plainDue({ ...view(model, 0), at: START + 1_000 }, said, options).lines).toHaveLength(1)
    }
  })

  test("each trouble is told once, and none is left out at the end", () => {
    const model = modelAfter(...Array.from({ length: 12 }, (_, at) => refusal(`code${at}`, 1, 0)))
    const first = plainDue(view(model, 1), NOTHING_SAID, options)
    const second = plainDue(view(model, 2), first.said, options)
    const last = plainDue(view(model, 3), second.said, { ...options, isLast: true })
    const told = [first, second, last].map(({ lines }) => lines.filter((line) => line.includes("capacity code")).length)
    expect(told).toEqual([5, 5, 2])
  })

  test("JSON comes when something has changed, or after 15 s", () => {
    const model = modelAfter(target(1))
    const { written, lines } = jsonDue(view(model, 0), NOTHING_WRITTEN, false)
    expect(lines).toHaveLength(1)
    expect(jsonDue(view(model, 14), written, false).lines).toEqual([])
    expect(jsonDue(view(model, 15), written, false).lines).toHaveLength(1)
    model.hear({ at: 0, cluster: "c", ...worker("1", "pending") } as ClusterEvent, START)
    expect(jsonDue(view(model, 2), written, false).lines).toHaveLength(1)
  })
})

test("who runs and is not ready is told apart, and all are running once they are ready", () => {
  const ready = (id: string, isReady: boolean): ClusterEventBody => ({
    ...{ type: "ready", id, name: `w${id}`, group: "default", isReady },
  })
  const up = [target(3), ...["1", "2", "3"].map((id) => worker(id, "running"))]
  const passed: ClusterEventBody = { ...pass(3), running: 3, ready: 1 } as ClusterEventBody
  const model = modelAfter(...up, passed, ready("1", true))
  expect(model.view(START)).toMatchObject({ running: 3, ready: 2, phase: "scaling" })
  expect(countItems(model.view(START)).slice(0, 2)).toEqual(["3 of 3 running", "2 ready"])
  model.hear({ at: START, cluster: "c", ...ready("2", true) } as ClusterEvent, START)
  expect(model.view(START)).toMatchObject({ running: 3, ready: 3, phase: "running" })
  expect(countItems(model.view(START))).toEqual(["3 of 3 running"])
})

test("who is replaced because a check failed is told with what the check said; who is kept is told by its state", () => {
  const whose = { type: "ready", group: "default", isReady: false, check: "tcp 80", exitCode: 7 } as const
  const replaced: ClusterEventBody = { ...whose, id: "1", name: "w1", action: "replace", tail: "a\nno licence" }
  const model = modelAfter(target(2), replaced, { ...whose, id: "2", name: "w2", action: "keep" })
  expect(model.view(START).troubles).toMatchObject([
    { kind: "failed", code: "ready-7", count: 1, message: "the check tcp 80 ended with exit code 7: no licence" },
  ])
})

describe("tasks", () => {
  const tasks = (more: object): ClusterEventBody =>
    ({
      ...{ type: "tasks", read: 500, running: 40, done: 412, failed: 1, resumed: 0, lost: 3 },
      ...{ workers: 20, slots: 40, busy: 20, ...more },
    }) as ClusterEventBody
  const lineOf = (more: object, afterMs = 0) =>
    taskItems(modelAfter(target(1), tasks(more)).view(START + afterMs)).join(" | ")

  test("are told with their pace, and how long the others take at it, which grows less", () => {
    const known = { total: 1000, perSecond: 12.04, leftMs: 50_000 }
    expect(lineOf(known)).toBe("tasks 412/1000 done, 40 running, 1 failed, 3 lost | 12/s | about 50 s left")
    expect(lineOf(known, 20_000)).toMatch(/about 30 s left$/)
    expect(lineOf(known, 200_000)).toMatch(/about 1 s left$/)
    expect(lineOf({ perSecond: 0.5, failed: 0, lost: 0 })).toBe("tasks 412 done of 500 read, 40 running | 30/min")
    expect(lineOf({ total: 413, perSecond: 3, leftMs: 0, running: 0, resumed: 400 })).toBe(
      "tasks 412/413 done, 1 failed, 3 lost, 400 resumed",
    )
  })

  test("are in the lines of a log by quarters, and in JSON with each change", () => {
    const model = modelAfter(target(1), tasks({ total: 1000 }))
    const first = plainDue(model.view(START), NOTHING_SAID, { unicode: false, isLast: false })
    expect(first.lines.join()).toContain("tasks 412/1000 done, 40 running, 1 failed, 3 lost")
    const json = jsonDue(model.view(START), NOTHING_WRITTEN, false)
    expect(JSON.parse(json.lines[0] ?? "")).toMatchObject({ v: 1, tasks: { total: 1000, done: 412, lost: 3 } })
    const later = START + 2000
    model.hear({ at: later, cluster: "c", ...tasks({ total: 1000, done: 413 }) } as ClusterEvent, later)
    expect(plainDue(model.view(later), first.said, { unicode: false, isLast: false }).lines).toEqual([])
    expect(jsonDue(model.view(later), json.written, false).lines).toHaveLength(1)
    model.hear({ at: later, cluster: "c", ...tasks({ total: 1000, done: 600 }) } as ClusterEvent, later)
    expect(plainDue(model.view(later), first.said, { unicode: false, isLast: false }).lines).toHaveLength(1)
  })
})

test("the head of an engine is told apart, and is in none of the counts", () => {
  const withHead = (head: "requested" | "pending" | "ready"): ClusterEventBody =>
    ({ ...pass(1), head }) as ClusterEventBody
  const head = (to: To): ClusterEventBody => ({ type: "worker", id: "h", name: "head-h", group: "head", to })
  const model = modelAfter(target(1), withHead("requested"), head("pending"), worker("1", "pending"))
  expect(countItems(model.view(START))).toEqual(["0 of 1 running", "1 booting", "head requested"])
  for (const body of [head("running"), worker("1", "running", "pending"), withHead("ready")])
    model.hear({ at: START, cluster: "c", ...body } as ClusterEvent, START)
  model.see(look({ group: "default", desired: 1, running: 1, ready: 1 }), NO_COST, START)
  expect(model.view(START)).toMatchObject({ phase: "running", desired: 1, running: 1, head: "ready" })
  expect(countItems(model.view(START))).toEqual(["1 of 1 running", "and the head"])
})
