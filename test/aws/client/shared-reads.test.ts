/** What the groups of a cluster look up alike is looked up once. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { type Cloud, ec2 } from "../support/cloud.js"

const cloudOf = () => ec2({ aws: { subnetIds: undefined, imageId: undefined } })

const LOOKED_UP = [
  "DescribeInstanceTypes",
  "DescribeInstanceTypeOfferings",
  "DescribeSubnets",
  "DescribeRouteTables",
] as const

const countsOf = ({ world }: Cloud) => LOOKED_UP.map((api) => [api, world.ledger.of(api).length])

async function scaled(cloud: Cloud, groups: ClusterSpec["groups"]): Promise<number> {
  const spec = { name: "render", provider: cloud.provider, groups } as ClusterSpec
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  const { running } = await cloud.run(cluster.scale({ a: 1, b: 1, c: 1 }))
  return running
}

describe("three groups of a new cluster", () => {
  test.each<[string, ClusterSpec["groups"]]>([
    ["by size", { a: { vcpus: { min: 2 } }, b: { vcpus: { min: 4 } }, c: { vcpus: { min: 2 }, market: "spot" } }],
    [
      "by name",
      {
        a: { instanceType: "m7i.large" },
        b: { instanceType: "m7i.large" },
        c: { instanceType: "m7i.large", market: "spot" },
      },
    ],
  ])("%s: one read of each kind", async (_what, groups) => {
    const cloud = await cloudOf()
    expect(await scaled(cloud, groups)).toBe(3)
    expect(countsOf(cloud)).toEqual(LOOKED_UP.map((api) => [api, 1]))
    // One image is looked up for each processor.
    const images = cloud.world.ledger.of("DescribeImages").map(({ parameters }) => JSON.stringify(parameters))
    expect(images.length).toBe(new Set(images).size)
  })
})

describe("one read for several", () => {
  const query = { instanceTypes: ["m7i.large"], markets: ["on-demand"] } as const

  test("that fails for one is asked anew by the others", async () => {
    const cloud = await cloudOf()
    cloud.world.faults.fail("DescribeInstanceTypes", { error: "transient" })
    const ask = () => cloud.provider.offers(query, cloud.bare())
    const outcomes = await cloud.run(Promise.allSettled([ask(), ask(), ask()]))
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"])
  })

  test("does not keep whoever is aborted, nor abort the others", async () => {
    const cloud = await cloudOf()
    const [first, second] = [new AbortController(), new AbortController()]
    const asks = [first, second].map(({ signal }) => cloud.provider.offers(query, cloud.bare({ signal })))
    const third = cloud.provider.offers(query, cloud.bare())
    second.abort(new Error("enough"))
    first.abort(new Error("me too"))
    const [one, two] = await cloud.run(Promise.allSettled(asks))
    expect([one, two]).toMatchObject([{ reason: { message: "me too" } }, { reason: { message: "enough" } }])
    expect(await cloud.run(third)).toHaveLength(4)
  })

  test("is asked again after some seconds", async () => {
    const cloud = await cloudOf()
    const ask = () => cloud.run(cloud.provider.offers(query, cloud.bare()))
    await ask()
    await ask()
    expect(cloud.world.ledger.of("DescribeInstanceTypes")).toHaveLength(1)
    await cloud.run(cloud.clock.sleep(5_000))
    await ask()
    expect(cloud.world.ledger.of("DescribeInstanceTypes")).toHaveLength(2)
  })
})

describe("what a plan says of time", () => {
  const names = Array.from({ length: 60 }, (_, index) => `g${index}`)

  test("counts what set-up draws: sixty templates and a claim, of which fifty pass at once", async () => {
    const cloud = await cloudOf()
    const groups = Object.fromEntries(names.map((name) => [name, { startup: `echo ${name}`, market: "spot" as const }]))
    const spec = { name: "render", provider: cloud.provider, instanceType: "m7i.large", groups } as ClusterSpec
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    const each = Object.fromEntries(names.map((name) => [name, 1]))
    // CreateLaunchTemplate: 50 at once and five more a second ("Request throttling for the Amazon EC2 API").
    expect((await cloud.run(cluster.plan(each))).etaMs).toBe(((61 - 50) / 5) * 1000)
    expect(cloud.world.ledger.of("CreateLaunchTemplate")).toEqual([])
    const began = cloud.clock.now()
    await cloud.run(cluster.scale(each))
    const last = cloud.world.ledger.of("CreateLaunchTemplate").at(-1)?.at ?? 0
    expect(last - began).toBeGreaterThanOrEqual(2_000)
    expect(cloud.world.ledger.of("CreateLaunchTemplate")).toHaveLength(61)
    await cloud.run(cluster.close())
    // They are there now.
    expect(countsOf(cloud).map(([, count]) => count)).toEqual([1, 1, 1, 1])
  })
})
