import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { backoffMs, MAX_ATTEMPTS, RetryBudget } from "../../../src/calls/retry.js"
import { accountOf } from "../../../src/calls/account.js"
import { bareCalls, type CallReport, type CallsOptions, createCalls } from "../../../src/calls/send.js"
import { CapacityError, JournalError, RejectedError, ThrottledError, TransientError } from "../../../src/errors.js"
import type { Attempt, Bucket, Cost } from "../../../src/provider.js"

const ATTEMPT_MS = 10_000
const BUCKETS: Readonly<Record<string, Bucket>> = {
  api: { kind: "token", capacity: 2, perSecond: 1 },
  slots: { kind: "concurrency", max: 2 },
}

interface Bench {
  readonly clock: VirtualClock
  readonly controller: AbortController
  readonly reports: CallReport[]
  readonly seconds: () => number
  send<T>(fn: (attempt: Attempt) => Promise<T>, cost?: Cost): Promise<T>
}

function bench(options: Partial<CallsOptions> = {}): Bench {
  const clock = new VirtualClock()
  const start = clock.now()
  const controller = new AbortController()
  const reports: CallReport[] = []
  const calls = createCalls({
    clock,
    limits: { account: "one", buckets: BUCKETS, attemptMs: ATTEMPT_MS },
    signal: controller.signal,
    report: (said) => void reports.push(said),
    ...options,
  })
  const send: Bench["send"] = (fn, cost = {}) => calls.send("Act", cost, fn)
  return { clock, controller, reports, seconds: () => (clock.now() - start) / 1000, send }
}

/** A server that says these things, one after the other, and the last one again and again. */
function script(...answers: readonly (Error | string)[]) {
  const sent: number[] = []
  const fn = async ({ number }: Attempt) => {
    const answer = answers[Math.min(sent.length, answers.length - 1)]
    sent.push(number)
    if (answer instanceof Error) throw answer
    return answer
  }
  return { fn, sent }
}

const lost = () => new TransientError("no answer")
const reasonOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)
/** An answer that never comes, until the attempt is ended. */
const silence =
  (clock: VirtualClock) =>
  async ({ signal }: Attempt) =>
    clock.serve(1e12, signal)

describe("which answers are asked for again", () => {
  const rows: readonly (readonly [string, readonly (Error | string)[], number, string])[] = [
    ["a success is not", ["done"], 1, "done"],
    ["an unknown outcome is", [lost(), lost(), "done"], 3, "done"],
    ["but only so often", [lost()], MAX_ATTEMPTS, "TransientError"],
    ["a throttle always is: it spends no retry", [...Array(12).fill(new ThrottledError("slow")), "done"], 13, "done"],
    ["a refusal is not", [new RejectedError("never")], 1, "RejectedError"],
    ["a refusal after an unknown outcome is the answer", [lost(), new RejectedError("never")], 2, "RejectedError"],
    ["a mistake of ours is not", [new TypeError("x is undefined")], 1, "TypeError"],
  ]
  test.each(rows)("%s", async (_title, answers, attempts, outcome) => {
    const { clock, send } = bench()
    const { fn, sent } = script(...answers)
    const answer = await clock.run(reasonOf(send(fn)))
    expect(answer instanceof Error ? answer.name : answer).toBe(outcome)
    expect(sent).toEqual(Array.from({ length: attempts }, (_, index) => index + 1))
  })
})

test("what is not answered is tried again by whoever is to find out", async () => {
  const { clock, send } = bench({ patience: { attempts: MAX_ATTEMPTS, again: () => false } })
  const { fn, sent } = script(lost(), "done")
  expect(await clock.run(reasonOf(send(fn)))).toBeInstanceOf(TransientError)
  expect(sent).toHaveLength(1)
})

describe("throttles", () => {
  test("hold back everybody who draws on the bucket, for as long as the cloud says", async () => {
    const { clock, send, seconds } = bench()
    const first = send(script(new ThrottledError("slow", { retryAfterMs: 7_000 }), "a").fn, { api: 1 })
    const second = clock.sleep(1).then(() => send(script("b").fn, { api: 1 }).then(seconds))
    expect(await clock.run(Promise.all([first, second]))).toEqual(["a", 7])
  })

  const rows: readonly (readonly [string, Cost, string | undefined])[] = [
    ["a request that draws on no bucket waits as well", {}, undefined],
    ["one that draws on a bucket that nobody has told us of", { unheard: 1 }, undefined],
    ["one that is told of a bucket nobody has heard of", { api: 1 }, "unheard"],
    ["one that is told of a bucket that it does not draw on", { api: 1 }, "slots"],
  ]
  test.each(rows)("%s", async (_title, cost, bucket) => {
    const { clock, send, seconds } = bench()
    const slow = new ThrottledError("slow", { retryAfterMs: 3_000, ...(bucket === undefined ? {} : { bucket }) })
    await clock.run(send(script(slow, slow, "done").fn, cost))
    expect(seconds()).toBe(6)
  })

  test("end a request that is to have so many in a row, and not while the api does something for others", async () => {
    const patience = { attempts: MAX_ATTEMPTS, throttles: 3 }
    const slow = () => new ThrottledError("slow", { retryAfterMs: 1_000 })
    const alone = bench({ patience })
    const { fn, sent } = script(slow())
    expect(await alone.clock.run(reasonOf(alone.send(fn)))).toBeInstanceOf(ThrottledError)
    expect(sent).toHaveLength(3)
    const { clock, send } = bench({ patience })
    const served = async () => {
      for (let turn = 0; turn < 6; turn += 1) await send(script("b").fn).then(() => clock.sleep(1_000))
    }
    const held = send(script(slow(), slow(), slow(), slow(), slow(), "a").fn)
    expect((await clock.run(Promise.all([held, served()])))[0]).toBe("a")
  })

  test("after an attempt that may have been done, leave the outcome unknown", async () => {
    const { clock, send } = bench({ finishAttempts: true, patience: { attempts: MAX_ATTEMPTS, throttles: 2 } })
    const error = await clock.run(reasonOf(send(script(lost(), new ThrottledError("slow")).fn)))
    expect(error).toBeInstanceOf(TransientError)
    expect(String(error)).toMatch(/no answer.*slow/)
  })

  test("give back what they held while they wait", async () => {
    const { clock, send } = bench()
    const one = send(script(new ThrottledError("slow", { retryAfterMs: 5_000, bucket: "api" }), "a").fn, { slots: 2 })
    expect(await clock.run(Promise.all([one, send(script("b").fn, { slots: 2 })]))).toEqual(["a", "b"])
  })
})

describe("the deadline", () => {
  test("is of one attempt on the wire, not of the wait before it", async () => {
    const { clock, send, reports } = bench()
    const slow = (ms: number) => async () => clock.serve(ms)
    await clock.run(Promise.all(Array.from({ length: 20 }, () => send(slow(9_000), { api: 1 }))))
    expect(reports).toHaveLength(20)
    expect(reports.every(({ error, ms }) => error === undefined && ms === 9_000)).toBe(true)
  })

  test("ends the attempt with an unknown outcome, and it is sent again", async () => {
    const { clock, send, reports, seconds } = bench()
    let number = 0
    const answer = await clock.run(
      send(async (attempt) => (++number === 1 ? silence(clock)(attempt) : `attempt ${number}`)),
    )
    expect(answer).toBe("attempt 2")
    expect(reports[0]).toMatchObject({ attempt: 1, ms: ATTEMPT_MS, error: "TransientError" })
    expect(reports[0]?.message).toContain("no answer within 10 s")
    expect(seconds()).toBeGreaterThanOrEqual(10)
  })
})

describe("the retry budget", () => {
  test("is one for the account: when it is spent, the first unknown outcome is thrown", async () => {
    const { clock, send } = bench()
    const tries = Array.from({ length: 30 }, () => script(lost()))
    await clock.run(Promise.all(tries.map(({ fn }) => reasonOf(send(fn)))))
    const total = tries.reduce((sum, { sent }) => sum + sent.length, 0)
    expect(total).toBe(30 + 50)
    const last = script(lost())
    await clock.run(reasonOf(send(last.fn)))
    expect(last.sent).toHaveLength(1)
  })

  test("comes back with successes, and never beyond what it was", () => {
    const budget = new RetryBudget()
    const drain = () => Array.from({ length: 1000 }, () => budget.spend()).filter(Boolean).length
    expect(drain()).toBe(50)
    budget.refund(3)
    expect(drain()).toBe(3)
    for (let i = 0; i < 9; i += 1) budget.refund(0)
    expect(drain()).toBe(0)
    budget.refund(0)
    expect(drain()).toBe(1)
    budget.refund(100_000)
    expect(drain()).toBe(50)
  })

  test("backoff doubles, has full jitter, and a cap", () => {
    const clock = new VirtualClock()
    const most = (failures: number) => Math.max(...Array.from({ length: 400 }, () => backoffMs(clock, failures)))
    expect([1, 2, 3, 20, 5000].map((failures) => Math.ceil(most(failures) / 100) * 100)).toEqual([
      400, 800, 1600, 20_000, 20_000,
    ])
    expect(Math.min(...Array.from({ length: 400 }, () => backoffMs(clock, 20)))).toBeLessThan(1000)
  })
})

describe("admit", () => {
  test("runs once, after the buckets and before the first byte", async () => {
    const order: string[] = []
    const { clock, send, seconds } = bench({ admit: async () => void order.push(`admit ${Math.floor(seconds())}`) })
    // Others have emptied the bucket.
    accountOf(clock, { account: "one", buckets: BUCKETS }).buckets.observed({ api: 0 })
    const { fn } = script(lost(), "done")
    await clock.run(
      send(
        (attempt) => {
          order.push(`attempt ${attempt.number}`)
          return fn(attempt)
        },
        { api: 2 },
      ),
    )
    expect(order).toEqual(["admit 2", "attempt 1", "attempt 2"])
  })

  test("its error ends the send: nothing goes out, nothing is tried again", async () => {
    const { clock, send } = bench({ admit: () => Promise.reject(new JournalError("disk full", { path: "/j" })) })
    const { fn, sent } = script("done")
    expect(await clock.run(reasonOf(send(fn)))).toBeInstanceOf(JournalError)
    expect(sent).toEqual([])
  })

  test("a signal that is aborted while it runs ends the send before the first byte", async () => {
    const { clock, send, controller } = bench({ finishAttempts: true, admit: () => clock.sleep(1_000) })
    const { fn, sent } = script("done")
    const answer = reasonOf(send(fn))
    clock.timer(500, () => controller.abort(new Error("fence")))
    expect(await clock.run(answer)).toEqual(new Error("fence"))
    expect(sent).toEqual([])
  })
})

describe("the fence (finishAttempts)", () => {
  const fence = new Error("fence")

  test("while it waits in a bucket: the signal's reason, nothing was sent", async () => {
    const { clock, send, controller } = bench({ finishAttempts: true })
    await clock.run(send(script("full").fn, { api: 2 }))
    const { fn, sent } = script("done")
    const answer = reasonOf(send(fn, { api: 2 }))
    controller.abort(fence)
    expect(await clock.run(answer)).toBe(fence)
    expect(sent).toEqual([])
  })

  test("while it waits for a retry after an unknown outcome: that outcome, not the reason", async () => {
    const { clock, send, controller } = bench({ finishAttempts: true })
    const unknown = lost()
    const { fn, sent } = script(unknown, "done")
    const answer = reasonOf(send(fn))
    clock.timer(0, () => controller.abort(fence))
    expect(await clock.run(answer)).toBe(unknown)
    expect(sent).toHaveLength(1)
  })

  test("while a retry waits in a bucket, after an unknown outcome: that outcome", async () => {
    const { clock, send, controller } = bench({ finishAttempts: true })
    const unknown = lost()
    const { fn, sent } = script(unknown, "done")
    const answer = reasonOf(send(fn, { api: 2 }))
    clock.timer(1_500, () => controller.abort(fence))
    expect(await clock.run(answer)).toBe(unknown)
    expect(sent).toHaveLength(1)
  })

  test("while it is on the wire: the answer is awaited, and counts", async () => {
    const { clock, send, controller } = bench({ finishAttempts: true })
    const answer = send(async ({ signal }) => {
      await clock.serve(4_000)
      return signal.aborted ? "cut off" : "made three"
    })
    clock.timer(1_000, () => controller.abort(fence))
    expect(await clock.run(answer)).toBe("made three")
  })

  const onTheWire: readonly (readonly [string, Error])[] = [
    ["a refusal on the wire is the answer", new CapacityError("none", { scope: {}, ttlMs: 1 })],
    ["so is a throttle: nothing was done", new ThrottledError("slow")],
    ["and an unknown outcome, which is not tried again", lost()],
  ]
  test.each(onTheWire)("%s", async (_title, error) => {
    const { clock, send, controller } = bench({ finishAttempts: true })
    let sent = 0
    const answer = reasonOf(
      send(async () => {
        sent += 1
        await clock.serve(2_000)
        throw error
      }),
    )
    clock.timer(1_000, () => controller.abort(fence))
    expect(await clock.run(answer)).toBe(error)
    expect(sent).toBe(1)
  })

  test("on the wire to its own deadline: then the outcome is unknown", async () => {
    const { clock, send, controller, seconds } = bench({ finishAttempts: true })
    const answer = reasonOf(send(silence(clock)))
    clock.timer(1_000, () => controller.abort(fence))
    expect(await clock.run(answer)).toBeInstanceOf(TransientError)
    expect(seconds()).toBe(10)
  })
})

describe("abort without the fence", () => {
  test.each([
    ["on the wire", {}, undefined],
    ["in a retry's wait", {}, script(lost()).fn],
    ["in a throttle's wait", {}, script(new ThrottledError("slow", { retryAfterMs: 1e9 })).fn],
    ["in a bucket", { slots: 99, api: 99 }, script(new ThrottledError("slow", { retryAfterMs: 1e9 })).fn],
  ] as const)("%s: the signal's reason, at once", async (_title, cost, fn) => {
    const { clock, send, controller, seconds } = bench()
    const answer = reasonOf(send<unknown>(fn ?? silence(clock), cost))
    clock.timer(100, () => controller.abort(new Error("enough")))
    expect(await clock.run(answer)).toEqual(new Error("enough"))
    expect(seconds()).toBe(0.1)
  })
})

describe("hold", () => {
  test("takes over giving back; a further attempt first gives back what the one before holds", async () => {
    const held: (() => void)[] = []
    const { clock, send } = bench({ keepUnits: (release) => void held.push(release) })
    await clock.run(send(script(lost(), "done").fn, { slots: 1 }))
    const { buckets } = accountOf(clock, { account: "one", buckets: BUCKETS })
    expect(held).toHaveLength(2)
    expect(buckets.levels().slots).toBe(1)
    for (const release of held) release()
    expect(buckets.levels().slots).toBe(2)
  })

  test("without it the units come back with the answer, whatever it is", async () => {
    const { clock, send } = bench()
    await clock.run(reasonOf(send(script(new RejectedError("never")).fn, { slots: 2 })))
    expect(accountOf(clock, { account: "one", buckets: BUCKETS }).buckets.levels().slots).toBe(2)
  })
})

test("an account's limits are one for all who work with it under one clock", () => {
  const clock = new VirtualClock()
  const one = accountOf(clock, { account: "one", buckets: BUCKETS })
  expect(accountOf(clock, { account: "one", buckets: { more: BUCKETS.slots as Bucket } })).toBe(one)
  expect(Object.keys(one.buckets.levels())).toEqual(["api", "slots", "more"])
  expect(accountOf(clock, { account: "two", buckets: BUCKETS })).not.toBe(one)
  expect(accountOf(new VirtualClock(), { account: "one", buckets: BUCKETS })).not.toBe(one)
})

test("bare calls only run the request, unless it is over", async () => {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const calls = bareCalls({ clock, signal: controller.signal })
  const fail = script(lost())
  await expect(clock.run(calls.send("Act", { api: 99 }, fail.fn))).rejects.toThrow("no answer")
  expect(fail.sent).toEqual([1])
  controller.abort(new Error("over"))
  await expect(calls.send("Act", {}, fail.fn)).rejects.toThrow("over")
})

describe("the units of instances", () => {
  const MADE: Readonly<Record<string, Bucket>> = {
    api: { kind: "token", capacity: 5, perSecond: 2 },
    made: { kind: "token", capacity: 1000, perSecond: 2, byOutcome: true },
  }
  const limits = { account: "made", buckets: MADE, attemptMs: ATTEMPT_MS }
  const busy = (bucket: string) => new ThrottledError("slow down", { code: "RequestLimitExceeded", bucket })

  test.each([
    ["answered with a fault of the cloud", lost()],
    ["refused for the pace of requests", busy("api")],
    ["refused for the pace of instances", busy("made")],
  ])("are drawn once although a launch of all of them is %s first", async (_what, first) => {
    const { clock, seconds, send } = bench({ limits })
    const { fn, sent } = script(first, "made")
    await clock.run(send(fn, { api: 1, made: 1000 }))
    expect(sent).toEqual([1, 2])
    expect(seconds()).toBeLessThan(5)
    expect(accountOf(clock, limits).buckets.levels().made).toBeLessThan(11)
  })

  test("are not drawn again by a request that is sent again with the token of an earlier one", async () => {
    const { clock, seconds, send } = bench({ limits, isConsumed: true })
    const { fn } = script(busy("api"), "made")
    await clock.run(send(fn, { api: 1, made: 1000 }))
    expect(seconds()).toBeLessThan(5)
    expect(accountOf(clock, limits).buckets.levels().made).toBe(1000)
  })
})
