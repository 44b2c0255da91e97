/** What the answer to a launch comes to: its instances, its failures, or a reference to ask again by. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, Instance, Json, LaunchCall, Launched, Failure } from "../../../src/provider.js"
import { CONSISTENT_MS } from "../client/answers.js"
import type { FleetBody } from "./fleet-bodies.js"
import { readFleetErrors } from "./failures.js"
import { type LaunchContext, describeLaunch } from "./context.js"
import { list } from "../observe/list.js"
import { COLD_MS } from "../client/code-rows.js"
import { type Fleet, launched, readFleet } from "./lookup.js"
import { scopeOf } from "../client/scopes.js"

/** `until`: how long lists may miss what the fleet made. */
export function refOf(fleetId: string | undefined, calls: Calls): Json {
  return { fleetId: fleetId ?? "", until: calls.now() + CONSISTENT_MS }
}

/**
 * A repeated CreateFleet makes nothing, and is not documented to say again what the first one made (aws.fleet-replay): the fleet is asked by
 * its id, then lists are, by the launch's tag.
 */
export async function settleFleet(
  context: LaunchContext,
  call: LaunchCall,
  ref: Json,
  calls: Calls,
): Promise<Launched> {
  const { send, region } = context
  const { fleetId, until } = ref as { readonly fleetId: string; readonly until: number }
  const fleet = await readFleet(context, fleetId, call, calls)
  const named = fleetInstances(call, region, fleet ?? {}, calls.now())
  const listed = await list(send, { region }, { launch: call.token }, calls)
  // What lists show has its true state; what they do not show yet is as the fleet names it.
  const instances = [...new Map([...named, ...listed].map((instance) => [instance.id, instance])).values()]
  if (fleet !== undefined || instances.length >= call.count) return launchedBy(context, call, fleet ?? {}, instances)
  return calls.now() >= until
    ? launchedBy(context, call, {}, instances)
    : { instances, failures: [], settled: false, ref }
}

/** @param mayThrow what no offer can make better is thrown where it is all there is to say. */
export function launchedBy(
  context: LaunchContext,
  call: LaunchCall,
  { Errors = [] }: Fleet,
  instances: readonly Instance[],
  mayThrow = false,
): Launched {
  const { failures, problem, isAll } = readFleetErrors(context, call, Errors, instances.length)
  if (problem === undefined) return { instances, failures, settled: true }
  if (mayThrow && isAll && instances.length === 0) throw problem
  return { instances, failures, settled: true, problem }
}

/** A fleet's answer has ids, types and zones; the tags are those that it was sent with. */
export function fleetInstances(
  call: LaunchCall,
  region: string,
  { Instances = [] }: Fleet,
  now: number,
): readonly Instance[] {
  const { fleet } = call.body as unknown as FleetBody
  const specs = (fleet.TagSpecifications ?? []) as unknown as readonly Ec2.TagSpecification[]
  const own = specs.find(({ ResourceType }) => ResourceType === "instance")?.Tags ?? []
  const tags = Object.fromEntries(own.map(({ Key = "", Value = "" }) => [Key, Value]))
  return Instances.flatMap(
    ({ InstanceIds = [], InstanceType, Lifecycle, LaunchTemplateAndOverrides, AvailabilityZone }) => {
      const zone = AvailabilityZone ?? LaunchTemplateAndOverrides?.Overrides?.AvailabilityZone ?? call.zone ?? ""
      return InstanceIds.map(
        (id): Instance => ({
          id,
          provider: "aws",
          name: `${call.group}-${id.slice(-8)}`,
          state: "pending",
          region,
          zone,
          instanceType: InstanceType ?? LaunchTemplateAndOverrides?.Overrides?.InstanceType ?? "",
          market: Lifecycle === "spot" ? "spot" : "on-demand",
          launchedAt: now,
          tags,
        }),
      )
    },
  )
}

/** Settles a launch whose answer was not complete: RunInstances' instances have its tag, and a fleet is read by its id. */
export async function settle(context: LaunchContext, call: LaunchCall, ref: Json, calls: Calls): Promise<Launched> {
  if (call.api === "CreateFleet") return settleFleet(context, call, ref, calls)
  return { instances: await launched(context, call, calls), failures: [], settled: true }
}

/**
 * With MinCount 1 EC2 gives the largest number that the zone can take, and does not say why it is not more: capacity or a
 * quota. So no refusal of the pool is recorded. Pools that were not asked yet come first. Before the launch gives up, this pool is
 * asked for the rest, and EC2 gives a reason, or more instances.
 */
export function missing(call: LaunchCall, region: string, given: number): readonly Failure[] {
  const offer = call.offers[0]
  if (given >= call.count || offer === undefined) return []
  return [
    {
      reason: "capacity",
      count: call.count - given,
      scope: scopeOf("pool", { offer, region }),
      ttlMs: given > 0 ? 0 : COLD_MS,
      code: "InsufficientInstanceCapacity",
      message: `${describeLaunch(call)}: EC2 gave ${given}`,
      inferred: true,
    },
  ]
}
