import { Writable } from "node:stream"
import * as fc from "../support/property.js"
import type { ClusterEvent, ClusterEventType, EventOf, Receipt } from "muster-vms"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { FRAME_HEIGHT, frameOf, type Look, lineOf, phaseOf } from "../../examples/demo/frame.js"
import { advance, beginProgress, isToldToEnd, type Progress, spentAt } from "../../examples/demo/progress.js"
import { receiptTable } from "../../examples/demo/receipt.js"
import { openScreen } from "../../examples/demo/screen.js"

const START = Date.UTC(2026, 0, 1)
const PLAIN: Look = { columns: 79, unicode: true, paint: (_style, text) => text }

function event<T extends ClusterEventType>(type: T, fields: Omit<EventOf<T>, "type" | "at" | "cluster">, at = START) {
  return { type, at, cluster: "c", ...fields } as unknown as ClusterEvent
}

function progressAfter(events: readonly ClusterEvent[], work?: Progress["work"]): Progress {
  const progress = events.reduce(advance, beginProgress("act 1", START))
  return work === undefined ? progress : { ...progress, work }
}

const worker = (id: string, to: EventOf<"worker">["to"], at = START) =>
  event("worker", { id, name: id, group: "default", to }, at)
const target = (count: number) => event("target", { desired: { default: count } })
const rate = (pricePerHour: number, at: number) =>
  event("pass", { desired: 1, running: 1, pending: 0, booked: 0, terminating: 0, pricePerHour, unpriced: 0 }, at)

describe("the frame", () => {
  const states = ["pending", "running", "interrupted", "failed", "lost", "terminating", "terminated"] as const
  const progresses = fc.record({
    desired: fc.nat(300),
    workers: fc.array(fc.constantFrom(...states), { maxLength: 300 }),
    title: fc.string({ maxLength: 200 }),
    note: fc.string({ maxLength: 300 }),
    done: fc.nat(96),
    hasWork: fc.boolean(),
  })

  test("has always the same height, no line is wider than the columns, and none breaks", () => {
    fc.assert(
      fc.property(progresses, fc.integer({ min: 1, max: 200 }), fc.boolean(), (seen, columns, unicode) => {
        const workers = seen.workers.map((state, index) => worker(`w${index}`, state))
        const work = { noun: "tile", done: seen.done, total: 96, latest: seen.note }
        const begun = progressAfter([target(seen.desired), ...workers], seen.hasWork ? work : undefined)
        const progress = { ...begun, title: seen.title.replace(/\s/g, " "), note: seen.note }
        const lines = frameOf(progress, START + 1234, { ...PLAIN, columns, unicode })
        expect(lines).toHaveLength(FRAME_HEIGHT)
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(columns)
          expect(line).not.toContain("\n")
        }
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  test("is at most 12 lines and shows states, work and money", () => {
    expect(FRAME_HEIGHT).toBeLessThanOrEqual(12)
    const progress = progressAfter([target(4), worker("a", "running"), worker("b", "pending"), rate(0.08, START)], {
      noun: "tile",
      done: 48,
      total: 96,
      latest: "tile 7 by a",
    })
    const frame = frameOf(progress, START + 3_600_000, PLAIN)
    expect(frame[0]).toMatch(/^act 1 +3600\.0 s $/)
    expect(frame[1]).toMatch(/^ {2}asked for █{48} {4}4$/)
    expect(frame[2]).toMatch(/^ {2}pending {3}█{12} +1$/)
    expect(frame[6]).toMatch(/^ {2}tiles {5}█{24} +48 of 96$/)
    expect(frame[7]).toContain("$0.08/h · $0.0800 so far")
    expect(frame[8]).toBe("  └ tile 7 by a")
  })

  test("uses ASCII where nothing else can be shown", () => {
    const progress = progressAfter([target(3), worker("a", "running")], {
      noun: "tile",
      done: 1,
      total: 3,
      latest: "one",
    })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
    for (const line of frameOf(progress, START, { ...PLAIN, unicode: false })) expect(line).toMatch(/^[\x00-\x7f]*$/)
  })

  test("shows a problem in place of the latest work", () => {
    const progress = progressAfter([event("problem", { error: "CapacityError", message: "no room\nleft" })])
    expect(frameOf(progress, START, PLAIN)[8]).toBe("  ! no room left")
  })
})

describe("progress", () => {
  test("phases follow one another", () => {
    const events = [
      target(2),
      worker("a", "running"),
      worker("b", "running"),
      target(0),
      event("closed", { instances: 2, leaked: 0 }),
    ]
    const phases = events.map((_, index) => phaseOf(progressAfter(events.slice(0, index + 1))))
    expect([phaseOf(progressAfter([])), ...phases]).toEqual([
      "opening",
      "launching",
      "launching",
      "running",
      "ending",
      "closed",
    ])
  })

  test("a line has the counts", () => {
    const line = lineOf(progressAfter([target(2), worker("a", "running"), worker("b", "terminating")]), START + 2500)
    expect(line).toBe("  2.5 s act 1: launching (asked for 2, pending 0, running 1, ending 1, gone 0)")
  })

  test("money adds up at the rate of each moment, and stops when all is closed", () => {
    const hour = 3_600_000
    const events = [
      rate(1, START),
      rate(3, START + hour),
      event("closed", { instances: 1, leaked: 0 }, START + 2 * hour),
    ]
    expect(spentAt(progressAfter(events.slice(0, 1)), START + hour / 2)).toBeCloseTo(0.5)
    expect(spentAt(progressAfter(events), START + 9 * hour)).toBeCloseTo(4)
  })

  test("everyone is told to end when no launch is open, no termination is on its way and nobody runs", () => {
    const launch = event("launch-started", { token: "t", group: "default", api: "x", count: 1 })
    const settled = (outcome: "settled" | "unknown") =>
      event("launch-ended", { token: "t", group: "default", outcome, made: 1 })
    const ending = event("termination-started", { ids: ["a"] })
    const ended = event("termination-ended", { accepted: 1, failed: [] })
    const going = worker("a", "terminating")
    const told = (...events: readonly ClusterEvent[]) => isToldToEnd(progressAfter(events))
    expect(told()).toBe(true)
    expect(told(launch)).toBe(false)
    expect(told(launch, settled("unknown"))).toBe(false)
    expect(told(launch, settled("settled"), worker("a", "pending"))).toBe(false)
    expect(told(launch, settled("settled"), worker("a", "pending"), ending, going)).toBe(false)
    expect(told(launch, settled("settled"), worker("a", "pending"), ending, going, ended)).toBe(true)
  })
})

describe("the screen", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function paper(size: { columns?: number; rows?: number; isTTY?: boolean } = {}) {
    let written = ""
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written += chunk.toString()
        done()
      },
    })
    return { stream: Object.assign(stream, size), text: () => written }
  }

  test("redraws at most ten times a second on a terminal, and always gives the cursor back", () => {
    const { stream, text } = paper({ columns: 40, rows: 30, isTTY: true })
    const screen = openScreen(stream, { TERM: "xterm", LANG: "C.UTF-8" })
    const hide = screen.show(() => progressAfter([target(2)]))
    vi.advanceTimersByTime(1000)
    expect(text().split(`\u001b[${FRAME_HEIGHT}A`).length - 1).toBe(10)
    hide()
    screen.close()
    expect(text()).toContain("\u001b[?25l")
    expect(text().lastIndexOf("\u001b[?25h")).toBeGreaterThan(text().lastIndexOf("\u001b[?25l"))
    const before = text()
    vi.advanceTimersByTime(1000)
    expect(text()).toBe(before)
  })

  test("never writes more lines than the terminal has", () => {
    const { stream, text } = paper({ columns: 40, rows: 5, isTTY: true })
    openScreen(stream, { TERM: "xterm" }).show(() => progressAfter([target(2)]))
    vi.advanceTimersByTime(100)
    expect(text().split("\u001b[4A")[1]?.split("\n")).toHaveLength(5)
  })

  test.each([
    ["no terminal", {}, {}],
    ["a dumb terminal", { isTTY: true }, { TERM: "dumb" }],
    ["continuous integration", { isTTY: true }, { TERM: "xterm", CI: "true" }],
  ])("%s gets plain lines: one for each phase, and a sign of life", (_name, size, env) => {
    const { stream, text } = paper(size)
    let progress = progressAfter([target(1)])
    const hide = openScreen(stream, env).show(() => progress)
    vi.advanceTimersByTime(5000)
    expect(text().split("\n")).toHaveLength(2)
    progress = progressAfter([target(1), worker("a", "running")])
    vi.advanceTimersByTime(5000)
    expect(text().split("\n")).toHaveLength(3)
    vi.advanceTimersByTime(15_000)
    expect(text().split("\n")).toHaveLength(4)
    hide()
    expect(text()).not.toContain("\u001b")
  })
})

describe("the receipt", () => {
  const row = (name: string, finalState: "terminated" | "lost" = "terminated") => ({
    ...{ id: name, name, group: "g", provider: "local", region: "local", zone: "a", instanceType: "local-1" },
    ...{ market: "on-demand", launchedAt: START, endedAt: START + 2000, finalState, cost: 0.01 },
  })
  const receipt = (over: object = {}) =>
    ({
      cluster: "c",
      instances: [row("a"), row("b")],
      leaked: [],
      leftovers: [],
      seconds: 4,
      cost: 0.02,
      ...{ costByGroup: { g: 0.02 }, earlierCost: 0, unpriced: 0, estimate: true, prices: [] },
      ...over,
    }) as Receipt

  test("workers of one kind share a line", () => {
    expect(receiptTable(receipt()).join("\n")).toMatch(
      /^receipt of c: 2 workers, 4\.0 worker-seconds, \$0\.0200 .*, nothing left\n.*\n {2}2 +local-1 on-demand \(local a\) +2\.0 to 2\.0 +\$0\.0200 +terminated$/,
    )
  })

  test("names come with what they did", () => {
    const lines = receiptTable(receipt(), new Map([["a", "3 tiles"]]))
    expect(lines[1]).toBe("  a  3 tiles, terminated  b  nothing, terminated")
  })

  test("what was not confirmed gone cannot be overlooked", () => {
    expect(receiptTable(receipt({ leaked: [row("b", "lost")] }))[0]).toContain("1 NOT CONFIRMED GONE")
  })
})
