/** Spending: what the workers of a cluster have cost, from what is seen of them and from the journals of earlier processes. */
import type { Fleet, Money } from "../state/context.js"
import { type Bill, costOf, ranMs } from "../../money/bill.js"
import type { ClusterCost, PriceOrigin } from "../../money/cost.js"
import { dollars, NO_BUDGET, type ResolvedBudget } from "../../money/budget.js"
import type { Provider } from "../../provider.js"
import { Totals } from "../../money/totals.js"
import { readJournals } from "../journal/history.js"
import type { BillRow, Journal } from "../journal/journal.js"
import { mayLive } from "../lifecycle.js"
import type { Found } from "../state/found.js"
import { pricesWithin } from "../offers/prices.js"
import { keyOf } from "../roster/register.js"
import type { WorkerRecord } from "../roster/worker-record.js"

export const JOURNAL_SOURCE = "the journal of an earlier process"

export function newMoney(
  spec: {
    readonly budget: ResolvedBudget | undefined
    readonly maxWorkers: number | undefined
  },
  clockSkewMs: number,
): Money {
  const { budget = NO_BUDGET, maxWorkers } = spec
  return { budget, maxWorkers, earlier: new Map(), own: new Totals(), gone: new Totals(), over: undefined, clockSkewMs }
}

/**
 * What a worker's bill is made of. Whether it has run is known only from when a look has shown it; until then it may have, since its
 * launch or since so long before the last look as lists may be late, and is billed so.
 */
export function billOf(worker: WorkerRecord): Bill {
  const { group, pricePerHour: usdPerHour, provider, billedFrom: from } = worker
  return { group, leastMs: leastMs(provider), usdPerHour, from, to: endOf(worker) }
}

/** For how long an instance of this provider is billed at least, once it has run. */
export function leastMs({ limits }: Provider): number {
  return (limits.leastBilledSeconds ?? 0) * 1000
}

/**
 * When it stopped costing: what the cloud says, or when we saw it in a state without a bill, whichever is earlier. A cloud
 * may name the moment at which it was gone for good, a while after its bill ended.
 */
export function endOf({ instance, state, since }: WorkerRecord): number | undefined {
  return mayLive(state) ? undefined : Math.min(since, instance.endedAt ?? since)
}

/** Seconds that a worker ran until `now`. */
export function secondsOf(worker: WorkerRecord, now: number): number {
  return ranMs(billOf(worker), now) / 1000
}

/** USD that a worker has cost until `now`; undefined when its price is not known. */
export function workerCost(worker: WorkerRecord, now: number): number | undefined {
  return costOf(billOf(worker), now)
}

/** What the cluster's instances have come to: own ones, and those that had ended before this process saw them. */
export interface Spent {
  readonly usd: number
  readonly earlier: number
  readonly byGroup: Readonly<Record<string, number>>
  readonly unpriced: number
}

/** Brings the sums up to date with the workers whose bills have changed, and reads them. */
export function spentBy({ roster, money }: Pick<Fleet, "roster" | "money">, now: number): Spent {
  for (const worker of roster.rebilled) {
    money.own.set(worker, billOf(worker), now)
    // It lives: its bill is its own.
    if (money.earlier.size > 0) money.gone.set(keyOf(worker.provider, worker.instance.id), undefined, now)
  }
  roster.rebilled.clear()
  const [own, gone] = [money.own.at(now), money.gone.at(now)]
  const byGroup: Record<string, number> = { ...own.byGroup }
  for (const [group, usd] of Object.entries(gone.byGroup)) byGroup[group] = (byGroup[group] ?? 0) + usd
  return { usd: own.usd + gone.usd, earlier: gone.usd, byGroup, unpriced: own.unpriced + gone.unpriced }
}

/** The moment at which `usd` will be spent if nothing starts or ends; where that is not by `untilMs`, some moment after it. */
export function spentAt(fleet: Pick<Fleet, "roster" | "money">, usd: number, now: number, untilMs: number): number {
  const { earlier } = spentBy(fleet, now)
  return fleet.money.own.reachedAt(usd - earlier, now, untilMs)
}

/** The bills of instances that had ended before this process saw them. */
export function earlierBills({ roster, money }: Pick<Fleet, "roster" | "money">): BillRow[] {
  return [...money.earlier.values()].filter(({ id }) => roster.ofKey(id) === undefined)
}

/** The same, each with the instance that it is of. */
export function billRows({ roster, money }: Pick<Fleet, "roster" | "money">): BillRow[] {
  const own = roster.workers.map((worker) => {
    return { id: keyOf(worker.provider, worker.instance.id), ...billOf(worker) }
  })
  return [...own, ...earlierBills({ roster, money })]
}

/** What the cluster has cost, and costs. */
export function costNow(fleet: Pick<Fleet, "roster" | "money">, now: number): ClusterCost {
  const { usd, byGroup, unpriced, earlier } = spentBy(fleet, now)
  const { pricePerHour: perHour, unpriced: unpricedNow } = fleet.roster.all.prices()
  const prices = pricesOf(fleet.roster.workers)
  return { estimate: true, soFar: usd, perHour, byGroup, unpriced, unpricedNow, earlier, prices }
}

/** Where the workers' prices are from: each source once, as of the oldest answer. */
export function pricesOf(workers: Iterable<WorkerRecord>): readonly PriceOrigin[] {
  const oldest = new Map<string, number>()
  for (const { priceFrom } of workers) {
    if (priceFrom === undefined) continue
    oldest.set(priceFrom.source, Math.min(priceFrom.at, oldest.get(priceFrom.source) ?? priceFrom.at))
  }
  return [...oldest].map(([source, at]) => ({ source, at }))
}

/**
 * Notes a worker's bill where a successor would look for it: when it is first seen, when it runs, when it is asked to go, and when it
 * has ended. A crash between any two of these leaves a row that says at least as much as was spent until then. A worker that is asked
 * to go is billed for `attemptMs` more: by then the request is answered, or the owner no longer waits for the answer.
 */
export function noteBill(journal: Journal, worker: WorkerRecord): void {
  const bill = billOf(worker)
  const { provider, instance, state, since } = worker
  const askedTo = state === "terminating" ? { to: since + provider.limits.attemptMs } : {}
  journal.bill({ id: keyOf(provider, instance.id), ...bill, ...askedTo })
}

/**
 * Takes over what earlier processes noted. A worker that lives keeps its own bill, from when it can have begun to run as far as either
 * knows, and at the price it was launched at; one that is gone without a word was billed until now at most.
 */
export function takeBills(fleet: Fleet, rows: readonly BillRow[]): void {
  const now = fleet.clock.now()
  const { money, roster } = fleet
  for (const row of rows) {
    const bill = { ...row, to: Math.min(row.to ?? now, now) }
    money.earlier.set(row.id, bill)
    const worker = roster.ofKey(row.id)
    if (worker === undefined) {
      money.gone.set(row.id, bill, now)
      continue
    }
    if (row.from !== undefined) roster.billFrom(worker, row.from)
    if (row.usdPerHour === undefined) continue
    roster.setPrice(worker, { perHour: row.usdPerHour, from: { source: JOURNAL_SOURCE, at: row.from ?? now } })
  }
}

/** Notes the bills that no journal has yet: a process that takes the cluster over notes those of all living workers. */
export function noteUnknownBills({ roster, journal, money }: Fleet): void {
  for (const worker of roster.living()) {
    if (!money.earlier.has(keyOf(worker.provider, worker.instance.id))) noteBill(journal, worker)
  }
}

/**
 * Goes on counting where earlier processes of this name stopped, also when none of their instances is left; and says what
 * `budget.total` counts.
 *
 * @param directory of the journals; false: there are none.
 */
export async function continueBills(fleet: Fleet, found: Found | undefined, directory: string | false): Promise<void> {
  const { clock, owner, money, journal } = fleet
  if (found?.bills === undefined && directory !== false) {
    const histories = await readJournals(directory, owner.cluster, owner.owner, clock)
    const rows = histories.flatMap(({ bills }) => bills)
    takeBills(fleet, rows)
    // Under another uid these rows would be lost to the next process.
    for (const row of money.earlier.values()) journal.bill(row)
  }
  if (found !== undefined && (money.budget.perHour !== undefined || money.budget.total !== undefined))
    await pricesWithin(fleet)
  const note = continuedNote(fleet, found)
  const [first] = fleet.groups.values()
  if (note !== undefined) first?.notes.push(note)
}

function continuedNote(fleet: Fleet, found: Found | undefined): string | undefined {
  const { money, clock } = fleet
  const { total } = money.budget
  if (total === undefined) return undefined
  const { earlier: usd } = spentBy(fleet, clock.now())
  if (usd > 0)
    return `budget.total ${dollars(total)} goes on from ${dollars(usd)} that instances which are gone have cost`
  if (found === undefined || found.bills !== undefined || money.earlier.size > 0) return undefined
  return `budget.total ${dollars(total)} counts only what is still listed: there is no journal of what instances that are gone have cost`
}
