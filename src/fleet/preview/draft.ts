/** Draft: the wishes that a target would make, one pass after the other, without starting any of them. */
import type { Prepared } from "../../provider.js"
import { type Fleet, fleetCalls, preparedKey } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { prepareGroup } from "../launch.js"
import { findOffers } from "../offers/offers.js"
import { suspend } from "../refusals/outages.js"
import type { GroupNow, GroupPlan, PlannedWish } from "../planning/types.js"
import { groupNow, planFor } from "../pass/planning.js"
import { zoneKey } from "../roster/keys.js"
import { providerOf } from "../reconcile.js"
import { type Balance, balanceOf } from "../pass/within-budget.js"

/** A group as a target would make it. */
export interface Draft {
  readonly state: GroupState
  /** What runs or is on its way. */
  readonly existing: number
  /** What the first pass decides. */
  readonly first: GroupPlan
  /** What the first pass asks for, then what those right after it do. */
  readonly wishes: readonly PlannedWish[]
}

export interface Drafts {
  readonly drafts: readonly Draft[]
  /** By `preparedKey`. */
  readonly prepared: ReadonlyMap<string, Prepared>
}

/** @throws what makes every provider of a group fail; SpecError when nothing fits. */
export async function draftTargets(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<Drafts> {
  const states = [...targets].flatMap(([name, desired]) => {
    const state = fleet.groups.get(name)
    return state === undefined ? [] : [asIfScaled(fleet, state, desired)]
  })
  await Promise.all(states.map((state) => askIfShort(fleet, state)))
  const prepared = new Map<string, Prepared>()
  for (;;) {
    const drafts = draftAll(fleet, states)
    const stuck = drafts.find(({ state, wishes, existing }) => {
      return state.problem !== undefined && wishes.length === 0 && state.desired > existing
    })
    if (stuck?.state.problem !== undefined) throw stuck.state.problem
    const isReady = await prepareMissing(fleet, drafts, prepared)
    if (isReady) return { drafts, prepared }
  }
}

/** What stopped the group before is forgiven, as `scale` would. */
function asIfScaled(fleet: Fleet, state: GroupState, desired: number): GroupState {
  const askedAt = fleet.clock.now()
  return {
    ...state,
    desired,
    askedAt,
    outages: new Map(),
    problem: undefined,
    breaker: undefined,
    failures: [],
    refusals: new Map(),
  }
}

/** What is learned of offers is kept for the group itself. */
async function askIfShort(fleet: Fleet, state: GroupState): Promise<void> {
  const { counted, booked, group } = groupNow(fleet, state, state.desired)
  if (state.desired > counted.length + booked) await findOffers(fleet, state)
  const own = fleet.groups.get(group.name)
  if (own === undefined || own.offers !== undefined || state.offers === undefined) return
  own.offers = state.offers
  own.offersAt = state.offersAt
}

/** All groups draw on one balance, in the order in which passes ask. */
function draftAll(fleet: Fleet, states: readonly GroupState[]): readonly Draft[] {
  const balance = balanceOf(fleet)
  const sketches = states.map((state) => ({ state, standing: groupNow(fleet, state, state.desired), isDone: false }))
  const plans = sketches.map((): GroupPlan[] => [])
  while (sketches.some(({ isDone }) => !isDone)) {
    for (const [at, sketch] of sketches.entries()) {
      if (sketch.isDone) continue
      const plan = nextPlan(fleet, sketch.state, sketch.standing, balance)
      plans[at]?.push(plan)
      sketch.isDone = plan.wish === undefined || plan.later === 0
      if (plan.wish !== undefined) sketch.standing = withWish(sketch.standing, plan.wish)
    }
  }
  return sketches.flatMap(({ state }, at) => {
    const [first, ...others] = plans[at] ?? []
    if (first === undefined) return []
    const wishes = [first, ...others].flatMap(({ wish }) => wish ?? [])
    const { counted, booked } = groupNow(fleet, state, state.desired)
    return [{ state, existing: counted.length + booked, first, wishes }]
  })
}

function nextPlan(fleet: Fleet, state: GroupState, standing: GroupNow, balance: Balance): GroupPlan {
  return planFor(fleet, state, standing, balance).plan
}

/** As it will stand once the wish is on its way. */
function withWish(standing: GroupNow, { count, offers }: PlannedWish): GroupNow {
  const bookedIn = new Map(standing.bookedIn)
  const [zone, ...others] = new Set(offers.map(zoneKey))
  if (zone !== undefined && others.length === 0) bookedIn.set(zone, (bookedIn.get(zone) ?? 0) + count)
  return { ...standing, booked: standing.booked + count, bookedIn }
}

/** True when all was prepared already: then the drafts stand. Who cannot prepare is left out of the next ones. */
async function prepareMissing(
  fleet: Fleet,
  drafts: readonly Draft[],
  prepared: Map<string, Prepared>,
): Promise<boolean> {
  const missing = new Map<string, () => Promise<void>>()
  for (const { state, wishes } of drafts) {
    for (const wish of wishes) {
      const provider = providerOf(fleet, wish)
      const key = preparedKey(provider, wish.group)
      if (prepared.has(key)) continue
      missing.set(key, async () => {
        try {
          const calls = fleetCalls(fleet, provider, { readOnly: true })
          prepared.set(key, await prepareGroup(fleet, provider, state, calls))
        } catch (error) {
          if (fleet.signal.aborted) throw error
          suspend(fleet, state, provider, error)
        }
      })
    }
  }
  await Promise.all([...missing.values()].map((prepare) => prepare()))
  return missing.size === 0
}
