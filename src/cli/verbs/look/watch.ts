/** `get --watch`: all rows once, then each that changes, until the reader has gone or the process is told to end. */
import { wallAheadMs } from "../../../calls/clock.js"
import { attached, placedTarget } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { formatOf, rowsText } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { listedClusters, rowsOf } from "./live-rows.js"
import { type Kind, type Row, shapeOf } from "./rows.js"

/** What an attached cluster knows changes by its own looks; a list of all clusters is a request. */
const EVERY_MS = { clusters: 10_000, workers: 1_000, groups: 1_000 } as const

export async function watched(kind: Kind, given: Given, surroundings: Surroundings): Promise<number> {
  const { clock, unread, out, interrupts } = surroundings
  const interrupted = interrupts?.()
  const over = AbortSignal.any([unread, interrupted].filter((signal) => signal !== undefined))
  const { look, end } = await lookerOf(kind, given, surroundings)
  const endWatch = await clock.busy("looking who reads", Promise.resolve(surroundings.watchReader?.()))
  const told = new Map<string, string>()
  try {
    for (let isFirst = true; !over.aborted; isFirst = false) {
      const rows = (await look()).filter((row) => {
        const { nameOf } = shapeOf(kind, 0)
        const text = JSON.stringify(row)
        const isNew = told.get(nameOf(row)) !== text
        told.set(nameOf(row), text)
        return isNew
      })
      if (rows.length > 0 || isFirst) out(await textOf(rows, kind, given, surroundings, isFirst))
      await clock.sleep(EVERY_MS[kind], over).catch(() => {})
    }
  } finally {
    endWatch?.()
    await end()
  }
  return interrupted?.aborted === true ? EXIT.SIGINT : EXIT.ok
}

async function lookerOf(kind: Kind, given: Given, surroundings: Surroundings) {
  if (kind === "clusters") {
    const look = async () => (await listedClusters(given, surroundings)).rows
    return { look, end: () => Promise.resolve() }
  }
  const target = await placedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = await attached(target, providers, given, surroundings)
  return { look: () => Promise.resolve(rowsOf(kind, cluster)), end: () => cluster.detach() }
}

/** Programs read one document for each row, so that they need not wait for the last one. */
async function textOf(
  rows: readonly Row[],
  kind: Kind,
  given: Given,
  surroundings: Surroundings,
  isFirst: boolean,
): Promise<string> {
  const { clock } = surroundings
  const format = formatOf(given)
  if (format === "json") return rows.map((row) => `${JSON.stringify(row)}\n`).join("")
  const switches = isFirst ? given.switches : new Set([...given.switches, "no-headers"])
  const text = await rowsText(
    rows,
    shapeOf(kind, clock.now() + wallAheadMs(clock)),
    { ...given, switches },
    surroundings,
  )
  return format === "yaml" ? `---\n${text}` : text
}
