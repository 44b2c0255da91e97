import { expect, test } from "vitest"
import { Buckets } from "../../../src/calls/buckets.js"
import { VirtualClock } from "../../../src/calls/clock.js"

test("ten thousand waiters pass in order, in as many windows as their number needs", async () => {
  const clock = new VirtualClock({ start: 0 })
  const buckets = new Buckets(clock, {
    writes: { kind: "window", count: 1200, perMinute: 1, aligned: true },
    slots: { kind: "concurrency", max: 200 },
  })
  const { signal } = new AbortController()
  const passed: number[] = []
  const one = async (index: number) => {
    const release = await buckets.take({ writes: 1, slots: 1 }, { signal })
    passed.push(index)
    await clock.sleep(100)
    release()
  }
  await clock.run(Promise.all(Array.from({ length: 10_000 }, (_, index) => one(index))))
  expect(passed).toEqual(Array.from({ length: 10_000 }, (_, index) => index))
  expect(Math.ceil(clock.now() / 60_000)).toBe(9)
})
