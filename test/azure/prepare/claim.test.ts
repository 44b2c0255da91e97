/** Who holds a name, and a generation: two that claim it in the same moment, one that comes later, one whose answer was lost. */
import { describe, expect, test } from "vitest"
import { NAME_TAKEN, OwnershipError, QuotaError } from "../../../src/errors.js"
import { YOUNG_CLAIM_MS } from "../../../src/fleet/tags.js"
import type { Leftover, Owner, Selector } from "../../../src/provider.js"
import { azureCloud, type Cloud, OWNER, prepareOf } from "../support/cloud.js"
import { keepOwnersApart } from "../../support/owners.js"

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

function leftoversOf(cloud: Cloud, selector: Selector): Promise<readonly Leftover[]> {
  return cloud.run(cloud.provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))
}

describe("in the same moment", () => {
  test.each([1, 2, 3])("exactly one of five holds a generation: %i", async (seed) => {
    const cloud = await azureCloud({ world: { seed, latency: { requestMs: [20, 400] } } })
    const owners = ["a", "b", "c", "d", "e"].map((claim): Owner => ({ ...OWNER, generation: 2, claim }))
    const granted = await claimAll(cloud, owners)
    expect(granted).toHaveLength(1)
    // Whoever holds it finds so again, whatever the group's own tag says since.
    expect(await claimAll(cloud, owners)).toEqual(granted)
  })

  test.each([1, 2, 3])("exactly one of five new clusters gets the name: %i", async (seed) => {
    const cloud = await azureCloud({ world: { seed, latency: { requestMs: [20, 400] } } })
    const owners = ["a", "b", "c", "d", "e"].map((claim): Owner => ({ ...OWNER, uid: `uid-${claim}`, claim }))
    const granted = await claimAll(cloud, owners)
    expect(granted).toHaveLength(1)
    expect(await claimAll(cloud, owners)).toEqual(granted)
    // What the others had made is theirs to remove, and what is left tells of the one that has it.
    const named = cloud.wire.remains().filter(({ kind, id }) => kind === "group" && id.includes("muster-name-"))
    expect(named).toHaveLength(1)
    const found = await leftoversOf(cloud, { cluster: OWNER.cluster })
    expect(found.filter(({ id }) => id.includes("muster-name-")).map(({ tags }) => tags["muster-uid"])).toEqual([
      `uid-${granted[0]}`,
    ])
  })
})

const OTHER: Owner = { ...OWNER, uid: "another-uid", claim: "other" }

test("a name that another new cluster has taken is told as that; another owner's is another", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  const claiming = cloud.provider.claim?.(OTHER, cloud.bare()) ?? Promise.resolve()
  const refused: unknown = await cloud.run(claiming.catch((error: unknown) => error))
  expect(refused).toBeInstanceOf(OwnershipError)
  expect(refused).toMatchObject({
    code: NAME_TAKEN,
    message: expect.stringContaining("muster delete render") as unknown,
  })
  expect(await claimAll(cloud, [{ ...OTHER, owner: "ops" }])).toEqual(["other"])
})

test("beside what an older cluster has left there is a next one, and that is given once, too", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  await cloud.run(cloud.clock.sleep(YOUNG_CLAIM_MS))
  expect(await claimAll(cloud, [OTHER])).toEqual(["other"])
  expect(await claimAll(cloud, [{ ...OTHER, uid: "third", claim: "third" }])).toEqual([])
  // Each is still known for its own.
  expect(await claimAll(cloud, [FIRST, OTHER])).toEqual(["first", "other"])
})

test("a name whose group is being deleted can be had again at once", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  const found = await leftoversOf(cloud, { uid: OWNER.uid })
  await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  expect(await claimAll(cloud, [OTHER])).toEqual(["other"])
  await cloud.run(cloud.clock.sleep(300_000))
  const rest = await leftoversOf(cloud, {})
  expect(rest.map(({ tags }) => tags["muster-uid"])).toEqual(["another-uid", "another-uid"])
})

test("a name's group holds no VMs, and is not looked into for them", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  await cloud.run(cloud.provider.list({ cluster: OWNER.cluster, owner: OWNER.owner }, cloud.bare()))
  expect(cloud.world.ledger.of("VirtualMachines_List")).toHaveLength(1)
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
  const refused = { error: "rejected", code: "RequestDisallowedByPolicy", times: 4 } as const
  cloud.world.faults.fail("VirtualMachineScaleSets_CreateOrUpdate", refused)
  await claim(FIRST)
  await claim(FIRST)
  await expect(claim(SECOND)).rejects.toThrow(OwnershipError)
  const said = (await prepareOf(cloud, {}, undefined, { ...OWNER, generation: 2 })).notes
  expect(said).toContainEqual(expect.stringContaining("no scale set can be made (RequestDisallowedByPolicy)"))
})

describe("a quota is used up", () => {
  const QUOTA = { status: 409, code: "QuotaExceeded", message: "The subscription has no more of these." } as const

  test("of scale sets: the group's own tag decides, and the plan says so", async () => {
    const cloud = await azureCloud()
    cloud.wire.answer({ api: "VirtualMachineScaleSets_CreateOrUpdate", place: "whole", ...QUOTA })
    expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
    expect(await claimAll(cloud, [SECOND])).toEqual([])
    const { notes } = await prepareOf(cloud, {}, undefined, { ...OWNER, generation: 2 })
    expect(notes).toContainEqual(expect.stringContaining("no scale set can be made (QuotaExceeded)"))
  })

  test("of groups, after those of the network and the generation: the name goes without a claim", async () => {
    const cloud = await azureCloud()
    const bare = cloud.bare()
    let made = 0
    const send: typeof bare.send = (api, cost, fn) => {
      made += api === "ResourceGroups_CreateOrUpdate" ? 1 : 0
      if (api !== "ResourceGroups_CreateOrUpdate" || made !== 3) return bare.send(api, cost, fn)
      const refusal = { code: QUOTA.code, scope: { provider: "azure" }, ttlMs: 0 }
      return Promise.reject(new QuotaError(QUOTA.message, refusal))
    }
    const { notes } = await prepareOf(cloud, {}, { ...bare, send }, FIRST)
    expect(notes).toContainEqual(expect.stringContaining("no resource group can be made for the name (QuotaExceeded)"))
    expect(cloud.wire.remains().some(({ id }) => id === "muster-render-0123456789abcdef-1")).toBe(true)
    expect(await claimAll(cloud, [FIRST])).toEqual(["first"])
  })
})

test("the claim makes no VM, and goes with its group", async () => {
  const cloud = await azureCloud()
  await claimAll(cloud, [FIRST])
  expect(cloud.wire.remains().map(({ kind }) => kind)).toEqual(["group", "group", "scale-set", "scale-set"])
  const found = await leftoversOf(cloud, { uid: OWNER.uid })
  await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  // On its way out it is no leftover any more.
  expect(await leftoversOf(cloud, { uid: OWNER.uid })).toEqual([])
  await cloud.run(cloud.clock.sleep(60_000))
  expect(cloud.wire.remains()).toEqual([])
})

describe("owners", () => {
  keepOwnersApart("Standard_D2s_v5", () => azureCloud())
})
