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
    import("./drains.js"),
    import("./head-keeper.js"),
    import("./telling.js"),
  ] as const
  // A virtual clock waits for it, as it does for whatever is loaded later.
  void fleet.clock.busy("loading the library", Promise.all(parts)).then((loaded) => {
    const [{ Heads }, { Following }, { Drains }, { HeadKeeper }, { Telling }] = loaded
    const telling = new Telling(fleet)
    const keeper = new HeadKeeper(fleet, engine, () => telling.forgetHead())
    const heads = new Heads(fleet)
    const following = new Following(fleet, engine, heads)
    const drains = new Drains(fleet, engine, heads)
    engine.judgeHead = () => keeper.judge()
    engine.ask = () => following.ask()
    const update = () => {
      following.update()
      drains.update()
      telling.update()
    }
    passes.on(update)
    update()
  })
}
