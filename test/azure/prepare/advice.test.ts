/** What is advised about a quota goes by what ran out. */
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { ShortfallError } from "../../../src/errors.js"
import { azureCloud } from "../support/cloud.js"

const exceeding = (quota: string) =>
  `Operation could not be completed as it results in exceeding approved ${quota} quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 10, Additional Required: 2. Submit a request for Quota increase.`

const [DENIED, FAMILY] = ["OperationNotAllowed", "standardDSv5Family"]

test.each([
  [DENIED, exceeding(`${FAMILY} Cores`), { family: FAMILY }, /or add sizes of another family/],
  [DENIED, exceeding("Total Regional Cores"), { market: "on-demand" }, /of regional vCPUs, or add a location/],
  [DENIED, exceeding("LowPriorityCores"), { market: "on-demand" }, /of spot vCPUs, or use on-demand/],
  [DENIED, exceeding("PremiumDiskCount"), {}, /of managed disks, or give disk\.type another kind/],
  [DENIED, exceeding("StandardSSDDiskCount"), {}, /disk\.ephemeral: true/],
  [DENIED, exceeding("VirtualMachines"), {}, /of virtual machines, or ask for fewer and larger sizes/],
  [DENIED, exceeding("PublicIPAddresses"), {}, /publicAddress: false and give the subnet a NAT gateway/],
  ["PublicIPCountLimitReached", "Cannot create more than 10 public IP addresses", {}, /publicAddress: false/],
  ["PublicIPAddressCountLimitReached", "Cannot create more than 10", {}, /of public addresses, or set publicAddress/],
  ["NetworkInterfaceCountLimitReached", "Cannot create more than 10", {}, /of network interfaces, or add a location/],
] as const)("%s %s", async (code, message, scope, advice) => {
  const cloud = await azureCloud()
  cloud.wire.answer({ api: "VirtualMachines_CreateOrUpdate", place: "whole", status: 409, code, message })
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" }
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  const error = (await cloud.run(cluster.scale(2).catch((thrown: Error) => thrown))) as ShortfallError
  const [reason] = error.shortfall.reasons
  expect(reason).toMatchObject({ reason: "quota", scope })
  expect(reason?.advice).toMatch(advice)
  await cloud.run(cluster.close())
})
