/** What a launch call is answered is an outcome: others are asked, the pause grows, the words are kept, and the end is one. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import {
  AuthError,
  type MusterError,
  NotFoundError,
  OfferRefusedError,
  OwnershipError,
  RejectedError,
  type ShortfallError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import type { Failure, LaunchCall, Provider } from "../../../src/provider.js"
import { simulate } from "../../../src/simulator/index.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { live } from "../support.js"

const TYPES = ["s1.small", "m1.large"]
const scopeOf = ({ zone, offers: [offer] }: LaunchCall) => ({
  ...(zone === undefined ? {} : { zone }),
  ...(offer === undefined ? {} : { instanceType: offer.instanceType }),
})

type Answer = (call: LaunchCall, sentAt: number) => MusterError | undefined

/** A simulated cloud whose launches are answered as told; undefined: as usual. */
function answering(
  answer: Answer,
  spec: Partial<ClusterSpec> = {},
  over: (inner: Provider) => Partial<Provider> = () => ({}),
) {
  const clock = new VirtualClock({ seed: 3 })
  const { provider: inner, world } = simulate({ clock, latency: { bootMs: 5_000 } })
  const calls: LaunchCall[] = []
  const begun = clock.now()
  const provider: Provider = {
    ...inner,
    launch: (call, given) =>
      given.send(call.api, call.cost, async () => {
        calls.push(call)
        const error = answer(call, clock.now() - begun)
        if (error !== undefined) throw error
        return inner.launch(call, { ...given, send: (_api, _cost, fn) => fn(PLAIN) })
      }),
    ...over(inner),
  }
  const whole = { provider, instanceType: TYPES, order: "as-listed", ...spec } as ClusterSpec
  const cluster = new Cluster(whole, { clock, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ error, message }) => problems.push(`${error}: ${message}`))
  const failed = (work: Promise<unknown>) =>
    clock.run(work.then(() => new Error("it did not fail")).catch((thrown: unknown) => thrown as Error))
  return { clock, world, cluster, calls, problems, failed, since: () => clock.now() - begun }
}

const PLAIN = { signal: new AbortController().signal, number: 1, observed: () => {} }
const odd = (call: LaunchCall) =>
  new OfferRefusedError("launching: no such luck", { code: "OddRefusal", scope: scopeOf(call), ttlMs: 60_000 })
const busy = (call: LaunchCall) =>
  new UnavailableError("launching: back end trouble (Busy)", { code: "Busy", scope: scopeOf(call), ttlMs: 2_000 })

describe("a refusal that no table knows", () => {
  test("of one type: the other one is launched", async () => {
    const { clock, cluster, calls } = answering((call) =>
      call.offers[0]?.instanceType === TYPES[0] ? odd(call) : undefined,
    )
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(cluster.workers.every(({ instanceType }) => instanceType === TYPES[1])).toBe(true)
    expect(calls.length).toBeLessThan(6)
    await clock.run(cluster.close())
  })

  test("of one zone: another one is used", async () => {
    const { clock, cluster } = answering((call) => (call.zone === "sim-1a" ? odd(call) : undefined))
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    await clock.run(cluster.close())
  })

  test("of one market: the next one is used", async () => {
    const { clock, cluster } = answering((call) => (call.offers[0]?.market === "spot" ? odd(call) : undefined), {
      market: "spot-with-fallback",
    })
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(cluster.workers.every(({ market }) => market === "on-demand")).toBe(true)
    await clock.run(cluster.close())
  })

  test("of unlike offers, in each market: the group stops with the cloud's words", async () => {
    const { cluster, calls, failed, problems, clock } = answering(odd, { market: "spot-with-fallback" })
    const error = await failed(cluster.scale(4))
    expect(error).toBeInstanceOf(RejectedError)
    expect(error).toMatchObject({ code: "OddRefusal", message: /no such luck/ })
    expect(calls.length).toBeLessThanOrEqual(10)
    expect(problems.join()).toContain("no such luck")
    expect(String(cluster.explain())).toContain("no such luck")
    const before = calls.length
    await clock.run(clock.sleep(3_600_000))
    expect(calls).toHaveLength(before)
    await clock.run(cluster.close())
  })

  test("once the cause is mended, the next scale asks again", async () => {
    let isMended = false
    const { clock, cluster, failed } = answering((call) => (isMended ? undefined : odd(call)))
    expect(await failed(cluster.scale(4))).toBeInstanceOf(RejectedError)
    isMended = true
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    await clock.run(cluster.close())
  })
})

describe("what passes by itself", () => {
  test("for 20 s: all run, and no other market is paid for", async () => {
    const { clock, cluster, calls } = answering((call, at) => (at < 20_000 ? busy(call) : undefined), {
      market: "spot-with-fallback",
      zones: ["sim-1a"],
      instanceType: TYPES[0] as string,
    })
    const begun = clock.now()
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(clock.now() - begun).toBeLessThan(60_000)
    expect(calls.length).toBeLessThan(12)
    await clock.run(cluster.close())
  })

  test("for ever: the pause grows, the words are told after the third, and the error has them", async () => {
    const { clock, cluster, calls, problems, failed } = answering(busy)
    const error = (await failed(cluster.scale(4, { timeout: "10m" }))) as ShortfallError
    expect(error.name).toBe("ShortfallError")
    expect(error.message).toContain("back end trouble")
    expect(calls.length).toBeLessThanOrEqual(40)
    expect(problems[0]).toMatch(/Busy: 3 times in a row.*back end trouble/)
    await clock.run(clock.sleep(3_600_000))
    expect(calls.length).toBeLessThanOrEqual(60)
    expect((await clock.run(cluster.close())).leaked).toEqual([])
  })

  test("in one zone for ever: the others are used meanwhile", async () => {
    const { clock, cluster } = answering((call) => (call.zone === "sim-1a" ? busy(call) : undefined))
    const begun = clock.now()
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(clock.now() - begun).toBeLessThan(60_000)
    await clock.run(cluster.close())
  })
})

describe("too much, for ever", () => {
  const slow = () => new ThrottledError("launching: request limit exceeded (Slow)", { code: "Slow" })

  test("of one market: the other one is used within a minute", async () => {
    const { clock, cluster, calls } = answering((call) => (call.offers[0]?.market === "spot" ? slow() : undefined), {
      market: "spot-with-fallback",
      instanceType: TYPES[0] as string,
      zones: ["sim-1a"],
    })
    const begun = clock.now()
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(clock.now() - begun).toBeLessThan(120_000)
    expect(calls.length).toBeLessThanOrEqual(13)
    await clock.run(cluster.close())
  })

  test("of all: few requests, and the words are in the error, in explain() and in a problem event", async () => {
    const { clock, cluster, calls, problems, failed, world } = answering(slow)
    const error = await failed(cluster.scale(4, { timeout: "10m" }))
    expect(error.message).toContain("request limit exceeded (Slow)")
    expect(calls.length).toBeLessThanOrEqual(40)
    expect(String(cluster.explain())).toContain("request limit exceeded (Slow)")
    expect(problems.join()).toMatch(/throttled in each of 3 tries.*request limit exceeded/)
    expect((await clock.run(cluster.close())).leaked).toEqual([])
    expect(world.truth({})).toEqual([])
  })
})

test("what comes to nothing without a reason that lasts is not asked for without a pause", async () => {
  const gone: Failure = {
    reason: "interrupted",
    count: 4,
    scope: {},
    ttlMs: 0,
    code: "Gone",
    message: "launching: it was launched before (Gone)",
  }
  let asked = 0
  const { cluster, problems, failed, clock } = answering(
    () => undefined,
    {},
    () => ({
      launch: (call, calls) =>
        calls.send(call.api, call.cost, () => {
          asked += 1
          return Promise.resolve({ instances: [], failures: [gone], settled: true })
        }),
    }),
  )
  const error = await failed(cluster.scale(4, { timeout: "10m" }))
  expect(error.message).toContain("it was launched before (Gone)")
  expect(asked).toBeLessThanOrEqual(40)
  expect(problems.join()).toMatch(/Gone: 3 times in a row/)
  await clock.run(cluster.close())
})

test("instances that are made and fail for want of capacity are made in ever smaller numbers, ever later", async () => {
  const { clock, world, cluster, failed } = answering(() => undefined, { market: "spot-with-fallback" })
  const why = { reason: "capacity", code: "NoRoom", message: "no room after all" } as const
  world.faults.rateBoots(1, {}, { how: "terminated", ...why })
  const error = await failed(cluster.scale(20, { timeout: "1h" }))
  expect(error.message).toContain("no room after all")
  expect(world.truth({}).length).toBeLessThanOrEqual(80)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("a list that is too much for the cloud, for ever: the error says why it does not know", async () => {
  const slow = () => new ThrottledError("listing: too many lists (Slow)", { code: "Slow" })
  let isSlow = true
  const { clock, cluster, problems, failed } = answering(
    () => undefined,
    {},
    (inner) => ({
      list: async (selector, calls) => {
        await calls.send("List", {}, () => (isSlow ? Promise.reject(slow()) : Promise.resolve()))
        return inner.list(selector, calls)
      },
    }),
  )
  const error = await failed(cluster.scale(4, { timeout: "10m" }))
  expect(error.message).toContain("too many lists (Slow)")
  expect(String(cluster.explain())).toContain("too many lists (Slow)")
  expect(problems.join()).toContain("too many lists (Slow)")
  isSlow = false
  expect((await clock.run(cluster.close())).leaked).toEqual([])
})

test("what is sold is too much for the cloud to say, for ever: neither zero nor close waits for it", async () => {
  const slow = () => new ThrottledError("listing types: too many reads (Slow)", { code: "Slow" })
  const { clock, cluster, failed } = answering(
    () => undefined,
    {},
    () => ({ offers: (_query, calls) => calls.send("Types", {}, () => Promise.reject(slow())) }),
  )
  const error = await failed(cluster.scale(4, { timeout: "3m" }))
  expect(error.message).toContain("too many reads (Slow)")
  const begun = clock.now()
  expect(await clock.run(cluster.scale(0))).toMatchObject({ running: 0 })
  expect((await clock.run(cluster.close())).leaked).toEqual([])
  expect(clock.now() - begun).toBeLessThan(5_000)
})

test("while nobody knows what lives under a name, errors, explain() and events have the cloud's words", async () => {
  const slow = () => new ThrottledError("listing: too many lists (Slow)", { code: "Slow" })
  const { cluster, problems, failed } = answering(
    () => undefined,
    { name: "render" },
    () => ({ list: (_selector, calls) => calls.send("List", {}, () => Promise.reject(slow())) }),
  )
  const asked: string[] = []
  cluster.on("call", ({ api }) => asked.push(api))
  const error = await failed(cluster.scale(4, { timeout: "3m" }))
  expect(error.message).toMatch(/not known yet what lives under this name; the last answer: .*too many lists/)
  expect(String(cluster.explain())).toMatch(/"render": it is not known yet .*too many lists/)
  expect(problems[0]).toMatch(/List: throttled in each of 3 tries.*too many lists/)
  expect(asked.length).toBeGreaterThan(3)
})

test("a list or a sweep that is too much for the cloud ends in its time, with the cloud's words", async () => {
  const clock = new VirtualClock({ seed: 4 })
  const { provider: inner } = simulate({ clock })
  const slow = () => new ThrottledError("listing: too many lists (Slow)", { code: "Slow" })
  const provider: Provider = {
    ...inner,
    list: (_selector, calls) => calls.send("List", {}, () => Promise.reject(slow())),
  }
  const begun = clock.now()
  const thrown = (work: Promise<unknown>) => clock.run(work.then(() => "nothing", String))
  expect(await thrown(Cluster.list({ provider, timeout: "2m" }, { clock }))).toMatch(
    /not done after 120 s.*too many lists/,
  )
  expect(clock.now() - begun).toBe(120_000)
  const sweeping = Cluster.sweep({ provider, name: "render", timeout: "2m" }, { clock, journal: false })
  expect(await thrown(sweeping)).toMatch(/not done after 180 s.*too many lists/)
})

describe("what is not there", () => {
  const missing = (ours: boolean) => () =>
    new NotFoundError("launching: no such template (Missing)", {
      code: "Missing",
      scope: {},
      ttlMs: 2_000,
      graceMs: 120_000,
      ours,
    })

  test("for a while, because it is young: it is asked again, and all run", async () => {
    const { clock, cluster } = answering((_call, at) => (at < 60_000 ? missing(true)() : undefined))
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    await clock.run(cluster.close())
  })

  test("for good, of the user's: the group stops with the words once nobody can say that it is young", async () => {
    const { clock, cluster, calls, failed, since } = answering(missing(false))
    const error = await failed(cluster.scale(4))
    expect(error).toMatchObject({ name: "RejectedError", message: /no such template.*stayed so for 120 s/ })
    expect(since()).toBeLessThan(300_000)
    expect(calls.length).toBeLessThan(15)
    await clock.run(cluster.close())
  })

  test("for good, of ours: it is prepared anew, and all run", async () => {
    let prepared = 0
    const { clock, cluster } = answering(
      () => (prepared < 2 ? missing(true)() : undefined),
      {},
      (provider) => ({
        prepare: (...given) => {
          prepared += 1
          return provider.prepare(...given)
        },
      }),
    )
    expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(prepared).toBe(2)
    await clock.run(cluster.close())
  })

  test("taken away by somebody: nothing more is launched, and close ends all that was", async () => {
    let isGone = false
    const { clock, cluster, world, failed } = answering(
      () => (isGone ? missing(true)() : undefined),
      {},
      (provider) => ({
        prepare: (...given) =>
          isGone ? Promise.reject(new OwnershipError("the group is gone", { gone: true })) : provider.prepare(...given),
      }),
    )
    await clock.run(cluster.scale(18))
    isGone = true
    expect(await failed(cluster.scale(20))).toBeInstanceOf(OwnershipError)
    expect(live(world)).toHaveLength(18)
    expect((await clock.run(cluster.close())).leaked).toEqual([])
    expect(live(world)).toEqual([])
  })
})

test("rights that are missing inside an answer stop the group, and what was made stays", async () => {
  const denied = new AuthError("launching: the service account may not be used", { code: "Denied" })
  const { clock, cluster, failed, world } = answering(
    () => undefined,
    {},
    (provider) => ({
      launch: async (call, given) => {
        const half = { ...call, count: 1 }
        const { instances } = await provider.launch(half, given)
        const failure = { reason: "rejected", count: call.count - 1, scope: {}, ttlMs: 0, code: "Denied" } as const
        return { instances, failures: [{ ...failure, message: denied.message }], settled: true, problem: denied }
      },
    }),
  )
  expect(await failed(cluster.scale(4))).toBe(denied)
  expect(String(cluster.explain())).toContain("the service account may not be used")
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

describe("no answer", () => {
  const silent = () => new TransientError("launching: HTTP 500 (Internal)", { code: "Internal" })

  test("in one zone on spot for ever: on-demand is another place, and the token is never sent again", async () => {
    const { clock, cluster, calls } = answering((call) => (call.offers[0]?.market === "spot" ? silent() : undefined), {
      market: "spot-with-fallback",
      zones: ["sim-1a"],
    })
    const begun = clock.now()
    expect(await clock.run(cluster.scale(4, { timeout: "1h" }))).toMatchObject({ running: 4 })
    expect(clock.now() - begun).toBeLessThan(6 * 60_000)
    const spot = calls.filter(({ offers: [offer] }) => offer?.market === "spot")
    expect(new Set(spot.map(({ token }) => token)).size).toBe(1)
    expect(spot.length).toBeLessThanOrEqual(10)
    await clock.run(cluster.close())
  })

  test("anywhere, for ever: few requests, the words are told, and every error quotes the last answer", async () => {
    const { cluster, calls, problems, failed, clock } = answering(silent, {
      zones: ["sim-1a"],
      instanceType: TYPES[0] as string,
    })
    const error = await failed(cluster.scale(4, { timeout: "10m" }))
    expect(error.message).toMatch(/no final answer yet; the last answer: launching: HTTP 500/)
    expect(calls.length).toBeLessThanOrEqual(40)
    expect(problems.join()).toMatch(/Unanswered: .*after 3 tries.*HTTP 500/)
    expect(String(cluster.explain())).toMatch(/of unknown outcome.*the last answer: launching: HTTP 500/)
    await clock.run(cluster.close())
  })
})

test("a refusal of what may have been made before settles nothing: it is looked for, and launched elsewhere once", async () => {
  const asked = new Map<string, number>()
  const { clock, cluster, calls, world } = answering((call) => {
    if (call.zone !== "sim-1a") return undefined
    const before = asked.get(call.token) ?? 0
    asked.set(call.token, before + 1)
    return before < 3 ? new TransientError("launching: HTTP 500 (Internal)", { code: "Internal" }) : odd(call)
  })
  expect(await clock.run(cluster.scale(4, { timeout: "1h" }))).toMatchObject({ running: 4 })
  expect(cluster.explain().groups[0]).not.toHaveProperty("stopped")
  expect(new Set(calls.filter(({ zone }) => zone === "sim-1a").map(({ token }) => token)).size).toBe(1)
  expect(world.truth({})).toHaveLength(4)
  await clock.run(cluster.close())
})

test("close ends what prepare waits for, and the error of a scale names it", async () => {
  let made = 0
  const { clock, cluster, failed } = answering(
    () => undefined,
    {},
    () => ({
      prepare: async (_owner, _group, calls) => {
        made += 1
        for (;;) {
          await calls
            .send("GetNetwork", {}, () => Promise.reject(new TransientError('network "n-1" is still Updating')))
            .catch(() => {})
          calls.signal.throwIfAborted()
        }
      },
    }),
  )
  const error = await failed(cluster.scale(4, { timeout: "30s" }))
  expect(error.message).toContain('network "n-1" is still Updating')
  const begun = clock.now()
  expect((await clock.run(cluster.close({ timeout: "60s" }))).leaked).toEqual([])
  expect(clock.now() - begun).toBeLessThan(30_000)
  expect(made).toBe(1)
})
