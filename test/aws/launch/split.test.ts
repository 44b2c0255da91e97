import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import type { Blueprint } from "../../../providers/aws/prepare/blueprint.js"
import { split } from "../../../providers/aws/launch/split.js"
import type { JsonObject, LaunchCall, Offer, Wish } from "../../../src/provider.js"
import { NO_ROOM, OWNER } from "../support/cloud.js"

const offer = (zone: string, instanceType = "m7i.large"): Offer => ({
  provider: "aws",
  region: "us-east-1",
  zone,
  instanceType,
  market: "on-demand",
  family: "standard",
  vcpus: 2,
  memoryGiB: 8,
  arch: "x86_64",
})

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]

const BLUEPRINT: Blueprint = {
  images: { x86_64: { id: "ami-0a1b2c3d4e5f67890", devices: ["/dev/sda1"] } },
  subnets: [],
  securityGroupIds: [],
  userData: "IyEvYmluL3NoCg==",
  tags: { team: "video" },
  publicAddress: "auto",
  options: {},
  overrides: {},
  owner: { ...OWNER },
}

function calls(wish: Partial<Wish>, blueprint: Partial<Blueprint> = {}): readonly LaunchCall[] {
  const whole: Wish = {
    id: "w1",
    uid: OWNER.uid,
    group: "default",
    count: 1,
    offers: ZONES.map((zone) => offer(zone)),
    market: "on-demand",
    arch: "x86_64",
    spread: "one-zone",
    ...wish,
  }
  return split(whole, { notes: [], body: { ...BLUEPRINT, ...blueprint } as unknown as JsonObject }, NO_ROOM)
}

function body(blueprint: Partial<Blueprint> = {}): JsonObject {
  return calls({}, blueprint)[0]?.body ?? {}
}

describe("how many go where", () => {
  test.each([
    ["1", 1, "one-zone", [1]],
    ["a full batch", 250, "one-zone", [250]],
    ["one more than a batch, in even parts", 251, "one-zone", [126, 125]],
    ["1000: the first volley", 1000, "one-zone", [250, 250, 250, 250]],
    ["1000 over four zones: the first volley", 1000, "zones", [250, 250, 250, 250]],
    ["fewer than zones", 2, "zones", [1, 1]],
    ["over zones, the rest to the best", 7, "zones", [2, 2, 2, 1]],
  ] as const)("%s", (_what, count, spread, counts) => {
    const made = calls({ count, spread })
    expect(made.map((call) => call.count)).toEqual(counts)
    expect(new Set(made.map(({ zone }) => zone)).size).toBe(spread === "zones" ? Math.min(4, counts.length) : 1)
    expect(made.every(({ cost, count: n }) => cost.RunInstances === 1 && cost["RunInstances.resources"] === n)).toBe(
      true,
    )
  })

  test("a zone gets its best offer", () => {
    const offers = [offer("us-east-1a", "c7i.large"), offer("us-east-1a"), offer("us-east-1b")]
    const made = calls({ count: 4, spread: "zones", offers })
    expect(made.map(({ zone, body: { InstanceType } }) => [zone, InstanceType])).toEqual([
      ["us-east-1a", "c7i.large"],
      ["us-east-1b", "m7i.large"],
    ])
  })

  test("no offers, no calls", () => {
    expect(calls({ offers: [] })).toEqual([])
  })
})

describe("the request", () => {
  test("is exactly this", () => {
    const token = createHash("sha256").update(`${OWNER.uid}/w1/0`).digest("hex").slice(0, 32)
    const [call] = calls({ count: 3 })
    const Tags = [
      { Key: "team", Value: "video" },
      { Key: "muster-cluster", Value: "render" },
      { Key: "muster-uid", Value: OWNER.uid },
      { Key: "muster-owner", Value: "default" },
      { Key: "muster-group", Value: "default" },
      { Key: "muster-generation", Value: "1" },
      { Key: "muster-launch", Value: token },
      { Key: "muster-deadline", Value: OWNER.deadline },
    ]
    expect(call).toMatchObject({ api: "RunInstances", zone: "us-east-1a", group: "default", token })
    expect(call?.body).toEqual({
      ClientToken: token,
      ImageId: "ami-0a1b2c3d4e5f67890",
      InstanceType: "m7i.large",
      MinCount: 1,
      MaxCount: 3,
      Placement: { AvailabilityZone: "us-east-1a" },
      UserData: "IyEvYmluL3NoCg==",
      InstanceInitiatedShutdownBehavior: "terminate",
      MetadataOptions: {
        HttpEndpoint: "enabled",
        HttpTokens: "required",
        HttpPutResponseHopLimit: 1,
        InstanceMetadataTags: "enabled",
      },
      BlockDeviceMappings: [
        { DeviceName: "/dev/sda1", Ebs: { VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true } },
      ],
      TagSpecifications: ["instance", "volume", "network-interface"].map((ResourceType) => ({ ResourceType, Tags })),
    })
  })

  test("names the subnet of its zone, in turn when there are more", () => {
    const subnets = [
      { id: "subnet-aaaaaaaa", zone: "us-east-1a" },
      { id: "subnet-bbbbbbbb", zone: "us-east-1b" },
      { id: "subnet-cccccccc", zone: "us-east-1a" },
    ]
    const made = calls({ count: 1000 }, { subnets })
    expect(made.map(({ body: { SubnetId } }) => SubnetId)).toEqual(
      ["aaaaaaaa", "cccccccc", "aaaaaaaa", "cccccccc"].map((id) => `subnet-${id}`),
    )
    expect(made[0]?.body.Placement).toBeUndefined()
  })

  test("goes into the one subnet whose zone is not known", () => {
    expect(body({ subnets: [{ id: "subnet-aaaaaaaa" }] }).SubnetId).toBe("subnet-aaaaaaaa")
  })

  test("says through its interface whether it gets a public address, with subnet and groups", () => {
    const subnets = [{ id: "subnet-aaaaaaaa", zone: "us-east-1a" }]
    const { SubnetId, SecurityGroupIds, NetworkInterfaces } = body({
      subnets,
      securityGroupIds: ["sg-aaaaaaaa"],
      publicAddress: false,
    })
    expect([SubnetId, SecurityGroupIds]).toEqual([undefined, undefined])
    expect(NetworkInterfaces).toEqual([
      {
        DeviceIndex: 0,
        AssociatePublicIpAddress: false,
        DeleteOnTermination: true,
        SubnetId: "subnet-aaaaaaaa",
        Groups: ["sg-aaaaaaaa"],
      },
    ])
  })

  test("takes overrides last: structures are merged, the rest is replaced", () => {
    const overrides = {
      KeyName: "ops",
      MetadataOptions: { HttpPutResponseHopLimit: 2 },
      SecurityGroupIds: ["sg-bbbbbbbb"],
    }
    const made = body({ securityGroupIds: ["sg-aaaaaaaa"], overrides })
    expect(made).toMatchObject({
      KeyName: "ops",
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
      SecurityGroupIds: ["sg-bbbbbbbb"],
    })
  })
})
