import { describe, expect, test } from "vitest"
import { Buckets, type TakeOptions } from "../../../src/calls/buckets.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import type { Bucket, Cost } from "../../../src/provider.js"

const MINUTE_MS = 60_000
const TOKEN: Bucket = { kind: "token", capacity: 10, perSecond: 2 }
const RESERVED: Bucket = { kind: "token", capacity: 10, perSecond: 1, reserve: 4 }
const ALIGNED: Bucket = { kind: "window", count: 5, perMinute: 1, aligned: true }
const FREE: Bucket = { kind: "window", count: 5, perMinute: 1, aligned: false }
const THREE: Bucket = { kind: "concurrency", max: 3 }

/** Seconds by which the cloud may have counted later than we did: nothing comes back earlier than that. */
const LATE_S = 0.25

/** 20 s after a full minute. */
const START = 1_000 * MINUTE_MS + 20_000

interface Place {
  readonly clock: VirtualClock
  readonly buckets: Buckets
  /** Asks now; `at` is the second in which it was granted, undefined before. */
  ask(cost: Cost, options?: Partial<TakeOptions>): Asked
  /** Lets so many seconds pass. */
  pass(seconds: number): Promise<void>
}

interface Asked {
  at: number | undefined
  error: unknown
  release: () => void
}

function place(buckets: Readonly<Record<string, Bucket>>): Place {
  const clock = new VirtualClock({ start: START })
  const all = new Buckets(clock, buckets)
  const ask = (cost: Cost, options: Partial<TakeOptions> = {}) => {
    const asked: Asked = { at: undefined, error: undefined, release: () => {} }
    all.take(cost, { signal: new AbortController().signal, ...options }).then(
      (release) => Object.assign(asked, { at: (clock.now() - START) / 1000, release }),
      (error: unknown) => Object.assign(asked, { error }),
    )
    return asked
  }
  return { clock, buckets: all, ask, pass: (seconds) => clock.run(clock.sleep(seconds * 1000)) }
}

describe("when costs are granted, in seconds after they were asked for together", () => {
  const rows: readonly (readonly [string, Bucket, readonly number[], readonly number[]])[] = [
    ["what a token bucket holds goes at once", TOKEN, [4, 6], [0, 0]],
    ["then at its rate, in the order of asking", TOKEN, [10, 1, 3], [0, 0.5, 2]],
    ["a small one behind a large one waits for it", TOKEN, [9, 5, 1], [0, 2, 2.5]],
    ["a cost above the capacity takes a full bucket and leaves it in debt", TOKEN, [25, 1], [0, 8]],
    ["a reserve is left alone", RESERVED, [6, 1], [0, 1]],
    ["unless nothing less would do", RESERVED, [10, 1], [0, 5]],
    ["an aligned window starts again on the minute", ALIGNED, [5, 5, 1], [0, 40 - LATE_S, 100 - LATE_S]],
    ["another one with its first unit", FREE, [5, 5, 1], [0, 60, 120 + LATE_S]],
    ["a window splits no cost", FREE, [3, 3], [0, 60]],
    ["a cost above a window's count takes a whole one", FREE, [7, 1], [0, 60]],
    ["no units cost nothing", { kind: "token", capacity: 1, perSecond: 0 }, [1, 0], [0, 0]],
  ]
  test.each(rows)("%s", async (_title, bucket, costs, seconds) => {
    const { ask, pass } = place({ bucket })
    const asked = costs.map((units) => ask({ bucket: units }))
    await pass(300)
    expect(asked.map(({ at }) => at)).toEqual(seconds.map((at) => (at === 0 ? 0 : at + LATE_S)))
  })
})

test("an unaligned window that was left alone begins with its next unit, not with its last", async () => {
  const { ask, pass } = place({ bucket: FREE })
  ask({ bucket: 1 })
  await pass(100)
  const [all, next] = [ask({ bucket: 5 }), ask({ bucket: 1 })]
  await pass(100)
  expect([all.at, next.at]).toEqual([100, 160 + LATE_S])
})

test("concurrency: what is given back is granted in order, and giving back twice counts once", async () => {
  const { ask, pass, buckets } = place({ bucket: THREE })
  const [a, b, c, d] = [ask({ bucket: 2 }), ask({ bucket: 1 }), ask({ bucket: 2 }), ask({ bucket: 1 })]
  await pass(5)
  expect([a.at, b.at, c.at, d.at]).toEqual([0, 0, undefined, undefined])
  b.release()
  b.release()
  await pass(5)
  // One is free, but the next in line asks for two.
  expect([c.at, d.at]).toEqual([undefined, undefined])
  a.release()
  await pass(5)
  expect([c.at, d.at]).toEqual([10, 10])
  expect(buckets.levels()).toEqual({ bucket: 0 })
})

test("concurrency: a cost above the maximum waits until nothing else is under way", async () => {
  const { ask, pass, buckets } = place({ bucket: THREE })
  const [small, large] = [ask({ bucket: 1 }), ask({ bucket: 9 })]
  await pass(5)
  expect(large.at).toBeUndefined()
  small.release()
  await pass(1)
  expect(large.at).toBe(5)
  large.release()
  expect(buckets.levels()).toEqual({ bucket: 3 })
})

describe("several buckets", () => {
  test("all or none: what waits for one holds nothing of the other", async () => {
    const { ask, pass, buckets } = place({ token: TOKEN, window: FREE })
    ask({ window: 5 })
    const both = ask({ token: 4, window: 1 })
    await pass(1)
    expect(buckets.levels().token).toBe(10)
    await pass(100)
    expect(both.at).toBe(60 + LATE_S)
  })

  test("who waits for one bucket does not keep others from another that he needs as well", async () => {
    const { ask, pass, buckets } = place({ token: TOKEN, window: FREE, slots: THREE })
    buckets.stop(["slots"], 5_000)
    const [both, other] = [ask({ token: 2, slots: 1 }), ask({ token: 3, window: 1 })]
    await pass(10)
    expect([both.at, other.at]).toEqual([5, 0])
  })

  test("only those who ask for the same bucket are held back; names without a bucket cost nothing", async () => {
    const { ask, pass } = place({ token: TOKEN, window: FREE })
    const asked = [ask({ window: 5 }), ask({ window: 1 }), ask({ token: 1 }), ask({ unheard: 1000 })]
    await pass(1)
    expect(asked.map(({ at }) => at)).toEqual([0, undefined, 0, 0])
  })
})

describe("who goes first", () => {
  test("a termination goes before all that waits", async () => {
    const { ask, pass } = place({ bucket: TOKEN })
    ask({ bucket: 10 })
    const [launch, end] = [ask({ bucket: 2 }), ask({ bucket: 2 }, { first: true })]
    await pass(10)
    expect([end.at, launch.at]).toEqual([1 + LATE_S, 2 + LATE_S])
  })

  test("fail-over may use the reserve, also while first volleys wait", async () => {
    const { ask, pass } = place({ bucket: RESERVED })
    ask({ bucket: 6 })
    const [volley, failover] = [ask({ bucket: 1 }), ask({ bucket: 3 }, { failover: true })]
    await pass(20)
    expect(failover.at).toBe(0)
    expect(volley.at).toBe(4 + LATE_S)
  })

  test("fail-over that must wait is not overtaken by first volleys", async () => {
    const { ask, pass } = place({ bucket: RESERVED })
    ask({ bucket: 4 })
    const [failover, volley] = [ask({ bucket: 8 }, { failover: true }), ask({ bucket: 1 })]
    await pass(20)
    expect([failover.at, volley.at]).toEqual([2 + LATE_S, 7 + LATE_S])
  })

  test("without a reserve fail-over waits its turn", async () => {
    const { ask, pass } = place({ bucket: TOKEN })
    ask({ bucket: 10 })
    const [volley, failover] = [ask({ bucket: 2 }), ask({ bucket: 2 }, { failover: true })]
    await pass(20)
    expect([volley.at, failover.at]).toEqual([1 + LATE_S, 2 + LATE_S])
  })
})

describe("stop", () => {
  test("nothing passes until it is over; a shorter one later does not end it early", async () => {
    const { ask, pass, buckets } = place({ bucket: TOKEN, other: TOKEN })
    buckets.stop(["bucket", "unheard"], 9_000)
    buckets.stop(["bucket"], 1_000)
    const [stopped, first, other] = [ask({ bucket: 1 }), ask({ bucket: 1 }, { first: true }), ask({ other: 1 })]
    await pass(20)
    expect([stopped.at, first.at, other.at]).toEqual([9, 9, 0])
  })

  test("it also holds what waits already", async () => {
    const { ask, pass, buckets } = place({ bucket: TOKEN })
    ask({ bucket: 10 })
    const waiting = ask({ bucket: 2 })
    buckets.stop(["bucket"], 5_000)
    await pass(20)
    expect(waiting.at).toBe(5)
  })
})

describe("observed", () => {
  const rows: readonly (readonly [string, Bucket, number, number, number])[] = [
    ["fewer tokens are believed", TOKEN, 0, 3, 3],
    ["more are not", TOKEN, 4, 9, 6],
    ["fewer units of a window that is open", FREE, 1, 2, 2],
    ["fewer units of a window that nobody has used here", FREE, 0, 2, 2],
    ["fewer units of an aligned window that nobody has used here", ALIGNED, 0, 2, 2],
    // Nobody would ever give back what others have under way.
    ["concurrency is what we know ourselves", THREE, 1, 0, 2],
  ]
  test.each(rows)("%s", async (_title, bucket, taken, left, level) => {
    const { ask, buckets } = place({ bucket })
    ask({ bucket: taken })
    buckets.observed({ bucket: left, unheard: 0 })
    expect(buckets.levels()).toEqual({ bucket: level })
  })

  test("what is left is left now, not when tokens were last taken", async () => {
    const { ask, pass, buckets } = place({ bucket: TOKEN })
    ask({ bucket: 1 })
    await pass(60)
    buckets.observed({ bucket: 0 })
    expect(buckets.levels()).toEqual({ bucket: 0 })
    const next = ask({ bucket: 2 })
    await pass(10)
    expect(next.at).toBe(61 + LATE_S)
  })

  test("a window's answer does not outlive the window", async () => {
    const { ask, pass, buckets } = place({ bucket: ALIGNED })
    buckets.observed({ bucket: 0 })
    const next = ask({ bucket: 1 })
    await pass(60)
    expect(next.at).toBe(40)
  })
})

describe("narrow", () => {
  const WIDE: Bucket = { kind: "window", count: 100, perMinute: 1, aligned: true }

  test("a window that ran dry early holds, from now on, four fifths of what the cloud says", async () => {
    const { ask, pass, buckets } = place({ bucket: WIDE })
    ask({ bucket: 30 })
    buckets.narrow("bucket", 25)
    const [next, more] = [ask({ bucket: 20 }), ask({ bucket: 1 })]
    await pass(150)
    expect([next.at, more.at]).toEqual([40, 100])
    // What it says later may be less, and never more.
    buckets.narrow("bucket", 1_000)
    await pass(60)
    expect(buckets.levels()).toEqual({ bucket: 20 })
  })

  test("without a word of how much, it is halved once a window, and doubles with each that did not run dry", async () => {
    const { ask, pass, buckets } = place({ bucket: WIDE })
    ask({ bucket: 10 })
    for (let refusals = 0; refusals < 20; refusals += 1) buckets.narrow("bucket")
    await pass(60)
    expect(buckets.levels()).toEqual({ bucket: 50 })
    ask({ bucket: 1 })
    buckets.narrow("bucket")
    await pass(60)
    expect(buckets.levels()).toEqual({ bucket: 25 })
    for (const level of [24, 49, 99, 99]) {
      ask({ bucket: 1 })
      expect(buckets.levels()).toEqual({ bucket: level })
      await pass(60)
    }
  })

  test("other buckets have no windows, and names that are none are ignored", () => {
    const { buckets } = place({ token: TOKEN, slots: THREE })
    for (const name of ["token", "slots", "unheard"]) buckets.narrow(name, 1)
    expect(buckets.levels()).toEqual({ token: 10, slots: 3 })
  })
})

test("what goes out just before an aligned window ends may arrive in the next one, and counts in both", async () => {
  const { ask, pass } = place({ bucket: ALIGNED })
  await pass(40 - LATE_S / 2)
  const late = ask({ bucket: 3 })
  await pass(LATE_S)
  const [fits, waits] = [ask({ bucket: 2 }), ask({ bucket: 1 })]
  await pass(120)
  expect(late.at).toBe(40 - LATE_S / 2)
  expect(fits.at).toBe(40 + LATE_S / 2)
  expect(waits.at).toBe(100)
})

describe("abort", () => {
  test("what waits ends with the signal's reason, and those behind it move up", async () => {
    const { ask, pass } = place({ bucket: TOKEN })
    const controller = new AbortController()
    ask({ bucket: 10 })
    const [large, small] = [ask({ bucket: 10 }, { signal: controller.signal }), ask({ bucket: 2 })]
    await pass(1)
    const reason = new Error("enough")
    controller.abort(reason)
    await pass(5)
    expect(large).toMatchObject({ at: undefined, error: reason })
    expect(small.at).toBe(1 + LATE_S)
  })

  test("one signal for all: nobody is granted anything while it ends them one by one", async () => {
    const { ask, pass, buckets } = place({ bucket: TOKEN })
    const controller = new AbortController()
    const { signal } = controller
    ask({ bucket: 8 })
    const asked = [ask({ bucket: 10 }, { signal }), ask({ bucket: 1 }, { signal }), ask({ bucket: 1 }, { signal })]
    controller.abort(new Error("enough"))
    await pass(0)
    expect(asked.map(({ at }) => at)).toEqual([undefined, undefined, undefined])
    expect(buckets.levels()).toEqual({ bucket: 2 })
  })

  test("before it is asked for, and after it was granted", async () => {
    const { ask, pass, buckets } = place({ bucket: THREE })
    const controller = new AbortController()
    const granted = ask({ bucket: 1 }, { signal: controller.signal })
    await pass(0)
    controller.abort(new Error("enough"))
    const late = ask({ bucket: 1 }, { signal: controller.signal })
    await pass(0)
    expect(granted).toMatchObject({ at: 0, error: undefined })
    expect(late.error).toEqual(new Error("enough"))
    expect(buckets.levels()).toEqual({ bucket: 2 })
  })
})

test("buckets added later begin full, and those known keep what they hold", () => {
  const { ask, buckets } = place({ bucket: TOKEN })
  ask({ bucket: 4 })
  buckets.add({ bucket: { kind: "token", capacity: 99, perSecond: 1 }, more: FREE })
  expect(buckets.levels()).toEqual({ bucket: 6, more: 5 })
})

describe("what did not come of a request", () => {
  const IMPACTED: Bucket = { kind: "token", capacity: 10, perSecond: 1, byOutcome: true }

  test("is there again at once where a bucket counts by outcome", async () => {
    const { buckets, ask, pass } = place({ impacted: IMPACTED, requests: TOKEN })
    ask({ impacted: 10, requests: 1 })
    const next = ask({ impacted: 6, requests: 1 })
    await pass(0)
    expect(next.at).toBeUndefined()
    buckets.refund({ impacted: 10, requests: 1 }, 6)
    await pass(0)
    expect(next.at).toBe(0)
    expect(buckets.levels().requests).toBe(8)
  })

  test("does not fill it above its brim, nor give back more than was drawn", async () => {
    const { buckets, ask, pass } = place({ impacted: IMPACTED })
    ask({ impacted: 4 })
    await pass(0)
    buckets.refund({ impacted: 4 }, 100)
    expect(buckets.levels().impacted).toBe(10)
    ask({ impacted: 8 })
    await pass(0)
    buckets.refund({ impacted: 3 }, 100)
    expect(buckets.levels().impacted).toBe(5)
  })
})
