/** `muster explain`: what there is of a cluster, what is missing and why, what is waited for. */
import { looking } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import type { RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const explanation = await looking(given, surroundings, (cluster) => Promise.resolve(cluster.explain()))
  surroundings.out((await dataText(explanation, format, surroundings)) ?? `${String(explanation)}\n`)
  return EXIT.ok
}
