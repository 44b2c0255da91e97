/** `muster sweep`: removes what is no longer needed: what has expired, and leftovers of clusters that are gone. */
import type { Duration } from "../../../spec.js"
import { EXIT } from "../../exit-codes.js"
import { dataText } from "../../output.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { placesIn } from "../../spec/target.js"
import { removalFormat, removeChosen } from "./removing.js"
import type { RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const provider = await providersAt(await placesIn(given, surroundings), surroundings)
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
  return removeChosen(spec, given, surroundings, async () => {
    const text = await dataText([], removalFormat(given), surroundings)
    if (text === undefined) surroundings.say("nothing to sweep\n")
    else surroundings.out(text)
    return EXIT.ok
  })
}
