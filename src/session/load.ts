/** Load: what works with a cloud, at its first use: a program that only imports the library waits less. */
import type { Clock } from "../calls/clock.js"

/** What works with a cloud. */
export function deferred(clock: Clock): Promise<typeof import("./deferred.js")> {
  return clock.busy("loading the library", import("./deferred.js"))
}
