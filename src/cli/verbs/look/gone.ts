/** Gone: a cluster of which nothing was found, as this machine's history tells what it was. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import { usdText } from "../../../money/budget.js"
import type { NamedTarget } from "../../clusters.js"
import { placeText } from "../../spec/places.js"
import { historyKept } from "../../state/kept.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { type CostShown, keptCost } from "./cost.js"
import { deduplicated, eventTable, factLines, type Happened } from "./happened.js"

/** Moments are in milliseconds since 1970. */
export interface Gone {
  readonly name: string
  readonly owner: string
  readonly isGone: true
  /** Where it was looked for; empty where nothing says where it was. */
  readonly places: readonly string[]
  /** The first moment of which something is kept. */
  readonly firstAt: number
  readonly lastAt: number
  /** Undefined where its end was not written down: it reached its deadline, or was deleted from another machine. */
  readonly closedAt?: number
  /** The last target, by group. */
  readonly target?: Readonly<Record<string, number>>
  readonly cost?: CostShown
  readonly events: readonly Happened[]
}

/** Undefined where this machine has kept nothing of it. */
export async function whatWasKept(
  { name, owner, places }: NamedTarget,
  given: Given,
  surroundings: Surroundings,
): Promise<Gone | undefined> {
  const history = await historyKept(name, given, surroundings)
  if (history === undefined) return undefined
  const { rows, cost, isClosed, at } = history
  const [first, last] = [rows[0]?.at ?? at, rows.at(-1)?.until ?? rows.at(-1)?.at ?? at]
  const closed = isClosed ? rows.findLast(({ type }) => type === "closed") : undefined
  const target = rows.findLast((row) => row.type === "target")
  return {
    ...{ name, owner, isGone: true, places: places.map(placeText), firstAt: first, lastAt: last },
    ...(closed === undefined ? {} : { closedAt: closed.at }),
    ...(target === undefined ? {} : { target: target.desired }),
    ...(cost === undefined ? {} : { cost: keptCost(name, cost) }),
    events: deduplicated(rows),
  }
}

export function pageOfGone(gone: Gone, { clock }: Surroundings): string {
  const { name, owner, places, firstAt, lastAt, closedAt, target, cost, events } = gone
  const wanted = Object.entries(target ?? {}).map(([group, count]) => `${group} ${count}`)
  const ended =
    closedAt === undefined ? `not written down; the last of it is of ${momentText(lastAt)}` : momentText(closedAt)
  const facts = [
    ["Name:", name],
    ["Owner:", owner],
    ["State:", `nothing of it was found${places.length === 0 ? "" : ` in ${places.join(", ")}`}`],
    ["Known from:", momentText(firstAt)],
    ["Closed:", ended],
    ...(wanted.length === 0 ? [] : [["Last target:", wanted.join(", ")] as const]),
    ["Cost:", cost === undefined ? "not written down" : `${usdText(cost.soFar, cost.unpriced, "")} (an estimate)`],
  ] as const
  return `${factLines(facts)}\nEvents:\n${eventTable(events, name, clock.now() + wallAheadMs(clock))}`
}
