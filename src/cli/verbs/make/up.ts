/** `muster up`: makes it so, and holds it until it is interrupted; with `--detach` it lets go once it is so. */
import type { ScaleTarget } from "../../../verbs/types.js"
import type { Duration } from "../../../spec.js"
import { clusterOf, optionsOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { lettingGoText } from "../../going-on.js"
import { single } from "../../parse.js"
import { progressMode, progressOf } from "./progress.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { mayChange } from "../../taking-over.js"
import { requireJournal } from "../../state/writable.js"
import { type Count, type Held, hold, onInterrupt, untilOver } from "./hold.js"
import { missingCount } from "./plan.js"

export const run: RunVerb = async (given, surroundings) => {
  const atEnd = onInterrupt(given)
  progressMode(given)
  const target = await namedTarget(given, surroundings)
  const { count } = target
  if (count === undefined) throw missingCount()
  await requireJournal(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf(target, providers, optionsOf(given, surroundings), { existing: "connect" })
  if (!(await mayChange(target, providers, given, surroundings))) return EXIT.failed
  const lettingGo = () => `${lettingGoText(cluster, target, providers, given)}\n`
  const progress = await progressOf(cluster, given, surroundings)
  const held: Held = { cluster, given, surroundings, lettingGo, atEnd, progress }
  try {
    return given.switches.has("detach") ? await makeAndLetGo(held, count) : await hold(held, untilOver(held, count))
  } finally {
    progress.stop()
    await cluster.detach()
  }
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
