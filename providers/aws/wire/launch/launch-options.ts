/** Options of a launch that go together with some things and not with others (EC2 User Guide, each option's own page). */
import type { Market } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID } from "../world/account.js"
import { checkId } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { spotPrice } from "../offers/spot-prices.js"

interface Options {
  readonly InstanceMarketOptions?: {
    readonly MarketType?: "spot" | "capacity-block"
    readonly SpotOptions?: {
      readonly MaxPrice?: string
      readonly SpotInstanceType?: string
      readonly InstanceInterruptionBehavior?: string
    }
  }
  readonly CapacityReservationSpecification?: {
    readonly CapacityReservationTarget?: { readonly CapacityReservationId?: string }
  }
  readonly Placement?: { readonly Tenancy?: string; readonly GroupName?: string }
  readonly KeyName?: string
  readonly IamInstanceProfile?: { readonly Arn?: string; readonly Name?: string }
}

export function marketOf(values: Values): Market {
  return (values as Options).InstanceMarketOptions?.MarketType === "spot" ? "spot" : "on-demand"
}

interface Pool {
  readonly instanceType: string
  readonly zone: string
  readonly market: Market
}

/** @throws Refusal for the first of them that EC2 would not take. */
export function checkOptions(world: World, values: Values, pool: Pool): void {
  const options = values as Options
  checkSpot(world, options, pool)
  checkReservation(world, options, pool)
  checkPlacement(world, options, pool)
  checkProfile(world, options)
}

function checkSpot(
  world: World,
  { InstanceMarketOptions: asked }: Options,
  { instanceType, zone, market }: Pool,
): void {
  if (market !== "spot") return
  if (world.resources.get("service-linked-role", "AWSServiceRoleForEC2Spot") === undefined) {
    throw new Refusal(
      "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
      "The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances.",
    )
  }
  const {
    MaxPrice,
    SpotInstanceType = "one-time",
    InstanceInterruptionBehavior = "terminate",
  } = asked?.SpotOptions ?? {}
  if (SpotInstanceType === "one-time" && InstanceInterruptionBehavior !== "terminate") {
    throw new Refusal(
      "InvalidParameterCombination",
      "One-time spot requests only support the interruption behavior terminate.",
    )
  }
  const price = spotPrice(world, instanceType, zone)
  if (MaxPrice !== undefined && price !== undefined && Number(MaxPrice) < price) {
    throw new Refusal(
      "SpotMaxPriceTooLow",
      `Your Spot request price of ${MaxPrice} is lower than the minimum required Spot request fulfillment price of ${price}.`,
    )
  }
}

function checkReservation(world: World, options: Options, { instanceType, zone, market }: Pool): void {
  const isBlock = options.InstanceMarketOptions?.MarketType === "capacity-block"
  const id = options.CapacityReservationSpecification?.CapacityReservationTarget?.CapacityReservationId
  if (id === undefined) {
    if (!isBlock) return
    throw new Refusal(
      "MissingParameter",
      "The request must contain a capacity reservation target for a capacity block.",
    )
  }
  checkId("cr", id)
  if (market === "spot") {
    throw new Refusal("InvalidParameterCombination", "Spot instances cannot target a capacity reservation.")
  }
  const reserved = world.resources.get("capacity-reservation", id)?.attributes
  if (reserved === undefined) {
    throw new Refusal("InvalidCapacityReservationId.NotFound", `The capacity reservation '${id}' does not exist`)
  }
  if (reserved.instanceType !== instanceType || reserved.zone !== zone || (reserved.block === true) !== isBlock) {
    throw new Refusal("InvalidLaunchTargets", `The launch does not match the attributes of capacity reservation ${id}.`)
  }
  const used = world
    .truth({ states: ["pending", "running"] })
    .filter(({ attributes }) => JSON.stringify(attributes.request).includes(id)).length
  if (used >= Number(reserved.count)) {
    throw new Refusal("ReservationCapacityExceeded", `The capacity reservation ${id} has no available capacity.`)
  }
}

function checkPlacement(world: World, { Placement: asked, KeyName: key }: Options, { instanceType }: Pool): void {
  const { GroupName: group, Tenancy: tenancy } = asked ?? {}
  if (group !== undefined && world.resources.get("placement-group", group) === undefined) {
    throw new Refusal("InvalidPlacementGroup.Unknown", `The Placement Group '${group}' is unknown.`)
  }
  if (tenancy === "dedicated" && /^t\d/.test(instanceType)) {
    throw new Refusal("Unsupported", `${instanceType} instances do not support dedicated tenancy.`)
  }
  if (key !== undefined && world.resources.get("key-pair", key) === undefined) {
    throw new Refusal("InvalidKeyPair.NotFound", `The key pair '${key}' does not exist`)
  }
}

/** A new profile is not known for a while, and then, for another, its role is not. */
function checkProfile(world: World, { IamInstanceProfile: asked }: Options): void {
  if (asked === undefined) return
  const { Arn: arn, Name: name = arn?.split("/").at(-1) ?? "" } = asked
  const profile = world.resources.get("instance-profile", name)
  if (profile === undefined) {
    const [parameter, value] = arn === undefined ? ["name", name] : ["arn", arn]
    throw new Refusal(
      "InvalidParameterValue",
      `Value (${value}) for parameter iamInstanceProfile.${parameter} is invalid. Invalid IAM Instance Profile ${parameter}`,
    )
  }
  if (profile.attributes.role !== undefined) return
  const whole = `arn:aws:iam::${ACCOUNT_ID}:instance-profile/${name}`
  throw new Refusal("InvalidParameterValue", `IAM Instance Profile "${whole}" has no associated IAM Roles`)
}
