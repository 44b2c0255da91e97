import { afterEach, describe, expect, test, vi } from "vitest"
import { seededRandom, steady, systemClock, VirtualClock, wallAheadMs } from "../../../src/calls/clock.js"
import { acceleratedClock, seededClock } from "../../../src/calls/derived-clocks.js"

describe("VirtualClock", () => {
  test("wakes sleepers by time, then by order; time stands still outside run", async () => {
    const clock = new VirtualClock({ start: 0 })
    const seen: string[] = []
    const note = (name: string) => () => void seen.push(`${name}@${clock.now()}`)
    clock.timer(300, note("c"))
    clock.timer(100, note("a"))
    clock.timer(100, note("b"))
    clock.timer(-5, note("past"))
    expect(clock.now()).toBe(0)
    await clock.run(clock.sleep(200))
    expect(seen).toEqual(["past@0", "a@100", "b@100"])
    expect(clock.now()).toBe(200)
    await clock.run(clock.sleep(200))
    expect(seen.at(-1)).toBe("c@300")
  })

  test("what is woken at a moment may put more into that moment, and time waits for it", async () => {
    const clock = new VirtualClock({ start: 0 })
    const seen: number[] = []
    clock.timer(10, () => void clock.timer(0, () => void seen.push(clock.now())))
    clock.timer(11, () => void seen.push(clock.now()))
    await clock.run(clock.sleep(20))
    expect(seen).toEqual([10, 11])
  })

  test("keeps thousands of sleepers in order", async () => {
    const clock = new VirtualClock({ start: 0 })
    const random = seededRandom(3)
    const seen: number[] = []
    const cancels = Array.from({ length: 3000 }, () => {
      const at = Math.floor(random() * 1e6)
      return clock.timer(at, () => void seen.push(at))
    })
    cancels.forEach((cancel, index) => void (index % 3 === 0 && cancel()))
    await clock.run(clock.sleep(1e6))
    expect(seen).toHaveLength(2000)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  test("what is cancelled does not fire, not even by one that is due with it", async () => {
    const clock = new VirtualClock({ start: 0 })
    const seen: string[] = []
    const cancelSecond = { call: () => {} }
    const cancelFirst = clock.timer(5, () => {
      seen.push("first")
      cancelSecond.call()
      cancelFirst()
    })
    cancelSecond.call = clock.timer(5, () => void seen.push("second"))
    clock.timer(1, () => {})()
    await clock.run(clock.sleep(10))
    expect(seen).toEqual(["first"])
  })

  test("a sleep ends with its signal's reason, before and meanwhile, and leaves no sleeper", async () => {
    const clock = new VirtualClock({ start: 0 })
    const controller = new AbortController()
    clock.timer(7, () => controller.abort(new Error("enough")))
    await expect(clock.run(clock.sleep(1000, controller.signal))).rejects.toThrow("enough")
    expect(clock.now()).toBe(7)
    await expect(clock.sleep(1000, controller.signal)).rejects.toThrow("enough")
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow("stuck")
    expect(clock.now()).toBe(7)
  })

  test("waits for real work, however many turns it takes", async () => {
    const clock = new VirtualClock({ start: 0 })
    const turns = async () => {
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      return clock.now()
    }
    clock.timer(10, () => {})
    const [, at] = await clock.run(Promise.all([clock.sleep(20), clock.busy("a file", turns())]))
    expect(at).toBe(0)
  })

  test("a server that sleeps lets time pass although its caller is busy", async () => {
    const clock = new VirtualClock({ start: 0 })
    await clock.run(clock.busy("a request", clock.serve(5000)))
    expect(clock.now()).toBe(5000)
    const controller = new AbortController()
    clock.timer(100, () => controller.abort(new Error("cut")))
    await expect(clock.run(clock.busy("a request", clock.serve(5000, controller.signal)))).rejects.toThrow("cut")
    await clock.run(clock.sleep(1))
    expect(clock.now()).toBe(5101)
  })

  test("is stuck when nothing is asleep, and says what it waits for", async () => {
    const clock = new VirtualClock()
    const open = new Promise<void>(() => {})
    await expect(clock.run(open, "the answer")).rejects.toThrow(
      "the virtual clock is stuck: the answer is still open, nothing is asleep, work under way: none",
    )
    await clock.run(clock.sleep(1))
  })

  test("has one driver", async () => {
    const clock = new VirtualClock()
    const first = clock.run(clock.sleep(1))
    await expect(clock.run(clock.sleep(1))).rejects.toThrow("time has one driver")
    await first
  })

  test("returns and throws what the promise does", async () => {
    const clock = new VirtualClock()
    expect(await clock.run(Promise.resolve(7))).toBe(7)
    await expect(clock.run(Promise.reject(new Error("no")))).rejects.toThrow("no")
  })

  test("a timer that never fires, and one that cannot be", async () => {
    const clock = new VirtualClock({ start: 0 })
    clock.timer(Number.POSITIVE_INFINITY, () => {})()
    await expect(clock.run(clock.sleep(Number.POSITIVE_INFINITY))).rejects.toThrow("stuck")
    expect(clock.now()).toBe(0)
    expect(() => clock.timer(Number.NaN, () => {})).toThrow("NaN")
  })

  test("a loop that turns a thousand times without time passing is told so, and so is who drives the clock", async () => {
    const clock = new VirtualClock({ start: 0 })
    const [busy, endless] = [{}, {}]
    for (let turn = 0; turn < 5000; turn += 1) {
      if (turn % 1000 === 0) await clock.run(clock.sleep(1))
      clock.turn(busy, "an answer")
    }
    for (let turn = 0; turn < 1000; turn += 1) clock.turn(endless, turn < 10 ? "an answer" : "a timer")
    const said = "turned 1000 times without time passing; woken by a timer (991), an answer (10)"
    expect(() => clock.turn(endless, "a timer")).toThrow(said)
    await expect(clock.run(clock.sleep(1))).rejects.toThrow(said)
  })

  test("luck is the seed's", () => {
    const numbers = (seed: number) => {
      const clock = new VirtualClock({ seed })
      return Array.from({ length: 1000 }, () => clock.random())
    }
    expect(numbers(5)).toEqual(numbers(5))
    expect(numbers(5)).not.toEqual(numbers(6))
    expect(Math.min(...numbers(5))).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers(5))).toBeLessThan(1)
  })
})

describe("systemClock", () => {
  afterEach(() => void vi.useRealTimers())
  const DAY_MS = 86_400_000

  test("timers longer than setTimeout's largest delay fire when they should, and can be cancelled at any time", () => {
    vi.useFakeTimers()
    const fired = vi.fn()
    systemClock.timer(26 * DAY_MS, fired)
    const cancelEarly = systemClock.timer(26 * DAY_MS, fired)
    const cancelLate = systemClock.timer(26 * DAY_MS, fired)
    cancelEarly()
    vi.advanceTimersByTime(25 * DAY_MS)
    cancelLate()
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(DAY_MS)
    expect(fired).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test("an aborted sleep leaves no timer behind", async () => {
    vi.useFakeTimers()
    const controller = new AbortController()
    const sleep = systemClock.sleep(1000, controller.signal)
    controller.abort(new Error("enough"))
    await expect(sleep).rejects.toThrow("enough")
    expect(vi.getTimerCount()).toBe(0)
  })
})

test("an accelerated clock goes faster from now on", async () => {
  const base = new VirtualClock({ start: 1_000_000 })
  const clock = acceleratedClock(base, 60)
  const woken = clock.sleep(60_000).then(() => clock.now())
  expect(await base.run(woken)).toBe(1_060_000)
  expect(base.now()).toBe(1_001_000)
})

test("a seeded clock has the time of the other and luck of its own", async () => {
  const base = new VirtualClock({ start: 0, seed: 1 })
  const [one, two] = [seededClock(base, 9), seededClock(base, 9)]
  expect([one.random(), one.random()]).toEqual([two.random(), two.random()])
  await base.run(one.sleep(10))
  expect(two.now()).toBe(10)
})

describe("a time from a clock of day alone", () => {
  test("never goes back, and is where it was once the clock is put right", () => {
    let wall = 1_000_000
    const now = steady(() => wall)
    wall -= 46_800_000
    expect(now()).toBe(1_000_000)
    wall += 60_000
    expect(now()).toBe(1_060_000)
    wall += 46_800_000 + 5_000
    expect(now()).toBe(1_065_000)
  })

  test("tells how far the clock of day has been set back since, for what is written by it", () => {
    let wall = 86_400_000
    const { wall: _wall, ...own } = systemClock
    const clock = { ...own, now: steady(() => wall) }
    wall = 1_000
    expect(clock.now()).toBe(86_400_000)
    expect(wallAheadMs(clock)).toBe(1_000 - 86_400_000)
  })
})
