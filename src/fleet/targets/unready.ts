/** Unready: what follows from what workers' checks say. Guests only tell; who owns the cluster ends workers here. */
import type { Failure } from "../../provider.js"
import { noteMarks } from "../../ready/boot.js"
import type { CheckWords, Report } from "../../ready/report.js"
import { spanText } from "../../text.js"
import { shareOf } from "../planning/exchange.js"
import { tripped } from "../replace.js"
import { bootEvent } from "../reports/boots.js"
import { workerName } from "../reports/worker.js"
import type { Readiness, WorkerRecord } from "../roster/worker-record.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { isOutOfQuestion } from "../state/held.js"
import { generationOf } from "../tags.js"
import { restOutliers } from "./resting.js"
import { letFinish, startTerminations } from "../terminate.js"

/** A guest gives up by itself when its time is over: so long its words are waited for, in milliseconds. */
const WORDS_MS = 20_000

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
  const before = worker.readiness
  const now = fleet.clock.now()
  const next = readinessOf(state, worker, { ...report, ...shownWords(fleet, state, worker, report) }, now)
  fleet.roster.setReadiness(worker, next)
  noteBoot(fleet, worker, report)
  // Without a check of its own it was ready when it ran.
  const wasReady = before?.isReady ?? state.group.ready === undefined
  if (next.isReady && !wasReady) {
    const afterMs = Math.max(0, now - (worker.ranFrom ?? now))
    fleet.emit({ type: "ready", ...whoseOf(worker), isReady: true, afterMs })
  } else if (!next.isReady && wasReady) {
    fleet.emit({ type: "ready", ...whoseOf(worker), isReady: false, action: "wait", ...wordsOf(next.words) })
  }
  if (next.isReady !== wasReady || next.failed !== before?.failed) fleet.wake(GATHER_MS)
}

/** What a check prints may have a secret in it. */
function shownWords(fleet: Fleet, { group }: GroupState, { instance }: WorkerRecord, { words }: Report) {
  if (words === undefined) return {}
  return { words: { ...words, tail: fleet.supplies.concealed(group, instance.id, words.tail) } }
}

function noteBoot(fleet: Fleet, worker: WorkerRecord, report: Report): void {
  const { boot, readiness } = worker
  if (boot === undefined || boot.readyAt !== undefined) return
  const now = fleet.clock.now()
  noteMarks(boot, report.boot, now, report.nowMs)
  if (boot.isFound || readiness?.isReady !== true) return
  boot.readyAt = now
  const event = bootEvent(worker)
  if (event !== undefined) fleet.emit(event)
}

/** Its guest could not be heard: what was known of it stays. */
export function noteUnheard(fleet: Fleet, worker: WorkerRecord, problem: string): void {
  const { readiness = { isReady: true } } = worker
  if (readiness.problem !== problem) fleet.roster.setReadiness(worker, { ...readiness, problem })
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
  const isReady = failed === undefined && (isUnchecked || ready === undefined || hasPassed)
  const at = failed === undefined ? step : FAILED_AT[failed]
  const since = ready === undefined || isUnchecked ? (worker.ranFrom ?? now) : now
  const readyAt = worker.readiness?.readyAt ?? (isReady ? since : undefined)
  return {
    isReady,
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(at === undefined || isReady ? {} : { step: at }),
    ...(isUnchecked ? { isUnchecked } : {}),
    heardAt: now,
    ...(failed === undefined ? {} : { failed }),
    ...(words === undefined || isReady ? {} : { words }),
  }
}

/**
 * Ends what is not ready in time, and what is unhealthy: at most `maxUnavailable` of these at a time, and none once the breaker has
 * stopped the group. So many as `keepFailed` says stay.
 */
export function endUnready(fleet: Fleet): void {
  for (const [name, state] of fleet.groups) {
    const unready = fleet.roster.unready(name)
    if (unready.size === 0 || state.breaker !== undefined || isOutOfQuestion(fleet, name)) continue
    const now = fleet.clock.now()
    const workers = [...unready].filter(({ readiness }) => readiness?.failed !== "health")
    endInTurn(
      fleet,
      state,
      workers.filter((worker) => isOverdue(fleet, state, worker, now)),
    )
    if (workers.some(({ failure }) => failure !== undefined)) restOutliers(fleet, state)
    endUnhealthy(
      fleet,
      state,
      [...unready].filter(({ readiness }) => readiness?.failed === "health"),
    )
  }
}

function isOverdue(fleet: Fleet, state: GroupState, worker: WorkerRecord, now: number): boolean {
  const { failed } = worker.readiness ?? {}
  return failed === "ready" || failed === "restart" || now >= dueAt(fleet, state, worker)
}

/**
 * Until when its guest must have told that it is ready, in milliseconds since 1970. One that an earlier owner
 * launched, and that was never heard since, may well be at work: it is not ended for that.
 */
function dueAt({ owner }: Fleet, { group }: GroupState, worker: WorkerRecord): number {
  const { readiness, instance } = worker
  const isAdopted = generationOf(instance.tags) !== owner.generation
  if (group.ready === undefined || (isAdopted && readiness?.heardAt === undefined)) return Number.POSITIVE_INFINITY
  return knownToRun(worker) + group.ready.timeoutMs + WORDS_MS
}

/** When the next one is overdue, in milliseconds since 1970. */
export function unreadyUntil(fleet: Fleet): number {
  let at = Number.POSITIVE_INFINITY
  for (const [name, state] of fleet.groups) {
    if (state.breaker !== undefined || isOutOfQuestion(fleet, name)) continue
    for (const worker of fleet.roster.unready(name)) at = Math.min(at, dueAt(fleet, state, worker))
  }
  return at
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
  if (isOfAll || unhealthy.length === 0) return
  const missing = state.desired - fleet.roster.ready(name) - unhealthy.length
  const most = shareOf(maxUnavailable, state.desired) - Math.max(0, missing)
  endInTurn(fleet, state, unhealthy.slice(0, Math.max(0, most)))
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
  worker.failure = failureOf(state, worker, fleet.clock.now())
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

/** Those of a group that are kept for looking at. */
export function keptOf({ roster }: Pick<Fleet, "roster">, group: string): readonly WorkerRecord[] {
  return roster
    .inGroup(group)
    .in("failed")
    .filter(({ isKept }) => isKept === true)
}

function failureOf(state: GroupState, worker: WorkerRecord, now: number): Failure {
  const { provider, instance, readiness } = worker
  const { id, instanceType, zone, market, region } = instance
  const scope = { provider: provider.name, region, zone, instanceType, market }
  const where = `${id} (${instanceType}, ${zone})`
  const { failed, words, heardAt, problem } = readiness ?? {}
  const base = { reason: "startup", count: 1, scope, ttlMs: 0, advice: ADVICE } as const
  if (failed === "restart") {
    const message = `${where} was started again, and its startup does not run again: it is not ready`
    return { ...base, code: "ready-restarted", message }
  }
  if (failed === "health")
    return { ...base, code: codeOf("health", words), message: `${failedText(words)} on ${where}` }
  const { timeoutMs = 0 } = state.group.ready ?? {}
  const within = `within ${spanText(timeoutMs)}`
  if (words !== undefined || heardAt !== undefined) {
    // What can never pass is told before the time is over, and a guest may have told it to an earlier process.
    const what = now - knownToRun(worker) < timeoutMs ? "did not become ready" : `was not ready ${within}`
    return { ...base, code: codeOf("ready", words), message: `${where} ${what}: ${unreadyText(readiness)}` }
  }
  const why = problem === undefined ? "" : `: ${problem}`
  return { ...base, code: "ready-unheard", message: `${where} was not heard ${within}${why}` }
}

/** What one that is not ready does, in words. */
export function unreadyText({ step, words, problem, heardAt }: Partial<Readiness> = {}): string {
  if (words !== undefined) return failedText(words)
  if (heardAt === undefined) return `its guest was not heard yet${problem === undefined ? "" : `: ${problem}`}`
  if (step === undefined) return "its boot goes on"
  return step === "ready" ? failedText(undefined) : `its step "${step}" goes on`
}

/** Since when a worker is known to run, in milliseconds since 1970. */
function knownToRun({ since, ranFrom = since, knownSince }: WorkerRecord): number {
  return Math.max(ranFrom, knownSince)
}

const ADVICE =
  "look at the check and at what it looks at (the message has the last that it wrote), then scale again; keepFailed: 1 keeps an instance for looking"

function codeOf(what: string, words: CheckWords | undefined): string {
  return words === undefined ? what : `${what}-${words.exitCode}`
}

/** The check, its exit code, and the last that it wrote. */
export function failedText(words: CheckWords | undefined): string {
  if (words === undefined) return "its check has not passed"
  const { check, exitCode, tail } = words
  const lines = tail === "" ? "" : `; the last of its output:\n${tail}`
  return `the check ${check} ended with exit code ${exitCode}${lines}`
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
