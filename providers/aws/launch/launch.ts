/** Sends one launch call, RunInstances or CreateFleet, and reads what EC2 refuses. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { endedSince } from "../../../src/client/failures.js"
import { CapacityError, MusterError, QuotaError, RefusedError } from "../../../src/errors.js"
import type { Calls, LaunchCall, Launched } from "../../../src/provider.js"
import { narrowed, shortages } from "./failures.js"
import { launchFleet } from "./fleet-launch.js"
import { toInstance } from "../observe/instance.js"
import { contextOf, type LaunchContext, describeLaunch } from "./context.js"
import { launched } from "./lookup.js"
import { missing } from "./settle.js"

/**
 * Sends one launch call. A replay with the same token and body names what the first one made.
 *
 * @throws RejectedError when the token was used before with another body: another program used it, or this is a bug of Muster; OfferRefusedError
 * and the other refusals but those of capacity and quota.
 */
export async function launch(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched> {
  try {
    return await (call.api === "CreateFleet" ? launchFleet(context, call, calls) : runInstances(context, call, calls))
  } catch (error) {
    if (error instanceof MusterError && error.code === "IdempotentInstanceTerminated") {
      return alreadyOver(context, call, calls)
    }
    if (error instanceof CapacityError || error instanceof QuotaError) {
      return { instances: [], failures: shortages(context, call, error), settled: true }
    }
    // It is thrown: other refusals than these say nothing of what an earlier attempt may have done.
    throw error instanceof RefusedError ? narrowed(context, call, error) : error
  }
}

/** RunInstances' answer is final: it names every instance, and fewer than asked means that the zone had no more. */
async function runInstances(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched> {
  const { send, region } = context
  const input = call.body as unknown as Ec2.RunInstancesCommandInput
  const reply = await send(calls, "RunInstances", call.cost, input, contextOf(context, call))
  const source = { api: "RunInstances", region, now: calls.now() }
  const instances = (reply.Instances ?? []).map((native) => toInstance(native, source))
  return { instances, failures: missing(call, region, instances.length), settled: true }
}

/** A replay found that the launch has happened. Survivors, should EC2 say this of a part, are found by their tag. */
async function alreadyOver(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched> {
  return endedSince(call, await launched(context, call, calls), {
    code: "IdempotentInstanceTerminated",
    message: `${describeLaunch(call)}: it was launched before, and its instances have been terminated since`,
  })
}
