import { randomBytes } from "node:crypto"
import { EC2Client } from "@aws-sdk/client-ec2"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { type AwsOptions, aws } from "../../../providers/aws/index.js"
import { SpecError } from "../../../src/errors.js"
import { ec2, GROUP, offersOf, OWNER, prepareOf, TOLD } from "../support/cloud.js"

function problem(options: unknown): string {
  try {
    aws(options as AwsOptions)
  } catch (error) {
    expect(error).toBeInstanceOf(SpecError)
    return (error as SpecError).message
  }
  return "none"
}

describe("aws()", () => {
  const region = "eu-west-2"

  test.each([
    ["no region", {}, /aws\.region: is missing/],
    [
      "a zone for a region",
      { region: "eu-west-2a" },
      /aws\.region: is "eu-west-2a"; that is a zone: give region "eu-west-2", and zones: \["eu-west-2a"\]/,
    ],
    ["a word for a region", { region: "london" }, /give the region's code/],
    ["an unknown option", { region, subnetId: "x" }, /aws\.subnetId: unknown option.*did you mean "subnetIds"/],
    ["an endpoint that is no URL", { region, endpoint: "ec2" }, /aws\.endpoint: is "ec2"; give an https URL/],
    ["plain http to elsewhere", { region, endpoint: "http://ec2.example.com" }, /plain http only for a loopback host/],
    [
      "plain http to what only looks like loopback",
      { region, endpoint: "http://127.0.0.1.example.com" },
      /plain http only/,
    ],
    ["a malformed image", { region, imageId: "windows" }, /aws\.imageId: is "windows"; give "ubuntu", "amazon-linux"/],
    [
      "SSH from everywhere",
      { region, sshFrom: "0.0.0.0/0" },
      /aws\.sshFrom: is "0\.0\.0\.0\/0"; give your own address range/,
    ],
    [
      "SSH from everywhere, of IPv6",
      { region, sshFrom: "::/0" },
      /aws\.sshFrom: is "::\/0".*or \/32 of IPv6, never everywhere/,
    ],
    ["SSH from nearly everywhere", { region, sshFrom: "2000::/3" }, /aws\.sshFrom/],
    ["SSH from nowhere", { region, sshFrom: "home" }, /never everywhere/],
    ["a price of nothing", { region, prices: { "m7i.large": 0 } }, /aws\.prices\.m7i\.large: is 0/],
    [
      "fleets for a reservation",
      { region, fleet: true, reservation: { id: "cr-0a1b2c3d4e5f67890" } },
      /aws\.fleet: is true beside reservation/,
    ],
    [
      "a placement group for a capacity block",
      { region, placementGroup: "p", reservation: { id: "cr-0a1b2c3d4e5f67890", kind: "capacity-block" } },
      /aws\.placementGroup: is given beside a capacity block/,
    ],
    ["a reservation of spot", { region, maxSpotPrice: 1, reservation: { id: "cr-0a1b2c3d4e5f67890" } }, /maxSpotPrice/],
    ["an override of the market", { region, overrides: { InstanceMarketOptions: {} } }, /use market/],
    ["no subnet in a list of subnets", { region, subnetIds: [] }, /name at least one subnet/],
    ["a malformed subnet", { region, subnetIds: ["net-1"] }, /aws\.subnetIds\.0: is "net-1"; give a subnet's id/],
    ["a malformed security group", { region, securityGroupIds: ["web"] }, /aws\.securityGroupIds\.0: is "web"/],
    [
      "an override of the tags",
      { region, overrides: { TagSpecifications: [] } },
      /aws\.overrides\.TagSpecifications: cannot be overridden.*ownership/,
    ],
    ["an override of the deadline", { region, overrides: { InstanceInitiatedShutdownBehavior: "stop" } }, /deadline/],
    ["a client that is none", { region, client: {} }, /give an EC2Client/],
    ["a client and an endpoint", { region, client: { send: () => {} }, endpoint: "https://x" }, /one or the other/],
  ])("refuses %s", (_what, options, message) => {
    expect(problem(options)).toMatch(message)
  })

  test("never shows a key", () => {
    const message = problem({ region, credentials: { accessKeyId: "AKIDEXAMPLE", secretAcessKey: "tops3cret" } })
    expect(message).toContain('aws.credentials.secretAcessKey: unknown option; did you mean "secretAccessKey"?')
    expect(message).toContain("aws.credentials.secretAccessKey: is missing")
    expect(message).not.toContain("tops3cret")
    expect(problem({ region, credentials: "AKIA:tops3cret" })).not.toContain("tops3cret")
  })

  test("says all at once", () => {
    const message = problem({ region: "x", imageId: "y", overrides: { MinCount: 2 }, credentials: {} })
    for (const option of ["aws.region", "aws.imageId", "aws.overrides.MinCount", "aws.credentials.accessKeyId"]) {
      expect(message).toContain(option)
    }
  })

  test.each(["https://ec2.eu-west-2.amazonaws.com", "http://localhost:4566", "http://127.0.0.1:1", "http://[::1]:1"])(
    "takes %s for an endpoint",
    (endpoint) => {
      expect(problem({ region, endpoint })).toBe("none")
    },
  )

  test.each(["us-gov-west-1", "cn-north-1", "ap-southeast-3", "us-iso-east-1", "eusc-de-east-1"])(
    "takes %s",
    (name) => {
      expect(problem({ region: name })).toBe("none")
    },
  )
})

describe("a ready-made client", () => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
  // The SDK's word about Node versions is not what is tested here.
  beforeAll(() => void vi.stubEnv("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true"))
  afterAll(() => void vi.unstubAllEnvs())

  const given = (client: EC2Client) => ({ client, endpoint: undefined, credentials: undefined })

  test("is used as it is", async () => {
    const cloud = await ec2()
    const client = new EC2Client({ region: "us-east-1", endpoint: cloud.wire.url, credentials, maxAttempts: 1 })
    const provider = aws({ region: "us-east-1", client })
    expect(await cloud.run(provider.list({ uid: "none" }, cloud.bare()))).toEqual([])
    expect(cloud.world.ledger.count("DescribeInstances")).toBe(1)
  })

  test("that retries by itself is refused", async () => {
    const cloud = await ec2({ aws: given(new EC2Client({ region: "us-east-1", credentials })) })
    await expect(offersOf(cloud)).rejects.toThrow(/aws\.client: retries by itself \(maxAttempts 3\)/)
  })

  test("of another region is refused", async () => {
    const cloud = await ec2({ aws: given(new EC2Client({ region: "eu-west-1", credentials, maxAttempts: 1 })) })
    await expect(offersOf(cloud)).rejects.toThrow(/aws\.client: is made for eu-west-1 and not for us-east-1/)
  })
})

describe("prepare", () => {
  test.each([
    ["no image", { image: "windows" }, /groups\.default\.image: is "windows"; give "ubuntu", "amazon-linux"/],
    ["a tag of ours", { tags: { "muster-uid": "x" } }, /groups\.default\.tags\.muster-uid: begins with muster-/],
    [
      "a tag that metadata cannot show, with a lease",
      { tags: { "cost center": "x" }, leaseSeconds: 60 },
      /tags\.cost center: has a key that instance metadata cannot show/,
    ],
    ["a tag of AWS's", { tags: { "aws:x": "x" } }, /begins with "aws:"/],
    ["too long a tag", { tags: { note: "x".repeat(257) } }, /is 257 characters long; EC2 takes 256/],
    ["too many tags", { tags: Object.fromEntries(Array.from({ length: 44 }, (_, n) => [`t${n}`, ""])) }, /has 44 tags/],
    ["a variable that no shell can have", { environment: { "a-b": "1" } }, /no name of a shell variable/],
    ["a variable of ours", { environment: { MUSTER_UID: "1" } }, /kept for Muster/],
    ["a variable of our script's", { environment: { muster_root: "/" } }, /kept for Muster/],
    ["a script that no shell can have", { startup: "echo a\0b" }, /startup: contains a NUL/],
    [
      "too much user data",
      { startup: randomBytes(16_384).toString("base64") },
      /startup.*bytes of user data, compressed; EC2 takes 16384/,
    ],
  ])("refuses %s before anything is made", async (_what, group, message) => {
    const cloud = await ec2()
    await expect(prepareOf(cloud, group)).rejects.toThrow(message)
    expect(cloud.world.ledger.entries.filter(({ api }) => !api.startsWith("Describe"))).toEqual([])
  })

  test("what limits.userDataBytes allows fits beside our own part", async () => {
    const cloud = await ec2()
    const owner = { ...OWNER, cluster: "c".repeat(63), uid: "u".repeat(63) }
    const group = {
      ...GROUP,
      name: "g".repeat(63),
      environment: {},
      startup: "x".repeat(cloud.provider.limits.userDataBytes - 20),
    }
    await expect(cloud.run(cloud.provider.prepare(owner, group, cloud.bare()))).resolves.toBeDefined()
  })

  test("asks nothing when image and subnet are named with their facts", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD } })
    const { notes, body } = await prepareOf(cloud)
    expect(cloud.world.ledger.count()).toBe(0)
    expect(notes).toEqual([expect.stringContaining("public IPv4 address (0.005 USD an hour")])
    expect(body.images).toEqual({ x86_64: { id: TOLD.id, devices: TOLD.devices } })
  })
})
