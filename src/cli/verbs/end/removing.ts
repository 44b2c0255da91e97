/** Removing: shows what would go, asks, and does it. */
import { Cluster } from "../../../cluster.js"
import { LeakError, SpecError, TimeoutError } from "../../../errors.js"
import type { SweepEvent, SweepRow } from "../../../verbs/removals.js"
import type { SweepSpec } from "../../../verbs/verbs.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, type Format, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { table } from "../../table.js"

/**
 * Removes what `spec` chooses.
 *
 * @param ifNothing says what it means that there is nothing. @param held says who has it, for a person who is asked.
 * @param removed is called once all of it has gone.
 */
export async function removeChosen(
  chosen: SweepSpec,
  given: Given,
  surroundings: Surroundings,
  ifNothing: () => Promise<number>,
  held: () => Promise<string | undefined> = () => Promise.resolve(undefined),
  removed: (rows: readonly SweepRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const { clock, say, ask } = surroundings
  const format = removalFormat(given)
  const isDry = given.switches.has("dry-run")
  const journal = single(given, "journal")
  const options = { clock, ...(journal === undefined ? {} : { journal }) }
  const spec = { ...chosen, now: given.switches.has("now"), onEvent: teller(say) }
  const seen = await Cluster.sweep({ ...spec, dryRun: true }, options)
  if (seen.length === 0) return ifNothing()
  if (isDry) {
    await show(seen, format, surroundings)
    return seen.some(({ hindrance }) => hindrance === "unanswered") ? EXIT.failed : EXIT.ok
  }
  if (!given.switches.has("yes")) {
    say(shortTable(seen, surroundings.columns))
    if (ask === undefined) {
      const message = "is missing: there is no terminal at which to ask before this goes"
      throw new SpecError([{ option: "--yes", message }])
    }
    const holder = await held()
    const warning = holder === undefined ? "" : `it is held by ${holder}; `
    if (!(await ask(`${warning}remove ${countsOf(seen)}${ofClusters(seen)}?`))) {
      say("nothing was removed\n")
      return EXIT.failed
    }
  }
  say(`removing ${countsOf(seen)}\n`)
  const rows = await Cluster.sweep(spec, options)
  await show(rows, format, surroundings)
  const left = rows.filter((row) => !row.removed)
  if (left.length > 0) throw errorOf(left)
  await removed(rows)
  return EXIT.ok
}

/** Each is said once, although it is met in the look before the question as well. */
function teller(say: (text: string) => void): (event: SweepEvent) => void {
  const told = new Set<string>()
  return (event) => {
    if (told.has(event.message)) return
    told.add(event.message)
    say(event.type === "waiting" ? `${event.message}; --now skips this\n` : `${event.message}\n`)
  }
}

export function removalFormat(given: Given): Format {
  return formatOf(given, ["table", "json", "yaml"])
}

async function show(rows: readonly SweepRow[], format: Format, surroundings: Surroundings): Promise<void> {
  surroundings.out((await dataText(rows, format, surroundings)) ?? rowTable(rows, surroundings.columns))
}

function countsOf(rows: readonly SweepRow[]): string {
  const count = (isCounted: (kind: string) => boolean) => rows.filter(({ kind }) => isCounted(kind)).length
  const launches = count((kind) => kind === "launch")
  const others = count((kind) => !["instance", "place", "launch"].includes(kind))
  const coming = launches === 0 ? "" : `, and what ${counted(launches, "launch call")} may still make`
  const instances = counted(
    count((kind) => kind === "instance"),
    "instance",
  )
  return `${instances}${others === 0 ? "" : ` and ${counted(others, "other thing")}`}${coming}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}

const HEAD = ["KIND", "ID", "CLUSTER", "OWNER", "PLACE", "WHY", "REMOVED"]

function rowTable(rows: readonly SweepRow[], columns: number | undefined): string {
  const lines = rows.map(({ kind, id, cluster, owner, place, why, removed, problem }) => {
    return [
      kind,
      id,
      cluster || "-",
      owner || "-",
      place,
      why,
      problem === undefined ? (removed ? "yes" : "no") : problem,
    ]
  })
  return table(HEAD, lines, columns)
}

/** Rows of a question: with the question itself it is twelve lines at most. */
const MOST_ROWS = 9

/** What would go, in few lines: many of a kind are one row that names the first of them. */
export function shortTable(rows: readonly SweepRow[], columns?: number): string {
  if (rows.length <= MOST_ROWS) return rowTable(rows, columns)
  const alike = new Map<string, SweepRow[]>()
  for (const row of rows) {
    const key = JSON.stringify([row.kind, row.cluster, row.owner, row.place, row.why, row.problem])
    const known = alike.get(key)
    if (known === undefined) alike.set(key, [row])
    else known.push(row)
  }
  const merged = [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    return [others.length === 0 ? first : { ...first, id: `${first.id} and ${others.length} more` }]
  })
  const left = merged.slice(MOST_ROWS - 1)
  if (left.length <= 1) return rowTable(merged, columns)
  return `${rowTable(merged.slice(0, MOST_ROWS - 1), columns)}and ${left.length} more rows: --dry-run shows all\n`
}

/** " of "render"": the clusters that the rows belong to; empty where they belong to none. */
function ofClusters(rows: readonly SweepRow[]): string {
  const names = [...new Set(rows.map(({ cluster }) => cluster).filter((name) => name !== ""))]
  const [first, ...others] = names.map((name) => `"${name}"`)
  if (first === undefined) return ""
  if (others.length <= 2) return ` of ${[first, ...others].join(", ")}`
  return ` of ${first} and ${others.length} other clusters`
}

/** Nothing was refused: only the wait was over. */
const AWAITED: readonly SweepRow["hindrance"][] = ["unconfirmed", "coming"]

/** Says what may still cost, and where a person can end it. What is only waited for the same command again goes on waiting for. */
function errorOf(left: readonly SweepRow[]): TimeoutError | LeakError<readonly SweepRow[]> {
  const named = left.map(({ kind, id, place, problem, consoleUrl }) => {
    return `${kind} ${id} (${place})${problem === undefined ? "" : `: ${problem}`}${consoleUrl === undefined ? "" : ` ${consoleUrl}`}`
  })
  if (left.every(({ hindrance }) => AWAITED.includes(hindrance))) {
    const told = left.filter(({ hindrance }) => hindrance === "unconfirmed").length
    const what = [
      ...(told > 0 ? [`${told} were told to end`] : []),
      ...(told < left.length ? [`${left.length - told} are on their way`] : []),
    ].join(", ")
    const advice = "run the same again to go on waiting"
    return new TimeoutError(`${what}, and may still cost money; ${advice}: ${named.join("; ")}`)
  }
  return new LeakError(`${left.length} could not be removed, and may still cost money: ${named.join("; ")}`, {
    receipt: left,
  })
}
