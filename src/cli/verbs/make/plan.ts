/** `muster plan`: what a target would do. Nothing is made. */
import { SpecError } from "../../../errors.js"
import { clusterOf, optionsOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const target = await targetOf(given, given.words[0], surroundings)
  if (target.count === undefined) throw missingCount()
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf(target, providers, optionsOf(given, surroundings), { existing: "connect" })
  try {
    const plan = await cluster.plan(target.count)
    surroundings.out((await dataText(plan, format, surroundings)) ?? `${String(plan)}\n`)
    return EXIT.ok
  } finally {
    await cluster.detach()
  }
}

/** Of workers, where neither a flag nor the file says how many. */
export function missingCount(): SpecError {
  const message = "is missing; say how many: -n 10, or -n GROUP=10 for each group, or target: in the file"
  return new SpecError([{ option: "--workers", message }])
}
