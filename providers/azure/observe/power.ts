/** Which VMs are stopped. A guest that shuts itself down keeps its VM, which is billed as before. ARM's lists of a group do not show that. */
import type { Calls, Instance } from "../../../src/provider.js"
import { isRefused } from "../client/errors.js"
import { type InstanceView, type NativeVm, toInstance } from "./instance.js"
import type { Azure } from "../client/send.js"
import { statusesOfAll } from "./vms.js"

/** While a burst boots nothing more is asked: for so long after its creation a VM is assumed to run (azure.runs-at-first). */
const FRESH_MS = 5 * 60_000

export interface Observed {
  readonly native: NativeVm
  readonly instance: Instance
}

/**
 * The same with those `stopped` that are: the status of all VMs of the subscription is one list, and is read only when some
 * of these have run for a while. Where that is refused, it is done without.
 */
export async function withPower(
  azure: Azure,
  observed: readonly Observed[],
  calls: Calls,
): Promise<readonly Observed[]> {
  const isSettled = ({ native, instance }: Observed) =>
    instance.state === "running" &&
    native.properties?.instanceView === undefined &&
    calls.now() - instance.launchedAt >= FRESH_MS
  if (!observed.some(isSettled)) return observed
  try {
    const all = await statusesOfAll(azure, calls)
    const views = new Map(all.map(({ id = "", properties }) => [id.toLowerCase(), properties?.instanceView]))
    return observed.map((one) => withView(azure, one, views.get(one.instance.id)))
  } catch (error) {
    if (!isRefused(error)) throw error
    return observed
  }
}

function withView(azure: Azure, { native, instance }: Observed, instanceView: InstanceView | undefined): Observed {
  if (instanceView === undefined) return { native, instance }
  const viewed = { ...native, properties: { ...native.properties, instanceView } }
  return { native: viewed, instance: toInstance(viewed, azure.options.subscriptionId, instance.launchedAt) }
}
