/** Pauses: how long something is left alone, longer each time. */

/** The pause after the first answer, doubled by each that is like it, up to the longest. */
const FIRST_PAUSE_MS = 2_000

export const LONGEST_PAUSE_MS = 5 * 60_000

/** A time that is doubled so often, up to the longest; one that is longer by itself stays as it is. */
export function grownMs(ms: number, doublings: number, longestMs: number): number {
  return Math.min(ms * 2 ** doublings, Math.max(ms, longestMs))
}

export function pauseMs(times: number): number {
  return grownMs(FIRST_PAUSE_MS, times - 1, LONGEST_PAUSE_MS)
}
