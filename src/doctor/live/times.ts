/** Times: when the machines of a walk end, and how long they are waited for. */
import type { Walk, WalkTimes } from "../../provider.js"

/** As most clouds need it. */
const TIMES: WalkTimes = {
  deadlineS: { brief: 300, batch: 600, timed: 240 },
  likelyS: { brief: 30, batch: 90, timed: 230 },
  // Reads of consoles are dear.
  consoleEveryMs: 15_000,
  slackMs: 100_000,
  bootedWithinMs: 4 * 60_000,
  goneWithinMs: 6 * 60_000,
}

export function timesOf({ times }: Pick<Walk, "times">): WalkTimes {
  return { ...TIMES, ...times }
}
