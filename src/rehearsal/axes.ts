/** Axes: round numbers to write beside a picture. Pure. */

/** The first round step (1, 2 or 5 times a power of ten) with at most so many ticks up to `most`. */
export function roundTicks(most: number, count: number): readonly number[] {
  if (most <= 0) return [0]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power)
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
}

const SECOND_MS = 1000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Steps in which people read time. */
const TIME_STEPS_MS = [
  ...[10, 15, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24, 48].map((count) => count * HOUR_MS),
]

export interface TimeTick {
  readonly atMs: number
  readonly text: string
}

export function timeTicks(mostMs: number, count: number): readonly TimeTick[] {
  const step = TIME_STEPS_MS.find((candidate) => mostMs / candidate <= count) ?? 48 * HOUR_MS
  return Array.from({ length: Math.floor(mostMs / step) + 1 }, (_, index) => ({
    atMs: index * step,
    text: timeText(index * step, step),
  }))
}

function timeText(ms: number, stepMs: number): string {
  if (ms === 0) return "0"
  if (stepMs < MINUTE_MS) return `${ms / SECOND_MS} s`
  return stepMs < HOUR_MS ? `${ms / MINUTE_MS} min` : `${ms / HOUR_MS} h`
}

/** "52 s", "7 min 5 s", "2 h 3 min". */
export function spanText(ms: number): string {
  const seconds = Math.round(ms / SECOND_MS)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
