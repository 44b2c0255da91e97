/** Quotas that have run out: which one it is, what gives some of it free, and what is done without meanwhile. */
import { describe, expect, test } from "vitest"
import { toMusterError } from "../../../providers/aws/client/errors.js"
import { Cluster } from "../../../src/cluster.js"
import { type MusterError, QuotaError, RefusedError, ShortfallError } from "../../../src/errors.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { offerOf } from "../../tables/support.js"
import { type Cloud, ec2, prepareOf } from "../support/cloud.js"

const OFFER = offerOf({ provider: "aws", region: "us-east-1", instanceType: "m7i.large", family: "standard" })

const TYPES = ["m7i.large", "c7i.large"]

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: TYPES, ...spec } as ClusterSpec
  return new Cluster(whole, { clock: cloud.clock, seed: 1, journal: false })
}

async function errorOf(promise: Promise<unknown>): Promise<MusterError> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: MusterError) => error,
  )
}

describe("advice", () => {
  test.each([
    ["VcpuLimitExceeded", /increase of vCPU quota L-1216C47A in us-east-1 .* another family than standard/],
    ["MaxSpotInstanceCountExceeded", /increase of vCPU quota L-1216C47A in us-east-1/],
    ["VolumeLimitExceeded", /smaller \(rootGiB\), .* L-7A658B76 \(gp3 storage\) in us-east-1/],
    ["MaxIOPSLimitExceeded", /quota on IOPS of disks in us-east-1/],
    ["AddressLimitExceeded", /publicAddress: false\), .* L-0263D0A3 \(Elastic IPs\) in us-east-1/],
    ["NetworkInterfaceLimitExceeded", /add zones, .* L-DF5E4CA3 \(network interfaces\) in us-east-1/],
    ["InsufficientFreeAddressesInSubnet", /add a subnet with free addresses/],
    ["InsufficientVolumeCapacity", /add zones/],
    ["SecurityGroupLimitExceeded", /muster sweep.* L-E79EC296/],
    ["RulesPerSecurityGroupLimitExceeded", /L-0EA8095F/],
    ["MaxTemplateLimitExceeded", /muster sweep.*launch templates in us-east-1/],
  ])("of %s is about what ran out", (code, words) => {
    const native = Object.assign(new Error("as EC2 says it"), { name: code, $fault: "client", $metadata: {} })
    const error = toMusterError(native, { what: "launching", region: "us-east-1", offer: OFFER })
    expect(error).toBeInstanceOf(RefusedError)
    expect((error as RefusedError).advice).toMatch(words)
    expect((error as RefusedError).toFailure(1).advice).toMatch(words)
    expect(error.message).toMatch(words)
  })

  test.each([
    ["RunInstances", "on-demand"],
    ["CreateFleet", "spot"],
  ] as const)("reaches the shortfall and explain (%s)", async (api, market) => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    cloud.wire.answers.give({ api, place: "whole", code: "VolumeLimitExceeded", message: "Too many disks." })
    const cluster = clusterOn(cloud, { market })
    const error = await errorOf(cloud.run(cluster.scale(4)))
    expect(error).toBeInstanceOf(ShortfallError)
    const advice = (error as ShortfallError).shortfall.reasons.map((reason) => reason.advice)
    expect(new Set(advice.map((text) => text.includes("L-7A658B76")))).toEqual(new Set([true]))
    expect(String(cluster.explain())).toContain("ask for an increase of quota L-7A658B76 (gp3 storage)")
    await cloud.run(cluster.close())
  })
})

describe("as many security groups as there may be", () => {
  function fill(cloud: Cloud): void {
    const vpc = cloud.world.resources.list({ kind: "vpc" })[0]?.id ?? ""
    for (let index = 0; index < 2500; index += 1) {
      const attributes = { vpc, name: `other-${index}`, description: "", rules: [], createdAt: 0 }
      cloud.world.resources.add({
        kind: "security-group",
        id: `sg-${String(index).padStart(17, "0")}`,
        tags: {},
        attributes,
      })
    }
  }

  test("the VPC's default group is used, and that is said", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    fill(cloud)
    const { notes, body } = await prepareOf(cloud)
    expect(notes.join()).toMatch(/SecurityGroupLimitExceeded.*muster sweep.*; the default group of vpc-.* is used/)
    expect(body.securityGroupIds).toEqual([])
  })

  test("SSH cannot be opened: which quota, and what to clean up", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined, sshFrom: "203.0.113.7/32" } })
    fill(cloud)
    const error = await errorOf(prepareOf(cloud))
    expect(error).toBeInstanceOf(QuotaError)
    expect(error.message).toMatch(/making security group muster-shared.*muster sweep.*L-E79EC296/)
  })
})

test("a group that takes no more rules is not used", async () => {
  const cloud = await ec2({ aws: { subnetIds: undefined } })
  const code = "RulesPerSecurityGroupLimitExceeded"
  cloud.wire.answers.give({ api: "AuthorizeSecurityGroupIngress", place: "whole", code, message: "Too many." })
  const { notes, body } = await prepareOf(cloud)
  expect(notes.join()).toMatch(/RulesPerSecurityGroupLimitExceeded.*L-0EA8095F.*; the default group of vpc-.* is used/)
  expect(body.securityGroupIds).toEqual([])
})

describe("where no launch template can be made", () => {
  test.each([
    ["MaxTemplateLimitExceeded", /MaxTemplateLimitExceeded.*muster sweep/],
    ["UnauthorizedOperation", /UnauthorizedOperation/],
  ])("for %s, spot goes without fleets", async (code, words) => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    cloud.wire.answers.give({ api: "CreateLaunchTemplate", place: "whole", code, message: "No more." })
    const group = { markets: ["spot"], instanceTypes: TYPES } as const
    const { notes } = await prepareOf(cloud, group)
    expect(notes.join()).toMatch(/claimed by tags alone/)
    expect(notes.join()).toMatch(/fleets cannot be used.*RunInstances is/)
    expect(notes.join()).toMatch(words)
    const cluster = clusterOn(cloud, { market: "spot" })
    expect((await cloud.run(cluster.scale(5))).running).toBe(5)
    expect(cloud.world.ledger.of("CreateFleet")).toEqual([])
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
  })

  test("who insists on fleets is told which quota", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined, fleet: true } })
    const code = "MaxTemplateLimitExceeded"
    cloud.wire.answers.give({ api: "CreateLaunchTemplate", place: "whole", code, message: "No more." })
    const error = await errorOf(cloud.run(clusterOn(cloud, { market: "spot" }).scale(5)))
    expect(error.message).toContain("increase of the quota on launch templates in us-east-1")
  })
})
