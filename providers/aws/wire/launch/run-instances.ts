import type { JsonObject } from "../../../../src/provider.js"
import type { Creation, World, WorldInstance } from "../../../../src/simulator/index.js"
import { hexOf } from "../world/account.js"
import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { type Action, checkDryRun } from "../client/action.js"
import { RUN_INSTANCES } from "../prepare/launch-data.js"
import { type LaunchSpec, launchSpec, noCapacity, onPowerOffOf } from "./launch-spec.js"
import { reservation } from "../observe/instance.js"

export const runInstances: Action = {
  members: RUN_INSTANCES,
  cost: ({ MaxCount }) => ({ RunInstances: 1, "RunInstances.resources": Math.max(1, Number(MaxCount) || 1) }),
  creates: true,
  answer(world, values, habits) {
    const spec = launchSpec(world, values, habits)
    checkDryRun(values)
    return reservation(world, instancesOf(make(world, values, spec), spec))
  },
}

function make(world: World, values: Values, spec: LaunchSpec): Creation {
  const { ClientToken: token, ...rest } = values
  const scope = spec.isZonal ? spec.zone : world.settings.region
  return world.create({
    zone: spec.zone,
    instanceType: spec.instanceType,
    market: spec.market,
    min: Number(values.MinCount),
    max: Math.min(Number(values.MaxCount), spec.addresses),
    tags: spec.tags,
    publicAddress: spec.publicAddress,
    onPowerOff: onPowerOffOf(values),
    ...(token === undefined ? {} : { token: String(token), tokenScope: scope }),
    attributes: {
      reservation: `r-0${hexOf(`${String(token ?? world.ledger.count())}/${scope}`, 16)}`,
      imageId: spec.imageId,
      rootDevice: spec.rootDevice,
      subnetId: spec.subnetId,
      securityGroupIds: spec.securityGroupIds,
      ...(token === undefined ? {} : { clientToken: String(token) }),
      // A token is bound to all of them.
      request: rest as JsonObject,
    },
  })
}

function instancesOf(creation: Creation, spec: LaunchSpec): readonly WorldInstance[] {
  switch (creation.kind) {
    case "created":
      if (creation.instances.length === 0) throw shortage(creation, spec)
      return creation.instances
    case "mismatch":
      throw new Refusal(
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
      )
    case "terminated":
      throw new Refusal(
        "IdempotentInstanceTerminated",
        "The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.",
      )
    case "exists":
      throw new Refusal("InternalError", "An internal error has occurred")
  }
}

export function shortage(
  creation: Extract<Creation, { kind: "created" }>,
  { instanceType, zone, market }: Pick<LaunchSpec, "instanceType" | "zone" | "market">,
): Refusal {
  if (creation.shortage?.reason !== "quota") return noCapacity(instanceType, zone)
  if (market === "spot") return new Refusal("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
  const limit = /\d+/.exec(creation.shortage.message)?.[0] ?? "0"
  return new Refusal(
    "VcpuLimitExceeded",
    `You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the specified instance type belongs to (${limit} more). Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  )
}
