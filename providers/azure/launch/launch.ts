import type { VirtualMachine } from "@azure/arm-compute"
import { RefusedError, RejectedError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Failure, Instance, LaunchCall, Launched } from "../../../src/provider.js"
import { type ArmReply, refusalOf, unreadable } from "../client/errors.js"
import { REGIONAL } from "../client/ids.js"
import { poolText } from "../client/outcome.js"
import { type Azure, doingOf, type Sending } from "../client/send.js"
import { type NativeVm, toInstance } from "../observe/instance.js"
import { readVm } from "../observe/vms.js"
import { youth } from "../prepare/group.js"
import { sharedName } from "../prepare/names.js"
import type { VmBody } from "./split.js"

const PUT = "VirtualMachines_CreateOrUpdate"

/**
 * Sends one PUT that creates or fails. Its acceptance settles the call: the VM exists, and if it cannot be allocated or
 * does not boot it stays, Failed, and lists show it with the reason. What has the name already is read and adopted if it
 * is ours: a replay makes nothing more.
 *
 * @throws RejectedError when a VM of somebody else's has the name, NotFoundError when the group or the network that Muster
 * made is not there, OfferRefusedError and UnavailableError with Azure's words.
 */
export async function launch(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const { group, name, vm } = call.body as VmBody
  // "If-None-Match: *" answers 412 for what exists; a PUT without it answers 409, and both mean: look.
  const sending = { ...sendingOf(azure, call, calls), accepts: [409, 412], member: "id" }
  try {
    const reply = await azure.send(calls, PUT, sending, (connection, signal) =>
      connection.putVm({ group, name }, vm as unknown as VirtualMachine, signal),
    )
    if (reply.status > 299) return await adopt(azure, call, calls, reply)
    return settled([toInstance(reply.body as NativeVm, azure.options.subscriptionId, calls.now())])
  } catch (error) {
    if (isShortage(error)) return settled([], [error.toFailure(call.count)])
    throw error
  }
}

/** What became of a launch whose answer we do not have: its name tells. An accepted PUT is always settled. */
export async function settle(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const found = await read(azure, call, calls)
  return found === undefined ? settled([], [gone(azure, call)]) : settled([found])
}

/**
 * A 409 may be about anything: where there is no VM of that name, nothing was made, and what it said counts as it would in any
 * other answer.
 */
async function adopt(azure: Azure, call: LaunchCall, calls: Calls, reply: ArmReply): Promise<Launched> {
  const found = await read(azure, call, calls)
  if (found !== undefined) return settled([found])
  const doing = doingOf(azure.options, PUT, sendingOf(azure, call, calls))
  throw refusalOf(reply, doing, []) ?? unreadable(reply, doing)
}

function isShortage(error: unknown): error is RefusedError {
  return error instanceof RefusedError && (error.reason === "capacity" || error.reason === "quota")
}

function sendingOf(azure: Azure, call: LaunchCall, calls: Calls): Sending {
  const { options, claims } = azure
  const [offer] = call.offers
  const { group } = call.body as VmBody
  const made = [
    ...(options.resourceGroup === undefined ? [group] : []),
    ...(options.subnetId === undefined ? [sharedName(options.location)] : []),
  ]
  // One that was there long ago is known everywhere: it has gone.
  const isOld = claims.has(group) && youth(azure, group, calls).isYoung === undefined
  return {
    what: `launching ${textOf(options.location, call)}`,
    made,
    ...(isOld ? { graceMs: 0 } : {}),
    ...(offer === undefined ? {} : { offer }),
  }
}

/** By name, which is strongly consistent, unlike lists. */
async function read(azure: Azure, call: LaunchCall, calls: Calls): Promise<Instance | undefined> {
  const { group, name } = call.body as VmBody
  const native = await readVm(azure, { group, name }, calls)
  if (native === undefined) return undefined
  const instance = toInstance(native, azure.options.subscriptionId, calls.now())
  if (instance.tags[TAG.launch] === call.token) return instance
  const message = `${name} in ${group} exists and is not this cluster's; remove it, or use another resource group`
  throw new RejectedError(`launching ${textOf(azure.options.location, call)}: ${message}`, { code: "NameTaken" })
}

/** It was made, and it has gone since: nothing more will come of it, and no pool is worse for it. */
function gone({ options }: Azure, call: LaunchCall): Failure {
  const message = `launching ${textOf(options.location, call)}: it was launched, and has been deleted since`
  return { reason: "interrupted", count: call.count, scope: {}, ttlMs: 0, code: "Deleted", message }
}

function settled(instances: readonly Instance[], failures: readonly Failure[] = []): Launched {
  return { instances, failures, settled: true }
}

function textOf(location: string, { offers }: LaunchCall): string {
  const { instanceType = "a VM", market = "on-demand", zone = REGIONAL } = offers[0] ?? {}
  return poolText({ instanceType, market, zone }, location)
}
