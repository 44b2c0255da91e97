/** The rows that `get` shows: where each kind is from, and its columns. */
import { hostname } from "node:os"
import { wallAheadMs } from "../../../calls/clock.js"
import { Cluster } from "../../../cluster.js"
import { readJournals } from "../../../fleet/journal/history.js"
import type { ClusterSummary } from "../../../fleet/remains/listing.js"
import { looking } from "../../clusters.js"
import { journalDirectory, knownClusters, type KnownCluster } from "../../local-state.js"
import type { Column, Shape } from "../../output.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget, placesIn } from "../../spec/target.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { age } from "../../table.js"

export const KINDS = ["clusters", "workers", "groups"] as const
export type Kind = (typeof KINDS)[number]

/** Fields may be added to a row, none is taken away. Moments are in milliseconds since 1970, prices in USD an hour. */
export type Row = Readonly<Record<string, unknown>> & { readonly cluster: string }

export interface Rows {
  readonly rows: readonly Row[]
  /** What is to be known of all of them. */
  readonly note?: string
}

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
  const rows = await looking(given, surroundings, (cluster) => Promise.resolve(rowsOf(kind, cluster)))
  return { rows }
}

export function rowsOf(kind: Kind, cluster: Cluster): readonly Row[] {
  if (kind === "workers") return cluster.workers.map((worker) => ({ cluster: cluster.name, ...worker }))
  return cluster
    .explain()
    .groups.map(({ group, desired, running, pending, booked, interrupted, terminating, stopped }) => {
      const own = cluster.workers.filter((worker) => worker.group === group)
      const isPriced = own.every((worker) => worker.pricePerHour !== undefined)
      const pricePerHour = own.reduce((sum, worker) => sum + (worker.pricePerHour ?? 0), 0)
      const priced = isPriced ? { pricePerHour } : {}
      const counts = { desired, running, pending, booked, interrupted, terminating, ...priced }
      return { cluster: cluster.name, group, ...counts, ...(stopped === undefined ? {} : { stopped }) }
    })
}

/** What this machine's journals tell. */
export async function knownRows(kind: Kind, given: Given, surroundings: Surroundings): Promise<Rows> {
  const { clock } = surroundings
  const directory = journalDirectory(given, surroundings)
  const known = await knownClusters(directory, clock)
  const note = "from this machine's state alone; --provider and --region ask the cloud"
  if (kind === "clusters") {
    const [name, owner] = [given.words[0], single(given, "owner")]
    const chosen = known.filter((one) => (name ?? one.name) === one.name && (owner ?? one.owner) === one.owner)
    return { rows: await Promise.all(chosen.map((one) => knownRow(one, directory, surroundings))), note }
  }
  const { name, owner } = await namedTarget(given, surroundings, "optional")
  const workers = await knownWorkers(name, owner, directory, surroundings)
  if (kind === "workers") return { rows: workers, note }
  const groups = [...new Set(workers.map(({ group }) => String(group)))]
  const rows = groups.map((group) => ({
    cluster: name,
    group,
    running: workers.filter((one) => one.group === group).length,
  }))
  return { rows, note }
}

async function knownRow(known: KnownCluster, directory: string, surroundings: Surroundings): Promise<Row> {
  const { name, places, ...others } = known
  const workers = await knownWorkers(name, known.owner, directory, surroundings)
  const oldest = Math.min(...workers.map(({ launchedAt }) => Number(launchedAt)))
  return {
    cluster: name,
    ...others,
    instances: workers.length,
    places: places.map(({ provider, region }) => `${provider} ${region}`),
    ...(workers.length === 0 ? {} : { oldestLaunchedAt: oldest }),
    holder: known.pid === undefined ? "-" : `${hostname()} ${known.pid}`,
  }
}

async function knownWorkers(
  name: string,
  owner: string,
  directory: string,
  { clock }: Surroundings,
): Promise<readonly Row[]> {
  const histories = await readJournals(directory, name, owner, clock)
  return histories.flatMap(({ made }) =>
    made.map(({ instance, group, provider, region }) => ({
      cluster: name,
      ...instance,
      launchedAt: instance.launchedAt + wallAheadMs(clock),
      ...{ group, provider, region, state: "made" },
    })),
  )
}

/** @param now in milliseconds since 1970, by the clock of day. */
export function shapeOf(kind: Kind, now: number): Shape<Row> {
  const since = (at: unknown) => (typeof at === "number" && Number.isFinite(at) ? age(now - at) : "?")
  if (kind === "clusters")
    return { columns: clusterColumns(now, since), nameOf: ({ cluster }) => `clusters/${cluster}` }
  if (kind === "groups")
    return { columns: GROUP_COLUMNS, nameOf: (row) => `groups/${row.cluster}/${String(row.group)}` }
  return { columns: workerColumns(since), nameOf: (row) => `workers/${row.cluster}/${String(row.name)}` }
}

const cell = (head: string, key: string, wide?: true): Column<Row> => {
  return { head, ...(wide && { wide }), cell: (row) => (row[key] === undefined ? "-" : String(row[key])) }
}

function clusterColumns(now: number, since: (at: unknown) => string): readonly Column<Row>[] {
  return [
    cell("NAME", "cluster"),
    cell("OWNER", "owner"),
    cell("INSTANCES", "instances"),
    cell("RUNNING", "running", true),
    { head: "PLACES", cell: ({ places }) => (Array.isArray(places) && places.length > 0 ? places.join(", ") : "-") },
    { head: "AGE", cell: ({ oldestLaunchedAt }) => since(oldestLaunchedAt) },
    { head: "ENDS IN", cell: ({ deadline }) => endsIn(Number(deadline), now) },
    cell("HELD BY", "holder", true),
    cell("UID", "uid", true),
  ]
}

export function endsIn(deadline: number, now: number): string {
  if (!(deadline > 0)) return "?"
  return deadline <= now ? "expired" : age(deadline - now)
}

const GROUP_COLUMNS: readonly Column<Row>[] = [
  cell("GROUP", "group"),
  cell("DESIRED", "desired"),
  cell("RUNNING", "running"),
  cell("PENDING", "pending"),
  cell("INTERRUPTED", "interrupted", true),
  cell("TERMINATING", "terminating", true),
  { head: "USD/H", cell: ({ pricePerHour }) => dollars(pricePerHour) },
  cell("STOPPED", "stopped", true),
]

function workerColumns(since: (at: unknown) => string): readonly Column<Row>[] {
  return [
    cell("NAME", "name"),
    cell("GROUP", "group"),
    cell("STATE", "state"),
    cell("TYPE", "instanceType"),
    cell("MARKET", "market"),
    cell("ZONE", "zone"),
    { head: "AGE", cell: ({ launchedAt }) => since(launchedAt) },
    { head: "USD/H", cell: ({ pricePerHour }) => dollars(pricePerHour) },
    cell("ID", "id", true),
    cell("PRIVATE IP", "privateIp", true),
    cell("PUBLIC IP", "publicIp", true),
  ]
}

function dollars(price: unknown): string {
  return typeof price === "number" ? price.toFixed(4) : "?"
}
