/** What the demo measures, and what it prints at the end. */
import type { ClusterEvent, ClusterEventType, EventOf, Receipt } from "muster-vms"
import { describe, expect, test } from "vitest"
import { receiptTable } from "../../examples/demo/receipt.js"
import { advance, isToldToEnd, NOTHING_YET } from "../../examples/demo/tally.js"

const START = Date.UTC(2026, 0, 1)

function event<T extends ClusterEventType>(type: T, fields: Omit<EventOf<T>, "type" | "at" | "cluster">, at = START) {
  return { type, at, cluster: "c", ...fields } as unknown as ClusterEvent
}

describe("the tally", () => {
  test("everyone is told to end when no launch is open, no termination is on its way and nobody runs", () => {
    const launch = event("launch-started", { token: "t", group: "default", api: "x", count: 1 })
    const settled = (outcome: "settled" | "unknown") =>
      event("launch-ended", { token: "t", group: "default", outcome, made: 1 })
    const ending = event("termination-started", { ids: ["a"] })
    const ended = event("termination-ended", { accepted: 1, failed: [] })
    const worker = (to: EventOf<"worker">["to"]) => event("worker", { id: "a", name: "a", group: "default", to })
    const going = worker("terminating")
    const told = (...events: readonly ClusterEvent[]) => isToldToEnd(events.reduce(advance, NOTHING_YET))
    expect(told()).toBe(true)
    expect(told(launch)).toBe(false)
    expect(told(launch, settled("unknown"))).toBe(false)
    expect(told(launch, settled("settled"), worker("pending"))).toBe(false)
    expect(told(launch, settled("settled"), worker("pending"), ending, going)).toBe(false)
    expect(told(launch, settled("settled"), worker("pending"), ending, going, ended)).toBe(true)
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
      ...{ costByGroup: { g: 0.02 }, earlierCost: 0, unpriced: 0, estimate: true, boots: [], prices: [] },
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
