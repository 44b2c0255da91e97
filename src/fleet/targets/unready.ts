/** Unready: what follows from what workers' checks say. Guests only tell; who owns the cluster ends workers here. */
import { noteMarks } from "../../ready/boot.js"
import type { CheckWords, Report } from "../../ready/report.js"
import { shareOf } from "../planning/exchange.js"
import { tripped } from "../replace.js"
import { bootEvent } from "../reports/boots.js"
import { workerName } from "../reports/worker.js"
import type { FailedCheck, Membership, Readiness, WorkerRecord } from "../roster/worker-record.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { isOutOfQuestion } from "../state/held.js"
import { generationOf } from "../tags.js"
import { noteSeen, patientUntil } from "./patience.js"
import { restOutliers } from "./resting.js"
import { letFinish, startTerminations } from "../terminate.js"
import { failedText, failureOf, knownToRun } from "./unready-words.js"

/** A guest gives up by itself when its time is over: so long its words are waited for, and those of others, in milliseconds. */
const WORDS_MS = 20_000

/**
 * Of many each is asked in its turn. One whose turn has not come since its time was over is waited for so much longer: so long, and so
 * much more for each worker of the group, in milliseconds.
 */
const TURN_MS = { least: 600_000, each: 100 } as const

/** More than this part of a group that is unhealthy at one time have something else in common: none of them is ended. */
const MOST_UNHEALTHY = 0.5
const FEWEST_UNHEALTHY = 5

/** So many parts of a group are judged one after the other, so that the breaker can stop the rest. */
const PARTS = 20

/** Many become ready together: a pass looks at all of them. In milliseconds. */
const GATHER_MS = 20

/** The step that has failed, where one has: whatever else goes on there. */
const FAILED_AT = { ready: "ready", health: "health", restart: "reboot" } as const

/** Takes in how a worker is, as its guest tells it. */
export function takeReport(fleet: Fleet, worker: WorkerRecord, report: Report): void {
  const state = fleet.groups.get(worker.group)
  if (state === undefined || worker.state !== "running") return
  const now = fleet.clock.now()
  const next = readinessOf(state, worker, { ...report, ...shownWords(fleet, state, worker, report) }, now)
  const { boot } = worker
  if (boot !== undefined && boot.readyAt === undefined) noteMarks(boot, report.boot, now, report.nowMs)
  setReady(fleet, state, worker, next)
}

/** How a worker is from now on, and what follows from that. */
export function setReady(fleet: Fleet, state: GroupState, worker: WorkerRecord, next: Readiness): void {
  const before = worker.readiness
  const now = fleet.clock.now()
  fleet.roster.setReadiness(worker, next)
  noteBooted(fleet, worker)
  // Without a check of its own it was ready when it ran.
  const wasReady = before?.isReady ?? state.group.ready === undefined
  if (next.isReady && !wasReady) {
    const afterMs = Math.max(0, now - (worker.ranFrom ?? now))
    fleet.emit({ type: "ready", ...whoseOf(worker), isReady: true, afterMs })
  } else if (!next.isReady && wasReady) {
    fleet.emit({ type: "ready", ...whoseOf(worker), isReady: false, action: "wait", ...wordsOf(next.words) })
  }
  if (next.isReady !== wasReady || next.failed !== before?.failed || isDue(fleet, state, worker)) fleet.wake(GATHER_MS)
}

/** What a check prints may have a secret in it. */
function shownWords(fleet: Fleet, { group }: GroupState, { instance }: WorkerRecord, { words }: Report) {
  if (words === undefined) return {}
  return { words: { ...words, tail: fleet.supplies.concealed(group, instance.id, words.tail) } }
}

function noteBooted(fleet: Fleet, worker: WorkerRecord): void {
  const { boot, readiness } = worker
  if (boot === undefined || boot.readyAt !== undefined || boot.isFound || readiness?.isReady !== true) return
  boot.readyAt = fleet.clock.now()
  const event = bootEvent(worker)
  if (event !== undefined) fleet.emit(event)
}

/** Its guest could not be heard: what was known of it stays. */
export function noteUnheard(fleet: Fleet, worker: WorkerRecord, problem: string): void {
  const { readiness = { isReady: true } } = worker
  fleet.roster.setReadiness(worker, { ...readiness, problem, triedAt: fleet.clock.now() })
  const state = fleet.groups.get(worker.group)
  if (state !== undefined && isDue(fleet, state, worker)) fleet.wake(GATHER_MS)
}

function readinessOf(state: GroupState, worker: WorkerRecord, report: Report, now: number): Readiness {
  const { ready, health } = state.group
  const { step, isUnchecked, hasPassed, gaveUp, wasRestarted, unhealthy, words } = report
  const failed: Readiness["failed"] = isUnchecked
    ? undefined
    : unhealthy !== undefined && health !== undefined
      ? "health"
      : ready === undefined
        ? undefined
        : wasRestarted
          ? "restart"
          : gaveUp === undefined
            ? undefined
            : "ready"
  const isPassed =
    failed === undefined && (isUnchecked || ready === undefined || ready.checks.length === 0 || hasPassed)
  const { readiness: before } = worker
  // What its head has found stays until that says otherwise.
  if (failed === undefined && isAbsent(worker) && before?.failed === "health") return { ...before, heardAt: now }
  const isReady = isPassed && hasJoined(state, worker)
  const at = failed !== undefined ? FAILED_AT[failed] : isPassed ? "join" : step
  const since = ready === undefined || isUnchecked ? (worker.ranFrom ?? now) : now
  const readyAt = before?.readyAt ?? (isReady ? since : undefined)
  const failedAt = failed === before?.failed ? before?.failedAt : now
  return {
    isReady,
    ...(isPassed ? { hasPassed: true } : {}),
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(at === undefined || isReady ? {} : { step: at }),
    ...(isUnchecked ? { isUnchecked } : {}),
    heardAt: now,
    ...(failed === undefined || failedAt === undefined ? {} : { failed, failedAt }),
    ...(words === undefined || isReady ? {} : { words }),
  }
}

/** Of an engine's worker: its head has it. */
export function hasJoined({ group }: GroupState, { member }: WorkerRecord): boolean {
  return !group.joins || isMember(member)
}

/** The head that is there now has told of it. */
export function isMember(member: Membership | undefined): boolean {
  return member !== undefined && member.rejoins !== true
}

/** It was a member, and is none now. */
export function isAbsent({ member }: WorkerRecord): boolean {
  return member?.absentSince !== undefined
}

/**
 * Ends what is not ready in time, and what is unhealthy: at most `maxUnavailable` of these at a time, and none once the breaker has
 * stopped the group. So many as `keepFailed` says stay.
 */
export function endUnready(fleet: Fleet): void {
  noteSeen(fleet)
  for (const [name, state] of fleet.groups) {
    state.judgedAt = fleet.clock.now()
    const unready = fleet.roster.unready(name)
    if (unready.size === 0) state.commonFailure = undefined
    if (unready.size === 0 || !mayEnd(fleet, state)) continue
    const [unhealthy, others] = [[...unready].filter(isUnhealthy), [...unready].filter((one) => !isUnhealthy(one))]
    endInTurn(
      fleet,
      state,
      others.filter((worker) => isDue(fleet, state, worker)),
    )
    if (others.some(({ failure }) => failure !== undefined)) restOutliers(fleet, state)
    endUnhealthy(fleet, state, unhealthy)
  }
}

const isUnhealthy = ({ readiness }: WorkerRecord) => readiness?.failed === "health"

function mayEnd(fleet: Fleet, { breaker, group }: GroupState): boolean {
  return fleet.isOwner && breaker === undefined && !isOutOfQuestion(fleet, group.name)
}

/** One that is not ready, and that a pass is to end now. */
function isDue(fleet: Fleet, state: GroupState, worker: WorkerRecord): boolean {
  if (worker.readiness?.isReady !== false || !mayEnd(fleet, state)) return false
  return fleet.clock.now() >= dueAt(fleet, state, worker)
}

/** When one that is not ready is to go, in milliseconds since 1970. */
function dueAt(fleet: Fleet, state: GroupState, worker: WorkerRecord): number {
  const { failed, failedAt = 0 } = worker.readiness ?? {}
  if (failed === "ready" || failed === "restart") return 0
  // It was ready in its time: a head that has not had it for a minute says so.
  if (failed === undefined && worker.member?.rejoins === true) return Number.POSITIVE_INFINITY
  const from = patientUntil(fleet, worker)
  if (failed !== "health") return unheardUntil(fleet, state, worker, from)
  return Math.max(from, state.recoversUntil ?? 0, failedAt + othersMs(state))
}

/** So long others have to tell that they are unhealthy as well, where that says that the fault is not theirs. */
function othersMs({ group, desired }: GroupState): number {
  return desired < FEWEST_UNHEALTHY ? 0 : (group.health?.everyMs ?? 0) + WORDS_MS
}

/**
 * Until when its guest must have told that it is ready. One that an earlier owner launched, and that was never heard since, may well be
 * at work: it is not ended for that.
 */
function unheardUntil({ owner, roster }: Fleet, { group }: GroupState, worker: WorkerRecord, from: number) {
  const { readiness, instance } = worker
  const { heardAt, triedAt = heardAt } = readiness ?? {}
  const isAdopted = generationOf(instance.tags) !== owner.generation
  if (group.ready === undefined || (isAdopted && heardAt === undefined)) return Number.POSITIVE_INFINITY
  const at = Math.max(knownToRun(worker) + group.ready.timeoutMs + WORDS_MS, from)
  const wasAsked = triedAt !== undefined && Math.max(triedAt, heardAt ?? 0) >= at - WORDS_MS
  return wasAsked ? at : at + TURN_MS.least + TURN_MS.each * roster.running(group.name)
}

/** When the next one is due, in milliseconds since 1970. */
export function unreadyUntil(fleet: Fleet): number {
  let first = Number.POSITIVE_INFINITY
  for (const [name, state] of fleet.groups) {
    if (!mayEnd(fleet, state)) continue
    for (const worker of fleet.roster.unready(name)) {
      const at = dueAt(fleet, state, worker)
      // Those that a pass has left because too many are unhealthy are looked at when others are ready.
      if (at > (state.judgedAt ?? 0)) first = Math.min(first, at)
    }
  }
  return first
}

/** A part after the other: what fails for all must not end all. */
function endInTurn(fleet: Fleet, state: GroupState, workers: readonly WorkerRecord[]): void {
  const size = Math.max(1, Math.floor(workers.length / PARTS))
  for (let at = 0; at < workers.length && !isTripped(fleet, state); at += size)
    for (const worker of workers.slice(at, at + size)) fail(fleet, state, worker)
}

function isTripped(fleet: Fleet, { group, askedAt: since, desired }: GroupState): boolean {
  const bootMs = Math.max(0, ...fleet.providers.map((provider) => provider.limits.bootMs))
  return tripped(fleet.roster.ofGroup(group.name), { since, now: fleet.clock.now(), desired, bootMs }) !== undefined
}

/** Those that were ended before, and whose places are not filled by ready ones yet, count. */
function endUnhealthy(fleet: Fleet, state: GroupState, unhealthy: readonly WorkerRecord[]): void {
  const { name, maxUnavailable } = state.group
  const isOfAll = unhealthy.length >= FEWEST_UNHEALTHY && unhealthy.length > state.desired * MOST_UNHEALTHY
  noteUnhealthy(fleet, state, isOfAll ? unhealthy : [])
  // They recover one after the other as well.
  if (isOfAll) state.recoversUntil = fleet.clock.now() + othersMs(state)
  if (isOfAll || unhealthy.length === 0) return
  const missing = state.desired - fleet.roster.ready(name) - unhealthy.length
  const most = shareOf(maxUnavailable, state.desired) - Math.max(0, missing)
  const due = unhealthy.filter((worker) => isDue(fleet, state, worker))
  endInTurn(fleet, state, due.slice(0, Math.max(0, most)))
}

/** Once, until fewer are. */
function noteUnhealthy(fleet: Fleet, state: GroupState, unhealthy: readonly WorkerRecord[]): void {
  const { name } = state.group
  const [first] = unhealthy
  if (first === undefined) {
    state.commonFailure = undefined
    return
  }
  if (state.commonFailure !== undefined) return
  const { words } = first.readiness ?? {}
  const message = `${unhealthy.length} of ${state.desired} workers of group ${name} are unhealthy at once: what all of them depend on fails, or the check itself, so that none is ended; on ${nameOf(first)} ${failedText(words)}`
  state.commonFailure = message
  fleet.emit({ type: "problem", group: name, error: "HealthFailures", message })
}

function fail(fleet: Fleet, state: GroupState, worker: WorkerRecord): void {
  const { readiness } = worker
  worker.failedCheck = failedCheckOf(readiness)
  worker.failure = failureOf(worker, state.group.ready?.timeoutMs ?? 0, fleet.clock.now())
  worker.consoleRequested = true
  const isKept = keptOf(fleet, state.group.name).length < state.group.keepFailed
  const action = isKept ? "keep" : "replace"
  fleet.emit({ type: "ready", ...whoseOf(worker), isReady: false, action, ...wordsOf(readiness?.words) })
  if (isKept) {
    worker.isKept = true
    fleet.roster.move(worker, "failed", fleet.clock.now())
  } else if (readiness?.failed === "health") letFinish(fleet, [worker])
  else startTerminations(fleet, [worker])
}

function failedCheckOf({ failed, heardAt, words }: Partial<Readiness> = {}): FailedCheck {
  const what = failed ?? (heardAt === undefined ? "unheard" : "ready")
  return { what, ...(words === undefined ? {} : { check: words.check, exitCode: words.exitCode }) }
}

/** Those of a group that are kept for looking at. */
export function keptOf({ roster }: Pick<Fleet, "roster">, group: string): readonly WorkerRecord[] {
  return roster
    .inGroup(group)
    .in("failed")
    .filter(({ isKept }) => isKept === true)
}

function wordsOf(words: CheckWords | undefined) {
  if (words === undefined) return {}
  const { check, exitCode, tail } = words
  return { check, exitCode, ...(tail === "" ? {} : { tail }) }
}

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}

function whoseOf(worker: WorkerRecord) {
  return { id: worker.instance.id, name: nameOf(worker), group: worker.group }
}
