/** Smallest: one value that is drawn and tried, and where that fails, the smallest one found that fails as well. */
import fc from "fast-check"

/**
 * Tries that look for a smaller one: each takes a tenth of a second or more, and times in milliseconds can be halved and halved
 * again for hours.
 */
const MOST_TRIES = 200

export interface Drawing {
  readonly seed: number
  readonly unbiased?: boolean
}

/** @throws Error with what `attempt` threw at the smallest value, and that value. */
export async function tryOne<T>(
  kind: fc.Arbitrary<T>,
  drawing: Drawing,
  attempt: (value: T) => Promise<void>,
): Promise<void> {
  let tries = 0
  const property = fc.asyncProperty(kind, async (value) => {
    tries += 1
    // As if it went well: then what failed before it stays the smallest.
    if (tries <= MOST_TRIES) await attempt(value)
  })
  const found = await fc.check(property, { ...drawing, numRuns: 1 })
  if (!found.failed) return
  const why = found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance)
  throw new Error(`${why}\n${JSON.stringify(found.counterexample?.[0], undefined, 2)}`)
}
