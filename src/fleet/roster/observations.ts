/** Observations: when a worker was launched, boots and runs, from what lists and answers show of its instance. */
import type { Instance, Provider } from "../../provider.js"
import type { Launch } from "./launches.js"
import type { WorkerState } from "../lifecycle.js"
import type { WorkerRecord } from "./worker-record.js"
import { TAG } from "../tags.js"

/** What says that a worker is ready: that it runs, its own checks, or the head of an engine, which has it for a member or is one. */
export type ReadyBy = "running" | "checks" | "head"

/** The first observation of an instance. */
export interface FirstObservation {
  readonly provider: Provider
  readonly instance: Instance
  readonly now: number
  /** When the request that showed it was begun. */
  readonly begun: number
  /** A list showed it, not only the reply that made it. */
  readonly listed: boolean
  readonly bootsFrom: number
  /** The launch call that made it, where that is still open. */
  readonly launch: Launch | undefined
  readonly state: WorkerState
  readonly readyBy: ReadyBy
}

/** The worker of an instance that was not known before. */
export function newWorker(observation: FirstObservation): WorkerRecord {
  const { provider, instance, now, begun, listed, bootsFrom, launch, state, readyBy } = observation
  const worker: WorkerRecord = {
    provider,
    group: instance.tags[TAG.group] ?? "default",
    instance,
    state,
    since: now,
    listed,
    knownSince: now,
    bootsFrom,
    billedFrom: launchedFrom(instance, now, launch),
    ...(instance.failure === undefined ? {} : { failure: instance.failure }),
  }
  if (launch === undefined && state === "running")
    worker.boot = { acceptedAt: Math.min(instance.launchedAt, now), isFound: true }
  else if (launch !== undefined || state === "pending")
    worker.boot = {
      ...(launch === undefined || launch.firstSentAt === 0 ? {} : { requestedAt: launch.firstSentAt }),
      acceptedAt: now,
      ...(readyBy === "head" ? { joins: true } : {}),
    }
  noteRunning(worker, instance, begun)
  return worker
}

/** What its state says of its boot: it runs, and is ready then where nothing says when it is; or it went before. */
export function noteBooted({ boot, state, readiness }: WorkerRecord, now: number): void {
  if (boot === undefined || state === "pending") return
  if (state === "running") {
    if (boot.isFound) return
    boot.runningAt ??= now
    if (readiness === undefined) boot.readyAt ??= now
  } else if (boot.readyAt === undefined) boot.endedAt ??= now
}

/** What is new cannot have booted for longer than it is known, whatever its time stamp says. */
export function bootsSince({ launchedAt }: Instance, now: number, isNew: boolean): number {
  return isNew ? Math.max(launchedAt, now) : launchedAt
}

/**
 * When it was launched at the earliest, by our clock: not after we have heard of it, and not before our launch call was sent, whatever
 * its time stamp says.
 */
function launchedFrom({ launchedAt }: Instance, now: number, launch: Launch | undefined): number {
  return Math.max(Math.min(launchedAt, now), launch?.firstSentAt ?? 0)
}

/** Booting instances are polled every few seconds: after a longer gap this machine slept, its clock was set, or the cloud was unreachable. */
const UNSEEN_MS = 5 * 60_000

/** Time without observations does not count as boot time. @param begun when this poll was begun, in milliseconds since 1970. */
export function excludeUnobservedTime(worker: WorkerRecord, begun: number): void {
  const unseenMs = begun - (worker.pendingAt ?? begun)
  if (worker.state === "pending" && unseenMs > UNSEEN_MS) worker.bootsFrom += unseenMs
}

/** @param begun when the request that shows this state was begun, in milliseconds since 1970. */
export function noteRunning(worker: WorkerRecord, { state, launchedAt }: Instance, begun: number): void {
  if (state === "pending") worker.pendingAt = Math.max(worker.pendingAt ?? begun, begun)
  else if (state === "running" || state === "stopped") worker.ranFrom ??= worker.pendingAt ?? launchedAt
}

/**
 * Notes that a list which was begun then shows it as it is known now: where it does not run yet, it did not so long before the list as
 * that may be late. Whether that is later than what was known.
 */
export function notePending(worker: WorkerRecord, begun: number): boolean {
  if (worker.ranFrom !== undefined || worker.instance.state !== "pending") return false
  const from = begun - worker.provider.limits.consistencyMs
  if (from <= worker.billedFrom) return false
  worker.billedFrom = from
  return true
}
