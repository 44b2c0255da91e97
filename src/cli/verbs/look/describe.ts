/** `muster describe`: one cluster on a page, with what happened to it at the end. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import { usdText } from "../../../money/budget.js"
import type { Provider } from "../../../provider.js"
import { attached, type NamedTarget, optionsOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { deadlineOf } from "../../going-on.js"
import { dataText, formatOf, rowsText } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { age, table } from "../../table.js"
import { holderSeen, holderText } from "../../taking-over.js"
import { type CostShown, costOf } from "./cost.js"
import { deduplicated, EVENT_HEAD, eventCells, type Happened, historyKept } from "./happened.js"
import { rowsOf } from "./live-rows.js"
import { type Row, shapeOf } from "./rows.js"

/** Rows of workers and events; `get workers` and `events` have them all. */
const MOST_ROWS = 20

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const target = await namedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const described = await describe(target, providers, given, surroundings)
  surroundings.out((await dataText(described, format, surroundings)) ?? (await pageOf(described, given, surroundings)))
  return EXIT.ok
}

interface Described {
  readonly name: string
  readonly owner: string
  readonly places: readonly string[]
  /** Milliseconds since 1970; 0 where it has no workers. */
  readonly deadline: number
  readonly heldBy?: string
  readonly cost: CostShown
  readonly groups: readonly Row[]
  readonly workers: readonly Row[]
  readonly explanation: string
  readonly events: readonly Happened[]
}

async function describe(
  target: NamedTarget,
  providers: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
): Promise<Described> {
  const { clock } = surroundings
  const now = clock.now() + wallAheadMs(clock)
  const cluster = await attached(target, providers, optionsOf(given, surroundings))
  try {
    const holder = await holderSeen(target, providers, given, surroundings)
    return {
      name: target.name,
      owner: target.owner,
      places: providers.map(({ name, region }) => `${name} ${region}`),
      deadline: deadlineOf(cluster),
      ...(holder === undefined ? {} : { heldBy: holderText(holder, now) }),
      cost: costOf(cluster, now),
      groups: rowsOf("groups", cluster),
      workers: rowsOf("workers", cluster),
      explanation: String(cluster.explain()),
      events: deduplicated((await historyKept(target.name, given, surroundings))?.rows ?? []),
    }
  } finally {
    await cluster.detach()
  }
}

async function pageOf(described: Described, given: Given, surroundings: Surroundings): Promise<string> {
  const { name, owner, places, deadline, heldBy, cost, groups, workers, explanation, events } = described
  const now = surroundings.clock.now() + wallAheadMs(surroundings.clock)
  const { perHour, soFar, unpriced } = cost
  const ends = deadline === 0 ? "-" : `${momentText(deadline)} (in ${age(Math.max(0, deadline - now))})`
  const facts = [
    ["Name:", name],
    ["Owner:", owner],
    ["Places:", places.join(", ")],
    ["Held by:", heldBy ?? "nobody was seen holding it"],
    ["Ends:", ends],
    ["Cost:", `${usdText(perHour, unpriced, " an hour")}, ${usdText(soFar, unpriced, "")} so far (an estimate)`],
  ]
  const width = Math.max(...facts.map(([head = ""]) => head.length))
  const more = workers.length > MOST_ROWS ? `and ${workers.length - MOST_ROWS} more: muster get workers ${name}\n` : ""
  const asTable = { ...given, values: {}, switches: new Set<string>() }
  return [
    facts.map(([head = "", text = ""]) => `${head.padEnd(width)}  ${text}\n`).join(""),
    `Groups:\n${await rowsText(groups, shapeOf("groups", now), asTable, surroundings)}`,
    `Workers:\n${workers.length === 0 ? "none\n" : await rowsText(workers.slice(0, MOST_ROWS), shapeOf("workers", now), asTable, surroundings)}${more}`,
    `${explanation}\n`,
    `Events:\n${events.length === 0 ? "none are kept on this machine\n" : eventTable(events, now)}`,
  ].join("\n")
}

function eventTable(events: readonly Happened[], now: number): string {
  const left = events.length > MOST_ROWS ? `${events.length - MOST_ROWS} earlier ones: muster events\n` : ""
  const rows = events.slice(-MOST_ROWS).map((one) => eventCells(one, now))
  return `${table(EVENT_HEAD, rows)}${left}`
}
