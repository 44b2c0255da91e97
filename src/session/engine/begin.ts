/** Begin: who has checks hears of its workers, and who has an engine follows its head; what that takes is loaded by those alone. */
import type { Passes } from "../../fleet/pass/passes.js"
import type { Fleet } from "../../fleet/state/context.js"
import { hearWorkers } from "../ready/begin.js"

/** From now on, and at each pass. */
export function followWorkers(fleet: Fleet, passes: Passes): void {
  hearWorkers(fleet, passes)
  followEngine(fleet, passes)
}

function followEngine(fleet: Fleet, passes: Passes): void {
  const { engine } = fleet
  if (engine === undefined) return
  const parts = [
    import("./heads.js"),
    import("./following.js"),
    import("./head-keeper.js"),
    import("./telling.js"),
  ] as const
  const load = Promise.all(parts)
  // A virtual clock waits for it, as it does for whatever is loaded later.
  void fleet.clock.busy("loading the library", load).then(([{ Heads }, { Following }, { HeadKeeper }, { Telling }]) => {
    const telling = new Telling(fleet)
    const keeper = new HeadKeeper(fleet, engine, () => telling.forgetHead())
    const following = new Following(fleet, engine, new Heads(fleet))
    engine.judgeHead = () => keeper.judge()
    const update = () => {
      following.update()
      telling.update()
    }
    passes.on(update)
    update()
  })
}
