/** One CreateFleet: its template where EC2 does not have it yet, its answer, and what a repeated one leaves out. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { NotFoundError, RejectedError } from "../../../src/errors.js"
import type { Calls, Instance, Json, LaunchCall, Launched } from "../../../src/provider.js"
import { CONSISTENT_MS } from "../client/answers.js"
import { rowOf } from "../client/codes.js"
import type { FleetBody } from "./fleet-bodies.js"
import { readFleetErrors } from "./fleet-errors.js"
import { doingOf, type LaunchMeans, launchWords } from "./context.js"
import { list } from "../observe/list.js"
import { isOutOfReach } from "../offers/subnets.js"
import { makeTemplate } from "../prepare/templates.js"

type Fleet = Pick<Ec2.CreateFleetResult, "Instances" | "Errors">

/**
 * Instances are counted from the instances of the answer, never from its errors: a fleet may name both, and names the same
 * error for many pools.
 *
 * @throws AuthError, RejectedError or NotFoundError when nothing was made, and the answer names no other reason.
 */
export async function launchFleet(means: LaunchMeans, call: LaunchCall, calls: Calls): Promise<Launched> {
  const reply = await create(means, call, calls)
  const isRepeated = (reply.Instances ?? []).length === 0 && (reply.Errors ?? []).length === 0
  if (isRepeated) return settleFleet(means, call, refOf(reply.FleetId, calls), calls)
  // For the next fleet; what comes of it must not hide what came of this one.
  if (reply.Errors?.some(lacksTemplate) === true) await makeTemplates(means, call, calls).catch(() => {})
  return launchedBy(means, call, reply, fleetInstances(call, means.region, reply, calls.now()), true)
}

/** Sent once more where EC2 does not know the template: it was deleted, or whoever may make none has named it first. */
async function create(means: LaunchMeans, call: LaunchCall, calls: Calls): Promise<Ec2.CreateFleetResult> {
  const { fleet } = call.body as unknown as FleetBody
  const input = fleet as unknown as Ec2.CreateFleetCommandInput
  const doing = doingOf(means, call)
  try {
    return await means.send(calls, "CreateFleet", call.cost, input, doing)
  } catch (error) {
    if (!(error instanceof NotFoundError) || rowOf(error.code, "")?.missing !== "template") throw error
    await makeTemplates(means, call, calls)
    // What was refused has launched nothing, and so drawn nothing from the limit of instances.
    return means.send(calls, "CreateFleet", { CreateFleet: 1 }, input, doing)
  }
}

function lacksTemplate({ ErrorCode = "" }: Ec2.CreateFleetError): boolean {
  return rowOf(ErrorCode, "")?.missing === "template"
}

async function makeTemplates({ send }: LaunchMeans, call: LaunchCall, calls: Calls): Promise<void> {
  const { templates } = call.body as unknown as FleetBody
  await Promise.all(templates.map((template) => makeTemplate(send, template, calls)))
}

/** `until`: how long lists may miss what the fleet made. */
function refOf(fleetId: string | undefined, calls: Calls): Json {
  return { fleetId: fleetId ?? "", until: calls.now() + CONSISTENT_MS }
}

/**
 * A repeated CreateFleet makes nothing, and is not documented to say again what the first one made: the fleet is asked by
 * its id, then lists are, by the launch's tag.
 */
export async function settleFleet(means: LaunchMeans, call: LaunchCall, ref: Json, calls: Calls): Promise<Launched> {
  const { send, region } = means
  const { fleetId, until } = ref as { readonly fleetId: string; readonly until: number }
  const fleet = await readFleet(means, fleetId, call, calls)
  const named = fleetInstances(call, region, fleet ?? {}, calls.now())
  const listed = await list(send, region, { launch: call.token }, calls)
  // What lists show has its true state; what they do not show yet is as the fleet names it.
  const instances = [...new Map([...named, ...listed].map((instance) => [instance.id, instance])).values()]
  if (fleet !== undefined || instances.length >= call.count) return launchedBy(means, call, fleet ?? {}, instances)
  return calls.now() >= until
    ? launchedBy(means, call, {}, instances)
    : { instances, failures: [], settled: false, ref }
}

/**
 * "DescribeFleets ... returns an instant fleet only when its id is given"; undefined when it cannot be had, for whatever reason
 * EC2 gives: lists tell as well.
 */
async function readFleet(
  { send }: LaunchMeans,
  fleetId: string,
  call: LaunchCall,
  calls: Calls,
): Promise<Fleet | undefined> {
  if (fleetId === "") return undefined
  try {
    const doing = { what: `${launchWords(call)}: reading ${fleetId}` }
    const reply = await send(calls, "DescribeFleets", { DescribeFleets: 1 }, { FleetIds: [fleetId] }, doing)
    const [fleet] = reply.Fleets ?? []
    const isTold = (fleet?.Instances ?? []).length > 0 || (fleet?.Errors ?? []).length > 0
    return isTold ? (fleet as Fleet) : undefined
  } catch (error) {
    if (isOutOfReach(error) || error instanceof RejectedError) return undefined
    throw error
  }
}

/** @param mayThrow what no offer can make better is thrown where it is all there is to say. */
function launchedBy(
  means: LaunchMeans,
  call: LaunchCall,
  { Errors = [] }: Fleet,
  instances: readonly Instance[],
  mayThrow = false,
): Launched {
  const { failures, problem, isAll } = readFleetErrors(means, call, Errors, instances.length)
  if (problem === undefined) return { instances, failures, settled: true }
  if (mayThrow && isAll && instances.length === 0) throw problem
  return { instances, failures, settled: true, problem }
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
