/** One time for several processes: a cloud and those who use it, all of them faster than the machine's clock. */
import { type Clock, systemClock } from "../../src/calls/clock.js"
import { acceleratedClock } from "../../src/calls/derived-clocks.js"

export interface SharedTime {
  /** When it began, in milliseconds since 1970: from then on it is faster. */
  readonly epoch: number
  readonly speed: number
}

/** The same moment in every process that is given the same `time`; the machine's own clock without one. */
export function clockOf(time: SharedTime | undefined): Clock {
  if (time === undefined) return systemClock
  const { epoch, speed } = time
  return { ...acceleratedClock(systemClock, speed), now: () => epoch + (systemClock.now() - epoch) * speed }
}
