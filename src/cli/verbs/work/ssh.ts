/** `muster ssh`: a shell on a worker. */
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import { working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import type { RunVerb } from "../../surroundings.js"
import { onTheWay } from "./transport.js"

export const run: RunVerb = async (given, surroundings) => {
  const { literal = 0 } = given
  const own = given.words.slice(0, given.words.length - literal)
  const command = given.words.slice(own.length)
  const [, name, extra] = own
  const { terminal } = surroundings
  if (extra !== undefined)
    throw new SpecError([{ option: "COMMAND", value: extra, message: `is ${show(extra)}; put -- before a command` }])
  if (terminal === undefined)
    throw new SpecError([{ option: "ssh", message: "needs a terminal, or commands that come in" }])
  const wordsOf = (cluster: Cluster) => {
    const [only] = command
    const ran = command.length === 1 ? only : command.length === 0 ? undefined : command
    return cluster.worker(name ?? onlyOf(cluster)).shell(ran)
  }
  let words: readonly string[] | undefined
  const find = async (cluster: Cluster) => {
    words = await wordsOf(cluster)
    return EXIT.ok
  }
  const code = await working(given, surroundings, (cluster) => onTheWay(surroundings, find(cluster)))
  return words === undefined ? code : onTheWay(surroundings, terminal(words))
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
