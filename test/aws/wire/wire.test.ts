/** The wire refuses what EC2 refuses, in EC2's words, and does what EC2 does. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { IMAGES, subnetOf } from "../../../providers/aws/wire/index.js"
import { filters, LAUNCH, type Parameters, type RawCloud, rawEc2, signed, text } from "../support/raw.js"

let cloud: RawCloud

beforeEach(async () => {
  cloud = await rawEc2()
})

afterEach(() => cloud.wire.close())

const launch = (parameters: Parameters = {}) => cloud.ask("RunInstances", { ...LAUNCH, ...parameters })

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
