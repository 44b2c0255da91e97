/** The wire refuses what EC2 refuses, in EC2's words, and does what EC2 does. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { IMAGES, SECURITY_GROUP, subnetOf } from "../../providers/aws/wire/index.js"
import { idsIn, items, LAUNCH, type Parameters, type RawCloud, rawEc2, signed, text } from "./support/raw.js"

let cloud: RawCloud

beforeEach(async () => {
  cloud = await rawEc2()
})

afterEach(() => cloud.wire.close())

const launch = (parameters: Parameters = {}) => cloud.ask("RunInstances", { ...LAUNCH, ...parameters })

/** Named parameters of a list: `Filter.1.Name`. */
function filters(...given: readonly (readonly [name: string, ...values: string[]])[]): Parameters {
  return Object.fromEntries(
    given.flatMap(([name, ...values], at) => [
      [`Filter.${at + 1}.Name`, name],
      ...values.map((value, place) => [`Filter.${at + 1}.Value.${place + 1}`, value]),
    ]),
  )
}

function idsOf(ids: readonly string[]): Parameters {
  return Object.fromEntries(ids.map((id, at) => [`InstanceId.${at + 1}`, id]))
}

describe("who asks", () => {
  test.each([
    ["nobody", {}, 403, "MissingAuthenticationToken"],
    ["somebody without a date", { authorization: signed().authorization }, 400, "IncompleteSignature"],
    ["somebody with another scheme", { ...signed(), authorization: "Bearer abc" }, 400, "IncompleteSignature"],
    ["somebody who signed for another region", signed({ region: "eu-west-1" }), 403, "SignatureDoesNotMatch"],
    ["somebody who signed for another service", signed({ service: "s3" }), 403, "SignatureDoesNotMatch"],
    ["somebody from 16 minutes ago", signed({ ageMs: 16 * 60_000 }), 400, "RequestExpired"],
    ["somebody from 16 minutes ahead", signed({ ageMs: -16 * 60_000 }), 400, "RequestExpired"],
    ["somebody from 14 minutes ago", signed({ ageMs: 14 * 60_000 }), 200, ""],
  ])("%s", async (_who, headers, status, code) => {
    const reply = await cloud.ask("DescribeInstances", {}, headers as Record<string, string>)
    expect([reply.status, reply.code]).toEqual([status, code])
  })
})

describe("requests that EC2 refuses", () => {
  test.each([
    ["an unknown action", "LaunchInstances", {}, 400, "InvalidAction"],
    ["another version", "DescribeInstances", { Version: "2010-01-01" }, 400, "NoSuchVersion"],
    ["an unknown parameter", "RunInstances", { ...LAUNCH, Count: 3 }, 400, "UnknownParameter"],
    ["an unknown member", "RunInstances", { ...LAUNCH, "Placement.Zone": "a" }, 400, "UnknownParameter"],
    ["no MinCount", "RunInstances", { ImageId: IMAGES.x86_64, MaxCount: 1 }, 400, "MissingParameter"],
    ["no image", "RunInstances", { MinCount: 1, MaxCount: 1, InstanceType: "m7i.large" }, 400, "MissingParameter"],
    ["a malformed image", "RunInstances", { ...LAUNCH, ImageId: "ami-xyz" }, 400, "InvalidAMIID.Malformed"],
    [
      "an image that is not there",
      "RunInstances",
      { ...LAUNCH, ImageId: "ami-0123456789abcdef0" },
      400,
      "InvalidAMIID.NotFound",
    ],
    [
      "an image for another processor",
      "RunInstances",
      { ...LAUNCH, ImageId: IMAGES.arm64 },
      400,
      "InvalidParameterValue",
    ],
    ["an unknown type", "RunInstances", { ...LAUNCH, InstanceType: "m99.large" }, 400, "InvalidParameterValue"],
    [
      "an unknown zone",
      "RunInstances",
      { ...LAUNCH, "Placement.AvailabilityZone": "us-east-1z" },
      400,
      "InvalidParameterValue",
    ],
    ["more at least than at most", "RunInstances", { ...LAUNCH, MinCount: 2 }, 400, "InvalidParameterValue"],
    ["none", "RunInstances", { ...LAUNCH, MinCount: 0, MaxCount: 0 }, 400, "InvalidParameterValue"],
    ["a count that is none", "RunInstances", { ...LAUNCH, MaxCount: "many" }, 400, "InvalidParameterValue"],
    [
      "an unknown value",
      "RunInstances",
      { ...LAUNCH, InstanceInitiatedShutdownBehavior: "halt" },
      400,
      "InvalidParameterValue",
    ],
    [
      "an unknown subnet",
      "RunInstances",
      { ...LAUNCH, SubnetId: "subnet-0123456789abcdef0" },
      400,
      "InvalidSubnetID.NotFound",
    ],
    [
      "a subnet of another zone",
      "RunInstances",
      { ...LAUNCH, SubnetId: subnetOf("us-east-1b") },
      400,
      "InvalidParameterValue",
    ],
    [
      "an unknown security group",
      "RunInstances",
      { ...LAUNCH, "SecurityGroupId.1": "sg-0123456789abcdef0" },
      400,
      "InvalidGroup.NotFound",
    ],
    [
      "a subnet beside an interface",
      "RunInstances",
      { ...LAUNCH, SubnetId: subnetOf("us-east-1a"), "NetworkInterface.1.DeviceIndex": 0 },
      400,
      "InvalidParameterCombination",
    ],
    ["too long a token", "RunInstances", { ...LAUNCH, ClientToken: "x".repeat(65) }, 400, "InvalidParameterValue"],
    [
      "user data that is not base64",
      "RunInstances",
      { ...LAUNCH, UserData: "#!/bin/sh" },
      400,
      "InvalidUserData.Malformed",
    ],
    [
      "too much user data",
      "RunInstances",
      { ...LAUNCH, UserData: Buffer.alloc(16_385).toString("base64") },
      400,
      "InvalidUserData.Malformed",
    ],
    [
      "a tag of AWS's",
      "RunInstances",
      { ...LAUNCH, "TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "aws:x" },
      400,
      "InvalidParameterValue",
    ],
    [
      "a tag that metadata cannot show",
      "RunInstances",
      {
        ...LAUNCH,
        "MetadataOptions.InstanceMetadataTags": "enabled",
        "TagSpecification.1.ResourceType": "instance",
        "TagSpecification.1.Tag.1.Key": "a/b",
      },
      400,
      "InvalidParameterValue",
    ],
    [
      "a tag for a spot request, on demand",
      "RunInstances",
      { ...LAUNCH, "TagSpecification.1.ResourceType": "spot-instances-request" },
      400,
      "InvalidParameterValue",
    ],
    ["a dry run", "RunInstances", { ...LAUNCH, DryRun: true }, 412, "DryRunOperation"],
    [
      "ids and pages",
      "DescribeInstances",
      { "InstanceId.1": "i-0123456789abcdef0", MaxResults: 5 },
      400,
      "InvalidParameterCombination",
    ],
    [
      "an id that was never given",
      "DescribeInstances",
      { "InstanceId.1": "i-0123456789abcdef0" },
      400,
      "InvalidInstanceID.NotFound",
    ],
    ["what is no id", "DescribeInstances", { "InstanceId.1": "vm-1" }, 400, "InvalidInstanceID.Malformed"],
    ["too small a page", "DescribeInstances", { MaxResults: 4 }, 400, "InvalidParameterValue"],
    ["too large a page", "DescribeInstances", { MaxResults: 1001 }, 400, "InvalidParameterValue"],
    ["a page token of nobody's", "DescribeInstances", { MaxResults: 5, NextToken: "abc" }, 400, "InvalidNextToken"],
    [
      "201 values",
      "DescribeInstances",
      filters(["instance-id", ...Array.from({ length: 201 }, (_, n) => `i-${n}`)]),
      400,
      "FilterLimitExceeded",
    ],
    [
      "51 filters",
      "DescribeInstances",
      filters(...Array.from({ length: 51 }, (_, n) => [`tag:t${n}`, "x"] as const)),
      400,
      "FilterLimitExceeded",
    ],
    ["a filter without a value", "DescribeInstances", { "Filter.1.Name": "instance-id" }, 400, "InvalidParameterValue"],
    ["too long a value", "DescribeInstances", filters(["tag:t", "x".repeat(256)]), 400, "InvalidParameterValue"],
    ["nothing to terminate", "TerminateInstances", {}, 400, "MissingParameter"],
    [
      "an unknown type to describe",
      "DescribeInstanceTypes",
      { "InstanceType.1": "m99.large" },
      400,
      "InvalidInstanceType",
    ],
    [
      "types and pages",
      "DescribeInstanceTypes",
      { "InstanceType.1": "m7i.large", MaxResults: 5 },
      400,
      "InvalidParameterCombination",
    ],
    [
      "an unknown subnet to describe",
      "DescribeSubnets",
      { "SubnetId.1": "subnet-0123456789abcdef0" },
      400,
      "InvalidSubnetID.NotFound",
    ],
  ] as const)("%s", async (_what, action, parameters, status, code) => {
    const reply = await cloud.ask(action, parameters as Parameters)
    expect([reply.status, reply.code]).toEqual([status, code])
    expect(reply.message).not.toBe("")
    expect(reply.headers.get("x-amzn-requestid")).toBe(text(reply.body, "RequestID"))
    expect(cloud.world.truth()).toEqual([])
  })

  test("an unknown filter, as soon as there is something to filter", async () => {
    await launch()
    expect(await cloud.ask("DescribeInstances", filters(["colour", "red"]))).toMatchObject({
      code: "InvalidParameterValue",
    })
  })

  test("a request that is not a form at all", async () => {
    const response = await fetch(cloud.wire.url, { method: "POST", body: "{}" })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("<Code>MissingAction</Code>")
  })

  test("the same parameter twice", async () => {
    const body = "Action=DescribeInstances&Version=2016-11-15&DryRun=true&DryRun=false"
    const response = await fetch(cloud.wire.url, { method: "POST", body, headers: signed() })
    expect(await response.text()).toContain("<Code>MalformedQueryString</Code>")
  })
})

test("a GET with a query string is a request too", async () => {
  const response = await fetch(`${cloud.wire.url}/?Action=DescribeInstances&Version=2016-11-15`, { headers: signed() })
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("<reservationSet/>")])
})

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
