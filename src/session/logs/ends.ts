/** Ends: how a worker ended, in words for whoever reads its log. Pure. */
import type { Fleet } from "../../fleet/state/context.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"

/** It was chosen to go, or how its work ended is read already. */
export function isEndOfOurs({ closing, leaving }: Fleet, worker: WorkerRecord): boolean {
  return (
    closing || leaving || worker.terminatedAt !== undefined || worker.end !== undefined || worker.held !== undefined
  )
}

export function wordsOfEnd(fleet: Fleet, { end, failure, terminatedAt, interruptedAt, state }: WorkerRecord): string {
  if (end !== undefined) {
    return end.step === undefined ? "it ended by itself" : `its ${end.step} ended with exit code ${end.exitCode ?? 0}`
  }
  if (failure !== undefined) return failure.message.split("\n", 1)[0] ?? ""
  if (interruptedAt !== undefined) return "it was interrupted"
  if (fleet.closing) return "its cluster was closed"
  if (terminatedAt !== undefined) return "it was ended by its cluster"
  return state === "lost" ? "it was lost" : "it ended"
}
