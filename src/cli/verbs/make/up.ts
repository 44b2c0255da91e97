/** `muster up`: makes it so, and holds it until it is interrupted; with `--detach` it lets go once it is so. */
import type { ScaleTarget } from "../../../verbs/types.js"
import type { Duration } from "../../../spec.js"
import { EXIT } from "../../exit-codes.js"
import { single } from "../../parse.js"
import { namedTarget } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { type Count, type Held, hold, onInterrupt, untilOver } from "./hold.js"
import { holding } from "./holding.js"
import { progressMode } from "./progress.js"
import { missingCount } from "./plan.js"

export const run: RunVerb = async (given, surroundings) => {
  const atEnd = onInterrupt(given)
  progressMode(given)
  const target = await namedTarget(given, surroundings)
  const { count } = target
  if (count === undefined) throw missingCount()
  return holding(target, { given, surroundings, atEnd }, (held) =>
    given.switches.has("detach") ? makeAndLetGo(held, count) : hold(held, untilOver(held, count)),
  )
}

/** Whatever comes of it, what runs goes on: it is said with its price and its end. */
async function makeAndLetGo(held: Held, count: Count): Promise<number> {
  const { cluster, given, surroundings, lettingGo, progress } = held
  const signal = surroundings.interrupts?.(lettingGo)
  const timeout = single(given, "timeout") as Duration | undefined
  try {
    await cluster.scale(count as ScaleTarget, { ...(timeout && { timeout }), ...(signal && { signal }) })
    progress.stop()
    await cluster.detach()
    surroundings.say(lettingGo())
    return EXIT.ok
  } catch (error) {
    progress.stop()
    await cluster.detach().catch(() => {})
    if (cluster.workers.length > 0) surroundings.say(lettingGo())
    throw error
  }
}
