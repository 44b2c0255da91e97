/** Preview: what a target would do, without doing it, by the same functions that do it. */
import { pullNotes } from "../../guest/image.js"
import { deliveryNotes } from "./delivery-notes.js"
import type { BarredOffer, ClusterPlan, GroupPreview, PlannedCall } from "./cluster-plan.js"
import { endNotes } from "../state/held.js"
import { accountOf } from "../../calls/account.js"
import { inScope } from "../../offer.js"
import type { Cost, Headroom, Provider, Wish } from "../../provider.js"
import { refusalOf } from "../scaling/budget.js"
import { type Fleet, fleetCalls, messageOf, preparedKey } from "../state/context.js"
import { withHead } from "../state/engine/head.js"
import type { GroupState } from "../state/group-state.js"
import { type Draft, type Drafts, draftTargets } from "./draft.js"
import { etaMs } from "../planning/eta.js"
import { priceSpanOf } from "./plan-price.js"
import { planText } from "./plan-text.js"
import { wayInNotes } from "./way-in.js"
import { groupNow } from "../pass/planning.js"
import { barsOf } from "../refusals/bars.js"
import { rank } from "../planning/rank.js"
import { providerOf } from "../reconcile.js"
import { forbids } from "../unavailable.js"
import { type ReadyWish, type CallBatch, callBatchesOf } from "../launching/call-batch.js"

/** @throws what makes every provider of a group fail; SpecError when nothing fits. */
export async function planTargets(fleet: Fleet, targets: ReadonlyMap<string, number>): Promise<ClusterPlan> {
  const { drafts, prepared } = await draftTargets(fleet, withHead(fleet, targets))
  const batches = callBatchesOf(fleet, readyWishes(fleet, drafts, prepared))
  const previews = await Promise.all(drafts.map((draft) => previewOf(fleet, draft, batches, prepared)))
  const refused = refusalOf(fleet, targets)
  const groups = previews.map((one) => (refused === undefined ? one : { ...one, notes: [...one.notes, refused] }))
  const plan = { cluster: fleet.owner.cluster, groups, etaMs: etaOf(fleet, batches, prepared) }
  const now = fleet.clock.now()
  return Object.defineProperty(plan, "toString", { value: () => planText(plan, now) })
}

/** The first wishes of all groups go out together, then the second ones. */
function readyWishes(fleet: Fleet, drafts: readonly Draft[], prepared: Drafts["prepared"]): readonly ReadyWish[] {
  const rounds = Math.max(0, ...drafts.map(({ wishes }) => wishes.length))
  const inOrder = Array.from({ length: rounds }, (_, round) => drafts.flatMap(({ wishes }) => wishes[round] ?? []))
  return inOrder.flat().flatMap((planned) => {
    const provider = providerOf(fleet, planned)
    const found = prepared.get(preparedKey(provider, planned.group))
    return found === undefined ? [] : [{ planned, provider, prepared: found }]
  })
}

async function previewOf(
  fleet: Fleet,
  { state, existing, first, wishes }: Draft,
  all: readonly CallBatch[],
  prepared: Drafts["prepared"],
): Promise<GroupPreview> {
  const { group, desired, offers = [], offersAt } = state
  const batches = all.filter(({ wish }) => wish.group === group.name)
  const rooms = await Promise.all(batches.map((batch) => headroomOf(fleet, batch)))
  const providers = new Set(wishes.map((wish) => providerOf(fleet, wish)))
  const used = new Set([...providers].map((provider) => preparedKey(provider, group.name)))
  const notes = [...used].flatMap((key) => prepared.get(key)?.notes ?? [])
  const bars = barsOf(fleet, state)
  const open = offers.filter((offer) => forbids(bars, offer, fleet.clock.now()) === undefined)
  const price = priceSpanOf(
    open,
    batches.flatMap((batch) => batch.calls),
  )
  const isWhole = price.expected !== undefined && price.unpriced === 0
  return {
    group: group.name,
    desired,
    existing,
    calls: batches.flatMap(callsOf),
    surplus: first.surplus,
    unplaced: first.unplaced,
    offers: rank(offers, group, { ...groupNow(fleet, state, desired), missing: Math.max(1, desired - existing) }),
    barred: barredOf(fleet, state),
    offersAt,
    ...(isWhole && price.expected !== undefined ? { pricePerHour: price.expected } : {}),
    price,
    etaMs: etaOf(fleet, batches, prepared),
    headroom: distinct(rooms.flatMap((room) => room.headroom)),
    notes: [
      ...new Set([
        ...notes,
        ...(await spokenNotes(fleet, state, existing, providers)),
        ...outageNotes(state),
        ...rooms.flatMap((room) => room.notes),
        ...state.notes,
      ]),
    ],
  }
}

/** What of the spec is worth saying where workers would be launched. */
async function spokenNotes(
  fleet: Fleet,
  state: GroupState,
  existing: number,
  providers: ReadonlySet<Provider>,
): Promise<readonly string[]> {
  const deliveries = await deliveryNotes(fleet, state, state.desired - existing)
  return [...workNotes(state, existing, providers), ...(await wayInNotes(fleet, providers)), ...deliveries]
}

/** What becomes of workers whose work has ended, and what a container costs a registry. */
function workNotes(
  { group, desired }: GroupState,
  existing: number,
  providers: ReadonlySet<Provider>,
): readonly string[] {
  const ends = [...providers].flatMap((provider) => endNotes(group, provider))
  return providers.size === 0 ? ends : [...ends, ...pullNotes(group, desired - existing)]
}

function callsOf({ provider, wish, calls }: CallBatch): PlannedCall[] {
  return calls.map(({ api, zone, count, offers }) => ({
    provider: provider.name,
    region: provider.region,
    api,
    ...(zone === undefined ? {} : { zone }),
    instanceTypes: [...new Set(offers.map((offer) => offer.instanceType))],
    market: wish.market,
    count,
  }))
}

function barredOf(fleet: Fleet, state: GroupState): readonly BarredOffer[] {
  const bars = barsOf(fleet, state)
  const now = fleet.clock.now()
  return (state.offers ?? []).flatMap((offer) => {
    const bar = forbids(bars, offer, now)
    if (bar === undefined) return []
    const { code, message } = bar.failure
    return [{ offer, until: bar.until, code, message }]
  })
}

function outageNotes({ outages }: GroupState): string[] {
  return [...outages].map(([place, { error }]) => `${place} cannot be used: ${error.message}`)
}

/** What could not be read is said, not thrown: the cloud itself has the last word. */
async function headroomOf(
  fleet: Fleet,
  { provider, wish }: CallBatch,
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

function distinct(rows: readonly Headroom[]): readonly Headroom[] {
  return [...new Map(rows.map((row) => [JSON.stringify([row.name, row.scope]), row])).values()]
}

/** What is made before the first of these calls, each thing once. */
function setUpOf(batches: readonly CallBatch[], prepared: Drafts["prepared"]): readonly Cost[] {
  const toMake = batches.map(({ provider, wish }) => prepared.get(preparedKey(provider, wish.group))?.toMake ?? {})
  return Object.values(Object.assign({}, ...toMake) as Readonly<Record<string, Cost>>)
}

/** Of the accounts that set-up and calls draw on, the one that takes longest. */
function etaOf(fleet: Fleet, batches: readonly CallBatch[], prepared: Drafts["prepared"]): number {
  const accounts = new Map<string, CallBatch[]>()
  for (const batch of batches) {
    const { account } = batch.provider.limits
    accounts.set(account, [...(accounts.get(account) ?? []), batch])
  }
  const waits = [...accounts.values()].map((own) => {
    const costs = [...setUpOf(own, prepared), ...own.flatMap(({ calls }) => calls.map((call) => call.cost))]
    const [limits] = own.map(({ provider }) => provider.limits)
    return limits === undefined ? 0 : etaMs(limits.buckets, accountOf(fleet.clock, limits).buckets.levels(), costs)
  })
  return Math.max(0, ...waits)
}
