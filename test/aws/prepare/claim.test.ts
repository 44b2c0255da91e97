/** One owner: the launch template that is named by a generation. */
import { describe, expect, test } from "vitest"
import { NAME_TAKEN, OwnershipError } from "../../../src/errors.js"
import { YOUNG_CLAIM_MS } from "../../../src/fleet/tags.js"
import type { Owner } from "../../../src/provider.js"
import { type Cloud, ec2, GROUP, NO_ROOM, offersOf, OWNER, prepareOf, TOLD, wishFor } from "../support/cloud.js"
import { keepOwnersApart } from "../../support/owners.js"

const OTHER: Owner = { ...OWNER, claim: "c2" }
const DAY_MS = 86_400_000

function claim(cloud: Cloud, owner: Owner, calls = cloud.bare()): Promise<void> {
  return cloud.run(cloud.provider.claim?.(owner, calls) ?? Promise.reject(new Error("no such verb")))
}

const claims = (cloud: Cloud) => cloud.world.resources.list({ kind: "launch-template" })

test("of two that claim a generation at once one gets it, the other the next", async () => {
  const cloud = await ec2()
  const second = [OWNER, OTHER].map((owner): Owner => ({ ...owner, generation: 2 }))
  const both = second.map((owner) => cloud.provider.claim?.(owner, cloud.bare()) ?? Promise.resolve())
  const outcomes = await cloud.run(Promise.allSettled(both))
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  expect(refused?.reason).toBeInstanceOf(OwnershipError)
  expect(String(refused?.reason)).toContain(`launch template muster-${OWNER.uid}-generation-2`)
  await claim(cloud, { ...OTHER, generation: 3 })
  expect(claims(cloud)).toHaveLength(2)
})

const STRANGER: Owner = { ...OWNER, uid: "another-uid", claim: "c3" }

test("of two new clusters with one name one gets it, whatever their uids; another owner's name is another", async () => {
  const cloud = await ec2()
  const both = [OWNER, STRANGER].map((owner) => cloud.provider.claim?.(owner, cloud.bare()) ?? Promise.resolve())
  const outcomes = await cloud.run(Promise.allSettled(both))
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
  const refused = outcomes.find((outcome) => outcome.status === "rejected")?.reason as OwnershipError
  expect([refused.code, refused.message]).toEqual([NAME_TAKEN, expect.stringContaining("has taken the name a moment")])
  await claim(cloud, { ...STRANGER, owner: "ops" })
  await claim(cloud, { ...STRANGER, cluster: "render-2" })
})

test("beside what an older cluster of the name has left there is a next one, and that is given once, too", async () => {
  const cloud = await ec2()
  await claim(cloud, OWNER)
  await cloud.run(cloud.clock.sleep(YOUNG_CLAIM_MS))
  await claim(cloud, STRANGER)
  await expect(claim(cloud, { ...STRANGER, uid: "third", claim: "c4" })).rejects.toThrow(/taken the name/)
  // Each is still known for its own.
  await claim(cloud, OWNER)
  await claim(cloud, STRANGER)
  expect(claims(cloud)).toHaveLength(2)
})

test("again, and in every group's set-up, it is still ours", async () => {
  const cloud = await ec2()
  await claim(cloud, OWNER)
  await claim(cloud, OWNER)
  await prepareOf(cloud)
  expect(claims(cloud)).toHaveLength(1)
  await expect(cloud.run(cloud.provider.prepare(OTHER, GROUP, cloud.bare()))).rejects.toThrow(OwnershipError)
})

test.each(["loseReply", "cutReply"] as const)("after %s it is ours", async (fault) => {
  const cloud = await ec2()
  cloud.world.faults[fault]("CreateLaunchTemplate")
  await claim(cloud, OWNER, cloud.calls())
  await expect(claim(cloud, OTHER)).rejects.toThrow(OwnershipError)
})

test("when EC2 has forgotten the token, the tag tells whose it is", async () => {
  const cloud = await ec2()
  await claim(cloud, OWNER)
  await cloud.run(cloud.clock.sleep(2 * DAY_MS))
  await claim(cloud, OWNER)
  await expect(claim(cloud, OTHER)).rejects.toThrow(OwnershipError)
})

test("as many templates as there may be: by tags alone, and that is said", async () => {
  const cloud = await ec2()
  const failing = {
    error: "rejected",
    code: "MaxTemplateLimitExceeded",
    message: "You have reached the limit",
  } as const
  cloud.world.faults.rate("CreateLaunchTemplate", 1, { kind: "fail", ...failing })
  expect((await prepareOf(cloud)).notes.join()).toMatch(/claimed by tags alone \(the region has no room/)
})

test("nothing is made that could not be found again", async () => {
  const cloud = await ec2()
  cloud.world.faults.rate("DescribeLaunchTemplates", 1, { kind: "fail", error: "auth" })
  expect((await prepareOf(cloud)).notes.join()).toContain("claimed by tags alone (ec2:DescribeLaunchTemplates is not")
  expect(claims(cloud)).toEqual([])
})

test("reading claims nothing, and a first generation whose all is named need not be", async () => {
  const cloud = await ec2({ aws: { imageId: TOLD } })
  await prepareOf(cloud)
  expect(cloud.world.ledger.count()).toBe(0)
  await cloud.run(cloud.provider.prepare({ ...OWNER, generation: 2 }, GROUP, cloud.bare()))
  expect(cloud.world.ledger.entries.map(({ api }) => api)).toEqual(["DescribeLaunchTemplates", "CreateLaunchTemplate"])
})

test("what EC2 cannot say is not taken for a claim", async () => {
  const cloud = await ec2()
  cloud.world.faults.fail("CreateLaunchTemplate", { error: "transient" })
  await expect(claim(cloud, OWNER)).rejects.toThrow(/claiming generation 1 of cluster "render"/)
})

test("it is a left-over of its cluster like any template, and nothing is launched from it", async () => {
  const cloud = await ec2()
  const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 1), await prepareOf(cloud), NO_ROOM)
  expect(JSON.stringify(call?.body)).not.toContain("muster-name-")
  const left = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
  expect(left.map(({ id }) => id)).toEqual(claims(cloud).map(({ id }) => id))
  await cloud.run(cloud.provider.remove?.(left, cloud.bare()) ?? Promise.resolve())
  expect(claims(cloud)).toEqual([])
})

describe("owners", () => {
  keepOwnersApart("m7i.large", () => ec2())
})

describe("owners, of whose launch everything is told", () => {
  keepOwnersApart("m7i.large", () => ec2({ aws: { imageId: TOLD } }))
})
