/** Who holds a generation: two that claim it in the same moment, one that comes later, one whose answer was lost. */
import { describe, expect, test } from "vitest"
import { OwnershipError } from "../../src/errors.js"
import type { Owner } from "../../src/provider.js"
import { azureCloud, type Cloud, OWNER, prepareOf } from "./support/cloud.js"

const FIRST: Owner = { ...OWNER, claim: "first" }
const SECOND: Owner = { ...OWNER, claim: "second" }

/** The claims that were granted, of all these made at once. */
async function claimAll(
  cloud: Cloud,
  owners: readonly Owner[],
  calls = () => cloud.bare(),
): Promise<readonly string[]> {
  const outcomes = await cloud.run(
    Promise.allSettled(owners.map((owner) => cloud.provider.claim?.(owner, calls()) ?? Promise.resolve())),
  )
  for (const outcome of outcomes)
    if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(OwnershipError)
  return owners.flatMap(({ claim }, index) => (outcomes[index]?.status === "fulfilled" ? [claim] : []))
}

describe("in the same moment", () => {
  test.each([1, 2, 3])("exactly one of five holds it: %i", async (seed) => {
    const cloud = await azureCloud({ world: { seed, latency: { requestMs: [20, 400] } } })
    const owners = ["a", "b", "c", "d", "e"].map((claim): Owner => ({ ...OWNER, claim }))
    const granted = await claimAll(cloud, owners)
    expect(granted).toHaveLength(1)
    // Whoever holds it finds so again, whatever the group's own tag says since.
    expect(await claimAll(cloud, owners)).toEqual(granted)
  })
})

test("a later one is refused, and takes the next generation", async () => {
  const cloud = await azureCloud()
  expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
  expect(await claimAll(cloud, [SECOND])).toEqual([])
  expect(await claimAll(cloud, [{ ...SECOND, generation: 2 }])).toEqual(["second"])
})

test.each(["VirtualMachineScaleSets_CreateOrUpdate", "ResourceGroups_CreateOrUpdate"])(
  "an answer to %s that is lost: sent again, it is still ours",
  async (api) => {
    const cloud = await azureCloud()
    cloud.world.faults.loseReply(api)
    expect(await claimAll(cloud, [FIRST], () => cloud.calls())).toEqual(["first"])
    expect(await claimAll(cloud, [SECOND])).toEqual([])
  },
)

test("a group without a claim in it, of a process that died in between, is not taken over", async () => {
  const cloud = await azureCloud()
  cloud.world.faults.fail("VirtualMachineScaleSets_CreateOrUpdate", { error: "transient" })
  await expect(cloud.run(cloud.provider.claim?.(FIRST, cloud.bare()) ?? Promise.resolve())).rejects.toThrow(/claiming/)
  expect(await claimAll(cloud, [SECOND])).toEqual([])
  expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
})

test("a role without scale sets: the group's own tag decides", async () => {
  const cloud = await azureCloud()
  for (const api of ["VirtualMachineScaleSets_Get", "VirtualMachineScaleSets_CreateOrUpdate"])
    cloud.wire.quirks.forbidden.add(api)
  expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
  expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
  expect(await claimAll(cloud, [SECOND])).toEqual([])
  const said = (await prepareOf(cloud, {}, undefined, { ...OWNER, generation: 2 })).notes
  expect(said).toContainEqual(expect.stringContaining("the role allows no scale sets"))
})

test("a policy against scale sets: the group's own tag decides, and the plan says which", async () => {
  const cloud = await azureCloud()
  const claim = (owner: Owner) => cloud.run(cloud.provider.claim?.(owner, cloud.bare()) ?? Promise.resolve())
  const refused = { error: "rejected", code: "RequestDisallowedByPolicy", times: 3 } as const
  cloud.world.faults.fail("VirtualMachineScaleSets_CreateOrUpdate", refused)
  await claim(FIRST)
  await claim(FIRST)
  await expect(claim(SECOND)).rejects.toThrow(OwnershipError)
  const said = (await prepareOf(cloud, {}, undefined, { ...OWNER, generation: 2 })).notes
  expect(said).toContainEqual(expect.stringContaining("no scale set can be made (RequestDisallowedByPolicy)"))
})

test("the claim makes no VM, and goes with its group", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  expect(cloud.wire.remains().map(({ kind }) => kind)).toEqual(["group", "scale-set"])
  const found = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
  await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  // On its way out it is no leftover any more.
  expect(await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))).toEqual(
    [],
  )
  await cloud.run(cloud.clock.sleep(60_000))
  expect(cloud.wire.remains()).toEqual([])
})
