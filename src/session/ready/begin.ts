/** Begin: who has checks hears of its workers; what that takes is loaded by those alone. */
import type { Passes } from "../../fleet/pass/passes.js"
import type { Fleet } from "../../fleet/state/context.js"
import { isWatched } from "../../spec/ready/fields.js"

/** From now on, and at each pass. */
export function hearWorkers(fleet: Fleet, passes: Passes): void {
  if (![...fleet.groups.values()].some(({ group }) => isWatched(group))) return
  // A virtual clock waits for it, as it does for whatever is loaded later.
  void fleet.clock.busy("loading the library", import("./watching.js")).then(({ Watching }) => {
    const watching = new Watching(fleet)
    passes.on(() => watching.update())
    watching.update()
  })
}
