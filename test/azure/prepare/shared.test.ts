/** What the groups of one cluster need in common is read once, and what it takes to make it is in the plan. */
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { azureCloud, type Cloud } from "../support/cloud.js"

const SIZE = "Standard_D2s_v5"
const GROUPS = { a: { instanceType: SIZE }, b: { instanceType: SIZE }, c: { vcpus: { min: 2, max: 4 } } }

function clusterOn({ provider, clock }: Cloud): Cluster {
  return new Cluster({ name: "render", provider, groups: GROUPS }, { clock, seed: 1, journal: false })
}

test("three groups of a new cluster: sizes, images and the network are asked for once", async () => {
  const cloud = await azureCloud()
  const cluster = clusterOn(cloud)
  expect(await cloud.run(cluster.scale({ a: 1, b: 1, c: 1 }))).toMatchObject({ running: 3 })
  const { ledger } = cloud.world
  const counts = ["ResourceSkus_List", "NetworkSecurityGroups_CreateOrUpdate", "VirtualNetworks_CreateOrUpdate"]
  expect(counts.map((api) => ledger.count(api))).toEqual([1, 1, 1])
  // One for each architecture that c may have; one for the names of a and b, and one for all sizes of c.
  expect([ledger.count("VirtualMachineImages_List"), ledger.count("RetailPrices")]).toEqual([2, 2])
  // Once to look, twice until it is ready, and once more for the two groups that come after.
  expect(ledger.count("VirtualNetworks_Get")).toBe(4)
  await cloud.run(cluster.close())
})

test("the plan of a new cluster counts what its set-up draws, once for all groups; later ones do not", async () => {
  const cloud = await azureCloud()
  const cluster = clusterOn(cloud)
  const targets = { a: 100, b: 100, c: 100 }
  const before = await cloud.run(cluster.plan(targets))
  await cloud.run(cluster.scale({ a: 1, b: 1, c: 1 }))
  await cloud.run(cloud.clock.sleep(60_000))
  const after = await cloud.run(cluster.plan({ a: 101, b: 101, c: 101 }))
  // Seven requests, of which ten go in a second: the network's three, and two each for the generation and the name.
  expect(before.etaMs - after.etaMs).toBeCloseTo(700, 0)
  await cloud.run(cluster.close())
})
