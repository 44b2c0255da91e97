/** Planning: what a pass knows of each group, and what it decides. `plan` asks the same functions. */
import type { GroupNow, GroupPlan, Plans, Trial } from "../planning/types.js"
import { barsOf } from "../refusals/bars.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { deadlineError } from "../ending/deadline.js"
import { isRecovering } from "../launch.js"
import { endingUntil } from "../targets/ended-elsewhere.js"
import type { Offer, Provider } from "../../provider.js"
import { abandonedPlaces } from "../launching/abandon.js"
import { batchesOf } from "../planning/rank.js"
import { zoneKey } from "../roster/keys.js"
import { failuresPausedUntil, pausedUntil, tripped } from "../replace.js"
import { awaitsHead } from "../state/engine/head.js"
import { heldCount } from "../state/held.js"
import { failedRounds } from "../state/backoff.js"
import { type Balance, balanceOf, bookWish, noteCut, planWithin, type PlanWithin } from "./within-budget.js"

export function planNow(fleet: Fleet): Plans {
  const balance = balanceOf(fleet)
  return new Map([...fleet.groups].map(([name, state]) => [name, planState(fleet, state, balance)]))
}

function planState(fleet: Fleet, state: GroupState, balance: Balance): GroupPlan {
  checkBoots(fleet, state)
  const now = groupNow(fleet, state, fleet.closing ? 0 : state.desired)
  const standing = {
    ...now,
    pausedUntil: Math.max(now.pausedUntil ?? 0, endingUntil(fleet, state), headUntil(fleet, state)),
  }
  if (fleet.roster.running(state.group.name) >= state.desired) state.metAt = fleet.clock.now()
  // Complete: what is missing later is asked for in the user's order again.
  if (standing.counted.length >= standing.desired && standing.booked === 0) state.refusals.clear()
  const { plan, cut } = planFor(fleet, state, standing, balance)
  noteCut(fleet, state, cut)
  return withRetry(fleet, state, plan)
}

/** Workers are told of the head when they are launched: the list that shows its address wakes the next pass. */
function headUntil(fleet: Fleet, { group }: GroupState): number {
  return fleet.engine?.isHalted === true || awaitsHead(fleet, group.name) ? Number.POSITIVE_INFINITY : 0
}

/** What a group that stands so does next. What it wishes for is booked in the balance. */
export function planFor(fleet: Fleet, state: GroupState, standing: GroupNow, balance: Balance): PlanWithin {
  const { plan, cut } = planWithin(fleet, balance, standing, barsOf(fleet, state), fleet.clock.now())
  if (plan.wish === undefined) return { plan, cut }
  if (mayLaunch(fleet, state) && !isRecovering(fleet)) {
    bookWish(fleet, balance, plan.wish)
    return { plan, cut }
  }
  const isExchange = plan.exchange.launch > 0
  const missing = plan.wish.count + plan.later + plan.unplaced
  return { plan: { ...plan, wish: undefined, later: 0, unplaced: isExchange ? 0 : missing }, cut }
}

/** A provider that could not say what it sells is asked again when its time has come. */
function withRetry(fleet: Fleet, state: GroupState, plan: GroupPlan): GroupPlan {
  if (plan.unplaced === 0 || !mayLaunch(fleet, state)) return plan
  const now = fleet.clock.now()
  const untils = [...state.outages.values()].flatMap(({ until }) => (until > now ? [until] : []))
  const at = Math.min(plan.wakeAt ?? Number.POSITIVE_INFINITY, ...untils)
  return { ...plan, wakeAt: at === Number.POSITIVE_INFINITY ? undefined : at }
}

/** What the plan of a group is made from, for a target. */
export function groupNow(fleet: Fleet, state: GroupState, desired: number): GroupNow {
  const { group, offers = [] } = state
  const members = fleet.roster.inGroup(group.name)
  const waiting = fleet.roster.launches.waiting(group.name)
  const bookedIn = new Map(waiting.zones)
  // Nothing is launched in the place of one whose end is still being read.
  let booked = waiting.count + heldCount(fleet, group.name)
  for (const { launch, count } of fleet.roster.outstandingAsked(group.name)) {
    const { provider, call } = launch
    booked += count
    if (call.zone === undefined || count === 0) continue
    const key = zoneKey({ provider: provider.name, region: provider.region, zone: call.zone })
    bookedIn.set(key, (bookedIn.get(key) ?? 0) + count)
  }
  return {
    group,
    desired,
    counted: fleet.roster.counted(group.name),
    booked,
    bookedIn,
    offers,
    leaving: members.size("terminating"),
    pausedUntil: Math.max(vanishingUntil(fleet, state), failingUntil(fleet, state)),
    batches: batchesOf(fleet.providers),
    refusals: [...state.refusals.values()],
    trial: (place) => trialOf(fleet, state, place),
  }
}

/** Until when nothing is launched because workers vanish again and again; 0: go on. */
export function vanishingUntil({ roster }: Fleet, { group, askedAt }: GroupState): number {
  return pausedUntil(roster.inGroup(group.name).in("lost", "terminating", "terminated"), askedAt)
}

/** Until when nothing is launched because what workers run fails again and again; 0: go on, or it was given up. */
export function failingUntil({ roster }: Fleet, { group, askedAt, breaker }: GroupState): number {
  if (breaker !== undefined) return 0
  return failuresPausedUntil(roster.inGroup(group.name).in("failed", "lost", "terminating", "terminated"), askedAt)
}

/** How a place stands of which nothing came: what it has made since then shows that it can. */
function trialOf(fleet: Fleet, state: GroupState, place: Pick<Offer, "provider" | "region">): Trial {
  const { name } = state.group
  const isThere = (provider: Provider) => provider.name === place.provider && provider.region === place.region
  let [since, isBooting] = [0, false]
  for (const { provider, knownSince, state } of fleet.roster.counted(name)) {
    if (!isThere(provider)) continue
    since = Math.max(since, knownSince)
    isBooting ||= state === "pending"
  }
  const isAsked = fleet.roster
    .openLaunches(name)
    .some(({ provider, state }) => isThere(provider) && state !== "unknown")
  // An abandoned launch call was retried for minutes: it counts as several rounds.
  const abandoned = abandonedPlaces(fleet, name, place, since)
  const { rounds: failed } = state.failed
  // Where each is asked for by itself, an empty pool refuses each by itself.
  const isOneByOne = (fleet.providers.find(isThere)?.limits.launchBatch ?? 1) === 1
  const short = isOneByOne ? state.short.rounds : 0
  const rounds = Math.max(
    failedRounds(state.backoffs, place, since),
    abandoned === 0 ? 0 : abandoned + 1,
    failed,
    short,
  )
  // Where what was made failed again and again, those that do not run yet are still to tell.
  const isUntold = failed > 0 && isBooting
  return { rounds, isAsked: isAsked || isUntold }
}

/** Ends a group's launches when too many boots or startups fail, and says so once. */
function checkBoots(fleet: Fleet, state: GroupState): void {
  if (state.breaker !== undefined) return
  const { group, desired, askedAt: since } = state
  const failed = fleet.roster.inGroup(group.name).in("failed", "lost", "terminating", "terminated")
  if (!failed.some(({ failure }) => failure?.reason === "boot" || failure?.reason === "startup")) return
  const bootMs = Math.max(0, ...fleet.providers.map((provider) => provider.limits.bootMs))
  const workers = fleet.roster.ofGroup(group.name)
  state.breaker = tripped(workers, { since, now: fleet.clock.now(), desired, bootMs })
  if (state.breaker === undefined) return
  const { reason } = state.breaker
  const message = `too many ${reason}s failed: nothing more is launched for group ${group.name} until the next scale; the last one: ${state.breaker.message}`
  const error = reason === "startup" ? "StartupFailures" : "BootFailures"
  fleet.emit({ type: "problem", group: group.name, error, message })
}

export function isOver(fleet: Fleet): boolean {
  return fleet.closing || deadlineError(fleet) !== undefined
}

export function mayLaunch(fleet: Fleet, state: GroupState): boolean {
  return !isOver(fleet) && state.problem === undefined && state.breaker === undefined
}
