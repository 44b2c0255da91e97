/** `muster ssh`: a shell on a worker. */
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { working } from "../../clusters.js"
import type { RunVerb } from "../../surroundings.js"
import { onTheWay } from "./transport.js"

export const run: RunVerb = async (given, surroundings) => {
  const [, name] = given.words
  const { terminal } = surroundings
  if (terminal === undefined)
    throw new SpecError([{ option: "ssh", message: "needs a terminal, or commands that come in" }])
  const words = await working(given, surroundings, (cluster) => cluster.worker(name ?? onlyOf(cluster)).shell())
  return onTheWay(surroundings, terminal(words))
}

/** As many as one reads in an error. */
const MOST_NAMES = 10

function onlyOf({ name, workers }: Cluster): string {
  const running = workers.filter(({ state }) => state === "running").map((worker) => worker.name)
  const [only] = running
  if (only !== undefined && running.length === 1) return only
  const some = `${running.slice(0, MOST_NAMES).join(", ")}${running.length > MOST_NAMES ? ", …" : ""}`
  const message = only === undefined ? `is missing: no worker of "${name}" runs` : `is missing: there are ${some}`
  throw new SpecError([{ option: "WORKER", message }])
}
