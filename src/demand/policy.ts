/**
 * Policy: how many workers there should be, by what the work wants. Pure.
 *
 * Up at once, but for no more than find work once they have booted. Down after three readings in a row that want less. While work still
 * comes, a worker stays for as long as another one would take to boot: it may be wanted again before.
 */
import { spanText } from "../text.js"
import type { Wanted } from "./types.js"

/** So many readings in a row want less before anything is ended. */
export const WISHES_IN_A_ROW = 3

/** While work still comes, so many boots long nobody has wanted a worker before it is ended. */
const HELD_BOOTS = 1.5

/** Each time that a worker was ended too early, the next ones are held so much longer, and so much at most, until all have gone. */
const BOUNCE_FACTOR = 4
const MOST_PATIENCE = 64

export interface Bounds {
  readonly minimum: number
  readonly maximum: number
  /** Workers are ended because less is wanted. */
  readonly shrink: boolean
}

/** How the group stands. */
export interface Standing {
  readonly target: number
  /** How many workers are ready for work. */
  readonly ready: number
  /** Of those that are asked for or boot, for how long each has, in milliseconds. */
  readonly bootingMs: readonly number[]
  /** How long a boot of the group takes at the median, in milliseconds. */
  readonly bootMs: number
  /** For how long a worker is billed at least, in milliseconds. */
  readonly leastMs: number
  /** The most that its target may be beside the other groups', and beside what is on its way out. */
  readonly room: number
  /** What limits `room`, in words. */
  readonly roomIs: string
  /** How long is left of the cluster's lifetime, in milliseconds. */
  readonly leftMs: number
}

interface Wish {
  readonly at: number
  readonly workers: number
}

/** What is remembered from one reading to the next. */
export interface Memory {
  /** The latest wishes, the newest last: as many as decide. */
  readonly wishes: readonly Wish[]
  /** How many times longer workers are held, because some were ended too early. */
  readonly patience: number
  /** The last change at all was down, to more than the minimum. */
  readonly hasFallen: boolean
}

export const NO_MEMORY: Memory = { wishes: [], patience: 1, hasFallen: false }

export interface Decision {
  readonly target: number
  readonly why: string
  readonly memory: Memory
}

interface Case {
  readonly wanted: Wanted
  /** What is wanted, within the bounds. */
  readonly wish: number
  readonly standing: Standing
  readonly bounds: Bounds
  readonly memory: Memory
}

/** Decides on the target after a reading. @param now in milliseconds since 1970. */
export function decide(before: Memory, wanted: Wanted, standing: Standing, bounds: Bounds, now: number): Decision {
  const { minimum, maximum } = bounds
  const wish = Math.min(maximum, Math.max(minimum, Math.ceil(wanted.workers)))
  const isAtRest = standing.target <= minimum
  const patience = isAtRest ? 1 : before.patience
  const since = now - heldMs(standing, patience)
  const kept = before.wishes.filter(({ at }, index, all) => at >= since || index > all.length - WISHES_IN_A_ROW)
  const wishes = [...kept, { at: now, workers: wish }]
  const memory = { wishes, patience, hasFallen: before.hasFallen && !isAtRest }
  const known: Case = { wanted, wish, standing, bounds, memory }
  if (wish > standing.target) return risen(known)
  if (wish < standing.target) return fallen(known)
  return { target: wish, why: demandText(known), memory }
}

/** For how long nobody has wanted a worker that is ended, in milliseconds. */
function heldMs(standing: Standing, patience: number): number {
  return patience * HELD_BOOTS * costMs(standing)
}

/** What it costs at least to launch one: it is launched for no less work, and ended for no shorter rest. */
function costMs({ bootMs, leastMs }: Standing): number {
  return Math.max(bootMs, leastMs)
}

function risen(known: Case): Decision {
  const { standing, memory } = known
  const { target, roomIs, leftMs, bootMs } = standing
  const within = Math.min(known.wish, standing.room)
  if (within <= target) return { target, why: `${demandText(known)}; ${roomIs}`, memory }
  if (leftMs <= bootMs) {
    const why = `${demandText(known)}; the cluster's deadline is in ${spanText(leftMs)}, and a boot takes ${spanText(bootMs)}`
    return { target, why, memory }
  }
  const useful = usefulOf(known)
  const next = Math.max(target, Math.min(within, useful))
  const limit = useful < within ? `; ${shortWorkText(known)}` : within < known.wish ? `; ${roomIs}` : ""
  const why = `${demandText(known)}${limit}`
  if (next === target) return { target, why, memory }
  // What was ended is wanted again: the next ones are held for longer.
  const patience = memory.hasFallen ? Math.min(MOST_PATIENCE, memory.patience * BOUNCE_FACTOR) : memory.patience
  return { target: next, why, memory: { ...memory, patience, hasFallen: false } }
}

/**
 * How many workers find work: those there are, and as many more as find a boot's worth of it once they have booted. By then those that are
 * ready have worked on for a boot, and those that boot for as long as they are ahead; and each of these is to have as much as a new one.
 */
function usefulOf({ wanted, wish, standing }: Case): number {
  const { ready, bootingMs, bootMs } = standing
  if (wanted.seconds === undefined) return wish
  const there = ready + bootingMs.length
  const eachMs = costMs(standing)
  const takenMs = bootingMs.reduce((sum, ms) => sum + Math.min(ms, bootMs) + eachMs, ready * bootMs)
  const more = Math.max(0, Math.floor((wanted.seconds * 1000 - takenMs) / eachMs))
  // Somebody has to do it.
  return there + (there === 0 && wanted.seconds > 0 ? Math.max(1, more) : more)
}

function fallen(known: Case): Decision {
  const { wish, standing, bounds, memory } = known
  const { target } = standing
  const { wishes } = memory
  if (!bounds.shrink) return { target, why: `${demandText(known)}; shrink is false: workers end by themselves`, memory }
  const row = wishes.slice(-WISHES_IN_A_ROW)
  const count = row.length - 1 - row.findLastIndex(({ workers }) => workers >= target)
  if (count < WISHES_IN_A_ROW) {
    return { target, why: `${demandText(known)}; less is wanted ${count} of ${WISHES_IN_A_ROW} times in a row`, memory }
  }
  const lowest = mostOf(row)
  const lower = (to: number): Decision => {
    const why = `demand ${wish} at the end of ${WISHES_IN_A_ROW} readings that wanted less`
    return { target: to, why, memory: { ...memory, hasFallen: to > bounds.minimum } }
  }
  // Nothing comes any more: what nobody wanted three times is not wanted.
  if (lowest <= bounds.minimum || !comesMore(wishes)) return lower(lowest)
  const most = mostOf(wishes)
  // A few more or less are chance.
  if (target - most >= Math.sqrt(target)) return lower(most)
  const heldFor = spanText(heldMs(standing, memory.patience))
  return { target, why: `${demandText(known)}; up to ${most} were wanted within ${heldFor}`, memory }
}

/** A wish above the one before it: work was added meanwhile. */
function comesMore(wishes: readonly Wish[]): boolean {
  return wishes.some(({ workers }, index) => index > 0 && workers > (wishes[index - 1]?.workers ?? 0))
}

function mostOf(wishes: readonly Wish[]): number {
  return wishes.reduce((most, { workers }) => Math.max(most, workers), 0)
}

function demandText({ wanted, bounds }: Case): string {
  const workers = Math.ceil(wanted.workers)
  if (workers > bounds.maximum) return `demand ${workers}, at most ${bounds.maximum}`
  if (workers < bounds.minimum) return `demand ${workers}, at least ${bounds.minimum}`
  return `demand ${workers}`
}

function shortWorkText({ wanted: { seconds = 0 }, standing: { bootMs } }: Case): string {
  return `${spanText(seconds * 1000)} of work are no more than these do while another one boots (${spanText(bootMs)})`
}
