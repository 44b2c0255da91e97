/** Begin: work on the workers of an open cluster, with what it comes to told as events. */
import type { OpenWork, PreparedWork, WorkBegin } from "../../work/work.js"
import { placesOf, type WatchedFleet } from "./places.js"
import { Tally } from "./tally.js"

export function beginOn(watched: WatchedFleet, work: PreparedWork, what: Pick<WorkBegin, "isOnceAWorker">): OpenWork {
  const tally = Tally.of(watched.fleet)
  const counted = tally.begin()
  const { farm, close } = work.begin({ ...what, places: placesOf(watched), onState: counted.changed })
  return {
    farm,
    close: async () => {
      counted.end()
      await close()
    },
  }
}
