/** One CreateFleet: its template where EC2 does not have it yet, its answer, and what a repeated one leaves out. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError } from "../../src/errors.js"
import type { Calls, Instance, Json, LaunchCall, Launched } from "../../src/provider.js"
import type { Send } from "./client.js"
import type { FleetBody } from "./fleet-calls.js"
import { fleetFailures, throwIfHopeless } from "./fleet-errors.js"
import { doingOf, launchWords } from "./launch.js"
import { list } from "./list.js"
import { isOutOfReach } from "./subnets.js"
import { makeTemplate } from "./templates.js"

type Fleet = Pick<Ec2.CreateFleetResult, "Instances" | "Errors">

/**
 * Instances are counted from the instances of the answer, never from its errors: a fleet may name both, and names the same
 * error for many pools.
 *
 * @throws AuthError or RejectedError when nothing was made and every pool was refused for good.
 */
export async function launchFleet(send: Send, region: string, call: LaunchCall, calls: Calls): Promise<Launched> {
  const { fleet, templates } = call.body as unknown as FleetBody
  const input = fleet as unknown as Ec2.CreateFleetCommandInput
  const create = () => send(calls, "CreateFleet", call.cost, input, doingOf(call))
  const reply = await create().catch(async (error: unknown) => {
    if (!isMissingTemplate(error)) throw error
    await Promise.all(templates.map((template) => makeTemplate(send, template, calls)))
    return create()
  })
  const isRepeated = (reply.Instances ?? []).length === 0 && (reply.Errors ?? []).length === 0
  if (isRepeated) return settleFleet(send, region, call, refOf(reply.FleetId, calls), calls)
  return launchedBy(call, region, reply, fleetInstances(call, region, reply, calls.now()))
}

/** `until`: how long lists may miss what the fleet made. */
function refOf(fleetId: string | undefined, calls: Calls): Json {
  return { fleetId: fleetId ?? "", until: calls.now() + CONSISTENT_MS }
}

/** "Eventual consistency in the Amazon EC2 API": back off for up to about five minutes. */
const CONSISTENT_MS = 5 * 60_000

/**
 * A repeated CreateFleet makes nothing, and is not documented to say again what the first one made: the fleet is asked by
 * its id, then lists are, by the launch's tag.
 */
export async function settleFleet(
  send: Send,
  region: string,
  call: LaunchCall,
  ref: Json,
  calls: Calls,
): Promise<Launched> {
  const { fleetId, until } = ref as { readonly fleetId: string; readonly until: number }
  const fleet = await readFleet(send, fleetId, call, calls)
  const named = fleetInstances(call, region, fleet ?? {}, calls.now())
  const listed = await list(send, region, { launch: call.token }, calls)
  // What lists show has its true state; what they do not show yet is as the fleet names it.
  const instances = [...new Map([...named, ...listed].map((instance) => [instance.id, instance])).values()]
  if (fleet !== undefined || instances.length >= call.count) return launchedBy(call, region, fleet ?? {}, instances)
  return calls.now() >= until
    ? launchedBy(call, region, {}, instances)
    : { instances, failures: [], settled: false, ref }
}

/** "DescribeFleets ... returns an instant fleet only when its id is given"; undefined when it cannot be had. */
async function readFleet(send: Send, fleetId: string, call: LaunchCall, calls: Calls): Promise<Fleet | undefined> {
  if (fleetId === "") return undefined
  try {
    const doing = { what: `${launchWords(call)}: reading ${fleetId}` }
    const reply = await send(calls, "DescribeFleets", { DescribeFleets: 1 }, { FleetIds: [fleetId] }, doing)
    const [fleet] = reply.Fleets ?? []
    const isTold = (fleet?.Instances ?? []).length > 0 || (fleet?.Errors ?? []).length > 0
    return isTold ? (fleet as Fleet) : undefined
  } catch (error) {
    const isUnknown = error instanceof MusterError && error.code.startsWith("InvalidFleetId")
    if (isOutOfReach(error) || isUnknown) return undefined
    throw error
  }
}

function launchedBy(call: LaunchCall, region: string, fleet: Fleet, instances: readonly Instance[]): Launched {
  const errors = fleet.Errors ?? []
  const short = Math.max(0, call.count - instances.length)
  if (instances.length === 0) throwIfHopeless(call, region, errors)
  return { instances, failures: fleetFailures(call, region, errors, short), settled: true }
}

/** A fleet's answer has ids, types and zones; the tags are those that it was sent with. */
function fleetInstances(call: LaunchCall, region: string, { Instances = [] }: Fleet, now: number): readonly Instance[] {
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

function isMissingTemplate(error: unknown): boolean {
  return error instanceof MusterError && /^InvalidLaunchTemplate(Name\.NotFoundException|Id\.NotFound)/.test(error.code)
}
