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
  /** For how long the one boots that began last. */
  readonly youngestMs: number
}

/** The first boots to end are the fastest: fewer than this share of those to come tell nothing of the others. */
const LEAST_SHARE = 0.1

/** What the limits need, and then a boot. Undefined when nothing is known of either, or nothing is to come. */
export function etaOf(toCome: ToCome): Eta | undefined {
  const { booting, missing, sentInMs, triedInMs = 0, boots, youngestMs } = toCome
  if (booting + missing === 0) return undefined
  const launchMs = missing > 0 ? Math.max(sentInMs, triedInMs) : 0
  if (boots === undefined || boots.seen < LEAST_SHARE * (booting + missing))
    return launchMs > 0 ? { ms: launchMs, isLeast: true } : undefined
  const bootMs = missing > 0 ? boots.slowMs : Math.max(0, boots.slowMs - youngestMs)
  return { ms: launchMs + bootMs, isLeast: missing > 0 && triedInMs > 0 }
}
