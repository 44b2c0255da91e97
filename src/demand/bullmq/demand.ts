/** A queue of BullMQ's as demand: how many workers its jobs want. */
import { type Clock, systemClock } from "../../calls/clock.js"
import { SpecError, type SpecProblem, TimeoutError } from "../../errors.js"
import { durationMs } from "../../spec/duration.js"
import type { Duration } from "../../spec/types.js"
import { answered } from "./answered.js"
import { countDue } from "./due.js"
import type { BullMeta, BullQueue } from "./types.js"

/** How many jobs may begin in so many milliseconds: what BullMQ's workers take as `limiter`. */
export interface BullLimiter {
  readonly max: number
  /** In milliseconds. */
  readonly duration: number
}

export interface BullDemandOptions {
  /** How many jobs one machine runs at once: the `concurrency` of its BullMQ workers, all together. */
  readonly perWorker: number
  /**
   * How long a job takes, about, in seconds. Then workers are launched only for work that is still there once they have booted. Left out:
   * all work is taken to outlast a boot.
   */
  readonly jobSeconds?: number
  /** The `limiter` of the BullMQ workers, where they have one. A limit of the whole queue (`setGlobalRateLimit`) is read by itself. */
  readonly limiter?: BullLimiter
  /** How long the queue may take to answer: "10s" by default. */
  readonly timeout?: Duration
  readonly timeoutMs?: number
  /** For tests: the machine's own by default. */
  readonly clock?: Clock
}

/** What the jobs of a queue want. */
export interface BullWanted {
  readonly workers: number
  /** For how many seconds one worker alone would be at work with all of them; left out where `jobSeconds` is. */
  readonly seconds?: number
}

/** Asked again and again; `signal` ends the wait for an answer. */
export type BullDemand = (asked?: { readonly signal?: AbortSignal }) => Promise<BullWanted>

/** For a limit that ends sooner, workers that wait cost less than others that boot. */
const LONG_LIMIT_MS = 60_000

const TIMEOUT_MS = 10_000

/** What `queue.rateLimit(…)` sets: more jobs than any limit lets begin. */
const BY_HAND = Number.MAX_SAFE_INTEGER

/**
 * How many workers the jobs of a queue want, as a function for `cluster.adapt`. It counts what could run now: jobs that wait, that have a
 * priority, whose delay is over, and that run. It divides them by `perWorker`, and rounds up. Jobs that wait for their children or for a
 * later time do not count. A queue that is paused wants what runs and no more. `concurrency` and the rate limit of a queue cap it.
 *
 * @param queue a `Queue` of BullMQ's. Its connection stays yours: close it when the cluster has been closed.
 * @returns a function that reads the queue anew at each call, in four requests that are sent together. It throws a TimeoutError where the
 * queue does not answer in time, and what BullMQ throws.
 * @throws SpecError when an option is wrong, or `queue` is none.
 *
 * @example
 * const queue = new Queue("thumbs", { connection })
 * await cluster.adapt({ maximum: 20, demand: bullmq(queue, { perWorker: 8 }) })
 */
export function bullmq(queue: BullQueue, options: BullDemandOptions): BullDemand {
  const { perWorker, jobSeconds, limiter, timeoutMs } = checked(queue, options)
  const { clock = systemClock } = options
  const ask = answered(() => read(queue, limiter, wallOf(clock)), {
    clock,
    timeoutMs,
    late: () =>
      new TimeoutError(
        `reading the queue ${JSON.stringify(queue.name)} took longer than ${timeoutMs / 1000} s: look whether what it is kept in ` +
          "(Redis, PostgreSQL) runs and can be reached from here",
      ),
  })
  return async ({ signal } = {}) => {
    const reading = await ask(signal)
    const workers = Math.ceil(wantedOf(reading) / perWorker)
    return jobSeconds === undefined ? { workers } : { workers, seconds: (leftOf(reading) * jobSeconds) / perWorker }
  }
}

/** What a queue says of itself. */
export interface QueueReading {
  /** Jobs that could begin. */
  readonly ready: number
  readonly active: number
  readonly meta: BullMeta
  /** How many jobs may begin in one window of the rate limit; undefined where there is none. */
  readonly perWindow: number | undefined
  /** For how long none may begin, in milliseconds. */
  readonly limitedMs: number
}

/** Delays are told by the machines' clocks. */
function wallOf(clock: Clock): number {
  return clock.wall?.() ?? clock.now()
}

async function read(queue: BullQueue, own: BullLimiter | undefined, now: number): Promise<QueueReading> {
  const [counts, due, meta] = await Promise.all([
    queue.getJobCounts("waiting", "active", "prioritized"),
    countDue(queue, now),
    queue.getMeta(),
  ])
  // A limit of the whole queue takes the place of the workers' own.
  const perWindow = meta.max !== undefined && meta.duration !== undefined ? meta.max : own?.max
  const limitedMs = Math.max(0, await queue.getRateLimitTtl(perWindow ?? BY_HAND))
  const { active = 0, ...others } = counts
  return { ready: Object.values(others).reduce((sum, count) => sum + count, due), active, meta, perWindow, limitedMs }
}

/**
 * How many jobs there should be room for. Pure.
 *
 * What may begin is capped by one window of the rate limit: while jobs run for longer than a window, more of them run at each look, and
 * the sum grows to what the limit can keep busy.
 */
export function wantedOf({ ready, active, meta, perWindow, limitedMs }: QueueReading): number {
  if (meta.paused === true || limitedMs > LONG_LIMIT_MS) return active
  const wanted = active + Math.min(ready, perWindow ?? ready)
  return Math.max(active, Math.min(wanted, meta.concurrency ?? wanted))
}

/** How many jobs' time is to be spent: half of each that runs is over. Pure. */
function leftOf({ ready, active, meta }: QueueReading): number {
  return (meta.paused === true ? 0 : ready) + active / 2
}

interface Checked {
  readonly perWorker: number
  readonly jobSeconds: number | undefined
  readonly limiter: BullLimiter | undefined
  readonly timeoutMs: number
}

const NEEDED = ["getJobCounts", "getDelayedCount", "getMeta", "getRateLimitTtl"] as const

function checked(queue: BullQueue, options: BullDemandOptions): Checked {
  const { perWorker, jobSeconds, limiter, timeout } = options ?? {}
  const timeoutMs = timeout === undefined ? (options?.timeoutMs ?? TIMEOUT_MS) : durationMs(timeout)
  const problems: SpecProblem[] = []
  const missing = NEEDED.filter((name) => typeof (queue as Partial<BullQueue> | undefined)?.[name] !== "function")
  if (missing.length > 0) {
    const message = `has no ${missing.join(", ")}: give a Queue of BullMQ 5.81.5 or later, new Queue("name", { connection })`
    problems.push({ option: "queue", value: String(queue), message })
  }
  if (!isCount(perWorker)) problems.push(wrong("perWorker", perWorker, "use a whole number of jobs, at least 1"))
  if (jobSeconds !== undefined && !(jobSeconds >= 0 && Number.isFinite(jobSeconds))) {
    problems.push(wrong("jobSeconds", jobSeconds, "use a number of seconds"))
  }
  if (limiter !== undefined && !(isCount(limiter.max) && limiter.duration > 0)) {
    problems.push(wrong("limiter", limiter, "use that of your workers, { max: 100, duration: 1000 }"))
  }
  if (timeoutMs === undefined || !(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    problems.push(wrong("timeout", timeout ?? timeoutMs, 'use a time with its unit, "10s"'))
  }
  if (problems.length > 0) throw new SpecError(problems)
  return { perWorker, jobSeconds, limiter, timeoutMs: timeoutMs ?? TIMEOUT_MS }
}

function wrong(option: string, value: unknown, rule: string): SpecProblem {
  return { option, value, message: `is ${typeof value === "number" ? value : JSON.stringify(value)}; ${rule}` }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1
}
