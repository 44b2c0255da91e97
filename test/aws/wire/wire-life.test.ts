/** The wire by itself: launches, lists, terminations and buckets. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { IMAGES, SECURITY_GROUP, subnetOf } from "../../../providers/aws/wire/index.js"
import { filters, idsIn, items, LAUNCH, type Parameters, type RawCloud, rawEc2, text } from "../support/raw.js"

let cloud: RawCloud

beforeEach(async () => {
  cloud = await rawEc2()
})

afterEach(() => cloud.wire.close())

const launch = (parameters: Parameters = {}) => cloud.ask("RunInstances", { ...LAUNCH, ...parameters })

function idsOf(ids: readonly string[]): Parameters {
  return Object.fromEntries(ids.map((id, at) => [`InstanceId.${at + 1}`, id]))
}

describe("how many", () => {
  test("between MinCount and MaxCount as many as there are", async () => {
    cloud.world.setCapacity({ zone: "us-east-1a" }, 3)
    expect(idsIn(await launch({ MaxCount: 5 }))).toHaveLength(3)
  })

  test("fewer than MinCount: none, and that is a server error", async () => {
    cloud.world.setCapacity({ zone: "us-east-1a" }, 3)
    expect(await launch({ MinCount: 4, MaxCount: 5 })).toMatchObject({
      status: 500,
      code: "InsufficientInstanceCapacity",
    })
    expect(cloud.world.truth()).toEqual([])
  })

  test("above the quota: none", async () => {
    cloud.world.setQuota({ family: "standard", market: "on-demand", vcpus: 4 })
    expect(await launch({ MinCount: 3, MaxCount: 3 })).toMatchObject({ status: 400, code: "VcpuLimitExceeded" })
  })

  test("a type that the zone has not", async () => {
    await cloud.wire.close()
    const types = [
      { name: "m7i.large", family: "standard", vcpus: 2, memoryGiB: 8, arch: "x86_64", zones: ["us-east-1b"] },
    ] as const
    cloud = await rawEc2({ types })
    const reply = await launch()
    expect([reply.status, reply.code]).toEqual([400, "Unsupported"])
    expect(reply.message).toContain("choosing us-east-1b")
  })
})

describe("client tokens", () => {
  test("the same request again: the same instances", async () => {
    const first = await launch({ ClientToken: "t1", MaxCount: 3 })
    const again = await launch({ ClientToken: "t1", MaxCount: 3 })
    expect(idsIn(again)).toEqual(idsIn(first))
    expect(text(again.body, "reservationId")).toBe(text(first.body, "reservationId"))
    expect(cloud.world.truth()).toHaveLength(3)
  })

  test.each([{ MaxCount: 2 }, { InstanceType: "c7i.large" }, { KeyName: "ops" }, { UserData: "YQ==" }])(
    "with %o instead: IdempotentParameterMismatch",
    async (change) => {
      await launch({ ClientToken: "t1" })
      expect(await launch({ ClientToken: "t1", ...change })).toMatchObject({
        status: 400,
        code: "IdempotentParameterMismatch",
      })
      expect(cloud.world.truth()).toHaveLength(1)
    },
  )

  test("in another zone: launches again", async () => {
    const first = await launch({ ClientToken: "t1" })
    const other = await launch({ ClientToken: "t1", "Placement.AvailabilityZone": "us-east-1b" })
    expect(idsIn(other)).not.toEqual(idsIn(first))
    expect(cloud.world.truth()).toHaveLength(2)
  })

  test("after its instances were terminated: IdempotentInstanceTerminated", async () => {
    const first = await launch({ ClientToken: "t1" })
    await cloud.ask("TerminateInstances", idsOf(idsIn(first)))
    expect(await launch({ ClientToken: "t1" })).toMatchObject({ status: 400, code: "IdempotentInstanceTerminated" })
    expect(cloud.world.truth()).toHaveLength(1)
  })

  test("a launch that failed pins its token as well", async () => {
    cloud.world.setCapacity({ zone: "us-east-1a" }, 0)
    await launch({ ClientToken: "t1" })
    expect(await launch({ ClientToken: "t1", MaxCount: 2 })).toMatchObject({ code: "IdempotentParameterMismatch" })
  })
})

describe("lists", () => {
  const tagged = (name: string, value: string): Parameters => ({
    "TagSpecification.1.ResourceType": "instance",
    "TagSpecification.1.Tag.1.Key": name,
    "TagSpecification.1.Tag.1.Value": value,
  })

  test.each([
    ["a value", ["tag:team", "video"], 1],
    ["any of several values", ["tag:team", "video", "audio"], 2],
    ["a star", ["tag:team", "*eo"], 1],
    ["a question mark", ["tag:team", "?udio"], 1],
    ["an escaped star", ["tag:team", "\\*eo"], 0],
    ["a star that is there, escaped", ["tag:team", "a\\*b"], 1],
    ["only its own case", ["tag:team", "VIDEO"], 0],
    ["a key", ["tag-key", "team"], 3],
    ["a key that none has", ["tag-key", "colour"], 0],
    ["a type", ["instance-type", "m7i.*"], 3],
    ["a state", ["instance-state-name", "terminated"], 0],
    ["an id that never was", ["instance-id", "i-0123456789abcdef0"], 0],
  ] as const)("filter by %s", async (_what, filter, count) => {
    for (const value of ["video", "audio", "a*b"]) await launch(tagged("team", value))
    expect(idsIn(await cloud.ask("DescribeInstances", filters(filter)))).toHaveLength(count)
  })

  test("filters of different names must all match", async () => {
    await launch(tagged("team", "video"))
    const both = filters(["tag:team", "video"], ["availability-zone", "us-east-1b"])
    expect(idsIn(await cloud.ask("DescribeInstances", both))).toEqual([])
  })

  test("in pages, by reservation, to the end", async () => {
    const first = idsIn(await launch({ MaxCount: 7 }))
    const second = idsIn(await launch({ MaxCount: 6 }))
    const seen: string[] = []
    let token = ""
    const sizes: number[] = []
    do {
      const reply = await cloud.ask("DescribeInstances", {
        MaxResults: 5,
        ...(token === "" ? {} : { NextToken: token }),
      })
      sizes.push(idsIn(reply).length)
      seen.push(...idsIn(reply))
      token = text(reply.body, "nextToken")
    } while (token !== "")
    expect(sizes).toEqual([5, 5, 3])
    expect(seen).toEqual([...first, ...second])
    expect(items((await cloud.ask("DescribeInstances")).body, "reservationSet")).toHaveLength(2)
  })

  test("a page token belongs to its request", async () => {
    await launch({ MaxCount: 7 })
    const NextToken = text((await cloud.ask("DescribeInstances", { MaxResults: 5 })).body, "nextToken")
    const other = await cloud.ask("DescribeInstances", { MaxResults: 6, NextToken })
    expect(other).toMatchObject({ code: "InvalidNextToken" })
  })
})

describe("terminations", () => {
  test("show what was and what is", async () => {
    const ids = idsIn(await launch({ MaxCount: 2 }))
    const reply = await cloud.ask("TerminateInstances", idsOf(ids))
    const [first] = items(reply.body, "instancesSet")
    expect(items(reply.body, "instancesSet")).toHaveLength(2)
    expect([
      text(first ?? reply.body, "previousState", "code"),
      text(first ?? reply.body, "previousState", "name"),
    ]).toEqual(["16", "running"])
    const again = items((await cloud.ask("TerminateInstances", idsOf(ids))).body, "instancesSet")[0]
    expect(text(again ?? reply.body, "previousState", "name")).toBe("terminated")
  })

  test("one bad id, and none is terminated", async () => {
    const ids = idsIn(await launch({ MaxCount: 2 }))
    const reply = await cloud.ask("TerminateInstances", idsOf([...ids, "i-0123456789abcdef0", "i-0123456789abcdef1"]))
    expect(reply).toMatchObject({ status: 400, code: "InvalidInstanceID.NotFound" })
    expect(reply.message).toBe("The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist")
    expect(cloud.world.truth().map(({ state }) => state)).toEqual(["running", "running"])
  })

  test("a protected one saves those of its zone, and no others", async () => {
    const guarded = idsIn(await launch({ DisableApiTermination: true }))
    const mate = idsIn(await launch())
    const other = idsIn(await launch({ "Placement.AvailabilityZone": "us-east-1b" }))
    const reply = await cloud.ask("TerminateInstances", idsOf([...guarded, ...mate, ...other]))
    expect(reply).toMatchObject({ status: 400, code: "OperationNotPermitted" })
    const alive = cloud.world.truth({ states: ["running"] }).map(({ id }) => id)
    expect(alive).toEqual([...guarded, ...mate])
  })

  test("of more than 1000 are refused", async () => {
    const ids = Array.from({ length: 1001 }, (_, n) => `i-${String(n).padStart(17, "0")}`)
    expect(await cloud.ask("TerminateInstances", idsOf(ids))).toMatchObject({ code: "ResourceCountExceeded" })
  })

  test("say so in the instance", async () => {
    const ids = idsIn(await launch())
    await cloud.ask("TerminateInstances", idsOf(ids))
    const reply = await cloud.ask("DescribeInstances")
    const [instance] = items(reply.body, "reservationSet", "item", "instancesSet")
    const at = (...path: string[]) => text(instance ?? reply.body, ...path)
    expect(at("stateReason", "code")).toBe("Client.UserInitiatedShutdown")
    expect(at("reason")).toMatch(/^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/)
    expect(at("privateIpAddress")).toBe("")
  })
})

describe("buckets", () => {
  test("the sixth launch in one moment is refused, and launches nothing", async () => {
    await cloud.wire.close()
    cloud = await rawEc2({ buckets: { RunInstances: { kind: "token", capacity: 5, perSecond: 0 } } })
    const replies = []
    for (let n = 0; n < 6; n += 1) replies.push(await launch())
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 503])
    expect(replies[5]).toMatchObject({ code: "RequestLimitExceeded" })
    expect(cloud.world.truth()).toHaveLength(5)
  })

  test("refused requests, also wrong ones, count", async () => {
    await cloud.wire.close()
    cloud = await rawEc2({ buckets: { RunInstances: { kind: "token", capacity: 1, perSecond: 0 } } })
    await launch({ DryRun: true })
    expect(await launch()).toMatchObject({ code: "RequestLimitExceeded" })
  })

  test("a describe without filter or page draws on the smaller bucket", async () => {
    await cloud.wire.close()
    cloud = await rawEc2({ buckets: { "DescribeInstances.unfiltered": { kind: "token", capacity: 1, perSecond: 0 } } })
    await cloud.ask("DescribeInstances")
    expect(await cloud.ask("DescribeInstances")).toMatchObject({ code: "RequestLimitExceeded" })
    expect(await cloud.ask("DescribeInstances", { MaxResults: 5 })).toMatchObject({ status: 200 })
  })
})

test("what is launched with groups, key and interface is shown with them", async () => {
  const reply = await cloud.ask("RunInstances", {
    ImageId: IMAGES.x86_64,
    InstanceType: "m7i.large",
    MinCount: 1,
    MaxCount: 1,
    KeyName: "ops",
    "NetworkInterface.1.DeviceIndex": 0,
    "NetworkInterface.1.SubnetId": subnetOf("us-east-1c"),
    "NetworkInterface.1.AssociatePublicIpAddress": false,
  })
  const [instance] = items(reply.body, "instancesSet")
  const at = (...path: string[]) => text(instance ?? reply.body, ...path)
  expect([at("keyName"), at("subnetId"), at("placement", "availabilityZone"), at("ipAddress")]).toEqual([
    "ops",
    subnetOf("us-east-1c"),
    "us-east-1c",
    "",
  ])
  expect(text(items(instance ?? reply.body, "groupSet")[0] ?? reply.body, "groupId")).toBe(SECURITY_GROUP)
})
