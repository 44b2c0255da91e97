/** `get --watch`: all rows once, then each that changes or goes, until the reader has gone or the process is told to end. */
import { wallAheadMs } from "../../../calls/clock.js"
import { MusterError } from "../../../errors.js"
import { attached, placedTarget } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { type Format, formatOf, rowsText } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { listedClusters, rowsOf } from "./live-rows.js"
import { type Kind, type Row, type Rows, shapeOf } from "./rows.js"

/** What an attached cluster knows changes by its own looks; a list of all clusters is a request. */
const EVERY_MS = { clusters: 10_000, workers: 1_000, groups: 1_000 } as const

export async function watched(kind: Kind, given: Given, surroundings: Surroundings): Promise<number> {
  const { clock, unread, out, say, interrupts } = surroundings
  const interrupted = interrupts?.()
  const over = AbortSignal.any([unread, interrupted].filter((signal) => signal !== undefined))
  const { look, end } = await lookerOf(kind, given, surroundings)
  const endWatch = await clock.busy("looking who reads", Promise.resolve(surroundings.watchReader?.()))
  const changed = changes(kind, formatOf(given))
  let noted: string | undefined
  try {
    for (let isFirst = true; !over.aborted; isFirst = false) {
      const { rows, note } = await (isFirst ? look() : look().catch(notLookedAt))
      if (note !== undefined && note !== noted) say(`${note}\n`)
      noted = note
      const news = changed(rows, note === undefined)
      if (news.length > 0 || isFirst) out(await textOf(news, kind, given, surroundings, isFirst))
      await clock.sleep(EVERY_MS[kind], over).catch(() => {})
    }
  } finally {
    endWatch?.()
    await end()
  }
  return interrupted?.aborted === true ? EXIT.SIGINT : EXIT.ok
}

/**
 * What is to be told of each look: rows of which something that is shown has changed, and once more each that is there no longer.
 * Where a place could not be looked at, what it had counts as still there.
 */
function changes(kind: Kind, format: Format): (rows: readonly Row[], isWhole: boolean) => readonly Row[] {
  // Ages grow without anything having changed.
  const { columns, nameOf } = shapeOf(kind, 0)
  const shown = columns.filter(({ wide }) => wide !== true || format === "wide")
  const isTable = format === "table" || format === "wide"
  const textOfRow = (row: Row) => JSON.stringify(isTable ? shown.map(({ cell }) => cell(row)) : row)
  const told = new Map<string, Row>()
  return (rows, isWhole) => {
    const news = rows.filter((row) => {
      const before = told.get(keyOf(row, nameOf))
      told.set(keyOf(row, nameOf), row)
      return before === undefined || textOfRow(before) !== textOfRow(row)
    })
    if (!isWhole) return news
    const there = new Set(rows.map((row) => keyOf(row, nameOf)))
    const gone = [...told].filter(([key]) => !there.has(key))
    for (const [key] of gone) told.delete(key)
    return [...news, ...gone.map(([, row]) => goneRow(kind, row))]
  }
}

/** What answered before may answer again: a watch goes on. */
function notLookedAt(error: unknown): Rows {
  if (error instanceof MusterError) return { rows: [], note: `could not be looked at: ${error.message}` }
  throw error
}

/** Clusters of several owners may have one name. */
function keyOf(row: Row, nameOf: (row: Row) => string): string {
  return JSON.stringify([nameOf(row), row.owner, row.uid])
}

function goneRow(kind: Kind, row: Row): Row {
  if (kind === "workers") return { ...row, state: "gone", gone: true }
  if (kind === "clusters") return { ...row, instances: 0, running: 0, gone: true }
  return { ...row, desired: 0, running: 0, pending: 0, gone: true }
}

async function lookerOf(kind: Kind, given: Given, surroundings: Surroundings) {
  if (kind === "clusters") {
    const look = () => listedClusters(given, surroundings)
    return { look, end: () => Promise.resolve() }
  }
  const target = await placedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = await attached(target, providers, given, surroundings)
  const look = (): Promise<Rows> => Promise.resolve({ rows: rowsOf(kind, cluster) })
  return { look, end: () => cluster.detach() }
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
