/** Ended elsewhere: what another process has ended on purpose is not made anew, as nobody may be left who would end that. */
import type { Provider } from "../../provider.js"
import { type Fleet, type GroupState, lookWithin } from "../context.js"
import type { WorkerState } from "../lifecycle.js"
import { windowMs } from "../remains/arrivals.js"
import type { WorkerRecord } from "../roster.js"
import { setTargets } from "../scaling/scaling.js"
import { generationOf } from "../tags.js"

/** The states of what has left. */
export const LEFT = ["lost", "terminating", "terminated"] as const satisfies readonly WorkerState[]

/** It left without our asking, and a look that began at `begun` is the first that found it gone. */
export function isNewlyGone(worker: WorkerRecord, begun: number): boolean {
  return hasLeft(worker) && worker.since >= begun
}

function hasLeft({ state, terminatedAt }: Pick<WorkerRecord, "state" | "terminatedAt">): boolean {
  return state === "lost" || ((state === "terminated" || state === "terminating") && terminatedAt === undefined)
}

/**
 * Lowers the targets by what others have ended on purpose. What only Muster can have ended (a `delete`, a `close` elsewhere)
 * was meant. A request that may be anybody's is taken for meant when nothing else is left of the cluster: single instances are
 * ended by people and by an account's clean-up jobs, and are replaced. A group that is not at its target yet is wanted by a call
 * that waits for it, and keeps its target.
 *
 * @param begun when the look that has just ended began, in milliseconds since 1970.
 */
export function giveWay(fleet: Fleet, provider: Provider, begun: number): void {
  if (!fleet.isHeld || fleet.closing) return
  // Of all places: what is deleted by name goes everywhere.
  const ended = fleet.roster.all.in(...LEFT).filter((worker) => isEndedByOthers(fleet, worker, begun))
  if (!ended.some((worker) => worker.provider === provider && isNewlyGone(worker, begun))) return
  // The other places are looked at as well before any of it is replaced.
  for (const other of fleet.providers) if (other !== provider) lookWithin(fleet, other, 0)
  const isMuster = ended.some(({ instance }) => instance.endedBy === "muster")
  const isAll = [...fleet.groups.keys()].every((name) => standing(fleet, name) === 0)
  if (!isMuster && !isAll) return
  for (const worker of ended) worker.hasGivenWay = true
  const targets = new Map<string, number>()
  for (const [name, { desired, askedAt, metAt }] of fleet.groups) {
    const gone = ended.filter(({ group }) => group === name).length
    const left = standing(fleet, name)
    if (metAt > askedAt && left < desired && left + gone >= desired) targets.set(name, left)
  }
  if (targets.size === 0) return
  setTargets(fleet, targets)
  for (const [group, left] of targets)
    fleet.emit({ type: "problem", group, error: "OwnershipError", message: said(left) })
}

/** What was ended by one request lists show within so long, as a rule: longer than this nobody's deletion keeps a group short. */
const TOGETHER_MS = 30_000

/**
 * Until when a group that was at its target waits before it replaces what others have ended, in milliseconds since 1970: lists may
 * show what one request has ended in several looks, and all of it together was meant.
 */
export function endingUntil(fleet: Fleet, { group, desired, askedAt, metAt }: GroupState): number {
  const now = fleet.clock.now()
  const waitMs = ({ limits }: Provider) => Math.min(limits.consistencyMs, TOGETHER_MS)
  const gone = fleet.roster.inGroup(group.name).in(...LEFT)
  const ended = gone.filter((worker) => {
    if (worker.instance.endedBy === undefined || worker.terminatedAt !== undefined) return false
    const isSoon = worker.since > Math.max(askedAt, now - waitMs(worker.provider))
    return worker.hasGivenWay !== true && hasLeft(worker) && isSoon
  })
  const isAtTarget = metAt > askedAt && standing(fleet, group.name) + ended.length >= desired
  return isAtTarget ? Math.max(0, ...ended.map(({ since, provider }) => since + waitMs(provider))) : 0
}

function standing({ roster }: Fleet, group: string): number {
  return roster.counted(group).length + roster.booked(group)
}

function said(left: number): string {
  return `instances were ended on purpose, by requests that this process did not make; the target is now ${left}, and what was ended is not replaced. To have them again, scale again`
}

/**
 * An owner before us may have ended what we took over, and its requests may be carried out late: what another generation
 * launched counts only once that cannot be any more.
 */
function isEndedByOthers(fleet: Fleet, worker: WorkerRecord, begun: number): boolean {
  const { provider, instance } = worker
  if (instance.endedBy === undefined || worker.terminatedAt !== undefined || worker.hasGivenWay === true) return false
  const { limits } = provider
  // Lists show what one request has ended in several looks, but within so long.
  if (!isNewlyGone(worker, begun - limits.consistencyMs)) return false
  const isOwn = generationOf(instance.tags) === fleet.owner.generation
  return isOwn || fleet.clock.now() - fleet.foundAt > windowMs(limits)
}
