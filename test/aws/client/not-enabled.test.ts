/** Several regions, of which the account has not enabled one: the others are listed, swept and used, and that one is named. */
import { afterEach, expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { type Ec2Wire, ec2Wire, ec2World } from "../../../providers/aws/wire/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError } from "../../../src/errors.js"
import { World } from "../../../src/simulator/index.js"
import { ec2, optionsFor } from "../support/cloud.js"

const CLOSED = "ap-east-1"
const NAMED = /region ap-east-1.*opt-in/

const wires: Ec2Wire[] = []

afterEach(async () => {
  await Promise.all(wires.splice(0).map((wire) => wire.close()))
})

/** The one that is not enabled comes first. */
async function twoRegions() {
  const cloud = await ec2({ aws: { subnetIds: undefined } })
  const zones = ["a", "b"].map((letter) => `${CLOSED}${letter}`)
  const wire = await ec2Wire({
    world: new World({ ...ec2World(), region: CLOSED, zones, clock: cloud.clock }),
    wallClock: systemClock,
  })
  wires.push(wire)
  wire.refuseKeys("AuthFailure", "AKIDEXAMPLE")
  const closed = aws(optionsFor(wire, { region: CLOSED, subnetIds: undefined }))
  const provider = [closed, cloud.provider]
  const cluster = new Cluster(
    { name: "render", provider, instanceType: "m7i.large" },
    { clock: cloud.clock, seed: 1, journal: false },
  )
  return { cloud, closed, provider, cluster, options: { clock: cloud.clock } }
}

test("a cluster over them runs in the others, says why, and closes", async () => {
  const { cloud, cluster } = await twoRegions()
  const begun = cloud.clock.now()
  expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
  expect(cloud.clock.now() - begun).toBeLessThan(30_000)
  expect(cloud.world.truth({ states: ["running"] })).toHaveLength(4)
  expect(String(cluster.explain())).toMatch(NAMED)
  const closing = cloud.clock.now()
  expect(await cloud.run(cluster.close())).toMatchObject({ leaked: [], leftovers: [] })
  expect(cloud.clock.now() - closing).toBeLessThan(10_000)
})

test("list and sweep return the others' rows, with the failure beside them", async () => {
  const { cloud, provider, options } = await twoRegions()
  const spec = { name: "render", provider: cloud.provider, instanceType: "m7i.large" } as const
  const lost = new Cluster(spec, { clock: cloud.clock, seed: 2, journal: false })
  await cloud.run(lost.scale(2))
  await cloud.run(lost.detach())
  const listed = await cloud.run(Cluster.list({ provider }, options))
  expect([...listed]).toMatchObject([{ name: "render", instances: 2, places: ["aws us-east-1"] }])
  expect(listed.failures).toMatchObject([{ place: `aws ${CLOSED}`, error: { message: expect.stringMatching(NAMED) } }])
  expect(listed.failures[0]?.error).toBeInstanceOf(AuthError)
  const rows = await cloud.run(Cluster.sweep({ provider, name: "render" }, options))
  expect(rows.map(({ kind, place, removed }) => [kind, place, removed].join(" ")).sort()).toEqual([
    "instance aws us-east-1 true",
    "instance aws us-east-1 true",
    "launch-template aws us-east-1 true",
    `place aws ${CLOSED} false`,
  ])
  expect(rows.find(({ kind }) => kind === "place")?.problem).toMatch(NAMED)
  expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
})

test("who goes on with a cluster must see all of it: refused, and the region named", async () => {
  const { cloud, provider, cluster, options } = await twoRegions()
  await cloud.run(cluster.scale(2))
  await cloud.run(cluster.detach())
  const attaching = Cluster.attach("render", { provider }, { ...options, journal: false })
  await expect(cloud.run(attaching)).rejects.toThrow(NAMED)
  const rest = await cloud.run(Cluster.attach("render", { provider: cloud.provider }, { ...options, journal: false }))
  expect(rest.workers).toHaveLength(2)
  expect(await cloud.run(rest.close())).toMatchObject({ leaked: [] })
})

test("nothing but regions that are not enabled: said at once, by name", async () => {
  const { cloud, closed, options } = await twoRegions()
  const spec = { name: "render", provider: closed, instanceType: "m7i.large" } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await expect(cloud.run(cluster.scale(1))).rejects.toThrow(NAMED)
  await expect(cloud.run(Cluster.list({ provider: closed }, options))).rejects.toThrow(NAMED)
  await expect(cloud.run(Cluster.sweep({ provider: closed }, options))).rejects.toThrow(NAMED)
  await cloud.run(cluster.close())
})
