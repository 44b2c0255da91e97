/** Lease: instances end themselves when their lease runs out; the process that owns them renews it. */
import type { Provider } from "../../provider.js"
import { clockSkewMs } from "../state/clock-skew.js"
import { deadlineTag } from "./deadline.js"
import { type Fleet, fleetCalls, messageOf } from "../state/context.js"

/** Two renewals may fail before a lease is over. */
const RENEWALS_IN_A_LEASE = 3
/** After one failed; its requests were retried before that. */
const RETRIES_IN_A_LEASE = 12

/** Renews the leases while this process owns the cluster; the returned function ends that. */
export function keepLease(fleet: Fleet): () => void {
  const { leaseMs, clock } = fleet
  if (leaseMs === undefined) return () => {}
  let isOver = false
  let cancel = () => {}
  const renew = async () => {
    const isRenewed = await renewAll(fleet, leaseMs)
    if (!isOver) cancel = clock.timer(leaseMs / (isRenewed ? RENEWALS_IN_A_LEASE : RETRIES_IN_A_LEASE), next)
  }
  const next = () => {
    cancel()
    void renew()
  }
  // What was found may have little left of its lease.
  fleet.onAcquired = next
  next()
  return () => {
    isOver = true
    cancel()
  }
}

/** False when any could not be renewed. */
async function renewAll(fleet: Fleet, leaseMs: number): Promise<boolean> {
  // A watcher must not keep instances alive that their owner has left; and a closing cluster needs no lease.
  if (!fleet.isOwner || fleet.closing || fleet.signal.aborted) return true
  const renewed = await Promise.all(fleet.providers.map((provider) => renewAt(fleet, provider, leaseMs)))
  return renewed.every(Boolean)
}

async function renewAt(fleet: Fleet, provider: Provider, leaseMs: number): Promise<boolean> {
  const workers = [...fleet.roster.at(provider).living]
  const instances = workers.filter(({ state }) => state !== "terminating").map(({ instance }) => instance)
  if (instances.length === 0) return true
  // By the clock of who reads it, as it is now; and never past the deadline, which the guest keeps by itself.
  const now = fleet.clock.now() + clockSkewMs(fleet.clock, [provider])
  const until = Math.min(Math.floor((now + leaseMs) / 1000), deadlineTag(fleet))
  try {
    await provider.renew?.(instances, until, fleetCalls(fleet, provider, { first: true }))
    return true
  } catch (error) {
    if (fleet.signal.aborted) return true
    const message = `renewing the lease of ${instances.length} instances of "${fleet.owner.cluster}" (${provider.name} ${provider.region}): ${messageOf(error)}; it is tried again, and unless that works they end themselves within ${Math.round(leaseMs / 1000)} s`
    fleet.emit({ type: "problem", error: error instanceof Error ? error.name : "Error", message })
    // Working machines are about to end: the warning also reaches a program without event listeners.
    process.emitWarning(message, "LeaseWarning")
    return false
  }
}
