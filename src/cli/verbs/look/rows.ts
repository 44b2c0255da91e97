/** The rows that `get` shows, and their columns. */
import type { Column, Shape } from "../../output.js"
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
  cell("READY", "ready"),
  cell("PENDING", "pending"),
  cell("INTERRUPTED", "interrupted", true),
  cell("TERMINATING", "terminating", true),
  cell("SUCCEEDED", "succeeded", true),
  cell("FAILED", "failed", true),
  { head: "USD/H", cell: ({ pricePerHour }) => dollars(pricePerHour) },
  cell("FOLLOWS", "follows"),
  cell("STOPPED", "stopped", true),
]

function workerColumns(since: (at: unknown) => string): readonly Column<Row>[] {
  return [
    cell("NAME", "name"),
    cell("GROUP", "group"),
    cell("STATE", "state"),
    { head: "READY", cell: readyText },
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

/** "?" where nobody could be asked yet. */
function readyText({ state, ready, step }: Row): string {
  if (state !== "running" || ready === undefined) return "-"
  return ready === true ? "yes" : step === undefined ? "?" : `no: ${String(step)}`
}

function dollars(price: unknown): string {
  return typeof price === "number" ? price.toFixed(4) : "?"
}
