/** `muster delete NAME`: ends one cluster, whoever holds it. */
import { Cluster } from "../cluster.js"
import { secondsOf, windowMs as arrivalWindowMs } from "../fleet/remains/arrivals.js"
import { nearest } from "../input/parse.js"
import type { Duration } from "../spec.js"
import { NothingThereError } from "./exit-codes.js"
import { single } from "./flags.js"
import { PLACE_FLAGS, placesOf } from "./places.js"
import { REMOVE_FLAGS, removeChosen } from "./removing.js"
import type { Command } from "./run.js"

export const deleteCluster: Command = {
  name: "delete",
  words: ["NAME"],
  summary: "ends a cluster and removes all that was made for it",
  about:
    "Ends every instance with the cluster's tags at once, waits until the cloud confirms it, and removes what else was made for\n" +
    "it. A launch that may still be on its way is waited for: as this machine's journal tells, or, where that tells nothing, for the\n" +
    "minutes that the cloud may take (--now skips this). A process that holds the cluster gives way: it says that somebody deleted\n" +
    "it, lowers its target, and launches nothing. It replaces nevertheless while a scale of its own waits for more workers, and in a\n" +
    "few more cases that docs/operations.md names: what comes anew meanwhile is exit code 4. To be sure, end that process first.",
  flags: { ...PLACE_FLAGS, ...REMOVE_FLAGS },
  run: async (given, surroundings) => {
    const [name = ""] = given.words
    const [owner = "default", timeout] = [single(given, "owner"), single(given, "timeout")]
    const provider = await placesOf(given, surroundings)
    const spec = { provider, name, owner, ...(timeout === undefined ? {} : { timeout: timeout as Duration }) }
    return removeChosen(spec, given, surroundings, async () => {
      const { clock } = surroundings
      const there = (await Cluster.list({ provider, owner }, { clock })).map((cluster) => cluster.name)
      const near = nearest(name, there)
      const hint = near === undefined ? "look with muster list" : `did you mean "${near}"?`
      const places = provider.map((place) => `${place.name} ${place.region}`).join(", ")
      const windowMs = Math.max(...provider.map(({ limits }) => arrivalWindowMs(limits)))
      const late = `what was launched within the last ${secondsOf(windowMs)} may not be listed yet`
      throw new NothingThereError(
        `nothing in ${places} is of a cluster "${name}" of owner "${owner}"; ${hint}; ${late}`,
      )
    })
  },
}
