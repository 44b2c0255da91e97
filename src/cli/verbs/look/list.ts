/** `muster list`: what lives. */
import { wallAheadMs } from "../../../calls/clock.js"
import { Cluster } from "../../../cluster.js"
import type { ClusterSummary } from "../../../fleet/leftovers/listing.js"
import { EXIT } from "../../exit-codes.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { placesIn } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { age, table } from "../../table.js"

export const run: RunVerb = async (given, surroundings) => {
  const owner = single(given, "owner")
  const provider = await providersAt(await placesIn(given, surroundings), surroundings)
  const { clock, out, say } = surroundings
  const clusters = await Cluster.list({ provider, ...(owner === undefined ? {} : { owner }) }, { clock })
  if (given.switches.has("json")) out(`${JSON.stringify(clusters, undefined, 2)}\n`)
  else if (clusters.length === 0) say("no clusters\n")
  else out(clusterTable(clusters, clock.now() + wallAheadMs(clock)))
  for (const { place, error } of clusters.failures) say(`${place} could not be looked at: ${error.message}\n`)
  return clusters.failures.length === 0 ? EXIT.ok : EXIT.failed
}

const HEAD = ["NAME", "OWNER", "INSTANCES", "RUNNING", "PLACES", "AGE", "ENDS IN"]

function clusterTable(clusters: readonly ClusterSummary[], now: number): string {
  const rows = clusters.map(({ name, owner, instances, running, places, oldestLaunchedAt, deadline }) => {
    const ends = deadline === 0 ? "?" : deadline <= now ? "expired" : age(deadline - now)
    return [name, owner, String(instances), String(running), places.join(", "), age(now - oldestLaunchedAt), ends]
  })
  return table(HEAD, rows)
}
