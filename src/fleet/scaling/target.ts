/** Target: whether what `scale` asked for has come, can still come, or will not. */
import { AuthError, OwnershipError, type Shortfall, ShortfallError } from "../../errors.js"
import type { ResolvedScale } from "../../verbs/verbs.js"
import { pollProblemOf, type Fleet, memoryOf } from "../state/context.js"
import type { Failure } from "../../provider.js"
import { HEAD } from "../../spec/engine/engine.js"
import { type Finished, type GroupState, NONE_FINISHED } from "../state/group-state.js"
import { awaitsHead, isHead, withHead } from "../state/engine/head.js"
import { heldCount } from "../state/held.js"
import { barredByOutages, isAwaited } from "../refusals/outages.js"
import { failingUntil, vanishingUntil } from "../pass/planning.js"
import type { Plans } from "../planning/types.js"
import { type GroupShort, shortfallMessage, shortfallOf } from "./shortfall.js"
import { bootingText } from "../../ready/boot-timings.js"
import { bootsOf } from "../reports/boots.js"
import { workerName } from "../reports/worker.js"
import type { Launch } from "../roster/launches.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { unreadyText } from "../targets/unready-words.js"
import { openEnds } from "../terminate.js"

/** What `scale` returns. */
export interface ScaleResult {
  readonly desired: number
  readonly running: number
  /** How many of those are ready: all, where nothing says when they are. */
  readonly ready: number
  /** Workers that have finished since this target was set: `desired` has fallen by them. */
  readonly finished: Finished
  readonly shortfall: Shortfall
  /** A later target took this one's place; the counts are those of that moment. */
  readonly superseded: boolean
}

export type Verdict = "wait" | "reached" | "exhausted"

/** Judges a target after a pass. */
export function judge(fleet: Fleet, scale: ResolvedScale, plans: Plans): Verdict {
  const groups = judged(fleet, scale)
  if (groups.every((name) => hasReached(fleet, name, plans))) return "reached"
  const stuck = groups
    .filter((name) => !hasReached(fleet, name, plans))
    .every((name) => isExhausted(fleet, name, plans))
  return stuck ? "exhausted" : "wait"
}

/** Workers are of no use without their head. */
function judged(fleet: Fleet, { targets }: ResolvedScale): readonly string[] {
  return [...withHead(fleet, targets).keys()]
}

function hasReached(fleet: Fleet, name: string, plans: Plans): boolean {
  const desired = fleet.groups.get(name)?.desired ?? 0
  if (desired === 0) return openEnds(fleet, (group) => group === name).length === 0
  // Who has finished is on the way out for that, and not because of a target; who may go on for a while is not waited for.
  const isLeaving = fleet.roster
    .inGroup(name)
    .in("terminating")
    .some(({ end, drainsUntil }) => end === undefined && drainsUntil === undefined)
  // Some more than that are there while on-demand workers are exchanged for spot ones.
  const extra = plans.get(name)?.exchange.extra ?? 0
  const counted = fleet.roster.counted(name).length
  const running = fleet.roster.running(name)
  const ready = fleet.roster.ready(name)
  if (extra > 0) return ready >= desired && counted <= desired + extra
  return ready === desired && running === desired && counted === desired && !isLeaving
}

/** Nothing is on its way, and nothing more is tried now. */
function isExhausted(fleet: Fleet, name: string, plans: Plans): boolean {
  if (awaitsHead(fleet, name)) return isExhausted(fleet, HEAD, plans)
  const state = fleet.groups.get(name)
  if (state !== undefined && state.problem === undefined && isAwaited(state, fleet.clock.now())) return false
  const isQuiet = fleet.roster.pending(name) === 0 && fleet.roster.booked(name) === 0 && heldCount(fleet, name) === 0
  const unready = fleet.roster.unready(name).size
  // Who is not ready yet may become it, until nothing more is tried.
  if (unready > 0) return isQuiet && state?.breaker !== undefined
  return isQuiet && (plans.get(name)?.unplaced ?? 0) > 0
}

/** The error that ends the wait at once: nothing that the library does can help. */
export function finalProblem(fleet: Fleet, scale: ResolvedScale, passError: Error | undefined): Error | undefined {
  if (passError instanceof OwnershipError || passError instanceof AuthError) return passError
  const stopped = judged(fleet, scale)
    .map((name) => fleet.groups.get(name))
    .filter((state) => state?.problem !== undefined)
  // What is on the wire is awaited first, so that the error finds a settled picture.
  const isQuiet = fleet.roster.launches.asked().every((launch) => launch.state === "unknown")
  return isQuiet ? stopped[0]?.problem : undefined
}

/** Counts and reasons, as they are now. */
export function resultOf(fleet: Fleet, scale: ResolvedScale, superseded: boolean): ScaleResult {
  const shorts = [...scale.targets.keys()].flatMap((name) => {
    const state = fleet.groups.get(name)
    return state === undefined ? [] : [shortOf(fleet, state)]
  })
  return {
    desired: shorts.reduce((sum, short) => sum + short.desired, 0),
    running: shorts.reduce((sum, short) => sum + short.running, 0),
    ready: shorts.reduce((sum, short) => sum + short.ready, 0),
    finished: finishedIn(fleet, [...scale.targets.keys()]),
    shortfall: shortfallOf(shorts),
    superseded,
  }
}

/** How many workers of these groups have finished since their last targets. */
export function finishedIn(fleet: Fleet, groups: readonly string[]): Finished {
  const all = groups.flatMap((name) => fleet.groups.get(name)?.finished ?? [])
  return all.reduce(
    (sum, { succeeded, failed }) => ({ succeeded: sum.succeeded + succeeded, failed: sum.failed + failed }),
    NONE_FINISHED,
  )
}

/** What there is of a group, and all that may be said of what is missing. */
export function shortOf(fleet: Fleet, state: GroupState): GroupShort {
  const own = ownShort(fleet, state)
  const head = awaitsHead(fleet, state.group.name) ? fleet.groups.get(HEAD) : undefined
  if (head === undefined) return own
  // What keeps its head away keeps its workers away.
  const { failures, problem, preparing, cut, outages = [], offers, pausedUntil = 0 } = ownShort(fleet, head)
  return { ...own, failures, problem, preparing, cut, outages, offers, pausedUntil, awaitsHead: true }
}

function ownShort(fleet: Fleet, state: GroupState): GroupShort {
  const { name } = state.group
  const boots = fleet.roster
    .ofGroup(name)
    .flatMap(({ failure, knownSince }) => (isOfWorker(failure) && knownSince >= state.askedAt ? [failure] : []))
  return {
    group: name,
    desired: state.desired,
    running: fleet.roster.running(name),
    ready: fleet.roster.ready(name),
    unready: unreadyIn(fleet, state),
    pending: fleet.roster.pending(name),
    booked: fleet.roster.booked(name),
    lastAnswer: lastAnswerOf(fleet.roster.openLaunches(name)),
    preparing: state.preparing,
    pollProblem: [...fleet.polls.values()].map(pollProblemOf).find((problem) => problem !== undefined),
    failures: [...state.failures, ...boots],
    problem: state.problem,
    cut: state.cut,
    held: heldCount(fleet, name),
    pausedUntil: vanishingUntil(fleet, state),
    failingUntil: failingUntil(fleet, state),
    outages: barredByOutages(fleet, state),
    offers: state.offers ?? [],
    memory: [...memoryOf(fleet), ...state.resting],
    now: fleet.clock.now(),
  }
}

/** What those that are not ready do, in words: the one that was last heard of, and whether it can be heard at all. */
function unreadyIn(fleet: Fleet, { group }: GroupState): string {
  const [first, ...others] = [...fleet.roster.unready(group.name)].sort(byHeard)
  if (first === undefined) return ""
  const name = workerName(first.instance, first.group)
  const isMember = group.joins && (group.ready?.checks.length ?? 0) === 0
  const text = unreadyText(first.readiness, isHead(fleet, group.name) ? "itself" : isMember ? "head" : undefined)
  return `${name}${others.length === 0 ? "" : `, for one of ${others.length + 1}`}: ${text}`
}

/** Words of a check that failed say most. */
function byHeard(a: WorkerRecord, b: WorkerRecord): number {
  const rank = ({ readiness }: WorkerRecord) => (readiness?.words === undefined ? 0 : 1)
  return rank(b) - rank(a) || (b.readiness?.heardAt ?? 0) - (a.readiness?.heardAt ?? 0)
}

function isOfWorker(failure: Failure | undefined): failure is Failure {
  return failure?.reason === "boot" || failure?.reason === "startup"
}

/** The newest words of launch calls whose outcome is not known. */
function lastAnswerOf(launches: readonly Launch[]): string | undefined {
  const answered = launches.filter(({ lastAnswer }) => lastAnswer !== undefined)
  return answered.sort((a, b) => b.sentAt - a.sentAt)[0]?.lastAnswer
}

/** The error of a target that was not reached: too few run. */
export function shortfallError(
  fleet: Fleet,
  { desired, running, ready, shortfall }: ScaleResult,
  waitedMs: number | undefined,
): ShortfallError {
  const waited = waitedMs === undefined ? "" : `; waited ${Math.round(waitedMs / 1000)} s`
  const booting = waitedMs === undefined ? undefined : bootingText(bootsOf(fleet.roster.workers, fleet.clock.now()))
  const boots = booting === undefined ? "" : `\n  ${booting}`
  const message = shortfallMessage(fleet.owner.cluster, { desired, running, ready }, shortfall) + waited + boots
  return new ShortfallError(message, { desired, running, ready, shortfall })
}
