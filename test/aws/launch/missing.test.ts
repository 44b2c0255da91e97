/** What launches name and EC2 does not know: made a moment ago, taken away, or gone already when it is to be removed. */
import { describe, expect, test } from "vitest"
import { SECURITY_GROUP } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { NotFoundError, OwnershipError, RejectedError, TransientError } from "../../../src/errors.js"
import type { Leftover } from "../../../src/provider.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { type Cloud, ec2, OWNER, prepareOf } from "../support/cloud.js"
import { fleetsOn, templatesIn } from "../support/fleets.js"

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: ["m7i.large", "c7i.large"], ...spec }
  return new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

const ownGroup = (cloud: Cloud) =>
  cloud.world.resources.list({ kind: "security-group" }).find(({ id }) => id !== SECURITY_GROUP)?.id ?? ""

describe("what was made a moment ago", () => {
  test.each(["spot", "on-demand"] as const)("is waited for, and nothing is made twice (%s)", async (market) => {
    const cloud = await ec2({ aws: { subnetIds: undefined }, wire: { setUpLagMs: 2_000 } })
    const cluster = clusterOn(cloud, { market })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(cloud.world.truth()).toHaveLength(4)
    expect(templatesIn(cloud)).toHaveLength(1)
    await cloud.run(cluster.close())
  })

  test.each(["whole", "pool"] as const)("is not taken for gone three times in a row (%s)", async (place) => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const code = "InvalidLaunchTemplateName.NotFoundException"
    const message = "The specified launch template, with template name muster-1, does not exist."
    // A whole fleet is asked for twice each time, as its template is made where it is not there; others name two pools.
    const times = 6
    cloud.wire.answers.give({ api: "CreateFleet", place, code, message, status: 400, times })
    const cluster = clusterOn(cloud, { market: "spot" })
    const begun = cloud.clock.now()
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(cloud.clock.now() - begun).toBeLessThan(60_000)
    await cloud.run(cluster.close())
  })

  test("a group whose rule EC2 cannot add yet gets it seconds later", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined }, wire: { setUpLagMs: 400 } })
    await prepareOf(cloud, {}, cloud.calls())
    const outcomes = cloud.world.ledger.of("AuthorizeSecurityGroupIngress").map(({ outcome }) => outcome)
    expect(outcomes[0]).toBe("InvalidGroup.NotFound")
    expect(outcomes.at(-1)).toBe("ok")
  })

  test("a group that is there and not shown yet is looked for again, and not an end", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const message = "The security group 'muster-shared' already exists"
    cloud.world.faults.fail("CreateSecurityGroup", { error: "rejected", code: "InvalidGroup.Duplicate", message })
    const error = await errorOf(prepareOf(cloud))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain("it was just made, and EC2 does not show it yet")
    expect((await prepareOf(cloud)).body.securityGroupIds).toHaveLength(1)
  })

  test("a claim that is taken and not shown yet is nobody's proof", async () => {
    const cloud = await ec2()
    const code = "InvalidLaunchTemplateName.AlreadyExistsException"
    cloud.world.faults.fail("CreateLaunchTemplate", { error: "rejected", code, message: "Already in use." })
    const error = await errorOf(prepareOf(cloud))
    expect(error).toBeInstanceOf(TransientError)
    expect(error).not.toBeInstanceOf(OwnershipError)
    expect((await prepareOf(cloud)).notes.join()).not.toContain("tags alone")
  })
})

describe("what somebody has taken away", () => {
  test("a template that single pools miss is made again", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const { spotCall, send } = fleetsOn(() => cloud)
    const call = await spotCall()
    expect((await send(call)).instances).toHaveLength(10)
    const [template] = templatesIn(cloud)
    cloud.world.resources.delete("launch-template", template?.id ?? "")
    const missing = { code: "InvalidLaunchTemplateId.VersionNotFound", message: "no such version" }
    cloud.wire.answers.give({ api: "CreateFleet", place: "whole", ...missing, status: 400, times: 2 })
    const error = await errorOf(send(await spotCall(11)))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ ours: true, graceMs: 300_000 })
    expect(templatesIn(cloud)).toHaveLength(1)
  })

  test("Muster's group is made anew once it cannot be young any more", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(1))
    const before = ownGroup(cloud)
    cloud.world.resources.delete("security-group", before)
    const begun = cloud.clock.now()
    expect((await cloud.run(cluster.scale(3, { timeout: "1h" }))).running).toBe(3)
    expect(cloud.clock.now() - begun).toBeGreaterThanOrEqual(300_000)
    expect(ownGroup(cloud)).not.toBe(before)
    expect(cloud.world.ledger.of("RunInstances").length + cloud.world.ledger.of("CreateFleet").length).toBeLessThan(25)
    await cloud.run(cluster.close())
  })

  test("a group that the user has named stops at once, and says where to look", async () => {
    const cloud = await ec2({ aws: { securityGroupIds: ["sg-0123456789abcdef0"] } })
    const cluster = clusterOn(cloud, { instanceType: "m7i.large" })
    const begun = cloud.clock.now()
    const error = await errorOf(cloud.run(cluster.scale(1)))
    expect(error).toBeInstanceOf(RejectedError)
    expect(error.message).toMatch(/sg-0123456789abcdef0.*check securityGroupIds/)
    expect(cloud.clock.now() - begun).toBeLessThan(10_000)
    await cloud.run(cluster.close())
  })
})

describe("what is gone when it is to be removed", () => {
  const kinds: readonly (readonly [kind: string, api: string, id: string, codes: readonly string[]])[] = [
    [
      "launch-template",
      "DeleteLaunchTemplate",
      "lt-0123456789abcdef0",
      ["InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound"],
    ],
    ["volume", "DeleteVolume", "vol-0123456789abcdef0", ["InvalidVolume.NotFound"]],
    [
      "network-interface",
      "DeleteNetworkInterface",
      "eni-0123456789abcdef0",
      ["InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterface.NotFound"],
    ],
    [
      "security-group",
      "DeleteSecurityGroup",
      "sg-0123456789abcdef0",
      ["InvalidGroup.NotFound", "InvalidGroupId.NotFound"],
    ],
  ]
  const rows = kinds.flatMap(([kind, api, id, codes]) => codes.map((code) => [code, kind, api, id] as const))

  test.each(rows)("%s of a %s is success", async (code, kind, api, id) => {
    const cloud = await ec2()
    cloud.world.faults.fail(api, { error: "rejected", code, message: "It does not exist." })
    const left: Leftover = { kind, id, region: "us-east-1", tags: { "muster-uid": OWNER.uid }, shared: false }
    await cloud.run(cloud.provider.remove?.([left], cloud.bare()) ?? Promise.reject(new Error("no such verb")))
    expect(cloud.world.ledger.of(api)).toHaveLength(1)
  })

  test("a lost answer to a removal, and then not found by name: closed, and no leak", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const cluster = clusterOn(cloud, { market: "spot" })
    await cloud.run(cluster.scale(2))
    cloud.world.faults.loseReply("DeleteLaunchTemplate")
    const code = "InvalidLaunchTemplateName.NotFoundException"
    const isLost = () => cloud.world.ledger.of("DeleteLaunchTemplate").some(({ outcome }) => outcome === "ReplyLost")
    const again = { error: "rejected", code, message: "It does not exist.", when: isLost } as const
    cloud.world.faults.fail("DeleteLaunchTemplate", again)
    const receipt = await cloud.run(cluster.close())
    expect([receipt.leaked, receipt.leftovers]).toEqual([[], []])
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
    expect(cloud.world.ledger.of("DeleteLaunchTemplate").map(({ outcome }) => outcome)).toContain(code)
  })

  test("what is still in use is not", async () => {
    const cloud = await ec2()
    const failing = { error: "rejected", code: "DependencyViolation", message: "It has a dependent object." } as const
    cloud.world.faults.fail("DeleteSecurityGroup", failing)
    const left = { kind: "security-group", id: "sg-1", region: "us-east-1", tags: {}, shared: true }
    const removing = cloud.provider.remove?.([left], cloud.bare()) ?? Promise.resolve()
    expect(await errorOf(cloud.run(removing))).toMatchObject({ code: "DependencyViolation" })
  })
})
