/** `muster cost`: what a cluster costs an hour, has cost, and will have cost at its deadline at most. An estimate. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import type { Cluster } from "../../../cluster.js"
import type { ClusterHistory } from "../../../history/read.js"
import { usdText } from "../../../money/budget.js"
import { attached, type NamedTarget } from "../../clusters.js"
import { EXIT, NothingThereError } from "../../exit-codes.js"
import { deadlineOf } from "../../going-on.js"
import { dataText, formatOf } from "../../output.js"
import { placesOf, providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import { historyKept } from "../../state/kept.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { table } from "../../table.js"

const HOUR_MS = 3_600_000

/** Moments are in milliseconds since 1970, sums in USD. */
export interface CostShown {
  readonly cluster: string
  readonly workers: number
  readonly soFar: number
  readonly perHour: number
  readonly byGroup: Readonly<Record<string, number>>
  /** How many workers `soFar` leaves out, because their price is not known, and how many of them live. */
  readonly unpriced: number
  readonly unpricedNow: number
  readonly prices?: readonly { readonly source: string; readonly at: number }[]
  readonly deadline?: number
  /** When all that lives now lives until then. */
  readonly atDeadline?: number
  /** Nothing of it lives: this is what its process had written down then. */
  readonly writtenAt?: number
}

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const { out, say } = surroundings
  const target = await namedTarget(given, surroundings, "optional")
  const cost = await costNowOrKept(target, given, surroundings)
  const { cluster, workers, perHour, soFar, atDeadline, unpriced, unpricedNow } = cost
  const last = atDeadline === undefined ? [] : [sumText(atDeadline, unpriced)]
  const head = ["CLUSTER", "WORKERS", "AN HOUR", "SO FAR", ...(last.length > 0 ? ["BY ITS DEADLINE"] : [])]
  const row = [cluster, String(workers), sumText(perHour, unpricedNow), sumText(soFar, unpriced), ...last]
  out((await dataText(cost, format, surroundings)) ?? table(head, [row], surroundings.columns))
  if (format === "table") say(`${noteOf(cost)}\n`)
  return EXIT.ok
}

/** "?" where no price is known. */
function sumText(usd: number, unpriced: number): string {
  if (unpriced === 0) return usdText(usd, 0)
  return usd === 0 ? "?" : `at least ${usdText(usd, 0)}`
}

function noteOf({ prices, deadline, writtenAt, unpriced }: CostShown): string {
  const from = (prices ?? []).map(({ source, at }) => `${source} of ${momentText(at)}`)
  const when =
    writtenAt === undefined ? "" : `; nothing of it was found, and this was written down at ${momentText(writtenAt)}`
  const until = deadline === undefined ? "" : `; its deadline is ${momentText(deadline)}`
  const known = prices === undefined ? "" : `; prices: ${from.join(", ") || "none known"}`
  const without =
    unpriced === 0 ? "" : `, and without ${unpriced} worker${unpriced === 1 ? "" : "s"} whose price is not known`
  return `an estimate in USD, without disks, traffic and taxes${without}${known}${until}${when}`
}

/** What lives is asked of the cloud; of what does not, this machine's history tells. */
async function costNowOrKept(target: NamedTarget, given: Given, surroundings: Surroundings): Promise<CostShown> {
  const { clock } = surroundings
  const kept = await historyKept(target.name, given, surroundings, { last: 0 })
  const written = kept?.cost
  const isPlaced = target.places.length > 0
  if (!isPlaced && written === undefined) placesOf({ regions: [], options: {} })
  try {
    if (!isPlaced) throw new NothingThereError("no place is named")
    const providers = await providersAt(target.places, surroundings)
    const cluster = await attached(target, providers, given, surroundings)
    try {
      return costOf(cluster, clock.now() + wallAheadMs(clock))
    } finally {
      await cluster.detach()
    }
  } catch (error) {
    if (!(error instanceof NothingThereError) || written === undefined) throw error
    return keptCost(target.name, written)
  }
}

/** What a cluster of which nothing lives has cost. */
export function keptCost(cluster: string, written: NonNullable<ClusterHistory["cost"]>): CostShown {
  const { soFar, byGroup, unpriced, at } = written
  return { cluster, workers: 0, soFar, perHour: 0, byGroup, unpriced, unpricedNow: 0, writtenAt: at }
}

export function costOf(cluster: Cluster, now: number): CostShown {
  const cost = cluster.cost()
  const deadline = deadlineOf(cluster)
  const atDeadline = cost.soFar + (cost.perHour * Math.max(0, deadline - now)) / HOUR_MS
  const ends = deadline > 0 ? { deadline, atDeadline } : {}
  return { cluster: cluster.name, workers: cluster.workers.length, ...cost, ...ends }
}
