/** Adapt in trouble: bad options, other verbs meanwhile, ceilings, clouds that have nothing, and deadlines. */
import { describe, expect, it } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { SpecError } from "../../src/errors.js"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { AdaptOptions } from "../../src/demand/types.js"
import type { SimulateOptions } from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"

const MINUTE = 60_000
const HOUR = 60 * MINUTE

function adapted(spec: Partial<ClusterSpec> = {}, options: SimulateOptions = {}) {
  const made = rig({ listLagMs: 0, ...options })
  const cluster = made.cluster({ name: "work", ...spec } as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const of = <T extends ClusterEvent["type"]>(type: T) =>
    events.filter((event): event is EventOf<T> => event.type === type)
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const wait = (ms: number) => run(() => made.clock.sleep(ms))
  return { ...made, cluster, events, of, run, wait }
}

const GROUPS = { groups: { cpu: {}, gpu: {} } } as Partial<ClusterSpec>

describe("what is refused", () => {
  it.each<readonly [what: string, given: unknown, said: RegExp]>([
    ["no maximum", { demand: () => 1 }, /adapt\.maximum: is missing; use a number|adapt\.maximum.*missing/],
    ["a maximum below minimum", { minimum: 5, maximum: 3, demand: () => 1 }, /adapt\.maximum: is 3, below minimum 5/],
    ["NaN", { maximum: Number.NaN, demand: () => 1 }, /adapt\.maximum: is NaN/],
    ["a part of a worker", { maximum: 2.5, demand: () => 1 }, /adapt\.maximum: is 2\.5; use a whole number/],
    ["no workers at most", { maximum: 0, demand: () => 1 }, /adapt\.maximum: is 0; use 1 or more/],
    ["fewer than none", { minimum: -1, maximum: 3, demand: () => 1 }, /adapt\.minimum: is -1; use 0 or more/],
    ["no demand", { maximum: 3 }, /adapt\.demand: is missing, and the cluster has no engine/],
    ["a demand that is a number", { maximum: 3, demand: 4 }, /adapt\.demand: is 4; use a function, or \{ command \}/],
    ["a command that is none", { maximum: 3, demand: { command: "" } }, /adapt\.demand\.command/],
    ["no time for it", { maximum: 3, demand: { command: "x", timeout: "0s" } }, /adapt\.demand\.timeout: is "0s"/],
    ["too often", { maximum: 3, demand: () => 1, every: "10ms" }, /adapt\.every: is "10ms"; use "1s" or more/],
    ["a slip", { maximum: 3, demand: () => 1, evry: "9s" }, /adapt\.evry: unknown option.*did you mean "every"/],
    ["nothing", undefined, /adapt/],
    [
      "a group that there is not",
      { other: { maximum: 3, demand: () => 1 } },
      /adapt\.other: no such group; groups: default/,
    ],
  ])("%s, before any call", async (_, given, said) => {
    const { cluster, run, world } = adapted()
    const error = await run(() => cluster.adapt(given as AdaptOptions)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SpecError)
    expect(String(error)).toMatch(said)
    expect(world.ledger.entries).toEqual([])
    await run(() => cluster.close())
  })

  it("one demand for several groups", async () => {
    const { cluster, run } = adapted(GROUPS)
    await expect(run(() => cluster.adapt({ maximum: 3, demand: () => 1 }))).rejects.toThrow(
      "there are 2 groups; say it of each that is to follow a demand: { cpu: { maximum: 10, … }, gpu: { maximum: 10, … } }",
    )
    await run(() => cluster.close())
  })

  it("more at least than the cluster may have", async () => {
    const { cluster, run } = adapted({ ...GROUPS, maxWorkers: 5 })
    const one = { minimum: 3, maximum: 5, demand: () => 0 }
    await expect(run(() => cluster.adapt({ cpu: one, gpu: one }))).rejects.toThrow(
      "asks for 6 in all at least, above maxWorkers 5",
    )
    await run(() => cluster.close())
  })

  it("a cluster that is closed, or only watched", async () => {
    const { cluster, run, clock, provider } = adapted()
    await run(() => cluster.scale(1))
    const options = { clock, journal: false } as const
    const seen = await run(() => Cluster.attach("work", { provider, takeOver: false }, options))
    const one = { maximum: 3, demand: () => 1 }
    await expect(run(() => seen.adapt(one))).rejects.toThrow("to watch it")
    await run(() => seen.detach())
    await run(() => cluster.close())
    await expect(run(() => cluster.adapt(one))).rejects.toThrow("is closed")
  })
})

describe("other verbs meanwhile", () => {
  it("scale of the group ends it, and says so; a scale that is refused does not", async () => {
    const { cluster, run, wait, of, clock } = adapted({ maxWorkers: 10 })
    const adapting = await run(() => cluster.adapt({ maximum: 10, demand: () => 3 }))
    await wait(2 * MINUTE)
    await expect(run(() => cluster.scale(11))).rejects.toThrow("above maxWorkers")
    expect(cluster.explain().groups[0]?.adapting?.target).toBe(3)
    await run(() => cluster.scale(5))
    expect(of("adapt").at(-1)).toMatchObject({ ended: true, why: "its target was set to 5", group: "default" })
    expect(cluster.explain().groups[0]).not.toHaveProperty("adapting")
    await wait(HOUR)
    expect(adapting.target).toBe(5)
    await run(() => cluster.close())
    expect(clock.asleep).toBe(0)
  })

  it("a second one takes the place of the first in its groups alone", async () => {
    const { cluster, run, wait, of } = adapted(GROUPS)
    const asked = { cpu: 0, gpu: 0, late: 0 }
    const count = (what: keyof typeof asked, wanted: number) => () => {
      asked[what] += 1
      return wanted
    }
    await run(() =>
      cluster.adapt({ cpu: { maximum: 9, demand: count("cpu", 2) }, gpu: { maximum: 9, demand: count("gpu", 1) } }),
    )
    await wait(MINUTE)
    const late = await run(() => cluster.group("cpu").adapt({ maximum: 9, demand: count("late", 4) }))
    const before = { ...asked }
    await wait(MINUTE)
    expect(asked.cpu).toBe(before.cpu)
    expect(asked.gpu).toBeGreaterThan(before.gpu)
    expect(asked.late).toBeGreaterThanOrEqual(12)
    expect(late.targets).toEqual({ cpu: 4 })
    const ended = of("adapt").filter((event) => event.ended)
    expect(ended.map(({ group, why }) => [group, why])).toEqual([["cpu", "another adapt took its place"]])
    await run(() => cluster.close())
  })

  it("stop leaves the workers; nothing is asked any more", async () => {
    const { cluster, run, wait, world, clock } = adapted()
    let asked = 0
    const demand = () => {
      asked += 1
      return 2
    }
    const adapting = await run(() => cluster.adapt({ maximum: 10, demand }))
    await wait(2 * MINUTE)
    adapting.stop()
    adapting.stop()
    const before = asked
    await wait(HOUR)
    expect([asked, adapting.target, live(world).length]).toEqual([before, 2, 2])
    await run(() => cluster.detach())
    expect(clock.asleep).toBe(0)
  })

  it.each(["close", "detach"] as const)("%s ends it in the middle of a reading, and no timer is left", async (verb) => {
    const { cluster, run, wait, clock } = adapted()
    let aborted = 0
    const demand = ({ signal }: { readonly signal: AbortSignal }) => {
      signal.addEventListener("abort", () => {
        aborted += 1
      })
      return new Promise<number>(() => {})
    }
    await run(() => cluster.adapt({ minimum: 1, maximum: 10, demand }))
    await wait(10_000)
    await run<unknown>(() => cluster[verb]())
    expect(aborted).toBe(1)
    // What the cloud itself has to do goes on in its world.
    await wait(MINUTE)
    expect(clock.asleep).toBe(0)
  })

  it("an attached cluster is taken over, and followed", async () => {
    const { cluster, run, wait, clock, provider, world } = adapted()
    await run(() => cluster.scale(2))
    await run(() => cluster.detach())
    const next = await run(() => Cluster.attach("work", { provider, instanceType: SMALL }, { clock, journal: false }))
    await run(() => next.adapt({ maximum: 10, demand: () => 5 }))
    await wait(2 * MINUTE)
    expect(live(world)).toHaveLength(5)
    await run(() => next.close())
  })
})

describe("ceilings", () => {
  it("groups share maxWorkers: what one has is its own, and the minimum of each is kept for it", async () => {
    const { cluster, run, wait, world, of } = adapted({ ...GROUPS, maxWorkers: 10 })
    const wanted = { cpu: 20, gpu: 0 }
    const adapting = await run(() =>
      cluster.adapt({
        cpu: { maximum: 20, demand: () => wanted.cpu },
        gpu: { minimum: 2, maximum: 20, demand: () => wanted.gpu },
      }),
    )
    await wait(3 * MINUTE)
    expect(adapting.targets).toEqual({ cpu: 8, gpu: 2 })
    expect(of("adapt").find(({ group }) => group === "cpu")?.why).toBe("demand 20; maxWorkers 10 leaves it 8")
    wanted.gpu = 6
    await wait(3 * MINUTE)
    expect(adapting.targets).toEqual({ cpu: 8, gpu: 2 })
    wanted.cpu = 5
    await wait(3 * MINUTE)
    expect(adapting.targets).toEqual({ cpu: 5, gpu: 5 })
    expect(live(world).length).toBeLessThanOrEqual(10)
    await run(() => cluster.close())
  })

  it("those that may still go on count against maximum until they are gone", async () => {
    const { cluster, run, wait, world } = adapted({ drain: "10m" })
    let wanted = 4
    const adapting = await run(() => cluster.adapt({ maximum: 4, demand: () => wanted }))
    await wait(2 * MINUTE)
    wanted = 1
    await wait(MINUTE)
    expect([adapting.target, live(world).length]).toEqual([1, 4])
    wanted = 4
    await wait(MINUTE)
    expect([adapting.target, live(world).length]).toEqual([1, 4])
    await wait(15 * MINUTE)
    expect([adapting.target, live(world).length]).toEqual([4, 4])
    await run(() => cluster.close())
  })

  it.skipIf(!isLong)("a budget that is spent ends it", async () => {
    const { cluster, run, wait, world, of } = adapted({ budget: { total: 0.1 } })
    await run(() => cluster.adapt({ maximum: 4, demand: () => 4 }))
    await wait(12 * HOUR)
    expect(of("adapt").at(-1)).toMatchObject({ ended: true, why: expect.stringContaining("budget.total") })
    expect(live(world)).toEqual([])
    await run(() => cluster.close())
  })
})

describe("clouds", () => {
  it("without capacity are asked no more often because the demand moves", async () => {
    const requests = async (demand: () => number) => {
      const { cluster, run, wait, world } = adapted({}, { capacity: [{ count: 0 }] })
      await run(() => cluster.adapt({ maximum: 50, demand }))
      await wait(2 * HOUR)
      const creates = world.ledger.entries.filter(({ outcome }) => outcome !== "ok").length
      await run(() => cluster.close())
      return creates
    }
    let wanted = 5
    const still = await requests(() => 5)
    const moving = await requests(() => {
      wanted = wanted >= 40 ? 5 : wanted + 1
      return wanted
    })
    expect(still).toBeGreaterThan(0)
    expect(moving).toBeLessThanOrEqual(still * 1.1)
  })
})

describe("what has stopped", () => {
  it("is tried anew after five minutes, and after twice as long each time that it stops again", async () => {
    const { cluster, run, wait, of } = adapted({ instanceType: "none.such" })
    await run(() => cluster.adapt({ maximum: 5, demand: () => 2 }))
    await wait(80 * MINUTE)
    const [first, ...others] = of("problem").filter(({ error }) => error === "SpecError")
    expect(others.map(({ at }) => Math.round((at - (first?.at ?? 0)) / MINUTE))).toEqual([5, 15, 35, 75])
    expect(String(cluster.explain())).toContain("stopped for a while: SpecError")
    await run(() => cluster.close())
  })
})

describe("workers that end by themselves", () => {
  const DONE = { startup: "./work", whenDone: "end" } as const

  it("are not ended because the queue is shorter, and each lowers the target by one", async () => {
    const { cluster, run, wait, world, of } = adapted(DONE, { guests: "end" })
    world.faults.endStartups(1, {}, { afterMs: 14 * MINUTE })
    let queued = 4
    const adapting = await run(() => cluster.adapt({ maximum: 9, shrink: false, demand: () => queued }))
    await wait(2 * MINUTE)
    expect(live(world)).toHaveLength(4)
    queued = 0
    await wait(10 * MINUTE)
    expect([adapting.target, live(world).length]).toEqual([4, 4])
    await wait(5 * MINUTE)
    expect(of("finished")).toMatchObject([{ outcome: "success", desired: 3 }])
    expect([adapting.target, live(world).length]).toEqual([3, 3])
    await run(() => cluster.close())
  })
})

describe("the deadline", () => {
  it.skipIf(!isLong)(
    "a cluster with nothing left takes a new lifetime at its next launch, and lives on for days",
    async () => {
      const { cluster, run, wait, world, of, clock } = adapted({ maxLifetime: "2h" })
      const begun = clock.now()
      // Ten minutes of work each three hours.
      const demand = () => ((clock.now() - begun) % (3 * HOUR) < 10 * MINUTE ? 2 : 0)
      await run(() => cluster.adapt({ maximum: 4, demand }))
      await wait(29 * HOUR)
      expect(of("note").filter(({ message }) => message.includes("its lifetime begins anew"))).toHaveLength(9)
      expect(of("problem")).toEqual([])
      expect(world.truth({})).toHaveLength(20)
      await run(() => cluster.close())
      expect(live(world)).toEqual([])
    },
  )

  it("what is there when it comes is ended, and then it begins anew", async () => {
    const { cluster, run, wait, world, of } = adapted({ maxLifetime: "1h" })
    await run(() => cluster.adapt({ maximum: 4, demand: () => 2 }))
    await wait(70 * MINUTE)
    expect(of("note").filter(({ message }) => message.includes("its lifetime begins anew"))).toHaveLength(1)
    expect(live(world)).toHaveLength(2)
    expect(world.truth({})).toHaveLength(4)
    await run(() => cluster.close())
  })
})
