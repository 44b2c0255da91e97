/** Sends the one request that creates a VM. */
import type { VirtualMachine } from "@azure/arm-compute"
import { RefusedError } from "../../../src/errors.js"
import type { Calls, LaunchCall, Launched } from "../../../src/provider.js"
import { type ArmReply, refusalOf, unreadable } from "../client/errors.js"
import { type Azure, contextOf, type RequestInfo } from "../client/send.js"
import { type NativeVm, toInstance } from "../observe/instance.js"
import { recencyOf } from "../prepare/group.js"
import { sharedName } from "../prepare/names.js"
import type { VmBody } from "./bodies.js"
import { read, settled, textOf } from "./settle.js"

const PUT = "VirtualMachines_CreateOrUpdate"

/**
 * Sends one PUT that creates or fails. Its acceptance settles the call: the VM exists, and if it cannot be allocated or
 * does not boot it stays, Failed, and lists show it with the reason. What has the name already is read and adopted if it
 * is ours: a replay makes nothing more.
 *
 * @throws RejectedError when another owner's VM has the name, NotFoundError when the group or the network that Muster
 * made is not there, OfferRefusedError and UnavailableError with Azure's message.
 */
export async function launch(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const { group, name, vm } = call.body as VmBody
  // "If-None-Match: *" answers 412 for what exists; a PUT without it answers 409, and both mean that the VM is looked up.
  const info = { ...infoOf(azure, call, calls), accepts: [409, 412], member: "id" }
  try {
    const reply = await azure.send(calls, PUT, info, (connection, signal) =>
      connection.putVm({ group, name }, vm as unknown as VirtualMachine, signal),
    )
    if (reply.status > 299) return await adopt(azure, call, calls, reply)
    return settled([toInstance(reply.body as NativeVm, azure.options.subscriptionId, calls.now())])
  } catch (error) {
    if (isShortage(error)) return settled([], [error.toFailure(call.count)])
    throw error
  }
}

/**
 * A 409 may be about anything: where there is no VM of that name, nothing was made, and what it said counts as it would in any
 * other answer.
 */
async function adopt(azure: Azure, call: LaunchCall, calls: Calls, reply: ArmReply): Promise<Launched> {
  const found = await read(azure, call, calls)
  if (found !== undefined) return settled([found])
  const context = contextOf(azure.options, PUT, infoOf(azure, call, calls))
  throw refusalOf(reply, context, []) ?? unreadable(reply, context)
}

function isShortage(error: unknown): error is RefusedError {
  return error instanceof RefusedError && (error.reason === "capacity" || error.reason === "quota")
}

function infoOf(azure: Azure, call: LaunchCall, calls: Calls): RequestInfo {
  const { options, claims } = azure
  const [offer] = call.offers
  const { group } = call.body as VmBody
  const made = [
    ...(options.resourceGroup === undefined ? [group] : []),
    ...(options.subnetId === undefined ? [sharedName(options.location)] : []),
  ]
  // One that was there long ago is known everywhere: it is deleted.
  const isOld = claims.has(group) && recencyOf(azure, group, calls).isRecent === undefined
  return {
    what: `launching ${textOf(options.location, call)}`,
    made,
    ...(isOld ? { graceMs: 0 } : {}),
    ...(offer === undefined ? {} : { offer }),
  }
}
