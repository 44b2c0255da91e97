/** Another process of this machine attaches while what the first one made is not known everywhere yet. */
import { expect, test } from "vitest"
import { adapterOf } from "../../providers/azure/adapter.js"
import { parseAzureOptions } from "../../providers/azure/options-check.js"
import { Cluster } from "../../src/cluster.js"
import { azureCloud, optionsFor } from "./support/cloud.js"
import { folderForEachTest } from "../support/folder.js"

let journal: string

folderForEachTest((path) => {
  journal = path
})

test.each([
  [20_000, 5],
  [60_000, 5],
  [60_000, 0],
])("groups for %i ms, and %i are wanted: nothing is made twice, and all goes", async (ms, count) => {
  const cloud = await azureCloud()
  const { clock, provider, wire, world } = cloud
  const spec = { name: "render", provider, instanceType: "Standard_D2s_v5" } as const
  const first = new Cluster(spec, { clock, seed: 1, journal })
  await cloud.run(first.scale(3))
  await cloud.run(first.detach())
  // What was made is young for another process, and so is what that makes.
  wire.quirks.replicationMs = ms
  const other = { ...spec, provider: adapterOf(parseAzureOptions(optionsFor(wire))) }
  const second = await cloud.run(Cluster.attach("render", other, { clock, seed: 2, journal }))
  expect(second.workers).toHaveLength(3)
  if (count > 0) expect(await cloud.run(second.scale(count))).toMatchObject({ running: count })
  expect(world.truth()).toHaveLength(Math.max(3, count))
  expect(await cloud.run(second.close())).toMatchObject({ leaked: [] })
  await cloud.run(clock.sleep(5 * 60_000))
  // The network is for all clusters, and stays.
  expect(wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))).toEqual([])
})
