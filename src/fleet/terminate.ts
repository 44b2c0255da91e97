/** Terminate: sends the terminations of all known workers at once, then polls until they are confirmed. */
import type { Instance, Provider } from "../provider.js"
import { pollProblemOf, type Fleet, fleetCalls, pollWithin, markChanged, messageOf } from "./state/context.js"
import { mayLive } from "./lifecycle.js"
import { chosenOf, noteAsked, refusedPauseMs } from "./ending/refused.js"
import type { Launch } from "./roster/launches.js"
import type { WorkerRecord } from "./roster/worker-record.js"
import { isOurs } from "./tags.js"

/** A worker that still runs so long after its accepted termination is terminated again, in milliseconds. */
const ASK_AGAIN_MS = 60_000
/** The poll after a failed termination, in milliseconds. */
const POLL_AGAIN_MS = 2_000
/**
 * Puts the terminate calls for these workers on the wire, before it returns unless something is read from them first. Only workers whose tags we have read (in a list,
 * or in the reply to our own create call) and that carry this cluster's are touched.
 */
export function startTerminations(fleet: Fleet, workers: readonly WorkerRecord[]): void {
  const now = fleet.clock.now()
  const byProvider = new Map<Provider, WorkerRecord[]>()
  for (const worker of workers) {
    if (worker.termination === "sent" || !mayLive(worker.state) || !isOurs(worker.instance.tags, fleet.owner)) continue
    worker.termination = "sent"
    worker.terminatedAt = now
    delete worker.drainsUntil
    fleet.roster.move(worker, "terminating", now)
    const own = byProvider.get(worker.provider) ?? []
    own.push(worker)
    byProvider.set(worker.provider, own)
  }
  for (const [provider, group] of byProvider) void terminate(fleet, provider, group)
}

/**
 * Ends workers that we choose to end although they may be at work: they count no longer, and their terminate calls are sent when
 * their time is over. The deadline is kept. What does not run yet has nothing to finish.
 *
 * @param drainMs for how long they may go on, in milliseconds; left out: as the last target, or their groups, say.
 */
export function letFinish(fleet: Fleet, workers: readonly WorkerRecord[], drainMs?: number): void {
  const now = fleet.clock.now()
  const timeOf = ({ group, state }: WorkerRecord) => {
    const own = fleet.groups.get(group)
    return state === "running" ? (drainMs ?? own?.drainMs ?? own?.group.drainMs ?? 0) : 0
  }
  // Whoever has some time already keeps that.
  const chosen = workers.filter(({ drainsUntil }) => drainMs === 0 || drainsUntil === undefined)
  const atOnce = chosen.filter((worker) => timeOf(worker) === 0)
  startTerminations(fleet, atOnce)
  for (const worker of chosen) {
    const ms = timeOf(worker)
    if (ms === 0 || worker.termination === "sent" || !isOurs(worker.instance.tags, fleet.owner)) continue
    worker.terminatedAt = now
    worker.drainsUntil = Math.min(now + ms, fleet.endsAt)
    fleet.roster.move(worker, "terminating", now)
  }
}

/** Workers that were chosen to go, and may still go on. */
export function drainingOf({ roster }: Pick<Fleet, "roster">): readonly WorkerRecord[] {
  return roster.all.in("terminating").filter(({ drainsUntil }) => drainsUntil !== undefined)
}

async function terminate(fleet: Fleet, provider: Provider, workers: readonly WorkerRecord[]): Promise<void> {
  const instances: readonly Instance[] = workers.map((worker) => worker.instance)
  fleet.emit({ type: "termination-started", ids: instances.map((instance) => instance.id) })
  let accepted = 0
  const failed: string[] = []
  try {
    const last = fleet.beforeEnd(workers)
    if (last !== undefined) await last
    const answer = await provider.terminate(instances, fleetCalls(fleet, provider, { first: true }))
    const now = fleet.clock.now()
    for (const { id, state } of answer.accepted) {
      const worker = fleet.roster.find(provider, id)
      if (worker === undefined) continue
      accepted += 1
      worker.termination = "accepted"
      worker.terminatedAt = now
      worker.refusal = undefined
      delete worker.refusedTimes
      if (provider.limits.goneStates.includes(state)) fleet.roster.move(worker, "terminated", now)
    }
    if (accepted > 0) fleet.journal.ended(answer.accepted.map(({ id }) => id))
    for (const { id, code, message } of answer.failures) {
      failed.push(`${id}: ${code} ${message}`)
      const worker = fleet.roster.find(provider, id)
      if (worker === undefined) continue
      worker.refusal = `${code} ${message}`
      worker.refusedTimes = (worker.refusedTimes ?? 0) + 1
    }
    noteAsked(fleet, provider, workers, accepted)
  } catch (error) {
    failed.push(messageOf(error))
    for (const worker of workers) worker.refusal = messageOf(error)
  }
  for (const worker of workers) if (worker.termination === "sent") delete worker.termination
  fleet.emit({ type: "termination-ended", accepted, failed })
  markChanged(fleet, provider)
  if (failed.length > 0) pollWithin(fleet, provider, POLL_AGAIN_MS)
  else if (isOnlyConfirmationMissing(fleet, provider)) pollWithin(fleet, provider, 0)
  fleet.wake()
}

/** Only the confirmation is missing at the provider: it is polled at once. */
function isOnlyConfirmationMissing({ roster }: Fleet, provider: Provider): boolean {
  const own = roster.at(provider)
  const leaving = own.in("terminating")
  if (leaving.length < own.living.size || roster.launches.isOpenAt(provider)) return false
  return leaving.every(({ termination }) => termination === "accepted")
}

/** Workers on their way out whose time to finish is over, whose termination was not accepted, or did nothing for a minute. */
export function unfinishedTerminations(fleet: Fleet): readonly WorkerRecord[] {
  const now = fleet.clock.now()
  const due = fleet.roster.all.in("terminating").filter((worker) => {
    if (worker.termination === "sent") return false
    if (worker.drainsUntil !== undefined) return now >= worker.drainsUntil
    // Seen on its way out without our asking, it needs no call of ours.
    return worker.terminatedAt !== undefined && now - worker.terminatedAt >= pauseMs(worker)
  })
  return chosenOf(due, now)
}

/** Its own requests were retried before that. */
function pauseMs(worker: WorkerRecord): number {
  return worker.termination === "accepted" ? ASK_AGAIN_MS : refusedPauseMs(worker)
}

/** When the first unfinished termination is due to be asked for again, in milliseconds since 1970. */
export function retryTerminationAt({ owner, roster }: Fleet): number {
  const times = roster.all.in("terminating").map((worker) => {
    if (worker.termination === "sent" || worker.terminatedAt === undefined) return undefined
    // Its tags were changed: this process may not terminate it any more.
    if (!isOurs(worker.instance.tags, owner)) return undefined
    return worker.drainsUntil ?? worker.terminatedAt + pauseMs(worker)
  })
  return times.reduce<number>((first, at) => Math.min(first, at ?? first), Number.POSITIVE_INFINITY)
}

/** The end of the window in which a launch of unknown outcome may still show up; it is swept until then, never replayed. */
export function sweptAt(launch: Launch): number {
  return launch.onWireAt + launch.provider.limits.attemptMs + launch.provider.limits.consistencyMs
}

/** Gives up on launches of unknown outcome that could not show up any more: at zero, say, they are swept, not replayed. */
export function closeSwept(fleet: Fleet, isSwept: (launch: Launch) => boolean): void {
  const now = fleet.clock.now()
  for (const launch of fleet.roster.launches.asked()) {
    if (launch.state !== "unknown" || !isSwept(launch)) continue
    // A cloud that can be asked what became of it is asked first.
    if (now < sweptAt(launch) || launch.provider.find !== undefined) continue
    giveUp(fleet, launch)
  }
}

/** Nothing can come of it any more. */
export function giveUp(fleet: Fleet, launch: Launch): void {
  fleet.roster.forget(launch)
  if (launch.isAbandoned) fleet.givenUp.add(launch.call.token)
  fleet.journal.outcome(launch.call.token, launch.isAbandoned ? "given-up" : "refused")
}

/** What still stands between the groups chosen and zero, in words; empty when zero is confirmed. */
export function openEnds(fleet: Fleet, isChosen: (group: string) => boolean): string[] {
  const living = fleet.roster.living().filter((worker) => isChosen(worker.group))
  const launches = fleet.roster.openLaunches().filter((launch) => isChosen(launch.call.group))
  const ends: string[] = []
  if (living.length > 0)
    ends.push(
      `${living.length} instances not yet confirmed gone${refusalsOf(living) || pollProblemText(fleet, living)}`,
    )
  if (launches.length > 0)
    ends.push(`${launches.length} launch calls whose outcome is not known yet${lastAnswerOf(launches)}`)
  if (ends.length > 0) return ends
  // One complete list, begun after the last thing that was asked, must show nothing else.
  const unlisted = [...fleet.polls].filter(([, poll]) => poll.listedChanges < poll.changes)
  return unlisted.map(([provider, { problem, lastAnswer }]) => {
    const answered = lastAnswer === undefined ? "" : ` (the last answer: ${lastAnswer})`
    const why = problem === undefined ? answered : ` (the last one failed: ${problem.message})`
    return `a complete list of ${provider.name} ${provider.region} begun after the last change${why}`
  })
}

/** Why the terminations cannot be confirmed, in the words of the cloud; empty where lists are answered. */
function pollProblemText({ polls }: Fleet, living: readonly WorkerRecord[]): string {
  const problems = living
    .map(({ provider }) => polls.get(provider))
    .flatMap((poll) => (poll && pollProblemOf(poll)) ?? [])
  return problems[0] === undefined ? "" : ` (the last look: ${problems[0]})`
}

function lastAnswerOf(launches: readonly Launch[]): string {
  const answered = launches.find(({ lastAnswer }) => lastAnswer !== undefined)
  return answered === undefined ? "" : ` (the last answer: ${answered.lastAnswer})`
}

/** Why instances do not go, as the cloud says it: the first of its reasons, and how many are refused. */
export function refusalsOf(workers: readonly WorkerRecord[]): string {
  const refused = workers.filter(({ refusal }) => refusal !== undefined)
  const [first] = refused
  return first === undefined ? "" : ` (${refused.length} refused to go: ${first.refusal})`
}
