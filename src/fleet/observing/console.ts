/** The console of an instance that failed to boot: its last words, before it is gone. */
import { type Fleet, fleetCalls } from "../state/context.js"
import type { Failure } from "../../provider.js"
import { STOPPED } from "../lifecycle.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** As much as one wants to read in an error message. */
const LAST_LINES = 20

/**
 * Says why workers failed where the cloud did not, and asks for their consoles to add to it. Nothing waits for those: a log
 * that cannot be read, or comes too late, is no reason to let a failed instance cost on.
 */
export function readConsoles(fleet: Fleet, failed: readonly WorkerRecord[]): void {
  for (const worker of failed) {
    if (worker.state !== "failed" || worker.consoleRequested === true) continue
    worker.consoleRequested = true
    worker.failure ??= failureOf(worker)
    if (worker.failure.reason === "boot") readConsole(fleet, worker).catch(() => {})
  }
}

async function readConsole(fleet: Fleet, worker: WorkerRecord): Promise<void> {
  const { provider, instance, failure } = worker
  const log = await provider.consoleLog?.(instance, fleetCalls(fleet, provider))
  const last = (log ?? "").trim().split("\n").slice(-LAST_LINES).join("\n")
  const lines = fleet.supplies.concealed(fleet.groups.get(worker.group)?.group, instance.id, last)
  if (failure === undefined || lines === "") return
  worker.failure = { ...failure, message: `${failure.message}; the last of its console:\n${lines}` }
  worker.hasConsoleLines = true
  // Boots that fail together stop their group before the first of their consoles has been read.
  const state = fleet.groups.get(worker.group)
  if (state?.breaker === failure) state.breaker = worker.failure
}

function failureOf({ provider, instance }: WorkerRecord): Failure {
  const { id, instanceType, zone, market, region, state } = instance
  const scope = { provider: provider.name, region, zone, instanceType, market }
  const what = `${id} (${instanceType}, ${zone})`
  if (state === "stopped") {
    const message = `${what} was stopped by somebody else; it is ended and replaced`
    return { reason: "interrupted", count: 1, scope, ttlMs: 0, code: STOPPED, message }
  }
  const message = `${what} did not run within ${Math.round(provider.limits.bootMs / 60_000)} min`
  return { reason: "boot", count: 1, scope, ttlMs: 0, code: "BootTimeout", message }
}
