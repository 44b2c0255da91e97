import { describe, expect, test } from "vitest"
import { type Fault, WorldError } from "../../src/simulator/index.js"
import { type Rig, rig } from "./rig.js"

/** Sends one request that counts how often it was done. */
function client({ world, clock }: Rig) {
  let acts = 0
  return {
    acts: () => acts,
    send: (
      api = "Make",
      options: { cost?: Readonly<Record<string, number>>; signal?: AbortSignal; holdMs?: number } = {},
    ) => {
      const { holdMs, ...serving } = options
      const held = holdMs === undefined ? {} : { holdUntil: () => clock.now() + holdMs }
      return world.serve(api, { size: 1 }, { ...serving, ...held }, () => {
        acts += 1
        return "made"
      })
    },
  }
}

describe("serve", () => {
  test("notes the request, takes its time, acts once and answers", async () => {
    const quiet = rig()
    const { send, acts } = client(quiet)
    const start = quiet.clock.now()
    expect(await quiet.clock.run(send())).toBe("made")
    expect(quiet.clock.now() - start).toBe(100)
    expect(acts()).toBe(1)
    expect(quiet.world.ledger.entries).toEqual([
      { number: 1, api: "Make", parameters: { size: 1 }, at: start, outcome: "ok" },
    ])
  })

  test("the ledger counts by api and starts again when cleared", async () => {
    const quiet = rig()
    const { send } = client(quiet)
    await quiet.clock.run(Promise.all([send("A"), send("B"), send("A")]))
    const { ledger } = quiet.world
    expect([ledger.count(), ledger.count("A"), ledger.of("B")[0]?.number]).toEqual([3, 2, 2])
    ledger.clear()
    expect(ledger.count()).toBe(0)
  })

  test("a caller who gives up before the act leaves nothing done, after it does not know", async () => {
    const quiet = rig()
    const { send, acts } = client(quiet)
    const giveUpAfter = async (ms: number) => {
      const controller = new AbortController()
      const reason = new Error(`gave up after ${ms}`)
      quiet.clock.timer(ms, () => controller.abort(reason))
      await expect(quiet.clock.run(send("Make", { signal: controller.signal }))).rejects.toBe(reason)
      return acts()
    }
    expect(await giveUpAfter(10)).toBe(0)
    expect(await giveUpAfter(90)).toBe(1)
    const reason = new Error("before")
    await expect(send("Make", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(quiet.world.ledger.entries.map(({ outcome }) => outcome)).toEqual(["aborted", "aborted", "aborted"])
  })
})

interface FaultCase {
  readonly name: string
  readonly fault: Fault
  readonly kind: string | undefined
  readonly acts: number
  readonly ms: number
}

const FAULTS: readonly FaultCase[] = [
  { name: "a refusal", fault: { kind: "fail", error: "rejected", code: "No" }, kind: "rejected", acts: 0, ms: 50 },
  {
    name: "a throttle",
    fault: { kind: "fail", error: "throttled", retryAfterMs: 7 },
    kind: "throttled",
    acts: 0,
    ms: 50,
  },
  { name: "a lost answer", fault: { kind: "lose-reply" }, kind: "lost", acts: 1, ms: 100 },
  { name: "a cut answer", fault: { kind: "cut-reply" }, kind: "cut", acts: 1, ms: 100 },
  { name: "a garbled answer", fault: { kind: "garble-reply" }, kind: "garbled", acts: 1, ms: 100 },
  { name: "a late answer", fault: { kind: "late", ms: 5_000 }, kind: undefined, acts: 1, ms: 5_100 },
  { name: "silence", fault: { kind: "hang" }, kind: "lost", acts: 0, ms: 3_600_050 },
]

describe("faults", () => {
  test.each(FAULTS)("$name", async ({ fault, kind, acts, ms }) => {
    const bad = rig()
    const one = client(bad)
    bad.world.faults.rate("*", 1, fault)
    const start = bad.clock.now()
    const outcome = await bad.clock.run(one.send().catch((error: unknown) => error))
    if (kind === undefined) expect(outcome).toBe("made")
    else expect(outcome).toMatchObject({ name: "WorldError", kind })
    expect([one.acts(), bad.clock.now() - start]).toEqual([acts, ms])
    bad.world.faults.clear()
    expect(await bad.clock.run(one.send())).toBe("made")
  })

  test("a cut answer carries what it would have been, for the wire to cut", async () => {
    const bad = rig()
    bad.world.faults.cutReply("Make")
    await expect(bad.clock.run(client(bad).send())).rejects.toMatchObject({ kind: "cut", reply: "made" })
  })

  test("meet the api they name, so many times, in the order they were scripted", async () => {
    const bad = rig()
    const { send } = client(bad)
    const { faults } = bad.world
    faults.fail("Make", { times: 2, error: "transient", code: "First" })
    faults.loseReply("Make")
    faults.fail("*", { error: "auth", code: "Last" })
    const outcomes: string[] = []
    for (const api of ["Make", "Make", "Make", "Read", "Make"]) {
      outcomes.push(await bad.clock.run(send(api).catch((error: WorldError) => error.code)))
    }
    expect(outcomes).toEqual(["First", "First", "ReplyLost", "Last", "made"])
    expect(bad.world.ledger.entries.map(({ outcome }) => outcome)).toEqual([
      "First",
      "First",
      "ReplyLost",
      "Last",
      "ok",
    ])
  })

  test("can be narrowed to parameters", async () => {
    const bad = rig()
    const { send } = client(bad)
    bad.world.faults.fail("*", { error: "capacity", when: (parameters) => JSON.stringify(parameters).includes("2") })
    expect(await bad.clock.run(send())).toBe("made")
    await expect(bad.clock.run(bad.world.serve("Make", { size: 2 }, {}, () => 1))).rejects.toBeInstanceOf(WorldError)
  })

  test("at a rate are as many as the rate says, and the same ones for the same seed", async () => {
    const outcomes = async (seed: number) => {
      const bad = rig({ seed, buckets: {} })
      const { send } = client(bad)
      bad.world.faults.rate("*", 0.2, { kind: "fail", error: "transient" })
      await bad.clock.run(Promise.allSettled(Array.from({ length: 1_000 }, () => send())))
      return bad.world.ledger.entries.map(({ outcome }) => outcome)
    }
    const first = await outcomes(1)
    const failed = first.filter((outcome) => outcome !== "ok").length
    expect(failed).toBeGreaterThan(150)
    expect(failed).toBeLessThan(250)
    expect(await outcomes(1)).toEqual(first)
    expect(await outcomes(2)).not.toEqual(first)
  })
})

describe("true buckets", () => {
  const spent = async (busy: Rig, cost: Readonly<Record<string, number>>, holdMs?: number) =>
    busy.clock.run(
      client(busy)
        .send("Make", { cost, ...(holdMs === undefined ? {} : { holdMs }) })
        .catch((error: WorldError) => error),
    )

  test("a token bucket gives its capacity, then its rate, and says how long to wait", async () => {
    const busy = rig({ buckets: { writes: { kind: "token", capacity: 5, perSecond: 2 } } })
    expect(await spent(busy, { writes: 5 })).toBe("made")
    expect(await spent(busy, { writes: 1 })).toMatchObject({ kind: "throttled", bucket: "writes", retryAfterMs: 400 })
    await busy.pass(400)
    expect(await spent(busy, { writes: 1 })).toBe("made")
    await busy.pass(60_000)
    expect(busy.world.levels()).toEqual({ writes: 5 })
    expect(await spent(busy, { writes: 6 })).toMatchObject({ kind: "throttled", retryAfterMs: undefined })
  })

  test("a request that one bucket refuses draws on none", async () => {
    const buckets = {
      a: { kind: "token", capacity: 5, perSecond: 0 },
      b: { kind: "token", capacity: 1, perSecond: 0 },
    } as const
    const busy = rig({ buckets })
    expect(await spent(busy, { a: 2, b: 2 })).toMatchObject({ kind: "throttled", bucket: "b" })
    expect(busy.world.levels()).toEqual({ a: 5, b: 1 })
    expect(await spent(busy, { a: 2, elsewhere: 9 })).toBe("made")
    expect(busy.world.levels()).toEqual({ a: 3, b: 1 })
  })

  test("an aligned window starts anew on the minute, another with its first request", async () => {
    const window = { kind: "window", count: 2, perMinute: 1 } as const
    const busy = rig({ buckets: { on: { ...window, aligned: true }, off: { ...window, aligned: false } } })
    await busy.pass(50_000)
    expect(await spent(busy, { on: 2, off: 2 })).toBe("made")
    expect(await spent(busy, { on: 1 })).toMatchObject({ kind: "throttled", retryAfterMs: 9_850 })
    await busy.pass(9_850)
    expect(await spent(busy, { on: 1 })).toBe("made")
    expect(await spent(busy, { off: 1 })).toMatchObject({ kind: "throttled" })
    await busy.pass(50_000)
    expect(await spent(busy, { off: 1 })).toBe("made")
  })

  test("concurrency is held until the answer, or for as long as the request says", async () => {
    const busy = rig({ buckets: { operations: { kind: "concurrency", max: 2 } } })
    const { send } = client(busy)
    const cost = { operations: 1 }
    const together = await busy.clock.run(
      Promise.allSettled([send("A", { cost }), send("B", { cost }), send("C", { cost })]),
    )
    expect(together.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"])
    expect(busy.world.levels()).toEqual({ operations: 2 })
    expect(await spent(busy, { operations: 2 }, 60_000)).toBe("made")
    expect(await spent(busy, { operations: 1 })).toMatchObject({ kind: "throttled" })
    await busy.pass(60_000)
    expect(await spent(busy, { operations: 1 })).toBe("made")
  })
})
