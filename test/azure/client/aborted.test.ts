/** A cluster closes while Azure is being asked for what launches need: it is made all the same, answered later, and removed. */
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { azureCloud } from "../support/cloud.js"

const ASKED = [
  "ResourceGroups_CreateOrUpdate",
  "VirtualMachineScaleSets_CreateOrUpdate",
  "NetworkSecurityGroups_CreateOrUpdate",
  "VirtualNetworks_CreateOrUpdate",
  "VirtualMachines_CreateOrUpdate",
].flatMap((api) => [100, 5_000, 25_000].map((ms) => [api, ms] as const))

test.each(ASKED)("%s, answered after %i ms: nothing is left", async (api, ms) => {
  // It is done half way, when the cluster has long begun to close.
  const latency = { requestMs: ms, createMs: ms, bootMs: 5_000, stopMs: 5_000 }
  const { clock, provider, run, wire, world } = await azureCloud({ world: { latency } })
  const spec = { name: "render", provider, instanceType: "Standard_D2s_v5" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const scaling = cluster.scale(2, { timeout: "20m" }).catch((error: Error) => error)
  while (world.ledger.count(api) === 0) await run(clock.sleep(10))
  world.setLatency({ requestMs: 20, createMs: 50 })
  const begun = clock.now()
  const receipt = await run(cluster.close())
  // What the answer brought is believed to be gone once no list can miss it.
  expect(clock.now() - begun).toBeLessThan(ms + provider.limits.consistencyMs + 1_000)
  expect([receipt.instances.length, receipt.leaked]).toEqual([api.startsWith("VirtualMachines") ? 2 : 0, []])
  await run(scaling)
  expect(world.ledger.of(api).map(({ outcome }) => outcome)).not.toContain("aborted")
  await run(clock.sleep(5 * 60_000))
  // The network is for all clusters, and stays.
  expect(wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))).toEqual([])
})
