/** Rows as clouds tell them now. */
import { Cluster } from "../../../cluster.js"
import type { ClusterSummary } from "../../../fleet/leftovers/listing.js"
import { looking } from "../../clusters.js"
import type { RowBody } from "../../../history/rows.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { placesIn } from "../../spec/target.js"
import { historyKept } from "../../state/kept.js"
import type { Given, Surroundings } from "../../surroundings.js"
import type { Kind, Row, Rows } from "./rows.js"

/** Every cluster of the places that are named. */
export async function listedClusters(given: Given, surroundings: Surroundings): Promise<Rows> {
  const { clock } = surroundings
  const provider = await providersAt(await placesIn(given, surroundings), surroundings)
  const owner = single(given, "owner")
  const list = await Cluster.list({ provider, ...(owner === undefined ? {} : { owner }) }, { clock })
  const [only] = given.words
  const rows = list.filter(({ name }) => only === undefined || name === only).map(rowOf)
  const failed = list.failures.map(({ place, error }) => `${place} could not be looked at: ${error.message}`)
  return { rows, ...(failed.length === 0 ? {} : { note: failed.join("\n") }) }
}

function rowOf({ name, ...summary }: ClusterSummary): Row {
  return { cluster: name, ...summary }
}

/** Workers or groups of one cluster, as its cloud lists them now. */
export async function liveRows(kind: Kind, given: Given, surroundings: Surroundings): Promise<Rows> {
  const rows = await looking(given, surroundings, async (cluster) => {
    await heard(cluster, surroundings)
    return rowsOf(kind, cluster)
  })
  return { rows: kind === "groups" ? await withDemand(rows, given, surroundings) : rows }
}

/** What a group follows is known to the process that holds it: of one on this machine by what it has written down. */
async function withDemand(rows: readonly Row[], given: Given, surroundings: Surroundings): Promise<readonly Row[]> {
  const [first] = rows
  if (first === undefined) return rows
  const history = await historyKept(first.cluster, given, surroundings)
  const told = new Map<string, Adapted>()
  for (const row of history?.rows ?? []) if (row.type === "adapt") told.set(row.group, row)
  return rows.map((row) => {
    const last = told.get(String(row.group))
    return last === undefined || last.ended === true ? row : { ...row, follows: last.why }
  })
}

type Adapted = Extract<RowBody, { type: "adapt" }>

/** A worker with checks is asked how it is: so long it has time for its answer, in milliseconds. */
const HEARD_MS = 5_000
const LOOK_MS = 100

/** Waits until all of them have told how they are, as far as they do so in time. */
export async function heard(cluster: Cluster, { clock }: Surroundings): Promise<void> {
  const isUnheard = () =>
    cluster.workers.some(({ state, ready, step }) => state === "running" && !ready && step === undefined)
  const until = clock.now() + HEARD_MS
  while (isUnheard() && clock.now() < until) await clock.sleep(LOOK_MS)
}

export function rowsOf(kind: Kind, cluster: Cluster): readonly Row[] {
  if (kind === "workers") return cluster.workers.map((worker) => ({ cluster: cluster.name, ...worker }))
  return cluster.explain().groups.map((one) => {
    const { group, desired, running, ready, pending, booked, interrupted, terminating, stopped, finished } = one
    const own = cluster.workers.filter((worker) => worker.group === group)
    const isPriced = own.every((worker) => worker.pricePerHour !== undefined)
    const pricePerHour = own.reduce((sum, worker) => sum + (worker.pricePerHour ?? 0), 0)
    const priced = isPriced ? { pricePerHour } : {}
    const counts = { desired, running, ready, pending, booked, interrupted, terminating, ...finished, ...priced }
    return { cluster: cluster.name, group, ...counts, ...(stopped === undefined ? {} : { stopped }) }
  })
}
