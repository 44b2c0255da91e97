/**
 * The world's own buckets, which refuse requests; the caller only estimates them. A request that one bucket refuses is refused as a
 * whole and consumes no units.
 */
import type { Bucket, ConcurrencyBucket, Cost, TokenBucket, WindowBucket } from "../../provider.js"
import { WorldError } from "./world-error.js"

const MINUTE_MS = 60_000

/** One bucket's verdict on a request. */
type Verdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs?: number }

interface Meter {
  ask(units: number, now: number): Verdict
  consume(units: number): void
  /** Concurrency only: releases the units. */
  giveBack(units: number): void
  /** Buckets by outcome only: gives units back whose instances were not created. */
  refund(units: number): void
  level(now: number): number
}

export class Buckets {
  readonly #meters: ReadonlyMap<string, Meter>

  constructor(buckets: Readonly<Record<string, Bucket>>) {
    this.#meters = new Map(Object.entries(buckets).map(([name, bucket]) => [name, meterOf(bucket)]))
  }

  /** Consumes `cost`, or throws a throttled WorldError that names the bucket. An unknown bucket costs nothing. */
  take(cost: Cost, now: number): void {
    for (const [name, units] of Object.entries(cost)) {
      const verdict = this.#meters.get(name)?.ask(units, now) ?? { ok: true }
      if (!verdict.ok) throw throttled(name, units, verdict.retryAfterMs)
    }
    for (const [name, units] of Object.entries(cost)) this.#meters.get(name)?.consume(units)
  }

  /** Ends what `take` began: matters to concurrency buckets only. */
  giveBack(cost: Cost): void {
    for (const [name, units] of Object.entries(cost)) this.#meters.get(name)?.giveBack(units)
  }

  /** Gives back the units of instances that were not created: matters to buckets that count by outcome. */
  refund(cost: Cost, made: number): void {
    for (const [name, units] of Object.entries(cost)) this.#meters.get(name)?.refund(Math.max(0, units - made))
  }

  levels(now: number): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#meters].map(([name, meter]) => [name, meter.level(now)]))
  }
}

function throttled(bucket: string, units: number, retryAfterMs: number | undefined): WorldError {
  const message = `bucket ${bucket} does not hold ${units} more`
  return new WorldError("throttled", {
    code: "Throttled",
    message,
    bucket,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

function meterOf(bucket: Bucket): Meter {
  switch (bucket.kind) {
    case "token":
      return tokenMeter(bucket)
    case "window":
      return windowMeter(bucket)
    case "concurrency":
      return concurrencyMeter(bucket)
  }
}

function tokenMeter({ capacity, perSecond, byOutcome = false }: TokenBucket): Meter {
  let level = capacity
  let filledAt: number | undefined
  const fill = (now: number) => {
    if (filledAt !== undefined) level = Math.min(capacity, level + ((now - filledAt) / 1000) * perSecond)
    filledAt = now
    return level
  }
  return {
    ask(units, now) {
      const missing = units - fill(now)
      // A billionth of a unit is the rounding of many small fills, not a shortage.
      if (missing <= 1e-9) return { ok: true }
      return units > capacity || perSecond === 0
        ? { ok: false }
        : { ok: false, retryAfterMs: Math.ceil((missing / perSecond) * 1000) }
    },
    consume(units) {
      level = Math.max(0, level - units)
    },
    giveBack() {},
    refund(units) {
      if (byOutcome) level = Math.min(capacity, level + units)
    },
    level: fill,
  }
}

function windowMeter({ count, perMinute, aligned }: WindowBucket): Meter {
  const lengthMs = perMinute * MINUTE_MS
  let start = Number.NEGATIVE_INFINITY
  let used = 0
  const roll = (now: number) => {
    if (now < start + lengthMs) return
    start = aligned ? Math.floor(now / lengthMs) * lengthMs : now
    used = 0
  }
  return {
    ask(units, now) {
      roll(now)
      if (used + units <= count) return { ok: true }
      return units > count ? { ok: false } : { ok: false, retryAfterMs: start + lengthMs - now }
    },
    consume(units) {
      used += units
    },
    giveBack() {},
    refund() {},
    level(now) {
      return now < start + lengthMs ? count - used : count
    },
  }
}

function concurrencyMeter({ max }: ConcurrencyBucket): Meter {
  let used = 0
  return {
    ask: (units) => (used + units <= max ? { ok: true } : { ok: false }),
    consume(units) {
      used += units
    },
    giveBack(units) {
      used -= units
    },
    refund() {},
    level: () => max - used,
  }
}
