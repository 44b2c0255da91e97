/** `muster list`: what lives. */
import { wallAheadMs } from "../../../calls/clock.js"
import { Cluster } from "../../../cluster.js"
import type { ClusterSummary } from "../../../fleet/leftovers/listing.js"
import { EXIT } from "../../exit-codes.js"
import { formatOf, rowsText, type Shape } from "../../output.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { placesIn } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { age } from "../../table.js"
import { endsIn } from "./rows.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given)
  const owner = single(given, "owner")
  const provider = await providersAt(await placesIn(given, surroundings), surroundings)
  const { clock, out, say } = surroundings
  const clusters = await Cluster.list({ provider, ...(owner === undefined ? {} : { owner }) }, { clock })
  if (clusters.length === 0 && (format === "table" || format === "wide")) say("no clusters\n")
  else out(await rowsText([...clusters], shapeAt(clock.now() + wallAheadMs(clock)), given, surroundings))
  for (const { place, error } of clusters.failures) say(`${place} could not be looked at: ${error.message}\n`)
  return clusters.failures.length === 0 ? EXIT.ok : EXIT.failed
}

/** @param now by the clock of day, in milliseconds since 1970. */
function shapeAt(now: number): Shape<ClusterSummary> {
  return {
    nameOf: ({ name }) => `clusters/${name}`,
    columns: [
      { head: "NAME", cell: ({ name }) => name },
      { head: "OWNER", cell: ({ owner }) => owner },
      { head: "INSTANCES", cell: ({ instances }) => String(instances) },
      { head: "RUNNING", cell: ({ running }) => String(running) },
      { head: "PLACES", cell: ({ places }) => places.join(", ") },
      { head: "AGE", cell: ({ oldestLaunchedAt }) => age(now - oldestLaunchedAt) },
      { head: "ENDS IN", cell: ({ deadline }) => endsIn(deadline, now) },
      { head: "UID", wide: true, cell: ({ uid }) => uid },
    ],
  }
}
