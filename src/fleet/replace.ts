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
/** After so long without another one the row has ended. */
const FORGET_MS = 3_600_000
/** A worker that lived longer than this was not ended for being new, in milliseconds. */
const SHORT_LIFE_MS = 600_000

/**
 * The workers to terminate: failed ones, which are still there, and all of them once the cluster's deadline has passed.
 * Interrupted and lost ones need no call of ours; they no longer count and the plan makes up for them.
 */
export function toEnd(workers: Pick<Members, "in">, now: number, deadlineMs: number): WorkerRecord[] {
  return now >= deadlineMs ? workers.in("pending", "running", "interrupted", "failed") : workers.in("failed")
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

/** The failure that ends a group's launches; undefined while boots go well enough. */
export function tripped(workers: readonly WorkerRecord[], record: BootRecord): Failure | undefined {
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
  const vanished = workers
    .filter((worker) => worker.knownSince >= since && hasVanished(worker))
    .sort((a, b) => a.since - b.since)
  let chain = 0
  let last = Number.NEGATIVE_INFINITY
  for (const worker of vanished) {
    if (worker.knownSince < last) continue
    chain = worker.since - last > FORGET_MS ? 1 : chain + 1
    last = worker.since
  }
  return chain < 2 ? 0 : last + Math.min(FIRST_PAUSE_MS * 2 ** (chain - 2), LONGEST_PAUSE_MS)
}

/** Gone soon, and neither asked to go, nor interrupted, nor failed to boot. */
function hasVanished({ state, since, knownSince, terminatedAt, interruptedAt, failure }: WorkerRecord): boolean {
  const isOurs = terminatedAt !== undefined && failure?.code !== STOPPED
  // A reason that was only inferred explains nothing: a user may have deleted the worker.
  const isTold = failure !== undefined && failure.code !== STOPPED && failure.inferred !== true
  const isExplained = interruptedAt !== undefined || isTold
  const isGone = state === "lost" || state === "terminating" || state === "terminated"
  return isGone && !isOurs && !isExplained && since - knownSince < SHORT_LIFE_MS
}
