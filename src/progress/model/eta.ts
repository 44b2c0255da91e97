/** How long until all run. Pure. */
import type { Eta } from "./types.js"
import type { Boots } from "./workers.js"

export interface ToCome {
  readonly booting: number
  /** Not launched yet. */
  readonly missing: number
  /** Until the last launch call that waits for the account's limits may be sent, in milliseconds; 0 where none waits. */
  readonly sentInMs: number
  /** Until what was refused is tried again; undefined where nothing was. */
  readonly triedInMs: number | undefined
  /** What boots took so far. */
  readonly boots: Boots | undefined
  /** For how long those boot that began first and last. */
  readonly oldestMs: number
  readonly youngestMs: number
}

/** Fewer boots tell nothing. */
const LEAST_SEEN = 5
/** Of those that began together the first to end are the fastest: fewer than this share tell nothing of the others. */
const LEAST_SHARE = 0.25
const LEAST_MS = 1_000

/** The time that limits and retries need, plus the time of a boot. Undefined when nothing is pending, or no estimate is possible. */
export function etaOf(toCome: ToCome): Eta | undefined {
  const { missing, sentInMs, triedInMs = 0, boots } = toCome
  const launchMs = missing > 0 ? Math.max(sentInMs, triedInMs) : 0
  const bootMs = boots === undefined ? undefined : bootLeftMs(toCome, boots)
  const ms = launchMs + (bootMs ?? 0)
  if (ms < LEAST_MS) return undefined
  return { ms, isLeast: bootMs === undefined || (missing > 0 && triedInMs > 0) }
}

/** Until the last boot ends, counted from when the last launch call is sent; undefined while nothing can be said of it. */
function bootLeftMs(toCome: ToCome, { seen, fastestMs, slowMs }: Boots): number | undefined {
  const { booting, missing, oldestMs, youngestMs } = toCome
  if (booting + missing === 0 || seen < LEAST_SEEN) return undefined
  // None boots for longer than those that were seen: it takes what theirs took.
  if (oldestMs <= slowMs) return missing > 0 ? slowMs : slowMs - youngestMs
  const share = seen / (seen + booting + missing)
  if (share < LEAST_SHARE) return undefined
  // As if boots ended evenly from the fastest on: the share that has ended tells when the last one will.
  const lastMs = fastestMs + Math.max(0, oldestMs - fastestMs) / share
  return missing > 0 ? lastMs : lastMs - oldestMs
}
