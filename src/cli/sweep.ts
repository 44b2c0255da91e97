/** `muster sweep`: removes what nobody needs any more. */
import type { Duration } from "../spec.js"
import { EXIT } from "./exit-codes.js"
import { type Flags, single } from "./flags.js"
import { PLACE_FLAGS, placesOf } from "./places.js"
import { REMOVE_FLAGS, removeChosen } from "./removing.js"
import type { Command } from "./run.js"

const FLAGS: Flags = {
  ...PLACE_FLAGS,
  ...REMOVE_FLAGS,
  name: { type: "string", value: "NAME", help: "all of this cluster, or what of it is --older-than" },
  "older-than": { type: "string", value: "DURATION", help: 'also instances launched longer ago: "6h", "2d"' },
  shared: { type: "boolean", help: "also set-up that clusters share, where nothing of Muster's lives" },
}

export const sweepPlaces: Command = {
  name: "sweep",
  words: [],
  summary: "removes what has expired, and what is left of clusters that are gone",
  about:
    "Ends instances that have outlived their cluster's deadline or their lease, and removes what is left of clusters that are\n" +
    "gone. What a living process may hold stays, unless --name or --older-than says otherwise.",
  flags: FLAGS,
  run: async (given, surroundings) => {
    const provider = await placesOf(given, surroundings)
    const [name, olderThan] = [single(given, "name"), single(given, "older-than")]
    const [owner, timeout] = [single(given, "owner"), single(given, "timeout")]
    const spec = {
      provider,
      shared: given.switches.has("shared"),
      ...(name === undefined ? {} : { name }),
      ...(owner === undefined ? {} : { owner }),
      ...(olderThan === undefined ? {} : { olderThan: olderThan as Duration }),
      ...(timeout === undefined ? {} : { timeout: timeout as Duration }),
    }
    return removeChosen(spec, given, surroundings, () => {
      if (given.switches.has("json")) surroundings.out("[]\n")
      else surroundings.say("nothing to sweep\n")
      return Promise.resolve(EXIT.ok)
    })
  },
}
