/** Load: loads the modules that work with a cloud at their first use: a program that only imports the library waits less. */
import type { Clock } from "../calls/clock.js"

/** The modules that work with a cloud. */
export function deferred(clock: Clock): Promise<typeof import("./deferred.js")> {
  return clock.busy("loading the library", import("./deferred.js"))
}
