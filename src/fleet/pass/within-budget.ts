/** Within budget: the plan of a group, and its launch calls, within the cluster's budget and ceiling. */
import { leastCost } from "../../money/bill.js"
import { allowed, type Cut, isLimited, type LimitName, type Allowance, type Usage } from "../../money/allowance.js"
import type { Failure, Offer } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import type { WorkerState } from "../lifecycle.js"
import { planGroup } from "../plan.js"
import type { GroupNow, GroupPlan, PlannedWish } from "../planning/types.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { leastMs, spentBy } from "../spending/spending.js"
import { forbids, type Unavailable } from "../unavailable.js"
import type { CallBatch } from "../launching/call-batch.js"

const CODES: Readonly<Record<LimitName, string>> = {
  maxWorkers: "MaxWorkers",
  perHour: "BudgetPerHour",
  total: "BudgetTotal",
  unpriced: "BudgetUnpriced",
}

/** What is used of a cluster's allowance; each planned or booked launch is added before the next is checked. */
export interface Balance {
  taken: Usage
  /** What will be free when the workers that are on their way out are gone. */
  readonly leaving: Pick<Usage, "workers" | "perHour" | "unpriced">
}

/** There and paid for, and on its way out. */
const LEAVING = ["interrupted", "failed", "terminating"] as const satisfies readonly WorkerState[]

const NONE = { workers: 0, perHour: 0, unpriced: 0 }

export function balanceOf(fleet: Fleet): Balance {
  if (!isLimited(allowanceOf(fleet))) return { taken: { ...NONE, committed: 0 }, leaving: NONE }
  const { all } = fleet.roster
  const open = fleet.roster.outstanding()
  const sum = (workers: readonly WorkerRecord[]) => ({
    workers: workers.length,
    perHour: workers.reduce((usd, worker) => usd + (worker.pricePerHour ?? 0), 0),
    unpriced: workers.filter((worker) => worker.pricePerHour === undefined).length,
  })
  const there = { workers: all.living.size, ...all.prices() }
  const coming = open.map(({ launch, count }) => ({ count, ...dearestOf(fleet, launch.call.offers) }))
  return {
    taken: {
      workers: there.workers + coming.reduce((all, { count }) => all + count, 0),
      perHour: there.pricePerHour + coming.reduce((usd, { count, perHour }) => usd + count * perHour, 0),
      unpriced: there.unpriced + coming.reduce((all, { count, isPriced }) => all + (isPriced ? 0 : count), 0),
      committed:
        (fleet.money.budget.total === undefined ? 0 : spentBy(fleet, fleet.clock.now()).usd) +
        coming.reduce((usd, { count, least }) => usd + count * least, 0),
    },
    leaving: sum(all.in(...LEAVING)),
  }
}

/** A launch call gives any of its offers: the dearest counts. */
function dearestOf(fleet: Fleet, offers: readonly Offer[]) {
  return {
    perHour: Math.max(0, ...offers.map((offer) => offer.pricePerHour ?? 0)),
    least: Math.max(0, ...offers.map((offer) => leastCost(offer.pricePerHour ?? 0, leastMsOf(fleet, offer)))),
    isPriced: offers.every((offer) => offer.pricePerHour !== undefined),
  }
}

export function leastMsOf(fleet: Fleet, offer: Offer): number {
  const provider = fleet.providers.find(({ name, region }) => name === offer.provider && region === offer.region)
  return provider === undefined ? 0 : leastMs(provider)
}

/** What a wish will take, whichever of its offers the cloud gives. */
export function bookWish(fleet: Fleet, balance: Balance, { count, offers }: PlannedWish): void {
  book(fleet, balance, count, offers)
}

function book(fleet: Fleet, balance: Balance, count: number, offers: readonly Offer[]): void {
  const { perHour, least, isPriced } = dearestOf(fleet, offers)
  const { taken } = balance
  balance.taken = {
    workers: taken.workers + count,
    perHour: taken.perHour + count * perHour,
    unpriced: taken.unpriced + (isPriced ? 0 : count),
    committed: taken.committed + count * least,
  }
}

export interface PlanWithin {
  readonly plan: GroupPlan
  /** Why less is wished for than is missing. */
  readonly cut: Failure | undefined
}

export function allowanceOf({ money }: Fleet): Allowance {
  return { budget: money.budget, maxWorkers: money.maxWorkers }
}

/**
 * The plan of a group within what the cluster may cost and how large it may be. What does not fit is unplaced, and `cut` says
 * why; what will fit once workers that are leaving have gone waits for that.
 */
export function planWithin(
  fleet: Fleet,
  balance: Balance,
  state: GroupNow,
  memory: readonly Unavailable[],
  now: number,
): PlanWithin {
  const allowance = allowanceOf(fleet)
  if (!isLimited(allowance)) return { plan: planGroup(state, memory, now), cut: undefined }
  const missing = state.desired - state.counted.length - state.booked
  const wanted = Math.max(1, missing)
  const fits = (taken: Usage, count: number, offers: readonly Offer[]) =>
    allowed(allowance, taken, count, offers, (offer) => leastMsOf(fleet, offer))
  const open = state.offers.filter((offer) => forbids(memory, offer, now) === undefined)
  const [present, settled] = [fits(balance.taken, wanted, open), fits(afterLeaving(balance), wanted, open)]
  const chosen = new Set(present.offers)
  const barred = new Set(
    state.offers.filter(
      (offer) => forbids(memory, offer, now) !== undefined && fits(afterLeaving(balance), 1, [offer]).count > 0,
    ),
  )
  const offers = state.offers.filter((offer) => chosen.has(offer) || barred.has(offer))
  const isShort = missing > 0
  const desired = isShort ? state.desired - missing + present.count : state.desired
  const inner = planGroup({ ...state, desired, offers }, memory, now)
  const plan = trimmed(inner, inner.wish, fits, balance.taken)
  if (!isShort || present.cut === undefined) return { plan, cut: undefined }
  const never = settled.cut?.count ?? 0
  const waiting = Math.max(0, present.cut.count - never)
  const retryAt = firstOf([plan.retryAt, ...[...barred].map((offer) => forbids(memory, offer, now)?.until)])
  return {
    plan: {
      ...plan,
      unplaced: plan.unplaced + never,
      later: plan.later + waiting,
      retryAt,
      wakeAt: firstOf([plan.wakeAt, retryAt]),
    },
    cut: failureOf(present.cut),
  }
}

function afterLeaving({ taken, leaving }: Balance): Usage {
  return {
    workers: taken.workers - leaving.workers,
    perHour: taken.perHour - leaving.perHour,
    unpriced: taken.unpriced - leaving.unpriced,
    committed: taken.committed,
  }
}

/** More than are missing may be wished for, to take the place of others: only as many as fit. */
function trimmed(
  plan: GroupPlan,
  wish: PlannedWish | undefined,
  fits: (
    taken: Usage,
    count: number,
    offers: readonly Offer[],
  ) => { readonly count: number; readonly offers: readonly Offer[] },
  taken: Usage,
): GroupPlan {
  if (wish === undefined) return plan
  const { count, offers } = fits(taken, wish.count, wish.offers)
  if (count === wish.count && offers.length === wish.offers.length) return plan
  return { ...plan, wish: count === 0 ? undefined : { ...wish, count, offers } }
}

function firstOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function failureOf({ count, limit, message }: Cut): Failure {
  return { reason: "budget", count, scope: {}, ttlMs: 0, code: CODES[limit], message }
}

/** Notes why fewer are launched than are wanted, and says so once. */
export function noteCut(fleet: Fleet, state: GroupState, cut: Failure | undefined): void {
  const before = state.cut
  state.cut = cut
  if (cut === undefined || before?.code === cut.code) return
  const { name } = state.group
  fleet.emit({ type: "budget", group: name, limit: cut.code, reached: false, message: cut.message })
}

/**
 * The last look before launch calls are booked: those that fit. An adapter's `split` may come to other offers than the wish was
 * planned with; what does not fit then is planned again.
 */
export function limitToAllowance(fleet: Fleet, batch: CallBatch): CallBatch {
  const allowance = allowanceOf(fleet)
  if (!isLimited(allowance)) return batch
  const balance = balanceOf(fleet)
  const calls = batch.calls.filter((call) => {
    // Any of a call's offers may be what it gives: it fits at each of them, or not at all.
    const fit = allowed(allowance, balance.taken, call.count, call.offers, (offer) => leastMsOf(fleet, offer))
    if (fit.count < call.count || fit.offers.length < call.offers.length) return false
    book(fleet, balance, call.count, call.offers)
    return true
  })
  if (calls.length < batch.calls.length && calls.length > 0) fleet.wake()
  return { ...batch, calls }
}
