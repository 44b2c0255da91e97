/** `muster events`: what happened to a cluster, as its process wrote it down on this machine, and what happens from now on. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import { SpecError } from "../../../errors.js"
import type { HistoryRow } from "../../../history/rows.js"
import { show } from "../../../input/parse.js"
import { durationMs } from "../../../spec.js"
import { EXIT, NothingThereError } from "../../exit-codes.js"
import { journalDirectory } from "../../local-state.js"
import { dataText, type Format, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import { namedTarget } from "../../spec/target.js"
import { historyKept } from "../../state/kept.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { table } from "../../table.js"
import { deduplicated, EVENT_HEAD, eventCells, wordsOf } from "./happened.js"

/** Shown before what comes, where nothing else is asked for. */
const BEFORE_FOLLOWING = 20

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const { clock, out, say } = surroundings
  const now = clock.now() + wallAheadMs(clock)
  const isFollowing = given.switches.has("follow")
  const since = sinceOf(given, now)
  const last = lastOf(given, isFollowing && since === undefined ? BEFORE_FOLLOWING : undefined)
  const { name } = await namedTarget(given, surroundings, "optional")
  const history = await historyKept(name, given, surroundings, {
    ...(since !== undefined && { since }),
    ...(last !== undefined && { last }),
  })
  if (history === undefined) {
    const message = `this machine has kept nothing of a cluster "${name}"; events are kept where the process that owns it runs`
    throw new NothingThereError(message)
  }
  if (isFollowing) {
    const endWatch = await clock.busy("looking who reads", Promise.resolve(surroundings.watchReader?.()))
    out(history.rows.map((row) => lineOf(row, format)).join(""))
    // Nothing more comes of a cluster that was closed.
    if (history.isClosed) return EXIT.ok
    return follow(name, format, given, surroundings).finally(endWatch)
  }
  const happened = deduplicated(history.rows)
  const rows = happened.map((one) => eventCells(one, now))
  out((await dataText(history.rows, format, surroundings)) ?? table(EVENT_HEAD, rows, surroundings.columns))
  if (history.damaged > 0)
    say(`${history.damaged} line${history.damaged === 1 ? "" : "s"} of the history could not be read\n`)
  return EXIT.ok
}

async function follow(name: string, format: Format, given: Given, surroundings: Surroundings): Promise<number> {
  const { clock, out, unread, interrupts } = surroundings
  const interrupted = interrupts?.()
  const signal = AbortSignal.any([unread, interrupted].filter((one) => one !== undefined))
  const { followHistory } = await clock.busy("loading the history", import("../../../history/read.js"))
  const journal = journalDirectory(given, surroundings)
  for await (const row of followHistory(name, { journal, clock, signal })) out(lineOf(row, format))
  return interrupted?.aborted === true ? EXIT.SIGINT : EXIT.ok
}

/** One row a line, so that it can be read as it comes; YAML has a document for each. */
function lineOf(row: HistoryRow, format: Format): string {
  if (format === "json") return `${JSON.stringify(row)}\n`
  // JSON is YAML.
  if (format === "yaml") return `---\n${JSON.stringify(row)}\n`
  const words = wordsOf(row)
  if (words === undefined) return ""
  const group = "group" in row && row.group !== undefined ? `${row.group}: ` : ""
  const times = row.count === 1 ? "" : ` (×${row.count})`
  return `${momentText(row.at)}  ${row.type}  ${group}${words}${times}\n`
}

/** From when on what happened is asked for, in milliseconds since 1970. @throws SpecError for what is no duration. */
export function sinceOf(given: Given, now: number): number | undefined {
  const asked = single(given, "since")
  if (asked === undefined) return undefined
  const ms = durationMs(asked)
  if (ms !== undefined) return now - ms
  throw new SpecError([
    {
      option: "--since",
      value: asked,
      message: `is ${show(asked)}; use a number with a unit: "90s", "10m", "12h", "2d"`,
    },
  ])
}

function lastOf(given: Given, instead: number | undefined): number | undefined {
  const asked = single(given, "last")
  if (asked === undefined) return instead
  if (/^\d+$/.test(asked)) return Number(asked)
  throw new SpecError([{ option: "--last", value: asked, message: `is ${show(asked)}; use a whole number` }])
}
