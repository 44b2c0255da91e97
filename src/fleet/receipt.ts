/** The receipt: every instance that the cluster ever had in this process or found by its tags, and what became of it. */
import type { Instance, Market } from "../provider.js"
import { mayLive, type WorkerState } from "./lifecycle.js"
import type { WorkerRecord } from "./roster.js"
import { TAG } from "./tags.js"

const HOUR_SECONDS = 3600

export interface ReceiptRow {
  readonly id: string
  readonly name: string
  readonly group: string
  readonly provider: string
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  /** Milliseconds since 1970. */
  readonly launchedAt: number
  readonly endedAt?: number
  readonly finalState: WorkerState
  /** USD, an estimate from the price per hour at launch; absent when no price is known. */
  readonly cost?: number
}

export interface Receipt {
  readonly cluster: string
  readonly instances: readonly ReceiptRow[]
  /** Those that could not be confirmed gone. */
  readonly leaked: readonly ReceiptRow[]
  /** What is not an instance and could not be removed, in words. */
  readonly leftovers: readonly string[]
  /** Seconds that instances ran, summed. */
  readonly seconds: number
  /** USD, an estimate; absent when no instance has a price, and without those that have none. */
  readonly cost?: number
}

export function receiptOf(
  cluster: string,
  workers: readonly WorkerRecord[],
  now: number,
  leftovers: readonly string[],
): Receipt {
  const rows = workers.map((worker) => rowOf(worker, now))
  const costs = rows.flatMap((row) => (row.cost === undefined ? [] : [row.cost]))
  return {
    cluster,
    instances: rows,
    leaked: rows.filter((row) => mayLive(row.finalState)),
    leftovers,
    seconds: workers.reduce((sum, worker) => sum + secondsOf(worker, now), 0),
    ...(costs.length === 0 ? {} : { cost: costs.reduce((sum, cost) => sum + cost, 0) }),
  }
}

function rowOf(worker: WorkerRecord, now: number): ReceiptRow {
  const { instance, state, provider, group, pricePerHour } = worker
  const { id, zone, instanceType, market, launchedAt } = instance
  const endedAt = endOf(worker)
  return {
    id,
    name: workerName(instance, group),
    group,
    provider: provider.name,
    region: provider.region,
    zone,
    instanceType,
    market,
    launchedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    finalState: state,
    ...(pricePerHour === undefined ? {} : { cost: (secondsOf(worker, now) / HOUR_SECONDS) * pricePerHour }),
  }
}

/** When it stopped costing: what the cloud says, else when we saw it gone. */
function endOf({ instance, state, since }: WorkerRecord): number | undefined {
  return mayLive(state) ? undefined : (instance.endedAt ?? since)
}

export function secondsOf(worker: WorkerRecord, now: number): number {
  return Math.max(0, (endOf(worker) ?? now) - worker.instance.launchedAt) / 1000
}

/** A worker's name is ours where the cloud lets us choose, else its group and the last 8 characters of its id. */
export function workerName(instance: Instance, group: string): string {
  return instance.name === "" ? `${instance.tags[TAG.group] ?? group}-${instance.id.slice(-8)}` : instance.name
}
