import type { VirtualMachine } from "@azure/arm-compute"
import { CapacityError, QuotaError, RejectedError, TransientError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Calls, Failure, Instance, LaunchCall, Launched } from "../../src/provider.js"
import { type ArmReply, armErrorOf } from "./errors.js"
import { type NativeVm, toInstance } from "./instance.js"
import { REGIONAL } from "./names.js"
import type { Azure } from "./send.js"
import type { VmBody } from "./split.js"
import { readVm } from "./vms.js"

/**
 * Sends one PUT that creates or fails. Its acceptance settles the call: the VM exists, and if it cannot be allocated or
 * does not boot it stays, Failed, and lists show it with the reason. What has the name already is read and adopted if it
 * is ours: a replay makes nothing more.
 *
 * @throws RejectedError when a VM of somebody else's has the name. OwnershipError when the group is being deleted.
 */
export async function launch(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const { group, name, vm } = call.body as VmBody
  const [offer] = call.offers
  const what = `launching ${doingOf(azure, call)}`
  try {
    const reply = await azure.send(
      calls,
      "VirtualMachines_CreateOrUpdate",
      // "If-None-Match: *" answers 412 for what exists; a PUT without it answers 409, and both mean: look.
      { what, accepts: [409, 412], member: "id", ...(offer === undefined ? {} : { offer }) },
      (connection, signal) => connection.putVm({ group, name }, vm as unknown as VirtualMachine, signal),
    )
    if (reply.status > 299) return await adopt(azure, call, calls, reply)
    return settled([toInstance(reply.body as NativeVm, azure.options.subscriptionId, calls.now())])
  } catch (error) {
    if (error instanceof CapacityError || error instanceof QuotaError) return settled([], [error.toFailure(call.count)])
    throw error
  }
}

/** What became of a launch whose answer we do not have: its name tells. An accepted PUT is always settled. */
export async function settle(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const found = await read(azure, call, calls)
  return found === undefined ? settled([], [gone(azure, call)]) : settled([found])
}

/** A 409 may be about anything, so that what it said is told where there is no VM of that name after all. */
async function adopt(azure: Azure, call: LaunchCall, calls: Calls, refusal: ArmReply): Promise<Launched> {
  const found = await read(azure, call, calls)
  if (found !== undefined) return settled([found])
  const { code = "Conflict", message = "" } = armErrorOf(refusal.body) ?? {}
  const said = `${message || "Azure says that its name exists"} (${code}), and there is none; asking again will tell`
  throw new TransientError(`launching ${doingOf(azure, call)}: ${said}`, { code })
}

/** By name, which is strongly consistent, unlike lists. */
async function read(azure: Azure, call: LaunchCall, calls: Calls): Promise<Instance | undefined> {
  const { group, name } = call.body as VmBody
  const native = await readVm(azure, { group, name }, calls)
  if (native === undefined) return undefined
  const instance = toInstance(native, azure.options.subscriptionId, calls.now())
  if (instance.tags[TAG.launch] === call.token) return instance
  const message = `${name} in ${group} exists and is not this cluster's; remove it, or use another resource group`
  throw new RejectedError(`launching ${doingOf(azure, call)}: ${message}`, { code: "NameTaken" })
}

/** It was made, and it has gone since: nothing more will come of it, and no pool is worse for it. */
function gone(azure: Azure, call: LaunchCall): Failure {
  const message = `launching ${doingOf(azure, call)}: it was launched, and has been deleted since`
  return { reason: "interrupted", count: call.count, scope: {}, ttlMs: 0, code: "Deleted", message }
}

function settled(instances: readonly Instance[], failures: readonly Failure[] = []): Launched {
  return { instances, failures, settled: true }
}

/** "Standard_D4s_v5 (spot, zone 2) in westeurope" */
function doingOf(azure: Azure, { offers }: LaunchCall): string {
  const { instanceType = "a VM", market = "on-demand", zone = REGIONAL } = offers[0] ?? {}
  return `${instanceType} (${market}, ${zone === REGIONAL ? "no zone" : `zone ${zone}`}) in ${azure.options.location}`
}
