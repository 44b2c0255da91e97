/** `muster audit`: everything that the cloud shows of a cluster, instances and what is none. */
import { momentText } from "../../../calls/clock.js"
import type { Remain } from "../../../verbs/removals.js"
import { clusterOf, optionsOf, placedTarget } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { formatOf, rowsText, type Shape } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import type { RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given)
  const target = await placedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf({ ...target, spec: {} }, providers, optionsOf(given, surroundings))
  const remains = await cluster.audit()
  if (remains.length > 0 || format === "json" || format === "yaml") {
    surroundings.out(await rowsText(remains, SHAPE, given, surroundings))
  } else {
    surroundings.say(`nothing of "${target.name}" is left, at ${momentText(surroundings.clock.now())}\n`)
  }
  return EXIT.ok
}

const SHAPE: Shape<Remain> = {
  nameOf: ({ kind, id }) => `${kind}/${id}`,
  columns: [
    { head: "KIND", cell: ({ kind }) => kind },
    { head: "ID", cell: ({ id }) => id },
    { head: "STATE", cell: ({ state }) => state ?? "-" },
    { head: "PLACE", cell: ({ place }) => place },
    { head: "CLUSTER", cell: ({ cluster }) => cluster || "-" },
    { head: "CONSOLE", wide: true, cell: ({ consoleUrl }) => consoleUrl ?? "-" },
  ],
}
