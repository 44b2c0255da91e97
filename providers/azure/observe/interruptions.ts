import type { Failure, Instance, Interruptions } from "../../../src/provider.js"
import { REGIONAL } from "../client/ids.js"
import { scopeOf } from "../client/scopes.js"
import { familyOf } from "../offers/families.js"

/**
 * Why spot VMs vanished. Azure announces an eviction 30 seconds ahead, and only to the VM itself ("Azure Metadata Service:
 * Scheduled Events"). With the eviction policy Delete, Azure keeps nothing that could be asked about it. So there are no
 * notices, and the reason is inferred. Another user may also have deleted the VM, so no pool is backed off for it.
 *
 * @param instances those in the state `terminated` are the ones that vanished. Nothing is asked of Azure.
 */
export function interruptions(location: string, instances: readonly Instance[]): Interruptions {
  const vanished = instances.filter(({ state, market }) => state === "terminated" && market === "spot")
  return {
    notices: [],
    reasons: vanished.map((instance) => ({ id: instance.id, failure: evicted(location, instance) })),
  }
}

function evicted(location: string, { name, instanceType, zone, market }: Instance): Failure {
  const offer = { instanceType, zone, market, family: familyOf(instanceType) }
  const where = zone === REGIONAL ? location : `${location}, zone ${zone}`
  return {
    reason: "interrupted",
    count: 1,
    scope: scopeOf("pool", { location, offer }),
    ttlMs: 0,
    code: "Evicted",
    message: `${name} (${instanceType}, spot, ${where}) is gone without our asking: taken to be evicted, since Azure keeps no record of it`,
    inferred: true,
  }
}
