/** From a wish to RunInstances requests. Pure. */
import { createHash } from "node:crypto"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { launchTags } from "../../src/fleet/tags.js"
import type { Json, JsonObject, LaunchCall, Offer, Prepared, Wish } from "../../src/provider.js"
import { LAUNCH_BATCH } from "./limits.js"
import type { Blueprint } from "./prepare.js"
import { placeOf, type Subnet } from "./subnets.js"

interface Part {
  readonly offer: Offer
  readonly count: number
  readonly index: number
}

/**
 * As few requests as batch size and zones allow, of even size, each for one pool: RunInstances takes one type in one zone.
 * "zones" gives the requests to the zones in turn, each to its best offer.
 */
export function split(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  const blueprint = prepared.body as Blueprint
  return partsOf(wish).map((part) => launchCall(wish, blueprint, part))
}

function partsOf({ offers, count, spread }: Wish): readonly Part[] {
  const pools = spread === "one-zone" ? offers.slice(0, 1) : bestOfZones(offers).slice(0, count)
  if (pools.length === 0 || count <= 0) return []
  const calls = Math.max(pools.length, Math.ceil(count / LAUNCH_BATCH))
  return Array.from({ length: calls }, (_, index) => {
    const offer = pools[index % pools.length] as Offer
    return { offer, index, count: Math.floor(count / calls) + (index < count % calls ? 1 : 0) }
  })
}

function bestOfZones(offers: readonly Offer[]): readonly Offer[] {
  const zones = new Map<string, Offer>()
  for (const offer of offers) if (!zones.has(offer.zone)) zones.set(offer.zone, offer)
  return [...zones.values()]
}

function launchCall(wish: Wish, blueprint: Blueprint, part: Part): LaunchCall {
  const { offer, count } = part
  const token = createHash("sha256").update(`${wish.uid}/${wish.id}/${part.index}`).digest("hex").slice(0, 32)
  const tags = { ...blueprint.tags, ...launchTags(blueprint.owner, wish.group, token) }
  const input = {
    ClientToken: token,
    ImageId: blueprint.imageId,
    InstanceType: offer.instanceType as Ec2._InstanceType,
    MinCount: 1,
    MaxCount: count,
    UserData: blueprint.userData,
    // The deadline's timer powers the guest off; with EC2's default it would only stop, and its disks cost on.
    InstanceInitiatedShutdownBehavior: "terminate",
    MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", InstanceMetadataTags: "enabled" },
    TagSpecifications: tagSpecifications(tags),
    ...placement(blueprint, part),
  } satisfies Ec2.RunInstancesCommandInput
  return {
    api: "RunInstances",
    zone: offer.zone,
    group: wish.group,
    offers: [offer],
    count,
    token,
    body: merge(input as JsonObject, blueprint.overrides),
    cost: { RunInstances: 1, "RunInstances.resources": count },
  }
}

/** What is made with an instance is found by the same tags. They are part of the creation: no tags, no instance. */
function tagSpecifications(tags: Readonly<Record<string, string>>) {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const resources = ["instance", "volume", "network-interface"] as const
  return resources.map((ResourceType) => ({ ResourceType, Tags }))
}

/** A token is bound to its zone, so the zone is always named: the same token in another zone would launch again. */
function placement({ subnets, securityGroupIds, publicAddress }: Blueprint, { offer, index }: Part) {
  const fitting = subnets.filter((subnet) => subnets.length === 1 || placeOf(subnet) === offer.zone)
  const subnet: Subnet | undefined = fitting[index % Math.max(1, fitting.length)]
  const place = subnet === undefined ? { Placement: { AvailabilityZone: offer.zone } } : { SubnetId: subnet.id }
  const groups = securityGroupIds.length === 0 ? {} : { SecurityGroupIds: securityGroupIds as string[] }
  if (publicAddress === "auto") return { ...place, ...groups }
  // Whether there is an address is said by the interface, which then says subnet and groups too.
  const nic = {
    DeviceIndex: 0,
    AssociatePublicIpAddress: publicAddress,
    DeleteOnTermination: true,
    ...(subnet === undefined ? {} : { SubnetId: subnet.id }),
    ...(securityGroupIds.length === 0 ? {} : { Groups: securityGroupIds as string[] }),
  }
  return { ...(subnet === undefined ? place : {}), NetworkInterfaces: [nic] }
}

/** Objects are merged, everything else is replaced. */
function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key]
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value
  }
  return merged
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
