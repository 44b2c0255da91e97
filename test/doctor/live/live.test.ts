/** The live doctor on the small cloud: what must be so before anything is made, and what is told. */
import { describe, expect, test } from "vitest"
import { liveDoctor, type LiveOptions, type LivePlan } from "../../../src/doctor.js"
import type { Examination, Provider, SeenRight } from "../../../src/provider.js"
import { expectNothingLeft } from "./support.js"
import { type Toy, toy, type ToyOptions } from "./toy.js"

interface Told {
  readonly plan?: LivePlan
  readonly lines: readonly string[]
}

async function live(cloud: Toy, options: Partial<LiveOptions> = {}, spec: object = {}) {
  const lines: string[] = []
  const plans: LivePlan[] = []
  const { provider, clock } = cloud
  const report = await cloud.run(
    liveDoctor({ provider, ...spec } as never, {
      ...{ clock, journal: false, env: {} },
      confirm: (plan) => {
        plans.push(plan)
        return true
      },
      say: (line) => lines.push(line),
      ...options,
    }),
  )
  cloud.stop()
  const [plan] = plans
  return { report, told: { lines, ...(plan === undefined ? {} : { plan }) } satisfies Told }
}

/** What its doctor says of the right to end machines. */
function examining(rights: readonly Partial<SeenRight>[], more: Partial<Examination> = {}): ToyOptions {
  const examination: Examination = {
    ...{ packages: [], smallest: [], looks: [] },
    purposes: () => [{ name: "end", isNeeded: false }],
    rights: () => Promise.resolve(rights.map((right) => ({ name: "toy:End", for: ["end"], ...right }))),
    ...more,
  }
  return { change: (provider) => ({ ...provider, name: "aws", examine: () => Promise.resolve(examination) }) }
}

test("the cheapest type that is sold on both markets, a plan before, and all of it in a cluster that is swept", async () => {
  const cloud = toy()
  const { report, told } = await live(cloud, {}, { tags: { team: "blue" }, instanceType: "g1.xlarge" })
  expect([report.status, report.walk?.problems, report.refused]).toEqual(["ok", [], undefined])
  expectNothingLeft(cloud.world)
  expect(told.plan).toMatchObject({
    instanceType: "s1.small",
    machines: 9,
    atOnce: 3,
    minutes: 15,
    unknownRights: ["toy:End"],
  })
  expect(told.plan?.cluster).toMatch(/^doctor-[0-9a-f]{6}$/)
  expect(told.plan?.sweep).toBe(`muster sweep --name ${told.plan?.cluster} --provider simulated --region sim-1 --now`)
  expect(told.lines[0]).toBe("brief: 3 machines, spot")
  const machines = cloud.world.truth({})
  expect(machines.map(({ tags }) => [tags.team, tags["muster-cluster"]])).toEqual(
    Array.from({ length: 9 }, () => ["blue", told.plan?.cluster]),
  )
  const { usd } = report.walk ?? { usd: { spent: 0 } }
  expect(Math.abs(usd.spent - cloud.world.cost()) / cloud.world.cost()).toBeLessThan(0.1)
})

test("what passes before the answer to the plan is no time of the walk", async () => {
  const cloud = toy()
  const { clock } = cloud
  const { report } = await live(cloud, { confirm: () => clock.sleep(20 * 60_000).then(() => true) })
  expect([report.status, report.walk?.problems, report.walk?.workers.length]).toEqual(["ok", [], 9])
  expect(Math.max(...(report.walk?.workers ?? []).map(({ goneAt = 0 }) => goneAt))).toBeLessThan(15 * 60_000)
})

test("who hears of progress and throws takes nothing away of the walk, or of its end", async () => {
  const cloud = toy()
  const say = () => {
    throw new Error("no terminal")
  }
  const { report } = await live(cloud, { say })
  expect([report.status, report.walk?.problems]).toEqual(["ok", ["telling of progress: no terminal"]])
  expectNothingLeft(cloud.world)
})

/** Its guests cannot end their machines. */
function outliving(provider: Provider): Provider {
  return { ...provider, limits: { ...provider.limits, outlivesDeadline: true, keepsEnded: "no guest may" } }
}

test("where no guest can end its machine, none is left to its guest", async () => {
  const { change = (one) => one } = examining([{ isAllowed: true }])
  const cloud = toy({ change: (provider) => outliving(change(provider)) })
  const { report, told } = await live(cloud)
  expect(told.plan).toMatchObject({ machines: 6, outlivesDeadline: true })
  expect(cloud.world.truth({})).toHaveLength(6)
  expect([report.walk?.left, report.walk?.notes]).toEqual([[], ["no machine is left to its guest: no guest may"]])
  expect(report.walk?.assumptions.find(({ id }) => id === "toy.deadline")?.verdict).toBe("not seen")
  expectNothingLeft(cloud.world)
})

test("its machines have the tags of the cluster and those of its first group", async () => {
  const cloud = toy()
  const groups = { web: { tags: { part: "web" }, vcpus: 2 }, big: { tags: { part: "big" }, vcpus: 4 } }
  const { report } = await live(cloud, {}, { tags: { team: "blue", part: "none" }, groups })
  expect(report.status).toBe("ok")
  expect(cloud.world.truth({}).map(({ tags: { team, part } }) => [team, part])).toEqual(Array(9).fill(["blue", "web"]))
})

describe("nothing is made", () => {
  const refused = async (options: ToyOptions, given: Partial<LiveOptions> = {}, spec: object = {}) => {
    const cloud = toy(options)
    const { report } = await live(cloud, given, spec)
    expect([cloud.world.truth({}), cloud.world.resources.list(), report.walk]).toEqual([[], [], undefined])
    expect(report.status).toBe("fail")
    return report.refused
  }

  test("without a yes", async () => {
    expect(await refused({}, { confirm: () => false })).toBe("it was not confirmed: nothing was made")
  })

  test("above the budget", async () => {
    expect(await refused({}, { budgetUsd: 0.001 })).toMatch(
      /^it could cost up to 0\.\d{4} USD, and 0\.001 USD are allowed/,
    )
  })

  test("by who may not end it", async () => {
    expect(await refused(examining([{ isAllowed: false }]))).toMatch(/may not end what it would make.*it lacks toy:End/)
  })

  test("by who may not be able to end it, where no guest can either", async () => {
    const { change = (one) => one } = examining([{}])
    const alone = { change: (provider: Provider) => outliving(change(provider)) }
    expect(await refused(alone)).toMatch(
      /cannot be known whether .* may end machines \(toy:End\), and nothing else would/,
    )
  })

  test("where doctor fails", async () => {
    const look = { name: "image", look: () => Promise.resolve([{ status: "fail" as const, text: "no such image" }]) }
    expect(await refused(examining([], { looks: [look] }))).toBe(
      "doctor fails, and nothing was made: image: no such image",
    )
  })

  test("without a price, unless it costs nothing", async () => {
    const free = (provider: Provider): Provider => ({
      ...provider,
      offers: async (query, calls) =>
        (await provider.offers(query, calls)).map(({ pricePerHour: _unknown, ...offer }) => offer),
    })
    expect(await refused({ change: free })).toMatch(/no price is known of what simulated sim-1 sells/)
    const cloud = toy({ change: free, walk: { isFree: true } })
    expect((await live(cloud)).report.status).toBe("ok")
  })

  test("where nothing is sold, and where there is nothing to walk", async () => {
    expect(await refused({}, { instanceType: "no-such" })).toBe("simulated sim-1 sells nothing of no-such")
    const cloud = toy()
    const { walk: _none, ...bare } = cloud.provider
    const { report } = await live({ ...cloud, provider: bare })
    expect(report.refused).toBe("simulated has nothing that could be walked: nothing was made")
  })

  test("where its journal cannot be written", async () => {
    const cloud = toy()
    const { report } = await live(cloud, { journal: "/proc/nowhere" })
    expect([report.status, cloud.world.truth({})]).toEqual(["fail", []])
    expect(report.walk?.stopped ?? report.refused).toMatch(/\/proc\/nowhere/)
  })

  test("in several places, without confirm, with a budget of nothing", async () => {
    const cloud = toy()
    const two = { provider: [cloud.provider, { ...cloud.provider, region: "sim-2" }] }
    await expect(live(cloud, {}, two)).rejects.toThrow("liveDoctor.provider: is 2 places")
    await expect(live(cloud, { confirm: undefined as never })).rejects.toThrow("liveDoctor.confirm: is undefined")
    await expect(live(cloud, { budgetUsd: 0 })).rejects.toThrow("liveDoctor.budgetUsd: is 0")
    cloud.stop()
  })
})

test("a right to end that cannot be known is told, and goes on", async () => {
  const cloud = toy({ ...examining([{}]) })
  const { report, told } = await live(cloud)
  expect([told.plan?.unknownRights, report.status]).toEqual([["toy:End"], "ok"])
})

test("what is refuted, not seen, or left decides the status", async () => {
  const stay = await live(toy({ staysOn: true }))
  expect(stay.report.status).toBe("fail")
  const silent = await live(toy({ walk: { booted: () => Promise.resolve() } }))
  expect(silent.report.status).toBe("warn")
})
