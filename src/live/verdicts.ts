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
  /** Of which of the assumption's kinds it was; left out: it has none. */
  readonly kind?: string
}

/** `confirmed`: it held as often as it must, of all its kinds. `refuted`: once it did not. `not seen`: neither. */
export type Verdict = "confirmed" | "refuted" | "not seen"

/** Of one try alone nobody learns what holds by chance. */
const TRIES = 3

/** @param seen the observations of this assumption. */
export function verdictOf(
  { tries = TRIES, kinds = [] }: Pick<Assumption, "tries" | "kinds">,
  seen: readonly Observation[],
): Verdict {
  if (seen.some(({ held }) => !held)) return "refuted"
  const isOfAll = kinds.every((kind) => seen.some((one) => one.kind === kind))
  return seen.length >= tries && isOfAll ? "confirmed" : "not seen"
}
