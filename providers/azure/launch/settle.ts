/** What a launch comes to: when its answer is lost, the VM is looked up by name. */
import { endedSince } from "../../../src/client/failures.js"
import { RejectedError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Failure, Instance, LaunchCall, Launched } from "../../../src/provider.js"
import { REGIONAL } from "../client/ids.js"
import { poolText } from "../client/scopes.js"
import type { Azure } from "../client/send.js"
import { toInstance } from "../observe/instance.js"
import { readVm } from "../observe/vms.js"
import type { VmBody } from "./bodies.js"

/** What a launch came to whose answer was lost: the VM is looked up by name. An accepted PUT is always settled. */
export async function settle(azure: Azure, call: LaunchCall, calls: Calls): Promise<Launched> {
  const found = await read(azure, call, calls)
  if (found !== undefined) return settled([found])
  const message = `launching ${textOf(azure.options.location, call)}: it was launched, and has been deleted since`
  return endedSince(call, [], { code: "Deleted", message })
}

/** By name, which is strongly consistent, unlike lists. */
export async function read(azure: Azure, call: LaunchCall, calls: Calls): Promise<Instance | undefined> {
  const { group, name } = call.body as VmBody
  const native = await readVm(azure, { group, name }, calls)
  if (native === undefined) return undefined
  const instance = toInstance(native, azure.options.subscriptionId, calls.now())
  if (instance.tags[TAG.launch] === call.token) return instance
  const message = `${name} in ${group} exists and is not this cluster's; remove it, or use another resource group`
  throw new RejectedError(`launching ${textOf(azure.options.location, call)}: ${message}`, { code: "NameTaken" })
}

export function settled(instances: readonly Instance[], failures: readonly Failure[] = []): Launched {
  return { instances, failures, settled: true }
}

export function textOf(location: string, { offers }: LaunchCall): string {
  const { instanceType = "a VM", market = "on-demand", zone = REGIONAL } = offers[0] ?? {}
  return poolText({ instanceType, market, zone }, location)
}
