/**
 * Totals: the sum of many bills, updated as they change. A pass reads it several times, and a cluster may have had a hundred
 * thousand workers: only changed bills are read again. Each bill is flat until what is billed at least is over,
 * and a straight line from there on. Pure; it is given `now`, which does not go back.
 */
import { type Bill, costOf } from "./bill.js"

const HOUR_MS = 3_600_000

/** The total of one group's bills, as a function of time. */
interface Line {
  /** USD of bills that have ended, or are flat. */
  fixed: number
  /** USD a millisecond of those that grow. */
  slope: number
  /** USD to be added to `slope` times the milliseconds since `since`. */
  offset: number
  /** How many bills these are. */
  count: number
  /** How many of them grow. */
  growing: number
}

/** Bills that are flat until the same moment. */
interface Bend<K> {
  readonly keys: Set<K>
  /** USD a millisecond of all of them from then on. */
  usdPerMs: number
}

/** The totals at a moment. */
export interface Total {
  readonly usd: number
  readonly byGroup: Readonly<Record<string, number>>
  /** How many bills have no price: the totals leave them out. */
  readonly unpriced: number
}

export class Totals<K> {
  readonly #bills = new Map<K, Bill>()
  readonly #lines = new Map<string, Line>()
  readonly #bends = new Map<number, Bend<K>>()
  /** The moments of `#bends`, the earliest first; some have no bills any more. */
  #moments: number[] = []
  #isSorted = true
  #unpriced = 0
  /** Sums of times since 1970 would lose their last digits. */
  #since: number | undefined

  /** Sets the bill of a key; undefined removes it. */
  set(key: K, bill: Bill | undefined, now: number): void {
    this.#since ??= now
    this.#remove(key)
    if (bill === undefined) return
    this.#bills.set(key, bill)
    const { from, to, usdPerHour, leastMs } = bill
    const isFlat = from !== undefined && to === undefined && now < from + leastMs
    if (usdPerHour === undefined) this.#unpriced += 1
    else this.#add(key, bill, isFlat, 1)
  }

  at(now: number): Total {
    this.#advance(now)
    const byGroup: Record<string, number> = {}
    let usd = 0
    for (const [group, line] of this.#lines) {
      const own = this.#usdOf(line, now)
      byGroup[group] = own
      usd += own
    }
    return { usd, byGroup, unpriced: this.#unpriced }
  }

  /**
   * The moment at which the total reaches `usd` if nothing starts or ends: `now` when it has reached it. A moment after `untilMs`
   * is not exact, and may be Infinity.
   */
  reachedAt(usd: number, now: number, untilMs: number): number {
    let left = usd - this.at(now).usd
    let slope = 0
    for (const line of this.#lines.values()) slope += line.slope
    let from = now
    for (const at of this.#moments) {
      if (at > untilMs || left <= slope * (at - from)) break
      left -= slope * (at - from)
      slope += this.#bends.get(at)?.usdPerMs ?? 0
      from = at
    }
    if (left <= 0) return from
    return slope <= 0 ? Number.POSITIVE_INFINITY : from + left / slope
  }

  #remove(key: K): void {
    const bill = this.#bills.get(key)
    if (bill === undefined) return
    this.#bills.delete(key)
    const isFlat = this.#bends.get(bendOf(bill))?.keys.has(key) ?? false
    if (bill.usdPerHour === undefined) this.#unpriced -= 1
    else this.#add(key, bill, isFlat, -1)
  }

  /** @param change 1 adds the bill to the totals; -1 removes it. */
  #add(key: K, bill: Bill, isFlat: boolean, change: 1 | -1): void {
    const line = this.#lineOf(bill.group)
    line.count += change
    if (isFlat) {
      line.fixed += change * flatUsd(bill)
      this.#bend(key, bill, change)
    } else if (bill.to !== undefined) line.fixed += change * (costOf(bill, bill.to) ?? 0)
    else if (bill.from !== undefined) this.#grow(line, bill, change)
    if (line.count === 0) this.#lines.delete(bill.group)
  }

  #bend(key: K, bill: Bill, change: 1 | -1): void {
    const at = bendOf(bill)
    const bend = this.#bends.get(at) ?? { keys: new Set<K>(), usdPerMs: 0 }
    bend.usdPerMs += change * usdPerMs(bill)
    if (change < 0) {
      bend.keys.delete(key)
      if (bend.keys.size === 0) bend.usdPerMs = 0
      return
    }
    bend.keys.add(key)
    if (this.#bends.has(at)) return
    this.#bends.set(at, bend)
    if (at < (this.#moments.at(-1) ?? at)) this.#isSorted = false
    this.#moments.push(at)
  }

  #grow(line: Line, bill: Bill, change: 1 | -1): void {
    const slope = usdPerMs(bill)
    line.slope += change * slope
    line.offset -= change * slope * ((bill.from ?? 0) - (this.#since ?? 0))
    line.growing += change
    // Fractions that were added and subtracted again leave a rounding error.
    if (line.growing === 0) [line.slope, line.offset] = [0, 0]
  }

  /** Bills whose flat time is over grow from now on. */
  #advance(now: number): void {
    if (!this.#isSorted) this.#moments.sort((a, b) => a - b)
    this.#isSorted = true
    let passed = 0
    while ((this.#moments[passed] ?? Number.POSITIVE_INFINITY) <= now) {
      this.#pass(this.#moments[passed] ?? 0)
      passed += 1
    }
    if (passed > 0) this.#moments = this.#moments.slice(passed)
  }

  #pass(at: number): void {
    const bend = this.#bends.get(at)
    this.#bends.delete(at)
    for (const key of bend?.keys ?? []) {
      const bill = this.#bills.get(key)
      if (bill === undefined) continue
      const line = this.#lineOf(bill.group)
      line.fixed -= flatUsd(bill)
      this.#grow(line, bill, 1)
    }
  }

  #usdOf({ fixed, slope, offset }: Line, now: number): number {
    return fixed + offset + slope * (now - (this.#since ?? now))
  }

  #lineOf(group: string): Line {
    const known = this.#lines.get(group)
    if (known !== undefined) return known
    const line: Line = { fixed: 0, slope: 0, offset: 0, count: 0, growing: 0 }
    this.#lines.set(group, line)
    return line
  }
}

function usdPerMs({ usdPerHour = 0 }: Bill): number {
  return usdPerHour / HOUR_MS
}

/** When what is billed at least is over, in milliseconds since 1970. */
function bendOf({ from = 0, leastMs }: Bill): number {
  return from + leastMs
}

/** USD of a bill while what is billed at least is not over. */
function flatUsd(bill: Bill): number {
  return usdPerMs(bill) * bill.leastMs
}
