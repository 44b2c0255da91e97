/**
 * A fuzz suite: something that is tried from a seed, and must go well from every seed. To add one, write a file beside
 * `suites/trials.ts` that exports it and put it into the list in `suites.ts`: `npm test`, `npm run fuzz` and `.ci/run` play
 * what is in the list. A suite runs under a bare Node as well as in tests, so it throws ordinary errors; `expect` is vitest's.
 */

/**
 * What a run has seen, by a plural noun ("instances"), summed over runs. Enough of it shows that something was tried. Of what begins
 * with "lowest" or "highest" the lowest or the highest of all runs is kept.
 */
export type Counts = Readonly<Record<string, number>>

export interface FuzzSuite {
  readonly name: string
  /** What is tried and must hold, in one line. */
  readonly about: string
  /** Runs in `npm test`: as many as go into a few seconds. 0 where a test of its own does the same. */
  readonly testRuns: number
  /** Runs in `.ci/run`, and in `npm run fuzz` unless told otherwise. 0: only when it is named. */
  readonly ciRuns: number
  /** It is played to its last run however many fail, so that how many do is known; else it stops at the third. */
  readonly playsAll?: true
  /** The names of counts of which `npm run fuzz` prints a table of its own. */
  readonly columns?: readonly string[]
  /**
   * The same seed does the same: everything random comes from it.
   *
   * @throws Error that says what was wrong, with the smallest case that shows it where one can be found.
   */
  run(seed: number): Promise<Counts>
}

/** A run that failed, and what it has seen all the same. */
export class FailedRun extends Error {
  constructor(
    message: string,
    readonly counts: Counts,
  ) {
    super(message)
  }
}
