/** An instance as Compute Engine describes it, as an instance of the seam. */
import { TransientError } from "../../../src/errors.js"
import type { Instance, InstanceState } from "../../../src/provider.js"
import { idOf, partsOf } from "../client/ids/names.js"
import { lastPart, type NativeInstance } from "../client/native.js"
import { parseTime } from "../../../src/tables/times.js"

/** What we read of an instance, as a field mask. */
export const INSTANCE_FIELDS =
  "id,name,status,zone,machineType,creationTimestamp,labels,scheduling(provisioningModel,preemptible),networkInterfaces(networkIP,accessConfigs(natIP))"

/**
 * "VM instance lifecycle". TERMINATED is Google's word for stopped: the instance still exists, and its disk is still paid for. An
 * instance that was deleted leaves the lists, so nothing that is listed is ever reported as terminated.
 */
const STATES: Readonly<Record<string, InstanceState>> = {
  PENDING: "pending",
  PROVISIONING: "pending",
  STAGING: "pending",
  RUNNING: "running",
  REPAIRING: "running",
  PENDING_STOP: "terminating",
  STOPPING: "terminating",
  DEPROVISIONING: "terminating",
  SUSPENDING: "stopped",
  SUSPENDED: "stopped",
  STOPPED: "stopped",
  TERMINATED: "stopped",
}

export function toInstance(native: NativeInstance, region: string): Instance {
  const { name, zone: zoneUrl } = native
  const zone = lastPart(zoneUrl)
  if (!name || zone === "") throw new TransientError("a list of instances has one without a name or a zone")
  const nic = native.networkInterfaces?.[0]
  const publicIp = nic?.accessConfigs?.[0]?.natIP
  const { provisioningModel, preemptible } = native.scheduling ?? {}
  return {
    id: idOf(zone, name),
    provider: "gcp",
    name,
    // An unknown state belongs to an instance that exists: it counts as running until lists do not show it.
    state: STATES[native.status ?? ""] ?? "running",
    region,
    zone,
    instanceType: lastPart(native.machineType),
    market: provisioningModel === "SPOT" || preemptible === true ? "spot" : "on-demand",
    ...(nic?.networkIP ? { privateIp: nic.networkIP } : {}),
    ...(publicIp ? { publicIp } : {}),
    launchedAt: parseTime(native.creationTimestamp) ?? 0,
    tags: native.labels ?? {},
  }
}

/** Where an instance is by its id, else by its zone and its name. */
export function placeOf({ id, zone, name }: Instance): { readonly zone: string; readonly name: string } {
  return partsOf(id) ?? partsOf(idOf(zone, name)) ?? { zone, name }
}
