/** Budget: refuses targets that the money does not cover, and ends the cluster when the money or the time is spent. */
import { BudgetError } from "../../errors.js"
import { dollars } from "../../money/budget.js"
import { bestCase, type GroupWish } from "../../money/allowance.js"
import { checkCeiling } from "../../verbs/ceiling.js"
import { type Fleet, messageOf } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { withHead } from "../state/engine/head.js"
import { cloudClockSkewMs } from "../state/clock-skew.js"
import { deadlineError } from "../ending/deadline.js"
import { findOffers } from "../offers/offers.js"
import { setTargets } from "../targets/set-targets.js"
import { spentAt, spentBy } from "../spending/spending.js"
import { balanceOf, leastMsOf, allowanceOf } from "../pass/within-budget.js"

/** A pass may wait for a cloud that does not answer: the spending is checked so often meanwhile, in milliseconds. */
const POLL_AGAIN_MS = 5000

/** Sums of prices carry the rounding of their last digits. */
const ROUNDING = 1e-9

/** Whether what must be known before these targets may be set has to be asked for. */
export function mustAskPrices(fleet: Fleet, targets: ReadonlyMap<string, number>): boolean {
  return needsPrices(fleet) && unasked(fleet, withHead(fleet, targets)).length > 0
}

/** Without a limit in USD no price is needed. */
export function needsPrices({ money: { budget } }: Fleet): boolean {
  return budget.perHour !== undefined || budget.total !== undefined
}

function unasked(fleet: Fleet, targets: ReadonlyMap<string, number>): GroupState[] {
  return [...fleet.groups.values()].filter((state) => {
    const { name, isBare } = state.group
    const there = fleet.roster.counted(name).length + fleet.roster.booked(name)
    return state.offers === undefined && !isBare && (targets.get(name) ?? 0) > there
  })
}

/** Asks what is sold for the groups that need more. @throws what `findOffers` throws. */
export async function askPrices(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<void> {
  await Promise.all(unasked(fleet, withHead(fleet, targets)).map((state) => findOffers(fleet, state)))
}

/**
 * Refuses targets that exceed the cluster's allowance.
 *
 * @throws SpecError when they are above `maxWorkers`. @throws RejectedError past the deadline. @throws BudgetError when the
 * money is spent, or the cheapest offers would be too dear.
 */
export function checkTargets(fleet: Fleet, targets: ReadonlyMap<string, number>): void {
  const { money } = fleet
  const all = withHead(fleet, targets)
  const goals = new Map([...fleet.groups].map(([name, state]) => [name, all.get(name) ?? state.desired]))
  checkCeiling(money.maxWorkers, goals)
  if ([...targets.values()].every((count) => count === 0)) return
  const refusal = deadlineError(fleet) ?? money.over
  if (refusal !== undefined) throw refusal
  if (!needsPrices(fleet)) return
  const problem = bestCase(allowanceOf(fleet), balanceOf(fleet).taken.committed, wishesOf(fleet, goals))
  if (problem !== undefined) throw new BudgetError(`scaling "${fleet.owner.cluster}": ${problem}`)
}

/** In words, why `scale` would refuse these targets; undefined when it would not. */
export function refusalOf(fleet: Fleet, targets: ReadonlyMap<string, number>): string | undefined {
  try {
    checkTargets(fleet, targets)
    return undefined
  } catch (error) {
    return `scale would refuse this: ${messageOf(error)}`
  }
}

/** For each group: what its workers cost that stay, the dearest go first, and what more of it costs at least. */
function wishesOf(fleet: Fleet, goals: ReadonlyMap<string, number>): GroupWish[] {
  const open = fleet.roster.outstanding()
  return [...goals].map(([name, goal]) => {
    const booked = open
      .filter(({ launch }) => launch.call.group === name)
      .flatMap(({ launch, count }) => {
        const cheapest = Math.min(...launch.call.offers.map((offer) => offer.pricePerHour ?? 0))
        return Array.from({ length: count }, () => cheapest)
      })
    const own = [...fleet.roster.counted(name)].map((worker) => worker.pricePerHour ?? 0)
    const offers = fleet.groups.get(name)?.offers
    const kept = [...own, ...booked].sort((a, b) => a - b).slice(0, goal)
    // No prices are known of a group that no target asks more workers of now, and of one for which nothing can be launched.
    const more = offers === undefined ? 0 : goal - kept.length
    return { group: name, kept, more, offers: offers ?? [], leastMs: (offer) => leastMsOf(fleet, offer) }
  })
}

/** Ends the cluster when its money or its time is spent: every group goes to zero, and no target is taken any more. */
export function endIfSpent(fleet: Fleet): void {
  const { money, clock } = fleet
  const { total } = money.budget
  if (money.over !== undefined || fleet.closing || !fleet.isOwner || fleet.signal.aborted) return
  const now = clock.now()
  const isLate = now >= untilOf(fleet)
  const spent = total === undefined ? 0 : spentBy(fleet, now).usd
  const isSpent = total !== undefined && spent >= total * (1 - ROUNDING)
  if (!isLate && !isSpent) return
  const limit = isSpent ? `total ${dollars(total)}` : `until ${money.budget.untilText}`
  const message = `budget.${limit} is reached${isSpent ? ` (${dollars(spent)} spent)` : ""}: the cluster has scaled to zero. To go on, make or attach to it with a larger budget`
  money.over = new BudgetError(`cluster "${fleet.owner.cluster}": ${message}`)
  setTargets(fleet, new Map([...fleet.groups.keys()].map((name) => [name, 0])))
  fleet.emit({ type: "budget", limit: isSpent ? "BudgetTotal" : "BudgetUntil", reached: true, message })
  fleet.wake()
}

/** By our true time: as the cloud's clock has it, else as this machine's had it when the cluster was opened, whatever it was set to since. */
function untilOf({ money, clock, providers }: Fleet): number {
  const { until = Number.POSITIVE_INFINITY } = money.budget
  return until - (cloudClockSkewMs(clock, providers) ?? money.clockSkewMs)
}

export interface BudgetWatch {
  /** Sets the timer anew: what is billed may have changed. */
  arm(): void
  stop(): void
}

/** Wakes at the very moment at which the money or the time will be spent, whatever a pass is waiting for. */
export function watchBudget(fleet: Fleet): BudgetWatch {
  let cancel = () => {}
  const arm = () => {
    cancel()
    cancel = () => {}
    const now = fleet.clock.now()
    const at = endAt(fleet, now)
    if (at === Number.POSITIVE_INFINITY) return
    cancel = fleet.clock.timer(Math.max(0, Math.ceil(at - now)), () => {
      endIfSpent(fleet)
      arm()
    })
  }
  return { arm, stop: () => cancel() }
}

function endAt(fleet: Fleet, now: number): number {
  const { money, closing, isOwner, signal } = fleet
  const until = untilOf(fleet)
  const { total } = money.budget
  if (money.over !== undefined || closing || !isOwner || signal.aborted) return Number.POSITIVE_INFINITY
  if (total === undefined || fleet.roster.all.living.size === 0) return until
  const laterAt = Math.min(until, now + POLL_AGAIN_MS)
  return Math.min(laterAt, spentAt(fleet, total, now, laterAt))
}
