/** The role in docs/azure.md is what a cluster needs, and no more: compared with what the wire's ledger saw. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { azureCloud } from "./support/cloud.js"

const COMPUTE = "Microsoft.Compute"
const NETWORK = "Microsoft.Network"
const GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"

/** What each operation asks of the caller ("Azure permissions for Compute", and for Networking). */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  ResourceGroups_List: [`${GROUPS}/read`],
  ResourceGroups_Get: [`${GROUPS}/read`],
  ResourceGroups_CreateOrUpdate: [`${GROUPS}/write`],
  ResourceGroups_Delete: [
    `${GROUPS}/delete`,
    // A group's deletion deletes what is in it with the caller's own rights.
    `${COMPUTE}/disks/delete`,
    `${NETWORK}/networkInterfaces/delete`,
    `${NETWORK}/publicIPAddresses/delete`,
  ],
  VirtualMachines_CreateOrUpdate: [
    `${COMPUTE}/virtualMachines/write`,
    `${COMPUTE}/disks/write`,
    `${NETWORK}/networkInterfaces/write`,
    `${NETWORK}/networkInterfaces/join/action`,
    `${NETWORK}/publicIPAddresses/write`,
    `${NETWORK}/publicIPAddresses/join/action`,
    `${NETWORK}/virtualNetworks/subnets/join/action`,
    `${NETWORK}/networkSecurityGroups/join/action`,
  ],
  VirtualMachines_Get: [`${COMPUTE}/virtualMachines/read`],
  VirtualMachines_List: [`${COMPUTE}/virtualMachines/read`],
  VirtualMachines_Delete: [`${COMPUTE}/virtualMachines/delete`],
  VirtualMachineImages_List: [`${COMPUTE}/locations/publishers/artifacttypes/offers/skus/versions/read`],
  ResourceSkus_List: [`${COMPUTE}/skus/read`],
  NetworkInterfaces_List: [`${NETWORK}/networkInterfaces/read`],
  PublicIPAddresses_List: [`${NETWORK}/publicIPAddresses/read`],
  VirtualNetworks_Get: [`${NETWORK}/virtualNetworks/read`],
  VirtualNetworks_CreateOrUpdate: [`${NETWORK}/virtualNetworks/write`],
  NetworkSecurityGroups_CreateOrUpdate: [`${NETWORK}/networkSecurityGroups/write`],
  RetailPrices: [],
}

function roleInDocs(): readonly string[] {
  const text = readFileSync(new URL("../../docs/azure.md", import.meta.url), "utf8")
  const [, json = "{}"] = /```json\n([\s\S]*?)```/.exec(text) ?? []
  return (JSON.parse(json) as { readonly Actions: readonly string[] }).Actions
}

test("a cluster's whole life, a failed VM and a lost answer in it, needs exactly the role", async () => {
  const cloud = await azureCloud()
  cloud.world.faults.failBoots(1)
  cloud.world.faults.loseReply("VirtualMachines_CreateOrUpdate")
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(4))
  await cloud.run(cluster.close())
  const apis = [...new Set(cloud.world.ledger.entries.map(({ api }) => api))]
  const needed = apis.flatMap((api) => ACTIONS[api] ?? [`unknown: ${api}`])
  expect([...new Set(needed)].sort()).toEqual([...roleInDocs()].sort())
})
