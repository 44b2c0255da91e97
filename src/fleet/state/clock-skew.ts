/** Clock skew: how far the clock by which tags are read is ahead of this process' true time. */
import { type Clock, wallAheadMs } from "../../calls/clock.js"
import { accountOf } from "../../calls/account.js"
import type { Provider } from "../../provider.js"

/**
 * In milliseconds: of the first cloud whose answers tell its time, else of this machine's clock as it is set now. Whatever is
 * absolute (a deadline, a lease, `budget.until`) is read and written with it; whatever lasts is measured without.
 */
export function clockSkewMs(clock: Clock, providers: readonly Provider[]): number {
  return cloudClockSkewMs(clock, providers) ?? wallAheadMs(clock)
}

/** The skew of the first cloud whose answers are dated; undefined where none are. */
export function cloudClockSkewMs(clock: Clock, providers: readonly Provider[]): number | undefined {
  const times = providers.map(({ limits }) => accountOf(clock, limits).time)
  return times.find(({ isKnown }) => isKnown)?.skewMs(wallAheadMs(clock))
}
