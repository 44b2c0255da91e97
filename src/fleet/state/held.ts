/** Held: workers that ended by themselves, of which it is to be read how their work ended. */
import type { Fleet } from "./context.js"
import { counts, STOPPED, type WorkerState } from "../lifecycle.js"
import { shellOf } from "../../spec/script.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import type { Provider } from "../../provider.js"
import { TAG } from "../tags.js"
import type { WorkerRecord } from "../roster/worker-record.js"

const ENDED: readonly WorkerState[] = ["failed", "lost", "terminating", "terminated"]

/** Its guest tells of an end, and may end itself for it: there is something that ends, and one of both ends does not keep it. */
export function mayEnd({ startup, setup, container, whenDone, isBare }: ResolvedGroup): boolean {
  if (isBare || (whenDone.success === "keep" && whenDone.failure === "keep")) return false
  return setup !== undefined || container !== undefined || (startup !== undefined && hasExitCode(startup))
}

/** cloud-init itself carries out a cloud-config, and no guest sees its end. */
export function hasExitCode(startup: string): boolean {
  return shellOf(startup) !== undefined || startup.startsWith("#!")
}

/** What `plan` says of ends at a provider: what becomes of an instance while no owner lives, or that it is kept. */
export function endNotes(group: ResolvedGroup, { name, region, limits }: Provider): readonly string[] {
  if (!mayEnd(group)) return []
  const { ownEnd, keepsEnded } = limits
  if (keepsEnded !== undefined) {
    return [`${name} ${region}: a worker is kept, and paid for, when what it runs has failed: ${keepsEnded}`]
  }
  return ownEnd === undefined ? [] : [`${name} ${region}: ${ownEnd}`]
}

/**
 * Whether its own end is the reason that a worker ends: its guest says so by a tag; or it was neither asked to end, nor interrupted,
 * nor has failed otherwise.
 */
export function endsByItself({ instance, state, terminatedAt, interruptedAt, failure }: WorkerRecord): boolean {
  if (instance.tags[TAG.ended] !== undefined) return true
  const isAsked = terminatedAt !== undefined || instance.endedBy !== undefined || interruptedAt !== undefined
  // A reason that was only inferred explains nothing.
  const isTold = failure !== undefined && failure.inferred !== true && failure.code !== STOPPED
  const isStopped = state !== "failed" || instance.state === "stopped"
  return ENDED.includes(state) && isStopped && !isAsked && !isTold
}

/** Nothing that ends now has failed: all is to end, or the deadline ends it. */
export function isOutOfQuestion(fleet: Fleet, group: string): boolean {
  const { closing, leaving, signal, clock, endsAt } = fleet
  const desired = fleet.groups.get(group)?.desired ?? 0
  return closing || leaving || signal.aborted || clock.now() >= endsAt || desired === 0
}

/**
 * Holds a worker whose work may have ended by this change, until that is read.
 *
 * @param from the state that it had; undefined for one that was not known before.
 */
export function holdIfEnded(fleet: Fleet, worker: WorkerRecord, from: WorkerState | undefined): void {
  const state = fleet.groups.get(worker.group)
  if (state === undefined || worker.held !== undefined || worker.end !== undefined) return
  const { keepsEnded } = worker.provider.limits
  if (keepsEnded !== undefined || !mayEnd(state.group) || !endsByItself(worker) || isOutOfQuestion(fleet, worker.group))
    return
  const { launches } = fleet.roster
  const wasCounted =
    from === undefined ? launches.has(worker.instance.tags[TAG.launch] ?? "") || counts(worker.state) : counts(from)
  worker.held = { since: fleet.clock.now(), wasCounted, isRead: false }
  fleet.held.add(worker)
}

/** How many held workers count toward a group's target although nothing else counts them. */
export function heldCount(fleet: Fleet, group: string): number {
  const { askedAt = 0 } = fleet.groups.get(group) ?? {}
  let count = 0
  for (const { group: own, held, state } of fleet.held) {
    if (own === group && held?.wasCounted === true && held.since >= askedAt && !counts(state)) count += 1
  }
  return count
}

export function release(fleet: Fleet, worker: WorkerRecord): void {
  worker.held = undefined
  fleet.held.delete(worker)
}
