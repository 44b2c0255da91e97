/** What the groups of one cluster need in common is read once. */
import { expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { gce, TYPE } from "./support/cloud.js"

const GROUPS = { a: { instanceType: TYPE }, b: { instanceType: TYPE }, c: { vcpus: { min: 2, max: 4 } } }

test("three groups of a new cluster: zones, types, images and ways out are asked for once", async () => {
  const cloud = await gce()
  const { provider, clock, world } = cloud
  const cluster = new Cluster({ name: "render", provider, groups: GROUPS }, { clock, seed: 1, journal: false })
  expect(await cloud.run(cluster.scale({ a: 1, b: 1, c: 1 }))).toMatchObject({ running: 3 })
  expect([world.ledger.count("regions.get"), world.ledger.count("routers.list")]).toEqual([1, 1])
  // Four zones: the type of a and b in each, and all types of each for c; an image for each architecture that c may have.
  expect([world.ledger.count("machineTypes.list"), world.ledger.count("images.getFromFamily")]).toEqual([8, 2])
  await cloud.run(cluster.close())
})
