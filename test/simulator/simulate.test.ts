import { setMaxListeners } from "node:events"
import { describe, expect, test } from "vitest"
import { bareCalls } from "../../src/calls/send.js"
import { systemClock, VirtualClock } from "../../src/calls/clock.js"
import { SpecError } from "../../src/errors.js"
import type { Calls, Instance, Offer, Owner, Provider, WhenDone } from "../../src/provider.js"
import {
  scenarios,
  type ScenarioName,
  simulate,
  type SimulatedCloud,
  type SimulateOptions,
} from "../../src/simulator/index.js"
import { wishFor } from "../support/wishes.js"

const OWNER: Owner = { cluster: "c", uid: "u", owner: "default", generation: 1, deadline: "4102444800", claim: "me" }
const WIDE = {
  reads: { kind: "token", capacity: 1e6, perSecond: 1 },
  writes: { kind: "token", capacity: 1e6, perSecond: 1 },
} as const

interface Burst {
  readonly world: SimulatedCloud["world"]
  readonly provider: Provider
  readonly clock: VirtualClock
  readonly calls: ReturnType<typeof bareCalls>
  up(count: number, market?: Offer["market"], whenDone?: WhenDone): Promise<readonly Instance[]>
}

/** Plain calls, one after the other: offers, prepare, split, all launches at once. */
function burst(options: SimulateOptions = {}): Burst {
  const clock = new VirtualClock()
  const { world, provider } = simulate({ clock, buckets: WIDE, ...options })
  const calls = bareCalls({ clock })
  // Many requests at once listen to one signal; that is no leak.
  setMaxListeners(0, calls.signal)
  const launch = async (count: number, market: Offer["market"], whenDone?: WhenDone) => {
    const launches = await splitOf(provider, calls, count, market, whenDone)
    const outcomes = await Promise.allSettled(launches.map((call) => provider.launch(call, calls)))
    return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value.instances : []))
  }
  return {
    world,
    provider,
    clock,
    calls,
    up: (count, market = "on-demand", whenDone) => clock.run(launch(count, market, whenDone)),
  }
}

async function splitOf(provider: Provider, calls: Calls, count: number, market: Offer["market"], whenDone?: WhenDone) {
  const offers = await provider.offers({ markets: [market], instanceTypes: ["m1.large"] }, calls)
  const group = { name: "default", environment: {}, publicAddress: false, tags: {}, archs: ["x86_64"] } as const
  const prepared = await provider.prepare(OWNER, { ...group, ...(whenDone && { whenDone }) }, calls)
  const wish = {
    id: "w",
    uid: "u",
    group: "default",
    count,
    offers,
    market,
    arch: "x86_64",
    spread: "zones",
  } as const
  return provider.split(wish, prepared, { levels: {}, launches: [] })
}

describe("10,000 instances", () => {
  test("are 40 creates, 10 pages and 10 terminations, and not one timer each", async () => {
    let timers = 0
    const { world, provider, clock, calls, up } = burst()
    const timer = clock.timer.bind(clock)
    clock.timer = (ms, fn) => {
      timers += 1
      return timer(ms, fn)
    }
    expect(await up(10_000)).toHaveLength(10_000)
    await clock.run(clock.sleep(120_000))
    const listed = await clock.run(provider.list({ uid: "u", states: ["running"] }, calls))
    expect(listed).toHaveLength(10_000)
    const { accepted } = await clock.run(provider.terminate(listed, calls))
    expect(accepted).toHaveLength(10_000)
    await clock.run(clock.sleep(120_000))
    expect(await clock.run(provider.list({ uid: "u", states: ["pending", "running", "terminating"] }, calls))).toEqual(
      [],
    )
    const { ledger } = world
    const counts = ["CreateInstances", "ListInstances", "TerminateInstances"].map((api) => ledger.count(api))
    expect(counts).toEqual([42, 11, 10])
    expect(timers).toBeLessThanOrEqual(2 * ledger.count() + 2)
    expect(new Set(world.truth().map(({ privateIp }) => privateIp)).size).toBe(10_000)
  })
})

describe("determinism", () => {
  async function run(seed: number) {
    const { world, provider, clock, calls, up } = burst({ seed, scenario: "everything", settleMs: [1_000, 9_000] })
    const instances = await up(300, "spot").catch(() => [])
    await clock.run(clock.sleep(300_000))
    for (let look = 0; look < 20; look += 1) {
      await clock.run(provider.list({ uid: "u" }, calls).catch(() => undefined))
      const notices = provider.interruptions?.(instances, calls) ?? Promise.reject(new Error("none"))
      await clock.run(notices.catch(() => undefined))
    }
    return JSON.stringify([world.ledger.entries, world.truth(), world.cost()])
  }

  test("one seed gives one story, another seed another", async () => {
    const first = await run(7)
    expect(first.length).toBeGreaterThan(1_000)
    expect(await run(7)).toBe(first)
    expect(await run(8)).not.toBe(first)
  })

  test("worlds of one seed in two regions share no id", async () => {
    const [one, two] = await Promise.all([burst({ region: "sim-1" }).up(50), burst({ region: "sim-2" }).up(50)])
    expect(new Set([...one, ...two].map(({ id }) => id)).size).toBe(100)
  })

  test("a fault on one api changes nothing of what is made", async () => {
    const plain = await burst().up(20)
    const other = burst()
    other.world.faults.rate("ListInstances", 0.5, { kind: "hang" })
    expect((await other.up(20)).map(({ id, launchedAt }) => [id, launchedAt])).toEqual(
      plain.map(({ id, launchedAt }) => [id, launchedAt]),
    )
  })
})

describe("scenarios", () => {
  const STORIES: Readonly<Record<ScenarioName, (day: Burst) => Promise<void>>> = {
    "calm-day": async ({ up }) => expect(await up(100)).toHaveLength(100),
    "one-zone-empty": async ({ up }) => {
      const zones = new Set((await up(99)).map(({ zone }) => zone))
      expect([...zones].sort()).toEqual(["sim-1b", "sim-1c"])
    },
    "spot-drought": async ({ up }) => expect(await up(99, "spot")).toHaveLength(6),
    "spot-storm": async ({ up, clock, world }) => {
      await up(300, "spot")
      await clock.run(clock.sleep(300_000))
      // It begins when somebody looks.
      expect(world.truth({ states: ["running"] })).toHaveLength(300)
      await clock.run(clock.sleep(600_000))
      const left = world.truth({ states: ["running"] }).length
      expect(left).toBeGreaterThan(180)
      expect(left).toBeLessThan(240)
    },
    "fresh-account": async ({ up, world }) => {
      expect(await up(9)).toHaveLength(2)
      expect(world.stock({ zone: "sim-1a", instanceType: "g1.xlarge", market: "spot" })).toBe(Number.POSITIVE_INFINITY)
      expect(world.quotas({ zone: "sim-1a", instanceType: "g1.xlarge", market: "spot" })).toMatchObject([{ limit: 0 }])
    },
    "brown-out": async ({ provider, calls, clock }) => {
      const start = clock.now()
      await clock.run(provider.list({}, calls))
      expect(clock.now() - start).toBe(2_000)
    },
    "region-outage": async ({ provider, calls, clock, up }) => {
      await up(20)
      const running = () => provider.list({ states: ["running"] }, calls)
      await clock.run(clock.sleep(290_000))
      expect(await clock.run(running())).toHaveLength(20)
      await clock.run(clock.sleep(20_000))
      await expect(clock.run(running())).rejects.toMatchObject({ code: "ServiceUnavailable" })
      await clock.run(clock.sleep(600_000))
      expect(await clock.run(running())).toHaveLength(18)
    },
    "slow-boots": async ({ up, clock, world }) => {
      await up(10)
      await clock.run(clock.sleep(299_000))
      expect(world.truth({ states: ["running"] })).toEqual([])
      await clock.run(clock.sleep(302_000))
      expect(world.truth({ states: ["running"] })).toHaveLength(10)
    },
    "failing-startups": async ({ up, clock, world }) => {
      await up(100, "on-demand", { success: "keep", failure: "replace" })
      await clock.run(clock.sleep(300_000))
      const left = world.truth({ states: ["running"] }).length
      expect(left).toBeGreaterThan(70)
      expect(left).toBeLessThan(90)
    },
    everything: async ({ provider, calls, clock, world }) => {
      const lists = Array.from({ length: 300 }, () => provider.list({}, calls))
      await clock.run(Promise.allSettled(lists))
      const outcomes = new Set(world.ledger.entries.map(({ outcome }) => outcome))
      for (const one of ["ok", "ReplyLost", "InternalError", "RequestLimitExceeded"]) expect(outcomes).toContain(one)
    },
  }

  test.each(Object.keys(scenarios) as ScenarioName[])("%s", async (scenario) => {
    await STORIES[scenario](burst({ scenario }))
  })
})

describe("simulate", () => {
  test("needs no options, and runs on the machine's clock then", () => {
    const { clock, provider, world } = simulate()
    expect(clock).toBe(systemClock)
    expect([provider.name, provider.region]).toEqual(["simulated", "sim-1"])
    expect(world.offers).toHaveLength(8 * 3 * 2)
  })

  test("at a speed, boots of minutes take seconds", () => {
    const base = new VirtualClock()
    const start = base.now()
    const { clock } = simulate({ clock: base, speed: 60 })
    return base.run(clock.sleep(60_000)).then(() => expect(base.now() - start).toBe(1_000))
  })

  test("tells everything that is wrong with its options at once", () => {
    const wrong = {
      sede: 1,
      zones: [],
      listLagMs: [4, 2],
      latency: { bootMs: -1 },
      scenario: "calmm",
      buckets: { a: { kind: "pail" } },
    }
    const error = (() => {
      try {
        simulate(wrong as unknown as SimulateOptions)
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()
    expect(error).toBeInstanceOf(SpecError)
    const message = String(error)
    for (const part of ["sede", "zones", "listLagMs", "latency.bootMs", "scenario", "buckets.a"])
      expect(message).toContain(part)
  })
})

describe("the provider", () => {
  test("tells notices, and why those that vanished did", async () => {
    const { world, provider, clock, calls, up } = burst({ listLagMs: 0 })
    const [first, second] = await up(2, "spot")
    await clock.run(clock.sleep(60_000))
    const taken = world.faults.interrupt([first?.id ?? ""], { noticeMs: 30_000 })
    const instances = [first, second].filter((instance) => instance !== undefined)
    const look = () => clock.run(provider.interruptions?.(instances, calls) ?? Promise.reject(new Error("none")))
    expect((await look()).notices.map(({ id }) => id)).toEqual(taken)
    await clock.run(clock.sleep(30_000))
    expect(await look()).toMatchObject({
      notices: [],
      reasons: [{ id: first?.id, failure: { reason: "interrupted" } }],
    })
  })

  test("tells what quota is left for a wish", async () => {
    const { provider, clock, calls, up } = burst({
      quotas: [{ name: "Q", family: "standard", market: "on-demand", vcpus: 100 }],
    })
    await up(10)
    const offers = await clock.run(provider.offers({ markets: ["on-demand"] }, calls))
    const rows = await clock.run(provider.headroom?.(wishFor(offers, 1), calls) ?? Promise.reject(new Error("none")))
    expect(rows).toMatchObject([{ name: "Q", unit: "vCPU", limit: 100, used: 20 }])
  })

  test("ends at the cluster's deadline by itself, and shows its console", async () => {
    const { world, provider, clock, calls, up } = burst()
    const [instance] = await up(1)
    await clock.run(clock.sleep(100_000))
    if (instance === undefined) throw new Error("none")
    expect(await clock.run(provider.consoleLog?.(instance, calls) ?? Promise.resolve(""))).toContain("startup script")
    await clock.run(clock.sleep(Number(OWNER.deadline) * 1000 - clock.now()))
    expect(world.instance(instance.id)?.state).toBe("terminating")
  })

  test("under a name that is free again an operation tells of the new instance, not of the old one", async () => {
    const { provider, clock, calls, up } = burst({ names: true, settleMs: 1_000 })
    const [first] = await up(1)
    if (first === undefined) throw new Error("none")
    await clock.run(provider.terminate([first], calls))
    await clock.run(clock.sleep(60_000))
    const [second] = await up(1)
    expect([second?.name, second?.id === first.id]).toEqual([first.name, false])
    const [call] = await clock.run(splitOf(provider, calls, 1, "on-demand"))
    if (call === undefined) throw new Error("none")
    const { ref } = await clock.run(provider.launch(call, calls))
    await clock.run(clock.sleep(2_000))
    const settled = await clock.run(provider.settle(call, ref ?? null, calls))
    expect([settled.settled, settled.instances.map(({ id }) => id)]).toEqual([true, [second?.id]])
  })

  test("does not let one refused batch keep the others from ending", async () => {
    const { world, provider, clock, calls, up } = burst({ limits: { terminateBatch: 2 } })
    const instances = await up(5)
    world.faults.fail("TerminateInstances", { error: "transient", code: "InternalError" })
    const { accepted, failures } = await clock.run(provider.terminate(instances, calls))
    expect([accepted.length, failures.map(({ code }) => code)]).toEqual([3, ["InternalError", "InternalError"]])
  })
})
