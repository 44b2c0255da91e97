/** Removing: shows what would go, asks, and does it. */
import { Cluster } from "../cluster.js"
import { LeakError, SpecError, TimeoutError } from "../errors.js"
import type { SweepRow } from "../fleet/remains/sweep.js"
import type { SweepSpec } from "../verbs.js"
import { EXIT } from "./exit-codes.js"
import type { Flags, Given } from "./flags.js"
import type { Surroundings } from "./run.js"
import { table } from "./table.js"

export const REMOVE_FLAGS: Flags = {
  owner: { type: "string", value: "NAME", help: `whose clusters; "default" when left out`, variable: "MUSTER_OWNER" },
  timeout: { type: "string", value: "DURATION", help: "how long to wait for the cloud to confirm; 15m when left out" },
  "dry-run": { type: "boolean", help: "show what would go, and remove nothing" },
  yes: { type: "boolean", short: "y", help: "do not ask" },
  json: { type: "boolean", help: "the result as JSON" },
}

/** Removes what `spec` chooses. `ifNothing` says what it means that there is nothing. */
export async function removeChosen(
  spec: SweepSpec,
  given: Given,
  surroundings: Surroundings,
  ifNothing: () => Promise<number>,
): Promise<number> {
  const { clock, say, ask } = surroundings
  const isDry = given.switches.has("dry-run")
  const seen = await Cluster.sweep({ ...spec, dryRun: true }, { clock })
  if (seen.length === 0) return ifNothing()
  if (isDry) {
    show(seen, given, surroundings)
    return seen.some(({ hindrance }) => hindrance === "unanswered") ? EXIT.failed : EXIT.ok
  }
  if (!given.switches.has("yes")) {
    say(rowTable(seen))
    if (ask === undefined) {
      const message = "is missing: there is no terminal at which to ask before this goes"
      throw new SpecError([{ option: "--yes", message }])
    }
    if (!(await ask(`remove ${countsOf(seen)}?`))) {
      say("nothing was removed\n")
      return EXIT.failed
    }
  }
  say(`removing ${countsOf(seen)}\n`)
  const rows = await Cluster.sweep(spec, { clock })
  show(rows, given, surroundings)
  const left = rows.filter(({ removed }) => !removed)
  if (left.length > 0) throw errorOf(left)
  return EXIT.ok
}

function show(rows: readonly SweepRow[], given: Given, { out }: Surroundings): void {
  out(given.switches.has("json") ? `${JSON.stringify(rows, undefined, 2)}\n` : rowTable(rows))
}

function countsOf(rows: readonly SweepRow[]): string {
  const instances = rows.filter(({ kind }) => kind === "instance").length
  const others = rows.filter(({ kind }) => kind !== "instance" && kind !== "place").length
  return `${instances} instances${others === 0 ? "" : ` and ${others} other things`}`
}

const HEAD = ["KIND", "ID", "CLUSTER", "OWNER", "PLACE", "WHY", "REMOVED"]

function rowTable(rows: readonly SweepRow[]): string {
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
  return table(HEAD, lines)
}

/**
 * Says what may still cost, and where a person can end it. Where nothing was refused, and only the wait was over, the same
 * command again goes on waiting.
 */
function errorOf(left: readonly SweepRow[]): TimeoutError | LeakError<readonly SweepRow[]> {
  const named = left.map(({ kind, id, place, problem, consoleUrl }) => {
    return `${kind} ${id} (${place})${problem === undefined ? "" : `: ${problem}`}${consoleUrl === undefined ? "" : ` ${consoleUrl}`}`
  })
  if (left.every(({ hindrance }) => hindrance === "unconfirmed")) {
    const advice = "run the same again to go on waiting"
    return new TimeoutError(`${left.length} were told to end, and may still cost money; ${advice}: ${named.join("; ")}`)
  }
  return new LeakError(`${left.length} could not be removed, and may still cost money: ${named.join("; ")}`, {
    receipt: left,
  })
}
