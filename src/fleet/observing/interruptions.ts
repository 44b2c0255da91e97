/** Interruptions: what a cloud takes away, and why something has gone. */
import type { Instance, Provider } from "../../provider.js"
import { type Fleet, pollCalls } from "../state/context.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { isNewlyEnded, ENDED_STATES } from "../targets/ended-elsewhere.js"

/**
 * Those that this look found gone, or on their way out, without our asking and without a reason are asked about as gone: some
 * clouds can tell why and by whom, all others may infer it.
 */
export async function observeInterruptions(fleet: Fleet, provider: Provider, begun: number): Promise<void> {
  if (provider.interruptions === undefined) return
  const isUntold = (worker: WorkerRecord) =>
    isNewlyEnded(worker, begun) && worker.failure === undefined && worker.instance.endedBy === undefined
  const own = fleet.roster.at(provider)
  const spot = [...own.living].filter(({ instance }) => instance.market === "spot")
  const asked = [...new Set([...spot, ...own.in(...ENDED_STATES).filter(isUntold)])]
  if (asked.length === 0) return
  const instances = asked.map(
    (worker): Instance => (isUntold(worker) ? { ...worker.instance, state: "terminated" } : worker.instance),
  )
  const { notices, reasons, endings = [] } = await provider.interruptions(instances, pollCalls(fleet, provider))
  const now = fleet.clock.now()
  for (const { id, at } of notices) {
    const worker = fleet.roster.find(provider, id)
    if (worker === undefined) continue
    worker.interruptedAt = at
    fleet.roster.move(worker, "interrupted", now)
  }
  for (const { id, failure } of reasons) {
    const worker = fleet.roster.find(provider, id)
    if (worker !== undefined) worker.failure ??= failure
  }
  for (const { id, by } of endings) {
    const worker = fleet.roster.find(provider, id)
    if (worker !== undefined) worker.instance = { ...worker.instance, endedBy: by }
  }
}
