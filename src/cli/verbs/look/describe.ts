/** `muster describe`: one cluster on a page, with what happened to it at the end. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import { usdText } from "../../../money/budget.js"
import type { Provider } from "../../../provider.js"
import { attached, type NamedTarget, placedTarget } from "../../clusters.js"
import { EXIT, NothingThereError } from "../../exit-codes.js"
import { deadlineOf } from "../../going-on.js"
import { dataText, formatOf, rowsText } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import { historyKept } from "../../state/kept.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { age } from "../../table.js"
import { holderSeen, holderText } from "../../taking-over.js"
import { type CostShown, costOf } from "./cost.js"
import { type Gone, pageOfGone, whatWasKept } from "./gone.js"
import { deduplicated, eventTable, factLines, type Happened } from "./happened.js"
import { heard, rowsOf } from "./live-rows.js"
import { type Row, shapeOf } from "./rows.js"

/** Rows of workers; `get workers` has them all. */
const MOST_ROWS = 20

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const described = await describedNow(given, surroundings)
  if (!("isGone" in described)) {
    const text = (await dataText(described, format, surroundings)) ?? (await pageOf(described, given, surroundings))
    surroundings.out(text)
    return EXIT.ok
  }
  surroundings.out((await dataText(described, format, surroundings)) ?? pageOfGone(described, surroundings))
  return EXIT.ok
}

/** What lives is asked of the cloud; of what does not, this machine's history tells. */
async function describedNow(given: Given, surroundings: Surroundings): Promise<Described | Gone> {
  try {
    const target = await placedTarget(given, surroundings)
    return await describe(target, await providersAt(target.places, surroundings), given, surroundings)
  } catch (error) {
    if (!(error instanceof NothingThereError)) throw error
    const gone = await whatWasKept(await namedTarget(given, surroundings, "optional"), given, surroundings)
    if (gone === undefined) throw error
    return gone
  }
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

function costText(perHour: number, soFar: number, unpriced: number): string {
  // What is not known of the hour is not known of the sum either: it is said once.
  if (unpriced > 0 && perHour === 0 && soFar === 0) return usdText(0, unpriced)
  return `${usdText(perHour, unpriced, " an hour")}, ${usdText(soFar, unpriced, "")} so far (an estimate)`
}

async function describe(
  target: NamedTarget,
  providers: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
): Promise<Described> {
  const { clock } = surroundings
  const now = clock.now() + wallAheadMs(clock)
  const cluster = await attached(target, providers, given, surroundings)
  try {
    const [holder] = await Promise.all([
      holderSeen(target, providers, given, surroundings),
      heard(cluster, surroundings),
    ])
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
    ["Cost:", costText(perHour, soFar, unpriced)],
  ] as const
  const more = workers.length > MOST_ROWS ? `and ${workers.length - MOST_ROWS} more: muster get workers ${name}\n` : ""
  const asTable = { ...given, values: {}, switches: new Set<string>() }
  return [
    factLines(facts),
    `Groups:\n${await rowsText(groups, shapeOf("groups", now), asTable, surroundings)}`,
    `Workers:\n${workers.length === 0 ? "none\n" : await rowsText(workers.slice(0, MOST_ROWS), shapeOf("workers", now), asTable, surroundings)}${more}`,
    `${explanation}\n`,
    `Events:\n${eventTable(events, name, now)}`,
  ].join("\n")
}
