/** What holds for every frame, whatever happens to a cluster and whatever terminal it is on. */
import { stripVTControlCharacters } from "node:util"
import { describe, expect, test } from "vitest"
import type { ClusterEvent } from "../../src/events.js"
import { jsonLine } from "../../src/progress/json.js"
import { kindOf, kindOfReason, TROUBLE_KINDS } from "../../src/progress/model/kinds.js"
import { lookFor } from "../../src/progress/look.js"
import { ProgressModel } from "../../src/progress/model/model.js"
import { NOTHING_SAID, plainDue } from "../../src/progress/plain.js"
import { frameOf } from "../../src/progress/terminal.js"
import type { ProgressView } from "../../src/progress/model/types.js"
import { cellsIn } from "../../src/progress/words.js"
import * as fc from "../support/property.js"
import { ERRORS, REASONS, streams, type Told } from "./support/events.js"

const START = 1_000_000
const COLOURED = lookFor({ isTTY: true }, { LANG: "C.UTF-8" }, "linux")
const ASCII = lookFor({ isTTY: true }, { NO_COLOR: "1" }, "linux")

function viewAfter(stream: readonly Told[], now = START): ProgressView {
  const model = new ProgressModel("storm", START)
  for (const { event, now: heard } of stream) model.hear(event, heard)
  return model.view(stream.at(-1)?.now ?? now)
}

/** The kinds that a stream should have shown, found without the model. */
function kindsIn(stream: readonly Told[]): ReadonlySet<string> {
  const kinds = new Set<string>()
  for (const { event } of stream) {
    if (event.type === "offer-unavailable") kinds.add(kindOfReason(event.reason))
    if (event.type === "problem" || event.type === "call") kinds.add(kindOf(event.error ?? ""))
    if (event.type === "finished" && event.outcome !== "success") kinds.add("failed")
    if (event.type === "budget") kinds.add("budget")
    if (event.type === "closed" && event.leaked > 0) kinds.add("leaked")
    if (event.type === "termination-ended" && event.failed.length > 0) kinds.add("unanswered")
    if (event.type === "worker" && (event.from === "pending" || event.from === "running")) {
      if (["failed", "lost", "interrupted"].includes(event.to)) kinds.add(event.to)
      if (event.to === "terminated") kinds.add("failed")
    }
  }
  return kinds
}

/** One of each kind, as many as a number of four digits has room for. */
function everyKind(count: number): readonly Told[] {
  const problems = ERRORS.map((error) => ({ type: "problem", error, message: "m" }))
  const refusals = REASONS.map((reason) => ({
    ...{ type: "offer-unavailable", reason, count, scope: {}, until: 0, code: "C", message: "m" },
  }))
  const lost = { type: "worker", id: "1", name: "n", group: "g", from: "running", to: "lost" }
  return [...problems, ...refusals, lost].map((body) => ({
    event: { at: START, cluster: "storm", ...body } as unknown as ClusterEvent,
    now: START,
  }))
}

const sizes = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) })
const looks = fc.constantFrom(COLOURED, ASCII)

describe("every frame", () => {
  test("has no more lines than the terminal, nor than 12, and none breaks or obeys what others wrote", () => {
    fc.assert(
      fc.property(streams, sizes, looks, (stream, size, look) => {
        const lines = frameOf(viewAfter(stream), size, look)
        expect(lines.length).toBeGreaterThan(0)
        expect(lines.length).toBeLessThanOrEqual(Math.min(12, size.rows))
        for (const line of lines) {
          const bare = stripVTControlCharacters(line)
          expect(cellsIn(bare)).toBeLessThanOrEqual(Math.max(1, size.columns - 1))
          expect(bare).toMatch(look === ASCII ? /^[ -~]*$/ : /^[^\p{Cc}\p{Cf}]*$/u)
        }
      }),
      { numRuns: 300 },
    )
  })

  test("names each kind of trouble on 40 x 9 and more", () => {
    const enough = fc.record({ columns: fc.integer({ min: 40, max: 200 }), rows: fc.integer({ min: 9, max: 60 }) })
    fc.assert(
      fc.property(streams, enough, (stream, size) => {
        const text = frameOf(viewAfter(stream), size, ASCII).join("\n")
        for (const kind of kindsIn(stream)) expect(text).toMatch(new RegExp(`[\\dkM] ${kind}\\b`))
      }),
      { numRuns: 300 },
    )
  })

  test("has room for all kinds at once on 40 x 9, with counts of millions", () => {
    const stream = everyKind(123_456_789)
    expect(kindsIn(stream).size).toBe(TROUBLE_KINDS.length)
    const text = frameOf(viewAfter(stream), { columns: 40, rows: 9 }, ASCII).join("\n")
    expect([...kindsIn(stream)].filter((kind) => !text.includes(kind))).toEqual([])
  })

  test("says that there is trouble in a single line", () => {
    const [line = ""] = frameOf(viewAfter(everyKind(1)), { columns: 20, rows: 1 }, ASCII)
    expect(line).toMatch(/^! storm 0\/0 /)
  })
})

describe("every view", () => {
  test("has counts that add up to the target", () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const { running, booting, requested, missing, desired, surplus, troubles } = viewAfter(stream)
        expect(running + booting + requested + missing).toBe(desired + surplus)
        for (const count of [running, booting, requested, missing, surplus]) expect(count).toBeGreaterThanOrEqual(0)
        expect(missing === 0 || surplus === 0).toBe(true)
        for (const { count } of troubles) expect(count).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 300 },
    )
  })

  test("has what is asked for and what has finished add up to the target that was set", () => {
    const outcome = fc.constantFrom("success" as const, "failure" as const, "unknown" as const)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(outcome, { maxLength: 50 }), (target, all) => {
        const outcomes = all.slice(0, target)
        const events = outcomes.map((outcome, index) => {
          const desired = target - index - 1
          return { type: "finished", id: "i", name: "n", group: "default", outcome, action: "end", desired } as const
        })
        const stream = [{ type: "target", desired: { default: target } } as const, ...events].map((body, index) => {
          return { event: { at: index, cluster: "c", ...body } as ClusterEvent, now: index }
        })
        const { desired, finished } = viewAfter(stream)
        expect(desired + finished.succeeded + finished.failed).toBe(target)
        expect(finished.succeeded).toBe(outcomes.filter((one) => one === "success").length)
      }),
      { numRuns: 100 },
    )
  })

  test("goes forward: time, money, what is gone, and each count of trouble", () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const model = new ProgressModel("storm", START)
        let before = model.view(START)
        for (const { event, now } of stream) {
          model.hear(event, now)
          const view = model.view(now)
          expect(view.at).toBeGreaterThanOrEqual(before.at)
          expect(view.elapsedMs).toBeGreaterThanOrEqual(before.elapsedMs)
          expect(view.spent).toBeGreaterThanOrEqual(before.spent)
          expect(view.gone).toBeGreaterThanOrEqual(before.gone)
          expect(totals(view)).toSatisfy((now: Totals) =>
            [...totals(before)].every(([kind, count]) => (now.get(kind) ?? 0) >= count),
          )
          before = view
        }
      }),
      { numRuns: 100 },
    )
  })

  test("is one line of JSON with nothing in it that a terminal obeys, and lines of text alike", () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const view = viewAfter(stream)
        const line = jsonLine(view, false)
        expect(JSON.parse(line)).toEqual({ v: 1, type: "progress", ...JSON.parse(JSON.stringify(view)) })
        expect(line).toMatch(/^[^\p{Cc}\p{Cf}]*$/u)
        for (const text of plainDue(view, NOTHING_SAID, { unicode: true, isLast: true }).lines)
          expect(text).toMatch(/^[^\p{Cc}\p{Cf}]*$/u)
      }),
      { numRuns: 200 },
    )
  })
})

type Totals = ReadonlyMap<string, number>

function totals({ troubles }: ProgressView): Totals {
  const sums = new Map<string, number>()
  for (const { kind, count } of troubles) sums.set(kind, (sums.get(kind) ?? 0) + count)
  return sums
}
