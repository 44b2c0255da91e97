/** Rate and concurrency limits of one account, shared by every cluster of the process that works with it. */
import type { Bucket, Cost } from "../provider.js"
import { onAbort } from "./aborts.js"
import type { Clock } from "./clock.js"
import { available, availableAt, capacityOf, LATE_MS, type Level, lengthOf, usedIn, windowStart } from "./level.js"

/** The part of a window's stated units that this process uses: other programs consume units of the same account. */
const OUR_SHARE = 0.8
/** A window that is empty early is halved when the cloud does not state its size. The result is never below this part. */
const LEAST_SHARE = 1 / 16

export interface TakeOptions {
  readonly signal: AbortSignal
  /** This request passes all that wait without the option: a termination stops a bill. */
  readonly first?: boolean
  /** The request may use the tokens that a bucket reserves for fail-over. */
  readonly failover?: boolean
}

interface Waiter extends TakeOptions {
  readonly cost: readonly (readonly [string, number])[]
  readonly order: number
  readonly grant: () => void
}

export class Buckets {
  readonly #clock: Clock
  readonly #levels = new Map<string, Level>()
  /** Waiters for the same buckets with the same options, in order: when the first must wait, all of them must. */
  readonly #queues = new Map<string, Waiter[]>()
  #order = 0
  #cancelTimer: () => void = () => {}

  constructor(clock: Clock, buckets: Readonly<Record<string, Bucket>>) {
    this.#clock = clock
    this.add(buckets)
  }

  /** Buckets not known yet begin full. */
  add(buckets: Readonly<Record<string, Bucket>>): void {
    for (const [name, bucket] of Object.entries(buckets)) {
      if (this.#levels.has(name)) continue
      const amount = bucket.kind === "token" ? bucket.capacity : 0
      const most = capacityOf(bucket)
      const narrowed = { count: most, most, dryAt: Number.NEGATIVE_INFINITY }
      this.#levels.set(name, { bucket, amount, at: this.#clock.now(), late: 0, stoppedUntil: 0, ...narrowed })
    }
  }

  /**
   * Waits until every bucket in `cost` has enough units, then consumes all of them at once. Waiters are served in order. A cost
   * above a bucket's capacity waits for a full bucket and leaves it in debt. Names without a bucket cost nothing.
   *
   * @returns a function that releases the concurrency units; calling it twice does nothing.
   * @throws the signal's reason when it is aborted first.
   */
  async take(cost: Cost, options: TakeOptions): Promise<() => void> {
    options.signal.throwIfAborted()
    const known = Object.entries(cost).filter(([name, units]) => units > 0 && this.#levels.has(name))
    if (known.length > 0 && !this.#takeAtOnce(known, options)) await this.#wait(known, options)
    let inUse = known.filter(([name]) => this.#levels.get(name)?.bucket.kind === "concurrency")
    return () => {
      for (const [name, units] of inUse) this.#release(name, units)
      if (inUse.length > 0) this.#grantDue()
      inUse = []
    }
  }

  /** Gives units back to buckets that count by outcome. @param instances how many of the instances of `cost` were not created. */
  refund(cost: Cost, instances: number): void {
    if (instances <= 0) return
    const now = this.#clock.now()
    for (const [name, units] of Object.entries(cost)) {
      const level = this.#levels.get(name)
      if (level?.bucket.kind !== "token" || level.bucket.byOutcome !== true) continue
      // Tokens that were refilled meanwhile stay, up to the capacity.
      level.amount = Math.min(level.bucket.capacity, available(level, now) + Math.min(units, instances))
      level.at = Math.max(level.at, now - LATE_MS)
    }
    this.#grantDue()
  }

  /** Stops these buckets for `ms` milliseconds, after the cloud has throttled a request. */
  stop(names: readonly string[], ms: number): void {
    const until = this.#clock.now() + ms
    for (const name of names) {
      const level = this.#levels.get(name)
      if (level !== undefined) level.stoppedUntil = Math.max(level.stoppedUntil, until)
    }
  }

  /**
   * Lowers the size of a window that was empty earlier than expected. `limit` is the size that the cloud states: our share of it
   * is the maximum from now on. Without a stated size other programs have used the window: it is halved until one window passes
   * without a throttle.
   */
  narrow(name: string, limit?: number): void {
    const level = this.#levels.get(name)
    if (level?.bucket.kind !== "window") return
    const start = windowStart(level, this.#clock.now())
    if (limit !== undefined) {
      level.most = Math.max(1, Math.min(level.most, Math.floor(limit * OUR_SHARE)))
      level.count = Math.min(level.count, level.most)
    } else if (level.dryAt !== start) {
      level.count = Math.max(1, Math.ceil(level.most * LEAST_SHARE), Math.floor(level.count / 2))
    }
    level.dryAt = start
  }

  /** Records the remaining units that an answer reports, when they are fewer than expected: the account may have other users. */
  observed(remaining: Readonly<Record<string, number>>): void {
    const now = this.#clock.now()
    for (const [name, left] of Object.entries(remaining)) {
      const level = this.#levels.get(name)
      // No answer reports when other programs release their concurrency units.
      if (level === undefined || level.bucket.kind === "concurrency" || left >= available(level, now)) continue
      level.at = level.bucket.kind === "token" ? now : windowStart(level, now)
      level.amount = level.bucket.kind === "token" ? left : level.count - left
    }
  }

  /** The buckets that a throttle has stopped, each until when, in milliseconds since 1970. */
  stops(): Record<string, number> {
    const now = this.#clock.now()
    const stopped = [...this.#levels].filter(([, level]) => level.stoppedUntil > now)
    return Object.fromEntries(stopped.map(([name, level]) => [name, level.stoppedUntil]))
  }

  /** The units that each bucket would grant now. */
  levels(): Record<string, number> {
    const now = this.#clock.now()
    return Object.fromEntries([...this.#levels].map(([name, level]) => [name, available(level, now)]))
  }

  /** True when no request waits and all units are available: most requests of a burst skip the queue. */
  #takeAtOnce(cost: Waiter["cost"], options: TakeOptions): boolean {
    const now = this.#clock.now()
    if (this.#queues.size > 0 || cost.some(([name, units]) => this.#openAt(name, units, options, now) > now))
      return false
    for (const [name, units] of cost) this.#consume(name, units)
    return true
  }

  #wait(cost: Waiter["cost"], options: TakeOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(options.signal, () => {
        this.#leave(key, waiter)
        reject(options.signal.reason as Error)
        this.#grantDue()
      })
      const grant = () => {
        forget()
        resolve()
      }
      const waiter: Waiter = { ...options, cost, order: this.#order++, grant }
      const key = JSON.stringify([options.first === true, options.failover === true, ...cost.map(([name]) => name)])
      const queue = this.#queues.get(key) ?? []
      queue.push(waiter)
      this.#queues.set(key, queue)
      this.#grantDue()
    })
  }

  #leave(key: string, waiter: Waiter): void {
    const queue = this.#queues.get(key) ?? []
    const index = queue.indexOf(waiter)
    if (index >= 0) queue.splice(index, 1)
    if (queue.length === 0) this.#queues.delete(key)
  }

  /**
   * Grants in order. A waiter blocks later waiters only at the buckets that lack its units, not at its other buckets. Where a
   * bucket has a reserve, fail-over does not wait behind first batches: those wait for the same reserve to fill up again.
   */
  #grantDue(): void {
    this.#cancelTimer()
    const now = this.#clock.now()
    const blocked = new Set<string>()
    const open = new Map(this.#queues)
    let wakeAt = Number.POSITIVE_INFINITY
    for (let next = frontOf(open); next !== undefined; next = frontOf(open)) {
      const [key, waiter] = next
      // Abort callbacks run one after the other: the callback of this waiter may be due still.
      const isOver = waiter.signal.aborted
      const isBlocked = waiter.cost.some(([name]) => blocked.has(this.#laneOf(name, waiter)))
      const at = isBlocked ? Number.POSITIVE_INFINITY : this.#grantableAt(waiter, now)
      if (!isOver && at > now) {
        for (const [name, units] of waiter.cost) {
          if (this.#openAt(name, units, waiter, now) > now) blocked.add(name).add(this.#laneOf(name, waiter))
        }
        wakeAt = Math.min(wakeAt, at)
        open.delete(key)
        continue
      }
      this.#leave(key, waiter)
      if (!this.#queues.has(key)) open.delete(key)
      if (isOver) continue
      for (const [name, units] of waiter.cost) this.#consume(name, units)
      waiter.grant()
    }
    if (wakeAt < Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#clock.timer(Math.ceil(wakeAt - now), () => this.#grantDue())
    }
  }

  #laneOf(name: string, { failover }: Waiter): string {
    const bucket = this.#levels.get(name)?.bucket
    const hasReserve = bucket?.kind === "token" && (bucket.reserve ?? 0) > 0
    return hasReserve && failover === true ? `${name} for fail-over` : name
  }

  #grantableAt(waiter: Waiter, now: number): number {
    return Math.max(now, ...waiter.cost.map(([name, units]) => this.#openAt(name, units, waiter, now)))
  }

  #openAt(name: string, units: number, { failover = false }: TakeOptions, now: number): number {
    const level = this.#levels.get(name)
    return level === undefined ? now : Math.max(level.stoppedUntil, availableAt(level, units, now, failover))
  }

  #consume(name: string, units: number): void {
    const level = this.#levels.get(name)
    if (level === undefined) return
    const now = this.#clock.now()
    if (level.bucket.kind === "concurrency") {
      level.amount += units
    } else if (level.bucket.kind === "token") {
      const tokens = available(level, now)
      // A full bucket gains no tokens. Any other bucket gains them, counted late.
      level.at = tokens >= level.bucket.capacity ? now : Math.max(level.at, now - LATE_MS)
      level.amount = tokens - units
    } else {
      const start = windowStart(level, now)
      if (start !== level.at && level.dryAt !== level.at) level.count = Math.min(level.most, level.count * 2)
      level.amount = usedIn(level, start) + units
      if (start !== level.at) level.late = 0
      if (now >= start + lengthOf(level.bucket) - LATE_MS) level.late += units
      level.at = start
    }
  }

  #release(name: string, units: number): void {
    const level = this.#levels.get(name)
    if (level !== undefined) level.amount = Math.max(0, level.amount - units)
  }
}

/** The next waiter: of the first in each queue, the one that goes before all others. */
function frontOf(queues: ReadonlyMap<string, readonly Waiter[]>): readonly [string, Waiter] | undefined {
  let front: readonly [string, Waiter] | undefined
  for (const [key, [waiter]] of queues) {
    if (waiter !== undefined && (front === undefined || goesBefore(waiter, front[1]))) front = [key, waiter]
  }
  return front
}

function goesBefore(a: Waiter, b: Waiter): boolean {
  const [isFirst, otherIsFirst] = [a.first === true, b.first === true]
  return isFirst === otherIsFirst ? a.order < b.order : isFirst
}
