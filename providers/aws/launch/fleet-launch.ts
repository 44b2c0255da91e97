/** One CreateFleet, and its template where EC2 does not have it yet. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, LaunchCall, Launched } from "../../../src/provider.js"
import type { FleetBody } from "./fleet-bodies.js"
import { type LaunchContext, contextOf } from "./context.js"
import { NotFoundError } from "../../../src/errors.js"
import { fleetInstances, launchedBy, refOf, settleFleet } from "./settle.js"
import { makeTemplate } from "../prepare/templates.js"
import { rowOf } from "../client/codes.js"

/**
 * Instances are counted from the instances of the answer, never from its errors: a fleet may name both, and names the same
 * error for many pools.
 *
 * @throws AuthError, RejectedError or NotFoundError when nothing was made, and the answer names no other reason.
 */
export async function launchFleet(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched> {
  const reply = await create(context, call, calls)
  const isRepeated = (reply.Instances ?? []).length === 0 && (reply.Errors ?? []).length === 0
  if (isRepeated) return settleFleet(context, call, refOf(reply.FleetId, calls), calls)
  // For the next fleet; what comes of it must not hide what came of this one.
  if (reply.Errors?.some(lacksTemplate) === true) await makeTemplates(context, call, calls).catch(() => {})
  return launchedBy(context, call, reply, fleetInstances(call, context.region, reply, calls.now()), true)
}

/** Sends the fleet once more where EC2 does not know the template: it was deleted, or a process that may make none named it first. */
async function create(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Ec2.CreateFleetResult> {
  const { fleet } = call.body as unknown as FleetBody
  const input = fleet as unknown as Ec2.CreateFleetCommandInput
  const request = contextOf(context, call)
  try {
    return await context.send(calls, "CreateFleet", call.cost, input, request)
  } catch (error) {
    if (!(error instanceof NotFoundError) || rowOf(error.code, "")?.missing !== "template") throw error
    await makeTemplates(context, call, calls)
    // A fleet that was refused has launched nothing, and so has consumed nothing of the limit of instances.
    return context.send(calls, "CreateFleet", { CreateFleet: 1 }, input, request)
  }
}

function lacksTemplate({ ErrorCode = "" }: Ec2.CreateFleetError): boolean {
  return rowOf(ErrorCode, "")?.missing === "template"
}

async function makeTemplates({ send }: LaunchContext, call: LaunchCall, calls: Calls): Promise<void> {
  const { templates } = call.body as unknown as FleetBody
  await Promise.all(templates.map((template) => makeTemplate(send, template, calls)))
}
