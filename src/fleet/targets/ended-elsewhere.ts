/** Ended elsewhere: instances that another process ended on purpose are not replaced, as no process may be left to end the replacements. */
import type { OwnershipError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import { type Fleet, pollWithin } from "../state/context.js"
import { type GroupState, isMet } from "../state/group-state.js"
import type { WorkerState } from "../lifecycle.js"
import { windowMs } from "../state/windows.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { setTargets } from "./set-targets.js"
import { generationOf } from "../tags.js"

/** The states of workers that ended or are ending. */
export const ENDED_STATES = ["lost", "terminating", "terminated"] as const satisfies readonly WorkerState[]

/** The worker ended without a request of ours, and the poll begun at `begun` is the first that shows it. */
export function isNewlyEnded(worker: WorkerRecord, begun: number): boolean {
  return endedUnrequested(worker) && worker.since >= begun
}

function endedUnrequested({ state, terminatedAt }: Pick<WorkerRecord, "state" | "terminatedAt">): boolean {
  return state === "lost" || ((state === "terminated" || state === "terminating") && terminatedAt === undefined)
}

/**
 * Lowers the targets by what others have ended on purpose. What only Muster can have ended (a `delete`, a `close` elsewhere)
 * was meant. A request that may be anybody's is taken for meant when nothing else is left of the cluster: single instances are
 * ended by people and by an account's clean-up jobs, and are replaced. A group that is not at its target yet is wanted by a call
 * that waits for it, and keeps its target.
 *
 * @param begun when the poll that has just ended began, in milliseconds since 1970.
 */
export function yieldToOthers(fleet: Fleet, provider: Provider, begun: number): void {
  if (!fleet.isOwner || fleet.closing) return
  // Of all places: what is deleted by name goes everywhere.
  const ended = fleet.roster.all.in(...ENDED_STATES).filter((worker) => isEndedByOthers(fleet, worker, begun))
  if (!ended.some((worker) => worker.provider === provider && isNewlyEnded(worker, begun))) return
  // The other places are polled as well before any worker is replaced.
  for (const other of fleet.providers) if (other !== provider) pollWithin(fleet, other, 0)
  const isMuster = ended.some(({ instance }) => instance.endedBy === "muster")
  const isAll = [...fleet.groups.keys()].every((name) => expectedCount(fleet, name) === 0)
  if (!isMuster && !isAll) return
  for (const worker of ended) worker.hasLoweredTarget = true
  const targets = new Map<string, number>()
  for (const [name, state] of fleet.groups) {
    const { desired } = state
    const gone = ended.filter(({ group }) => group === name).length
    const left = expectedCount(fleet, name)
    if (isMet(state) && left < desired && left + gone >= desired) targets.set(name, left)
  }
  if (targets.size === 0) return
  setTargets(fleet, targets)
  for (const [group, left] of targets) reportLowered(fleet, group, loweredText(left, isAll))
}

/**
 * Another process has claimed the cluster and ended all of it: the targets of all groups become zero. With the
 * next target, or to close it, it is claimed anew.
 */
export function yieldToClaim(fleet: Fleet): void {
  const wanted = [...fleet.groups].filter(([, { desired }]) => desired > 0)
  for (const worker of fleet.roster.all.in(...ENDED_STATES)) worker.hasLoweredTarget = true
  setTargets(fleet, new Map(wanted.map(([name]) => [name, 0])))
  for (const [group] of wanted) reportLowered(fleet, group, loweredText(0, true))
  fleet.isOwner = false
}

/**
 * The cluster's claim was removed: another process deleted it. The target of a group that was met becomes the workers it has; a
 * call that waits for a group gets the error.
 *
 * @returns whether this group is one of the first kind.
 */
export function yieldToDelete(fleet: Fleet, group: string, error: OwnershipError): boolean {
  const own = fleet.groups.get(group)
  if (own === undefined || !isMet(own)) return false
  const met = [...fleet.groups].filter(([, state]) => isMet(state))
  const targets = new Map(met.map(([name]) => [name, expectedCount(fleet, name)]))
  setTargets(fleet, targets)
  const message = `somebody deleted "${fleet.owner.cluster}" (${error.message}); the target is now ${targets.get(group) ?? 0}, nothing is launched any more, and close() ends what is left. To have workers again, make the cluster again`
  reportLowered(fleet, group, message)
  return true
}

/** Once by an event, and by `explain` until there is another target. */
function reportLowered(fleet: Fleet, group: string, message: string): void {
  const state = fleet.groups.get(group)
  if (state !== undefined) state.loweredReason = message
  fleet.emit({ type: "problem", group, error: "OwnershipError", message })
}

/**
 * As a rule, lists show within so long all that one request has ended. A deletion by a user or another process keeps a group short
 * no longer than this.
 */
const TOGETHER_MS = 30_000

/**
 * Until when a group that was at its target waits before it replaces what others have ended, in milliseconds since 1970: lists may
 * show the effect of one request over several polls, and all of it counts together.
 */
export function endingUntil(fleet: Fleet, state: GroupState): number {
  const { group, desired, askedAt } = state
  const now = fleet.clock.now()
  const waitMs = ({ limits }: Provider) => Math.min(limits.consistencyMs, TOGETHER_MS)
  const gone = fleet.roster.inGroup(group.name).in(...ENDED_STATES)
  const ended = gone.filter((worker) => {
    if (worker.instance.endedBy === undefined || worker.terminatedAt !== undefined) return false
    const isSoon = worker.since > Math.max(askedAt, now - waitMs(worker.provider))
    return worker.hasLoweredTarget !== true && endedUnrequested(worker) && isSoon
  })
  const isAtTarget = isMet(state) && expectedCount(fleet, group.name) + ended.length >= desired
  return isAtTarget ? Math.max(0, ...ended.map(({ since, provider }) => since + waitMs(provider))) : 0
}

function expectedCount({ roster }: Fleet, group: string): number {
  return roster.counted(group).length + roster.booked(group)
}

function loweredText(left: number, isAll: boolean): string {
  return `${isAll ? "somebody deleted it: " : ""}instances were ended on purpose, by requests that this process did not make; the target is now ${left}, and what was ended is not replaced. To have them again, scale again; where that is refused because the name was freed too, make the cluster again`
}

/**
 * An owner before us may have ended what we took over, and its requests may be carried out late: what another generation
 * launched counts only once that cannot be any more.
 */
function isEndedByOthers(fleet: Fleet, worker: WorkerRecord, begun: number): boolean {
  const { provider, instance } = worker
  if (instance.endedBy === undefined || worker.terminatedAt !== undefined || worker.hasLoweredTarget === true)
    return false
  const { limits } = provider
  // Lists show what one request has ended in several looks, but within so long.
  if (!isNewlyEnded(worker, begun - limits.consistencyMs)) return false
  const isOwn = generationOf(instance.tags) === fleet.owner.generation
  return isOwn || fleet.clock.now() - fleet.foundAt > windowMs(limits)
}
