/** Durations: a number with its unit. */
import type { Z } from "../input/parse.js"

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** A duration in milliseconds; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS]
}

const DURATION_RULE = 'use a number with a unit: "90s", "10m", "12h", "2d"'

export const durationSchema = (z: Z) => z.string(DURATION_RULE).regex(DURATION, DURATION_RULE)
