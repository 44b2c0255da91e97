/** Adapter: the loop goes on whatever happens in it, and leaves nothing behind. */
import { expect, it } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { Adapter, type AdaptTold, NotYet } from "../../src/demand/adapter.js"
import type { Standing } from "../../src/demand/policy.js"
import type { Demand } from "../../src/demand/types.js"

const STANDING: Omit<Standing, "target"> = {
  ...{ ready: 0, bootingMs: [], bootMs: 60_000, leastMs: 0, room: 10, roomIs: "at most 10", leftMs: 3_600_000 },
}

function adapter(demand: Demand, standing: () => object = () => ({})) {
  const clock = new VirtualClock()
  const told: AdaptTold[] = []
  let target = 0
  const made = new Adapter(
    {
      ...{ clock, group: "default", demand, everyMs: 5000, timeoutMs: 30_000 },
      bounds: { minimum: 0, maximum: 10, shrink: true },
    },
    {
      get target() {
        return target
      },
      standing: () => ({ ...STANDING, target, ...standing() }),
      move: (to) => {
        target = to
      },
      tell: (one) => void told.push(one),
    },
  )
  made.start()
  return { clock, made, told, target: () => target, wait: (ms: number) => clock.run(clock.sleep(ms)) }
}

it("goes on after an error of its own, later and later, and says it once", async () => {
  const turns: number[] = []
  let isBroken = false
  const demand = () => {
    turns.push(clock.now())
    return 3
  }
  const { clock, made, told, wait, target } = adapter(demand, () => {
    if (isBroken) throw new TypeError("limits of undefined")
    return {}
  })
  await wait(10_001)
  isBroken = true
  turns.length = 0
  await wait(30 * 60_000)
  const pauses = turns.slice(1).map((at, index) => (at - (turns[index] ?? 0)) / 1000)
  expect(pauses.slice(0, 6)).toEqual([10, 20, 40, 80, 160, 300])
  const message = "adapting group default: limits of undefined; it goes on"
  expect(told.filter(({ kind }) => kind === "problem")).toEqual([{ kind: "problem", error: "TypeError", message }])
  isBroken = false
  await wait(5 * 60_000)
  turns.length = 0
  await wait(60_000)
  expect(turns.length).toBeGreaterThanOrEqual(11)
  expect(target()).toBe(3)
  made.end("done")
  expect(clock.asleep).toBe(0)
})

it("reads one after the other, however slow a demand is", async () => {
  let [open, most] = [0, 0]
  const { clock, made, wait } = adapter(async () => {
    open += 1
    most = Math.max(most, open)
    await clock.sleep(12_000)
    open -= 1
    return 1
  })
  await wait(10 * 60_000)
  expect(most).toBe(1)
  made.end("done")
})

it("waits for a demand that cannot be known yet, and finds nothing wrong with that", async () => {
  let isKnown = false
  const { made, told, wait, target } = adapter(() => {
    if (isKnown) return 2
    throw new NotYet("the head has not answered yet")
  })
  await wait(60_000)
  expect(told).toEqual([])
  expect(made.state).toMatchObject({ why: "the head has not answered yet", target: 0 })
  isKnown = true
  await wait(10_000)
  expect(target()).toBe(2)
  made.end("done")
})

it("takes no answer that comes after its end", async () => {
  const { clock, made, told, wait, target } = adapter(async () => {
    await clock.sleep(3_000)
    return 5
  })
  await wait(1_000)
  made.end("it was stopped")
  made.end("twice")
  await wait(60_000)
  expect(target()).toBe(0)
  expect(told).toEqual([{ kind: "ended", target: 0, why: "it was stopped" }])
})

it("throws of every kind leave the target as it is, and are told", async () => {
  const thrown: readonly unknown[] = [
    ...[undefined, null, 5n, Symbol("none"), "text", Object.create(null)],
    Object.defineProperty(new Error("x"), "message", { get: () => JSON.parse("{") as unknown }),
    Object.assign(new Error("x"), { message: { toString: "no function" } }),
  ]
  for (const what of thrown) {
    const { made, told, wait, target } = adapter(() => Promise.reject(what as Error))
    await wait(60_000)
    expect(target()).toBe(0)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ kind: "problem", error: "DemandError" })
    made.end("done")
  }
})
