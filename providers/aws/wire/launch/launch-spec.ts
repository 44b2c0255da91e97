/** What RunInstances takes, and its checks: pure, from parameters and account to what the world is asked for. */
import type { Arch, Market } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { SECURITY_GROUP, subnetOf } from "../world/account.js"
import { freeAddresses } from "../prepare/addresses.js"
import { checkId } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { type Habits, isYoung, listOf } from "../client/action.js"
import { checkGroupCount } from "../prepare/group-count.js"
import { checkFit } from "./launch-fit.js"
import { checkOptions, marketOf } from "./launch-options.js"
import { tagsOf } from "./launch-tags.js"

export interface LaunchSpec {
  readonly imageId: string
  readonly rootDevice: string
  readonly instanceType: string
  readonly market: Market
  readonly zone: string
  /** The token is bound to the zone when the request names one, else to the region. */
  readonly isZonal: boolean
  readonly subnetId: string
  /** That many instances have room in the subnet. */
  readonly addresses: number
  readonly securityGroupIds: readonly string[]
  readonly publicAddress: boolean
  readonly tags: Readonly<Record<string, string>>
}

interface Interface {
  readonly SubnetId?: string
  readonly SecurityGroupId?: readonly string[]
  readonly AssociatePublicIpAddress?: boolean
}

/** @throws Refusal for the first thing that is wrong. */
export function launchSpec(world: World, values: Values, habits: Habits): LaunchSpec {
  checkCounts(values)
  checkToken(values)
  checkUserData(values)
  const nic = listOf<Interface>(values.NetworkInterface)[0]
  if (nic !== undefined && (values.SubnetId !== undefined || values.SecurityGroupId !== undefined)) {
    const what = values.SubnetId === undefined ? "security groups" : "subnet ID"
    throw new Refusal(
      "InvalidParameterCombination",
      `Network interfaces and an instance-level ${what} may not be specified on the same request`,
    )
  }
  const instanceType = (values.InstanceType as string | undefined) ?? "m1.small"
  const { zone, isZonal, subnetId } = placeOf(
    world,
    values,
    instanceType,
    nic?.SubnetId ?? (values.SubnetId as string | undefined),
  )
  const imageId = imageOf(world, values, instanceType)
  const groups = nic?.SecurityGroupId ?? listOf(values.SecurityGroupId)
  for (const id of groups) checkGroup(world, id, subnetId, habits)
  checkGroupCount(groups, "Instance")
  const market = marketOf(values)
  checkOptions(world, values, { instanceType, zone, market })
  checkFit(world, values, imageId, instanceType)
  if (habits.impairedZones.has(zone)) throw noCapacity(instanceType, zone)
  const addresses = roomIn(world, subnetId, Number(values.MinCount))
  return {
    imageId,
    addresses,
    rootDevice: String(world.resources.get("image", imageId)?.attributes.root ?? "/dev/xvda"),
    instanceType,
    market,
    zone,
    isZonal,
    subnetId,
    securityGroupIds: groups.length === 0 ? [SECURITY_GROUP] : groups,
    // Default subnets give an address unless the request says otherwise (VPC User Guide).
    publicAddress: nic?.AssociatePublicIpAddress ?? true,
    tags: tagsOf(values),
  }
}

function checkCounts({ MinCount: min, MaxCount: max }: Values): void {
  if (Number(min) < 1 || Number(max) < Number(min)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Value (${String(min)}, ${String(max)}) for MinCount and MaxCount is invalid. MinCount must be at least 1 and at most MaxCount.`,
    )
  }
}

function checkToken({ ClientToken: token }: Values): void {
  if (token === undefined || /^[\x20-\x7e]{1,64}$/.test(String(token))) return
  throw new Refusal("InvalidParameterValue", "The client token must be 1 to 64 ASCII characters.")
}

const USER_DATA_BYTES = 16_384

function checkUserData({ UserData: text }: Values): void {
  if (text === undefined) return
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(String(text)))
    throw new Refusal("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
  if (Buffer.from(String(text), "base64").length > USER_DATA_BYTES) {
    throw new Refusal("InvalidUserData.Malformed", `User data is limited to ${USER_DATA_BYTES} bytes`)
  }
}

interface Place {
  readonly zone: string
  readonly isZonal: boolean
  readonly subnetId: string
}

function placeOf(world: World, values: Values, instanceType: string, subnetId: string | undefined): Place {
  const asked = (values.Placement as { AvailabilityZone?: string } | undefined)?.AvailabilityZone
  if (asked !== undefined && !world.settings.zones.includes(asked)) {
    throw new Refusal("InvalidParameterValue", `Invalid availability zone: [${asked}]`)
  }
  const zone = subnetId === undefined ? (asked ?? anyZone(world, instanceType)) : zoneOfSubnet(world, subnetId)
  if (asked !== undefined && asked !== zone) {
    throw new Refusal(
      "InvalidParameterValue",
      `The subnet ${subnetId} is in ${zone}, not in the requested availability zone ${asked}`,
    )
  }
  checkSold(world, instanceType, zone)
  const id = subnetId ?? subnetOf(zone)
  if (world.resources.get("subnet", id) === undefined)
    throw new Refusal("MissingInput", `No default subnet for availability zone: '${zone}'.`)
  return { zone, isZonal: asked !== undefined || subnetId !== undefined, subnetId: id }
}

/** EC2 chooses; here, the zone with most left. */
function anyZone(world: World, instanceType: string): string {
  const stock = (zone: string) => world.stock({ zone, instanceType, market: "on-demand" })
  return [...world.settings.zones].sort((a, b) => (stock(a) < stock(b) ? 1 : stock(a) > stock(b) ? -1 : 0))[0] ?? ""
}

function zoneOfSubnet(world: World, id: string): string {
  checkId("subnet", id)
  const zone = world.resources.get("subnet", id)?.attributes.zone
  if (typeof zone !== "string") throw new Refusal("InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`)
  return zone
}

function checkSold(world: World, instanceType: string, zone: string): void {
  const zones = new Set(world.offers.flatMap((offer) => (offer.instanceType === instanceType ? [offer.zone] : [])))
  if (zones.size === 0) throw new Refusal("InvalidParameterValue", `Invalid value '${instanceType}' for InstanceType.`)
  if (zones.has(zone)) return
  const others = [...zones].join(", ")
  throw new Refusal(
    "Unsupported",
    `Your requested instance type (${instanceType}) is not supported in your requested Availability Zone (${zone}). Please retry your request by not specifying an Availability Zone or choosing ${others}.`,
  )
}

function imageOf(world: World, { ImageId: id }: Values, instanceType: string): string {
  if (id === undefined) throw new Refusal("MissingParameter", "The request must contain the parameter ImageId")
  const imageId = String(id)
  checkId("ami", imageId)
  const arch = world.resources.get("image", imageId)?.attributes.arch as Arch | undefined
  if (arch === undefined) throw new Refusal("InvalidAMIID.NotFound", `The image id '[${imageId}]' does not exist`)
  const wanted = world.offers.find((offer) => offer.instanceType === instanceType)?.arch
  if (wanted === arch) return imageId
  throw new Refusal(
    "InvalidParameterValue",
    `The architecture '${wanted}' of the specified instance type does not match the architecture '${arch}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
  )
}

function checkGroup(world: World, id: string, subnetId: string, habits: Habits): void {
  checkId("sg", id)
  const group = world.resources.get("security-group", id)
  if (group === undefined || isYoung(world, group, habits))
    throw new Refusal("InvalidGroup.NotFound", `The security group '${id}' does not exist`)
  if (group.attributes.vpc === world.resources.get("subnet", subnetId)?.attributes.vpc) return
  throw new Refusal("InvalidParameter", `Security group ${id} and subnet ${subnetId} belong to different networks.`)
}

/** "stop" by default ("Change instance initiated shutdown behavior"). */
export function onPowerOffOf({ InstanceInitiatedShutdownBehavior: behavior }: Values): "stop" | "end" {
  return behavior === "terminate" ? "end" : "stop"
}

export function noCapacity(instanceType: string, zone: string): Refusal {
  return new Refusal(
    "InsufficientInstanceCapacity",
    `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.`,
  )
}

/** Where the least that is asked has no room, nothing is launched; between least and most, what has. */
function roomIn(world: World, subnetId: string, least: number): number {
  const free = freeAddresses(world, subnetId)
  if (free >= least) return free
  throw new Refusal(
    "InsufficientFreeAddressesInSubnet",
    `There are not enough free addresses in subnet '${subnetId}' to satisfy the requested number of instances.`,
  )
}
