/** The receipt: every instance that the cluster ever had in this process or found by its tags, and what became of it. */
import { workerName } from "./reports/worker.js"
import { bootsOf } from "./reports/boots.js"
import type { Receipt, ReceiptRow } from "./reports/receipt-types.js"
import { type Bill, spendOf } from "../money/bill.js"
import { mayLive } from "./lifecycle.js"
import { receiptText } from "./reports/receipt-text.js"
import type { WorkerRecord } from "./roster/worker-record.js"
import { billOf, endOf, pricesOf, secondsOf, workerCost } from "./spending/spending.js"

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
    boots: bootsOf(workers, now).providers,
    estimate: true as const,
    prices: pricesOf(workers),
  }
  return Object.defineProperty(receipt, "toString", { value: () => receiptText(receipt) })
}

function rowOf(worker: WorkerRecord, now: number): ReceiptRow {
  const { instance, state, provider, group, end } = worker
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
    ...(end?.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...readinessOf(worker),
    ...(cost === undefined ? {} : { cost }),
  }
}

function readinessOf({ boot, ranFrom, readiness, failedCheck }: WorkerRecord): Partial<ReceiptRow> {
  // What was seen running only later was ready at a moment that nobody knows.
  const isKnown = readiness !== undefined && readiness.isUnchecked !== true && boot !== undefined
  const readyAt = isKnown ? boot.readyAt : undefined
  return {
    ...(readyAt === undefined ? {} : { readyAfterMs: Math.max(0, readyAt - (ranFrom ?? readyAt)) }),
    ...(failedCheck === undefined ? {} : { failedCheck }),
  }
}
