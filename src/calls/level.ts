/** Level: the available units of one bucket, and when more will be available. Pure. */
import type { Bucket } from "../provider.js"

/** Tokens are fractions of seconds; a difference this small is arithmetic, not a missing token. */
const EPSILON = 1e-9
const MINUTE_MS = 60_000

/**
 * Refilled tokens are counted this much later. Requests take unequal times to arrive: one that leaves the moment
 * its token is there can arrive before the one before it, and be refused. A bucket that is full, or nearly, is not slowed by it.
 */
export const LATE_MS = 250

export interface Level {
  readonly bucket: Bucket
  /** Token: tokens left, with what flowed back until `at`. Window: units used since `at`. Concurrency: units in use. */
  amount: number
  at: number
  /** Window: units used so shortly before its end that they may count in the next one. */
  late: number
  stoppedUntil: number
  /** Window: its assumed size, its maximum size, and the start of the last window that was empty early. */
  count: number
  most: number
  dryAt: number
}

export function capacityOf(bucket: Bucket): number {
  if (bucket.kind === "token") return bucket.capacity
  return bucket.kind === "window" ? bucket.count : bucket.max
}

export function available(level: Level, now: number): number {
  const { bucket, amount, at } = level
  if (bucket.kind === "token")
    return Math.min(bucket.capacity, amount + (Math.max(0, now - LATE_MS - at) / 1000) * bucket.perSecond)
  if (bucket.kind === "concurrency") return bucket.max - amount
  return level.count - usedIn(level, windowStart(level, now))
}

/** Units that count in the window which begins at `start`: its own, or what the one before it may have left to it. */
export function usedIn({ bucket, amount, at, late }: Level, start: number): number {
  if (start === at) return amount
  return bucket.kind === "window" && bucket.aligned && start === at + lengthOf(bucket) ? late : 0
}

export function lengthOf(bucket: Bucket): number {
  return bucket.kind === "window" ? bucket.perMinute * MINUTE_MS : 0
}

/** The start of the window that `now` falls into; an unaligned one that has run out starts with its next unit. */
export function windowStart(level: Level, now: number): number {
  if (level.bucket.kind !== "window") return level.at
  const lengthMs = lengthOf(level.bucket)
  if (level.bucket.aligned) return Math.floor(now / lengthMs) * lengthMs
  return level.amount > 0 && now < level.at + lengthMs + LATE_MS ? level.at : now
}

/** The first moment at which `units` are available; Infinity while other requests must release them first. */
export function availableAt(level: Level, units: number, now: number, failover: boolean): number {
  const { bucket } = level
  const kept = bucket.kind === "token" && !failover ? (bucket.reserve ?? 0) : 0
  const needed = Math.min(units + kept, bucket.kind === "window" ? level.count : capacityOf(bucket))
  const missing = needed - available(level, now)
  if (missing <= EPSILON) return now
  if (bucket.kind === "concurrency") return Number.POSITIVE_INFINITY
  if (bucket.kind === "token") return Math.max(now, level.at + LATE_MS) + (missing / bucket.perSecond) * 1000
  return windowStart(level, now) + lengthOf(bucket) + (bucket.aligned ? 0 : LATE_MS)
}
