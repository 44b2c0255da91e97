/**
 * Oracle: what the cheapest workers would have cost that let every task begin when it did. It knows the whole wave and how long a boot
 * takes: each worker is launched a boot ahead of its first task, ends with its last one, and waits between two only where that costs less
 * than another boot.
 */

/** When a task ran, in milliseconds. */
export interface Ran {
  readonly from: number
  readonly to: number
}

/** In milliseconds of workers. Tasks are stacked: whoever is free latest takes the next one, which leaves the others the longest rests. */
export function oracleMs(ran: readonly Ran[], bootMs: number): number {
  const steps = ran.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ])
  steps.sort((a, b) => a.at - b.at || a.by - b.by)
  /** Of each level of the stack, since when it works, or rests. */
  const since: number[] = []
  let [level, costMs] = [0, 0]
  for (const { at, by } of steps) {
    if (by > 0) {
      const restsSince = since[level]
      costMs += restsSince === undefined ? bootMs : Math.min(bootMs, at - restsSince)
      since[level] = at
      level += 1
    } else {
      level -= 1
      costMs += at - (since[level] ?? at)
      since[level] = at
    }
  }
  return costMs
}
