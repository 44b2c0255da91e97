/** What does not depend on a Redis: options, and queues that do not answer. */
import { describe, expect, test, vi } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { type BullMeta, type BullQueue, bullmq } from "../../src/demand/bullmq/index.js"

const deferred = () => {
  let resolve: (value: Record<string, number>) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Record<string, number>>((yes, no) => ([resolve, reject] = [yes, no]))
  return { promise, resolve, reject }
}

/** A queue whose counts come when the test wants. */
function queueOf(counts: () => Promise<Record<string, number>>): BullQueue {
  return {
    name: "thumbs",
    getJobCounts: counts,
    getDelayedCount: async (_timestamp) => 0,
    getMeta: async (): Promise<BullMeta> => ({}),
    getRateLimitTtl: async () => -2,
  }
}

describe("a queue that does not answer", () => {
  const silent = () => new Promise<never>(() => {})

  test("is an error that says for how long was waited, and what to look at", async () => {
    const clock = new VirtualClock()
    const ask = bullmq(queueOf(silent), { perWorker: 8, clock })
    await expect(clock.run(ask())).rejects.toThrow(
      'reading the queue "thumbs" took longer than 10 s: look whether what it is kept in (Redis, PostgreSQL) runs',
    )
    expect(clock.asleep).toBe(0)
  })

  test("is not asked again before a minute, and its answer counts when it comes", async () => {
    const clock = new VirtualClock()
    const answers = [deferred(), deferred()]
    const counts = vi.fn(() => answers[counts.mock.calls.length - 1]?.promise ?? Promise.reject(new Error("a third")))
    const ask = bullmq(queueOf(counts), { perWorker: 1, timeout: "2s", clock })
    for (let times = 0; times < 10; times += 1) {
      await expect(clock.run(ask())).rejects.toThrow("took longer than 2 s")
      await clock.run(clock.sleep(3000))
    }
    expect(counts).toHaveBeenCalledTimes(1)
    answers[0]?.resolve({ waiting: 3 })
    await clock.run(clock.sleep(0))
    const next = ask()
    answers[1]?.resolve({ waiting: 4, active: 1 })
    expect(await next).toEqual({ workers: 5 })
    expect(counts).toHaveBeenCalledTimes(2)
  })

  test("is asked anew after a minute, because an answer may have been lost", async () => {
    const clock = new VirtualClock()
    const counts = vi.fn(silent)
    const ask = bullmq(queueOf(counts), { perWorker: 1, timeoutMs: 1000, clock })
    for (let times = 0; times < 61; times += 1) {
      await expect(clock.run(ask())).rejects.toThrow("took longer than 1 s")
    }
    expect(counts).toHaveBeenCalledTimes(2)
  })

  test("is not waited for after the signal", async () => {
    const clock = new VirtualClock()
    const ask = bullmq(queueOf(silent), { perWorker: 1, clock })
    const stop = new AbortController()
    const asked = ask({ signal: stop.signal })
    stop.abort(new Error("over"))
    await expect(asked).rejects.toThrow("over")
    await expect(ask({ signal: stop.signal })).rejects.toThrow("over")
    expect(clock.asleep).toBe(0)
  })
})

test("what BullMQ throws comes out as it is", async () => {
  const refused = new Error("NOAUTH Authentication required.")
  await expect(
    bullmq(
      queueOf(() => Promise.reject(refused)),
      { perWorker: 1 },
    )(),
  ).rejects.toBe(refused)
})

test("a BullMQ that cannot tell what is due says which can", async () => {
  const old = { ...queueOf(async () => ({ waiting: 1 })), getDelayedCount: async () => 4 }
  await expect(bullmq(old, { perWorker: 1 })()).rejects.toThrow("install 6.7 or later")
})

test("BullMQ 5 is asked through its client", async () => {
  const zcount = vi.fn(async (_key: string, _from: string, _to: number) => 4)
  const older = {
    getDelayedCount: async () => 9,
    client: Promise.resolve({ zcount }),
    toKey: (type: string) => `bull:x:${type}`,
  }
  const before = Date.now()
  expect(await bullmq({ ...queueOf(async () => ({ waiting: 1 })), ...older }, { perWorker: 1 })()).toEqual({
    workers: 5,
  })
  const [[key, , to] = ["", "", 0]] = zcount.mock.calls
  expect(key).toBe("bull:x:delayed")
  expect(to / 0x1000).toBeGreaterThanOrEqual(before)
})

test("options that are wrong are all named, with their values", () => {
  const wrong = { perWorker: 0.5, jobSeconds: -1, limiter: { max: 0, duration: 1 }, timeout: "soon" }
  expect(() => bullmq({ name: "x" } as never, wrong as never)).toThrow(
    /5 problems:\n {2}queue: has no getJobCounts, .*: give a Queue of BullMQ 5\.81\.5 or later.*\n {2}perWorker: is 0\.5; use a whole number of jobs, at least 1\n {2}jobSeconds: is -1; use a number of seconds\n {2}limiter: is \{"max":0,"duration":1\}; .*\n {2}timeout: is "soon"; /,
  )
  expect(() =>
    bullmq(
      queueOf(async () => ({})),
      {} as never,
    ),
  ).toThrow("perWorker: is undefined; use a whole number")
})
