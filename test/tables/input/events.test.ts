import { afterEach, describe, expect, test, vi } from "vitest"
import { type ClusterEvent, Emitter } from "../../../src/events.js"

const eventOf = (at: number): ClusterEvent => ({ type: "target", desired: {}, at, cluster: "c" })
const other: ClusterEvent = { type: "closed", instances: 0, leaked: 0, at: 0, cluster: "c" }
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function collect(events: AsyncIterable<ClusterEvent>): Promise<number[]> {
  const seen: number[] = []
  for await (const event of events) seen.push(event.at)
  return seen
}

describe("listeners", () => {
  afterEach(() => void vi.restoreAllMocks())

  test("hear their type, or all, in order, until they end it", () => {
    const emitter = new Emitter()
    const seen: string[] = []
    const stop = emitter.on("target", ({ at }) => void seen.push(`target ${at}`))
    emitter.on("*", ({ type }) => void seen.push(`all ${type}`))
    emitter.emit(eventOf(1))
    emitter.emit(other)
    stop()
    stop()
    emitter.emit(eventOf(2))
    expect(seen).toEqual(["target 1", "all target", "all closed", "all target"])
    expect(emitter.isHeard).toBe(true)
    expect(new Emitter().isHeard).toBe(false)
  })

  test("the same function twice is two listeners", () => {
    const emitter = new Emitter()
    const listener = vi.fn()
    const stop = emitter.on("*", listener)
    emitter.on("*", listener)
    stop()
    emitter.emit(other)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  test.each([
    [
      "throws",
      () => {
        throw new Error("mine")
      },
    ],
    [
      "throws what is no error",
      () => {
        const thrown: unknown = "mine"
        throw thrown
      },
    ],
    ["rejects", () => Promise.reject(new Error("mine"))],
  ] as const)("one that %s becomes a warning, and the others still hear", async (_title, listener) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {})
    const emitter = new Emitter()
    const after = vi.fn()
    emitter.on("*", listener as () => void)
    emitter.on("*", after)
    emitter.emit(other)
    await turn()
    expect(after).toHaveBeenCalledTimes(1)
    expect(String(warn.mock.calls[0]?.[0])).toContain("mine")
  })
})

describe("iteration", () => {
  test("gives every event from the call of events() on, also those before the first is asked for", async () => {
    const emitter = new Emitter()
    emitter.emit(eventOf(0))
    const events = emitter.events()
    emitter.emit(eventOf(1))
    const collected = collect(events)
    await turn()
    emitter.emit(eventOf(2))
    emitter.emit(eventOf(3))
    emitter.end()
    expect(await collected).toEqual([1, 2, 3])
    expect(await collect(emitter.events())).toEqual([])
  })

  test("two readers each have all of them", async () => {
    const emitter = new Emitter()
    const both = [collect(emitter.events()), collect(emitter.events())]
    emitter.emit(eventOf(1))
    emitter.end()
    expect(await Promise.all(both)).toEqual([[1], [1]])
  })

  test("a reader that is slower than the cluster loses the oldest, and only those", async () => {
    const emitter = new Emitter()
    const events = emitter.events()
    for (let at = 1; at <= 10_005; at += 1) emitter.emit(eventOf(at))
    emitter.end()
    const seen = await collect(events)
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([10_000, 6, 10_005])
  })

  test("leaving the loop stops listening, also when it was never begun", async () => {
    const emitter = new Emitter()
    const [left, unused] = [emitter.events(), emitter.events()]
    emitter.emit(eventOf(1))
    for await (const event of left) if (event.at === 1) break
    await unused.return(undefined)
    expect(emitter.isHeard).toBe(false)
  })

  test("end ends a reader that waits", async () => {
    const emitter = new Emitter()
    const waiting = emitter.events().next()
    await turn()
    emitter.end()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(emitter.isHeard).toBe(false)
  })
})
