/** `muster cost`: what a cluster costs an hour, has cost, and will have cost at its deadline at most. An estimate. */
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import type { Cluster } from "../../../cluster.js"
import { usdText } from "../../../money/budget.js"
import { looking } from "../../clusters.js"
import { deadlineOf } from "../../going-on.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { table } from "../../table.js"
import type { RunVerb } from "../../surroundings.js"

const HOUR_MS = 3_600_000

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const { clock, out, say } = surroundings
  const now = clock.now() + wallAheadMs(clock)
  const cost = await looking(given, surroundings, (cluster) => Promise.resolve(costOf(cluster, now)))
  const data = await dataText(cost, format, surroundings)
  if (data !== undefined) {
    out(data)
    return EXIT.ok
  }
  const { cluster, workers, perHour, soFar, atDeadline, unpriced, deadline } = cost
  const last = atDeadline === undefined ? [] : [usdText(atDeadline, unpriced, "")]
  const head = ["CLUSTER", "WORKERS", "AN HOUR", "SO FAR", ...(last.length > 0 ? ["BY ITS DEADLINE"] : [])]
  out(table(head, [[cluster, String(workers), usdText(perHour, unpriced, ""), usdText(soFar, unpriced, ""), ...last]]))
  const from = cost.prices.map(({ source, at }) => `${source} of ${momentText(at)}`)
  const until = deadline === undefined ? "" : `; its deadline is ${momentText(deadline)}`
  say(`an estimate in USD, without disks, traffic and taxes; prices: ${from.join(", ") || "none known"}${until}\n`)
  return EXIT.ok
}

export function costOf(cluster: Cluster, now: number) {
  const { workers } = cluster
  const cost = cluster.cost()
  const deadline = deadlineOf(cluster)
  const atDeadline = cost.soFar + (cost.perHour * Math.max(0, deadline - now)) / HOUR_MS
  const ends = deadline > 0 ? { deadline, atDeadline } : {}
  return { cluster: cluster.name, workers: workers.length, ...cost, ...ends } as typeof cost & {
    readonly cluster: string
    readonly workers: number
    readonly deadline?: number
    readonly atDeadline?: number
  }
}
