/** Verdicts: what the tries of an assumption come to. Pure. */
import type { Assumption } from "../provider.js"

/** One try of an assumption, as it was seen. */
export interface Observation {
  readonly assumption: string
  readonly held: boolean
  /** What was seen, in words. */
  readonly words: string
  /** In milliseconds since the walk began. */
  readonly at: number
  /** Numbers of the exchanges that show it. */
  readonly exchanges: readonly number[]
}

/** `confirmed`: it held as often as it must. `refuted`: once it did not. `not seen`: neither. */
export type Verdict = "confirmed" | "refuted" | "not seen"

/** Of one try alone nobody learns what holds by chance. */
const TRIES = 3

/** @param seen the observations of this assumption. */
export function verdictOf({ tries = TRIES }: Pick<Assumption, "tries">, seen: readonly Observation[]): Verdict {
  if (seen.some(({ held }) => !held)) return "refuted"
  return seen.length >= tries ? "confirmed" : "not seen"
}
