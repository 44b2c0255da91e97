/** Replace: which workers no longer do their work and must go, and when to stop making new ones. Pure. */
import type { Failure } from "../provider.js"
import { STOPPED } from "./lifecycle.js"
import type { Members } from "./roster/members.js"
import type { WorkerRecord } from "./roster/worker-record.js"

/** Failed boots in a row after which a group is given up: the next one would fail as well, and cost. */
export const MOST_FAILED_BOOTS = 10

/** The part of a group that may fail to boot within one boot time: above it something is wrong with all of them. */
const MOST_FAILED_SHARE = 0.2
/** Fewer than this many are bad luck, whatever part of a small group they are. */
const FEWEST_OF_SHARE = 5

/** A worker that has run for so long has booted well, whatever happens to it later. */
const BOOTED_MS = 60_000

/**
 * The pauses when each replacement vanishes in its turn: the second launch goes at once, the next ones wait 10, 20, 40 s … 10 min.
 * A user, another process or the cloud ends what the owner launches, and each launch is billed for a minute at least.
 */
const FIRST_PAUSE_MS = 10_000
const LONGEST_PAUSE_MS = 600_000
/** The pauses when what workers run fails on one after another: 2, 4, 8 s … 5 min. */
const FIRST_FAILURE_PAUSE_MS = 2_000
const LONGEST_FAILURE_PAUSE_MS = 300_000
/** After so long without another one the row has ended. */
const FORGET_MS = 3_600_000
/** A worker that lived longer than this was not ended for being new, in milliseconds. */
const SHORT_LIFE_MS = 600_000

/**
 * The workers to terminate: failed ones, which are still there, once it is known how their work ended, and all of them once the cluster's deadline has passed.
 * Interrupted and lost ones need no call of ours; they no longer count and the plan makes up for them.
 */
export function toEnd(workers: Pick<Members, "in">, now: number, deadlineMs: number): WorkerRecord[] {
  if (now >= deadlineMs) return workers.in("pending", "running", "interrupted", "failed")
  return workers.in("failed").filter(({ held, isKept }) => held === undefined && isKept !== true)
}

/** What the breaker needs to know of a group. */
export interface BootRecord {
  /** When the last `scale` named it, in milliseconds since 1970: what failed before is forgiven. */
  readonly since: number
  readonly now: number
  /** How many workers there should be. */
  readonly desired: number
  /** How long an instance may take to boot, in milliseconds. */
  readonly bootMs: number
}

/** The failure that ends a group's launches; undefined while boots, and what is run then, go well enough. */
export function tripped(workers: readonly WorkerRecord[], record: BootRecord): Failure | undefined {
  return trippedByBoots(workers, record) ?? trippedByStartups(workers, record)
}

/**
 * What workers run fails soon on one after another: within two rounds of a target it is given up. At most twice as many as the target
 * are launched, and fewer where most of a first round have failed.
 */
function trippedByStartups(workers: readonly WorkerRecord[], record: BootRecord): Failure | undefined {
  const { since, now, desired } = record
  if (!workers.some(failedSoon)) return undefined
  const latestFirst = workers.filter((worker) => worker.knownSince >= since).sort((a, b) => placeOf(b) - placeOf(a))
  const end = latestFirst.findIndex((worker) => hasWorked(worker, now))
  const row = end < 0 ? latestFirst : latestFirst.slice(0, end)
  const failed = row.filter(failedSoon)
  const living = row.filter(({ state }) => state === "pending" || state === "running").length
  const isMost = failed.length >= FEWEST_OF_SHARE && failed.length > living
  return failed.length > desired || isMost ? failed[0]?.failure : undefined
}

/**
 * Its place in a row. What fails to become ready does so long after others of its round have: it is judged among those that were
 * launched with it.
 */
function placeOf({ since, knownSince, readiness }: WorkerRecord): number {
  return readiness === undefined ? since : knownSince
}

/** Where a check says when a worker is ready, what counts is how long it was. */
function failedSoon({ failure, since, ranFrom = since, readiness }: WorkerRecord): boolean {
  if (failure?.reason !== "startup") return false
  if (readiness === undefined) return since - ranFrom < SHORT_LIFE_MS
  return readiness.readyAt === undefined || since - readiness.readyAt < SHORT_LIFE_MS
}

/** Its work has gone well, or went on for long. */
function hasWorked({ end, state, since, ranFrom, readiness }: WorkerRecord, now: number): boolean {
  if (end?.outcome === "success") return true
  const from = readiness === undefined ? ranFrom : readiness.readyAt
  return from !== undefined && (state === "running" ? now : since) - from >= SHORT_LIFE_MS
}

function trippedByBoots(workers: readonly WorkerRecord[], record: BootRecord): Failure | undefined {
  if (!workers.some((worker) => failedToBoot(worker, record))) return undefined
  const recent = workers
    .filter((worker) => worker.knownSince >= record.since)
    .sort((a, b) => b.knownSince - a.knownSince)
  if (failedInRow(recent, record) < MOST_FAILED_BOOTS && !failsTooOften(recent, record)) return undefined
  // The newest of those whose console tells more than that it failed, where there are some.
  const failed = recent.filter((worker) => failedToBoot(worker, record))
  return (failed.find(({ hasConsoleLines }) => hasConsoleLines) ?? failed[0])?.failure
}

/** One that had run for as long as a boot may take did boot, whatever a cloud calls what ended it. */
function failedToBoot({ failure, ranFrom, since }: WorkerRecord, { bootMs }: BootRecord): boolean {
  return failure?.reason === "boot" && (ranFrom === undefined || since - ranFrom < bootMs)
}

function failedInRow(latestFirst: readonly WorkerRecord[], record: BootRecord): number {
  const { now } = record
  const hasBooted = (worker: WorkerRecord) =>
    !failedToBoot(worker, record) && worker.state === "running" && now - worker.since >= BOOTED_MS
  const end = latestFirst.findIndex(hasBooted)
  const row = end < 0 ? latestFirst : latestFirst.slice(0, end)
  const failed = row.filter((worker) => failedToBoot(worker, record)).length
  // Of many that were launched together the failed ones are known first: the others may still break the row.
  const unsure = row.filter(({ state }) => state === "pending" || state === "running").length
  return failed > unsure ? failed : 0
}

function failsTooOften(workers: readonly WorkerRecord[], record: BootRecord): boolean {
  const { now, desired, bootMs } = record
  const failed = workers.filter((worker) => failedToBoot(worker, record) && now - worker.since <= bootMs).length
  const living = workers.filter(({ state }) => state === "pending" || state === "running").length
  return failed >= FEWEST_OF_SHARE && failed >= MOST_FAILED_SHARE * Math.max(desired, living)
}

/**
 * Until when nothing more is launched, because workers vanish again and again that the owner did not end; 0: go on. Only lives
 * that follow each other are counted: a hundred workers that a user deletes at once are replaced at once.
 */
export function pausedUntil(workers: readonly WorkerRecord[], since: number): number {
  const { length, last } = chainOf(workers.filter((worker) => worker.knownSince >= since && hasVanished(worker)))
  return length < 2 ? 0 : last + Math.min(FIRST_PAUSE_MS * 2 ** (length - 2), LONGEST_PAUSE_MS)
}

/** Until when no worker takes the place of one on which a startup failed, because one after another has; 0: go on. */
export function failuresPausedUntil(workers: readonly WorkerRecord[], since: number): number {
  const { length, last } = chainOf(workers.filter((worker) => worker.knownSince >= since && failedSoon(worker)))
  return length === 0 ? 0 : last + Math.min(FIRST_FAILURE_PAUSE_MS * 2 ** (length - 1), LONGEST_FAILURE_PAUSE_MS)
}

/** How many lives that ended soon have followed each other, and when the last one ended. */
function chainOf(workers: readonly WorkerRecord[]): { readonly length: number; readonly last: number } {
  let chain = 0
  let last = Number.NEGATIVE_INFINITY
  for (const worker of [...workers].sort((a, b) => a.since - b.since)) {
    if (worker.knownSince < last) continue
    chain = worker.since - last > FORGET_MS ? 1 : chain + 1
    last = worker.since
  }
  return { length: chain, last }
}

/** Gone soon, and neither asked to go, nor interrupted, nor failed to boot, nor because its work ended. */
function hasVanished({ state, since, knownSince, ...worker }: WorkerRecord): boolean {
  const { terminatedAt, interruptedAt, failure, held, end } = worker
  if (held !== undefined || (end !== undefined && end.outcome !== "unknown")) return false
  const isOurs = terminatedAt !== undefined && failure?.code !== STOPPED
  // A reason that was only inferred explains nothing: a user may have deleted the worker.
  const isTold = failure !== undefined && failure.code !== STOPPED && failure.inferred !== true
  const isExplained = interruptedAt !== undefined || isTold
  const isGone = state === "lost" || state === "terminating" || state === "terminated"
  return isGone && !isOurs && !isExplained && since - knownSince < SHORT_LIFE_MS
}
