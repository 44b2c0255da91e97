/** Preview: what a target would do, without doing it. */
import { accountOf } from "../calls/send.js"
import { inScope } from "../offer.js"
import type { Headroom, LaunchCall, Offer, Provider, Wish } from "../provider.js"
import { type Fleet, fleetCalls, type GroupState, memoryOf, messageOf } from "./context.js"
import { etaMs } from "./eta.js"
import { numberedWish, prepareGroup, roomOf } from "./launch.js"
import { findOffers } from "./offers.js"
import { planGroup, rank } from "./plan.js"
import { providerOf } from "./reconcile.js"

export interface PlannedCall {
  readonly provider: string
  readonly region: string
  readonly api: string
  readonly zone?: string
  readonly instanceTypes: readonly string[]
  readonly count: number
}

export interface GroupPreview {
  readonly group: string
  readonly desired: number
  /** What runs or is on its way. */
  readonly existing: number
  readonly calls: readonly PlannedCall[]
  /** How many would be taken away. */
  readonly surplus: number
  /** In the order in which they would be tried. */
  readonly offers: readonly Offer[]
  /** When the cloud said so, in milliseconds since 1970. */
  readonly offersAt: number
  /** USD per hour of the new workers, if the first offer gives them all; absent when its price is not known. */
  readonly pricePerHour?: number
  /** Milliseconds until the last call may be sent under the account's limits. */
  readonly etaMs: number
  /** Quotas and addresses that the new workers draw on. Advice: a cloud may count differently. */
  readonly headroom: readonly Headroom[]
  readonly notes: readonly string[]
}

export interface ClusterPlan {
  readonly cluster: string
  readonly groups: readonly GroupPreview[]
}

export async function planTargets(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<ClusterPlan> {
  const groups = [...targets].flatMap(([name, desired]) => {
    const state = fleet.groups.get(name)
    return state === undefined ? [] : [previewGroup(fleet, state, desired)]
  })
  return { cluster: fleet.owner.cluster, groups: await Promise.all(groups) }
}

async function previewGroup(fleet: Fleet, state: GroupState, desired: number): Promise<GroupPreview> {
  const { name } = state.group
  const counted = fleet.roster.counted(name)
  const booked = fleet.roster.booked(name)
  const existing = counted.length + booked
  if (desired > existing) await (state.offers ?? findOffers(fleet, state))
  const offers = state.offers ?? []
  const plan = planGroup({ group: state.group, desired, counted, booked, offers }, memoryOf(fleet), fleet.clock.now())
  const base = {
    group: name,
    desired,
    existing,
    surplus: plan.surplus,
    offers: rank(offers, state.group, counted),
    offersAt: state.offersAt,
  }
  if (plan.wish === undefined) return { ...base, calls: [], etaMs: 0, headroom: [], notes: [] }
  const provider = providerOf(fleet, plan.wish)
  const prepared = await prepareGroup(fleet, provider, state, fleetCalls(fleet, provider, { readOnly: true }))
  const wish = numberedWish(fleet, plan.wish)
  const calls = provider.split(wish, prepared, roomOf(fleet, provider))
  const { headroom, notes } = await headroomOf(fleet, provider, wish)
  const price = priceOf(calls)
  return {
    ...base,
    calls: calls.map(({ api, zone, count, offers: [...callOffers] }) => ({
      provider: provider.name,
      region: provider.region,
      api,
      ...(zone === undefined ? {} : { zone }),
      instanceTypes: [...new Set(callOffers.map((offer) => offer.instanceType))],
      count,
    })),
    ...(price === undefined ? {} : { pricePerHour: price }),
    etaMs: etaMs(
      provider.limits.buckets,
      accountOf(fleet.clock, provider.limits).buckets.levels(),
      calls.map((call) => call.cost),
    ),
    headroom,
    notes: [...prepared.notes, ...notes],
  }
}

/** What could not be read is said, not thrown: the cloud itself has the last word. */
async function headroomOf(
  fleet: Fleet,
  provider: Provider,
  wish: Wish,
): Promise<{ readonly headroom: readonly Headroom[]; readonly notes: readonly string[] }> {
  try {
    const headroom = (await provider.headroom?.(wish, fleetCalls(fleet, provider, { readOnly: true }))) ?? []
    return { headroom, notes: headroom.flatMap((row) => shortNote(row, wish)) }
  } catch (error) {
    return { headroom: [], notes: [`quotas could not be read: ${messageOf(error)}`] }
  }
}

/** Whether a row is enough for the whole wish from its best offer that the row limits. */
function shortNote({ name, scope, unit, limit, used }: Headroom, wish: Wish): string[] {
  const offer = wish.offers.find((candidate) => inScope(candidate, scope))
  const each = unit === "vCPU" ? offer?.vcpus : 1
  const needed = each === undefined || offer !== wish.offers[0] ? 0 : each * wish.count
  const left = Math.max(0, limit - used)
  return needed <= left ? [] : [`${name} leaves ${left} of ${limit} ${unit}; this needs ${needed}`]
}

function priceOf(calls: readonly LaunchCall[]): number | undefined {
  const prices = calls.map(({ count, offers: [first] }) =>
    first?.pricePerHour === undefined ? undefined : first.pricePerHour * count,
  )
  return prices.reduce<number | undefined>(
    (sum, price) => (sum === undefined || price === undefined ? undefined : sum + price),
    0,
  )
}
