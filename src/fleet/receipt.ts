/** The receipt: every instance that the cluster ever had in this process or found by its tags, and what became of it. */
import { type Bill, spendOf } from "../money/bill.js"
import type { PriceOrigin } from "../money/cost.js"
import type { Instance, InstanceState, Market } from "../provider.js"
import { mayLive, type WorkerState } from "./lifecycle.js"
import { receiptText } from "./receipt-text.js"
import type { WorkerRecord } from "./roster.js"
import { billOf, endOf, pricesOf, secondsOf, workerCost } from "./spending/spending.js"
import { TAG } from "./tags.js"

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
  /** Of one that could not be confirmed gone: its state as the cloud said it last. */
  readonly reportedState?: InstanceState
  /** USD, an estimate from the price per hour at launch and the time it ran; absent when no price is known. */
  readonly cost?: number
  /** Where a person can look at one that could not be confirmed gone. */
  readonly consoleUrl?: string
}

/** What closing came to; `String(receipt)` is a table of at most twenty lines. */
export interface Receipt {
  readonly cluster: string
  readonly instances: readonly ReceiptRow[]
  /** Those that could not be confirmed gone. */
  readonly leaked: readonly ReceiptRow[]
  /** What is not an instance and could not be removed, in words. */
  readonly leftovers: readonly string[]
  /** Seconds that instances ran, summed. */
  readonly seconds: number
  /**
   * USD: prices times running time, with what the cloud bills at least. Absent when no instance has a price. Not counted are
   * those that have none, disks, traffic, addresses, discounts and taxes.
   */
  readonly cost?: number
  /** The same by group. */
  readonly costByGroup: Readonly<Record<string, number>>
  /** USD of `cost` for instances that had ended before this process began, as the journal says; they are not among `instances`. */
  readonly earlierCost: number
  /** How many instances `cost` leaves out, because their price is not known. */
  readonly unpriced: number
  /** Costs are estimated: a cloud's invoice may differ. */
  readonly estimate: true
  /** Where the prices are from, and when they were asked for (milliseconds since 1970). */
  readonly prices: readonly PriceOrigin[]
  toString(): string
}

export function receiptOf(
  cluster: string,
  workers: readonly WorkerRecord[],
  now: number,
  leftovers: readonly string[],
  earlier: readonly Bill[] = [],
): Receipt {
  const rows = workers.map((worker) => rowOf(worker, now))
  const { usd, byGroup, unpriced } = spendOf([...workers.map(billOf), ...earlier], now)
  const isPriced = workers.length + earlier.length > unpriced
  const receipt = {
    cluster,
    instances: rows,
    leaked: rows.filter((row) => mayLive(row.finalState)),
    leftovers,
    // Sums of fractions carry the rounding of their last digits: whole milliseconds.
    seconds: Math.round(workers.reduce((sum, worker) => sum + secondsOf(worker, now), 0) * 1000) / 1000,
    ...(isPriced ? { cost: usd } : {}),
    costByGroup: byGroup,
    earlierCost: spendOf(earlier, now).usd,
    unpriced,
    estimate: true as const,
    prices: pricesOf(workers),
  }
  return Object.defineProperty(receipt, "toString", { value: () => receiptText(receipt) })
}

function rowOf(worker: WorkerRecord, now: number): ReceiptRow {
  const { instance, state, provider, group } = worker
  const { id, zone, instanceType, market, launchedAt } = instance
  const endedAt = endOf(worker)
  const cost = workerCost(worker, now)
  const consoleUrl = mayLive(state) ? provider.consoleUrl?.(instance) : undefined
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
    ...(mayLive(state) ? { reportedState: instance.state } : {}),
    ...(consoleUrl === undefined ? {} : { consoleUrl }),
    ...(cost === undefined ? {} : { cost }),
  }
}

/** A worker's name is ours where the cloud lets us choose, else its group and the last 8 characters of its id. */
export function workerName(instance: Instance, group: string): string {
  return instance.name === "" ? `${instance.tags[TAG.group] ?? group}-${instance.id.slice(-8)}` : instance.name
}
