/** Reconcile: one pass: observe, replace, plan, start. */
import { onAbort } from "../calls/aborts.js"
import { MusterError, OwnershipError } from "../errors.js"
import type { Calls, Prepared, Provider } from "../provider.js"
import { readConsoles } from "./observing/console.js"
import { readVerdicts } from "./observing/verdicts.js"
import { type Fleet, fleetCalls, preparedKey, watchedCalls } from "./state/context.js"
import type { GroupState } from "./state/group-state.js"
import { headStateOf, workerGroups } from "./state/engine/head.js"
import { updateDeadlineTag } from "./ending/deadline.js"
import { prepareGroup, replay, replayAt, settle, settleAt, startBatch } from "./launch.js"
import { abandon, abandonAt, isConfirmedAbsent, mayAbandon } from "./launching/abandon.js"
import { observe } from "./observe.js"
import { isBehind } from "./ownership/contenders.js"
import { findOffers, lacksAnswers } from "./offers/offers.js"
import { claimName, unlessAbandoned } from "./ownership/name.js"
import { suspend, resume, awaitUnlessOthers } from "./refusals/outages.js"
import { chooseSurplus } from "./plan.js"
import type { PlannedWish, Plans } from "./planning/types.js"
import { isOver, mayLaunch, planNow } from "./pass/planning.js"
import { toEnd } from "./replace.js"
import type { Launch } from "./roster/launches.js"
import type { WorkerRecord } from "./roster/worker-record.js"
import { forgetFormerHead } from "./launching/former-head.js"
import { lookUp, lookUpAt } from "./launching/look-up.js"
import { type ReplayOrder, replayOrderOf } from "./launching/replay-order.js"
import { callBatchesOf } from "./launching/call-batch.js"
import { withdrawBarred } from "./launching/withdraw.js"
import { withdrawWaiting } from "./targets/fence.js"
import { endUnready } from "./targets/unready.js"
import { limitToAllowance } from "./pass/within-budget.js"
import { closeSwept, letFinish, startTerminations, sweptAt, unfinishedTerminations } from "./terminate.js"

/** Networks and groups that are made for the first time take a quarter of this. */
const PREPARE_PATIENCE_MS = 60_000

/** After what was prepared could not be read anew. */
const REFRESH_AGAIN_MS = 60_000

/** One pass, and what went wrong in it. */
export async function attemptPass(fleet: Fleet): Promise<{ plans: Plans; error?: Error }> {
  try {
    return { plans: await pass(fleet) }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new MusterError(String(thrown))
    if (!fleet.signal.aborted) fleet.emit({ type: "problem", error: error.name, message: error.message })
    if (error instanceof OwnershipError) fleet.disown(error)
    return { plans: new Map(), error }
  }
}

/** Observe, replace, plan, start. It awaits only lists, offers and `prepare`. */
async function pass(fleet: Fleet): Promise<Plans> {
  fleet.passes += 1
  await observe(fleet)
  if (!fleet.isOwner) {
    emitPass(fleet)
    return new Map()
  }
  readVerdicts(fleet)
  readConsoles(fleet, toEnd(fleet.roster.all, fleet.clock.now(), fleet.endsAt))
  withdrawBarred(fleet)
  fleet.engine?.judgeHead()
  endUnready(fleet)
  forgetFormerHead(fleet)
  await whileWanted(fleet, askOffers(fleet))
  let plans = planNow(fleet)
  // The target may have changed while that was awaited; from here on nothing is.
  if (await prepareLaunches(fleet, plans)) plans = planNow(fleet)
  if (fleet.leaving) return plans
  const ended = toEnd(fleet.roster.all, fleet.clock.now(), fleet.endsAt)
  const exchanged = [...plans.values()].flatMap(({ exchange }) => exchange.ending)
  const surplus = [...surplusOf(fleet, plans), ...(fleet.closing ? ungroupedWorkers(fleet) : []), ...exchanged]
  startTerminations(fleet, [...ended, ...unfinishedTerminations(fleet), ...(fleet.closing ? surplus : [])])
  if (!fleet.closing) letFinish(fleet, surplus)
  advanceLaunches(fleet)
  startPlanned(fleet, plans)
  emitPass(fleet)
  return plans
}

/** False when nothing was awaited. */
async function prepareLaunches(fleet: Fleet, plans: Plans): Promise<boolean> {
  if (wishesOf(plans).length > 0) updateDeadlineTag(fleet)
  const unprepared = unpreparedOf(fleet, plans)
  if (unprepared.length === 0) return false
  await claimName(fleet)
  await whileWanted(fleet, prepareAll(fleet, unprepared))
  // The first answers may show a clock skew: launches that were prepared by the old clock are prepared anew.
  if (updateDeadlineTag(fleet)) await whileWanted(fleet, prepareAll(fleet, unpreparedOf(fleet, plans)))
  return true
}

/** Waits for what launches need for as long as any are wanted: zero is confirmed whatever a cloud does not say. */
async function whileWanted({ unwanted: { signal } }: Fleet, work: Promise<unknown>): Promise<void> {
  let forget = () => {}
  const unwanted = new Promise<void>((resolve) => {
    forget = onAbort(signal, resolve)
    if (signal.aborted) resolve()
  })
  await Promise.race([work, unwanted]).finally(() => forget())
  // Its later failure stops no group.
  work.catch(() => {})
}

/** Offers are asked for when a group first needs some. */
export async function askOffers(fleet: Fleet): Promise<void> {
  const needing = [...fleet.groups.values()].filter((state) => {
    const { name } = state.group
    const isShort = state.desired > fleet.roster.counted(name).length + fleet.roster.booked(name)
    const mayExchange = state.group.returnToSpotMs !== undefined && state.desired > 0
    return (isShort || mayExchange) && mayLaunch(fleet, state) && lacksAnswers(fleet, state)
  })
  await Promise.all(needing.map((state) => orStop(fleet, state, () => findOffers(fleet, state))))
}

/**
 * Groups of one cluster share a claim, a network and rules: at a provider where nothing was made yet the first makes them, and the
 * others find them. All at once, each would make its own, and be refused.
 */
async function prepareAll(fleet: Fleet, wishes: readonly PlannedWish[]): Promise<void> {
  const byProvider = new Map<Provider, PlannedWish[]>()
  for (const wish of wishes) {
    const provider = providerOf(fleet, wish)
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), wish])
  }
  await Promise.all(
    [...byProvider].map(async ([provider, own]) => {
      const [first, ...others] = own
      const isNew = ![...fleet.groups.keys()].some((name) => fleet.prepared.has(preparedKey(provider, name)))
      if (first === undefined) return
      const begun = prepareWish(fleet, first)
      if (isNew) await begun
      await Promise.all([begun, ...others.map((wish) => prepareWish(fleet, wish))])
    }),
  )
}

/** What is wished for of a provider at which nothing was prepared for the group yet, or not lately where that changes. */
function unpreparedOf(fleet: Fleet, plans: Plans): PlannedWish[] {
  const now = fleet.clock.now()
  return wishesOf(plans).filter((wish) => {
    const provider = providerOf(fleet, wish)
    const prepared = fleet.prepared.get(preparedKey(provider, wish.group))
    return prepared === undefined || (provider.refresh !== undefined && now >= (prepared.freshUntil ?? now + 1))
  })
}

function wishesOf(plans: Plans): PlannedWish[] {
  return [...plans.values()].flatMap(({ wish }) => (wish === undefined ? [] : [wish]))
}

async function prepareWish(fleet: Fleet, wish: PlannedWish): Promise<void> {
  const state = fleet.groups.get(wish.group)
  const provider = providerOf(fleet, wish)
  const key = preparedKey(provider, wish.group)
  if (state === undefined) return
  try {
    await fleet.journal.begin()
    fleet.mayHaveMadeAt.add(provider)
    const known = fleet.prepared.get(key)
    const asking =
      known === undefined
        ? unlessAbandoned(fleet, provider, () =>
            prepareGroup(fleet, provider, state, setUpCalls(fleet, provider, state)),
          )
        : refreshed(fleet, provider, known)
    const preparing = asking.then((prepared) => {
      fleet.prepared.set(key, prepared)
    })
    fleet.settingUp.add(preparing)
    const end = () => {
      fleet.settingUp.delete(preparing)
      if (fleet.leaving) fleet.wake()
    }
    preparing.then(end, end)
    await awaitUnlessOthers(fleet, preparing, "preparing its launches", PREPARE_PATIENCE_MS)
    state.preparing = undefined
    resume(state, provider)
  } catch (error) {
    if (fleet.signal.aborted) throw error
    // What it has made so far is removed with all else.
    if (fleet.closing || fleet.leaving) return
    suspend(fleet, state, provider, error)
  }
}

/**
 * The calls that make what launches need. They end with the cluster, but for one that is on the wire: what that makes is removed
 * only if it exists before the search for leftovers.
 */
function setUpCalls(fleet: Fleet, provider: Provider, state: GroupState): Calls {
  return watchedCalls(fleet, provider, state, { signal: fleet.setUp.signal, finishAttempts: true })
}

/** What cannot be read anew stays as it was for a while: it chooses between places that may all be used. */
async function refreshed(fleet: Fleet, provider: Provider, known: Prepared): Promise<Prepared> {
  try {
    return (await provider.refresh?.(known, fleetCalls(fleet, provider))) ?? known
  } catch {
    return { ...known, freshUntil: fleet.clock.now() + REFRESH_AGAIN_MS }
  }
}

/** A group that nothing fits launches nothing more until the next `scale`; the others go on. */
async function orStop(fleet: Fleet, state: GroupState, act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    if (fleet.signal.aborted) throw thrown
    if (fleet.closing || state.desired === 0) return
    const error = thrown instanceof Error ? thrown : new MusterError(String(thrown))
    state.problem = error
    fleet.emit({ type: "problem", group: state.group.name, error: error.name, message: error.message })
    if (error instanceof OwnershipError) fleet.disown(error)
  }
}

export function providerOf(fleet: Fleet, wish: PlannedWish): Provider {
  const provider = fleet.providers.find(({ name, region }) => name === wish.provider && region === wish.region)
  if (provider === undefined)
    throw new MusterError(`an offer names ${wish.provider} ${wish.region}, which is not a provider of this cluster`)
  return provider
}

/** Every wish is split with what those before it leave in the buckets. One that is not prepared yet is with the next pass. */
function startPlanned(fleet: Fleet, plans: Plans): void {
  if (isBehind(fleet)) return
  // Another one may have come while they were prepared.
  forgetFormerHead(fleet)
  const wishes = wishesOf(plans)
  const ready = wishes.flatMap((wish) => {
    const provider = providerOf(fleet, wish)
    const prepared = fleet.prepared.get(preparedKey(provider, wish.group))
    return prepared === undefined ? [] : [{ planned: wish, provider, prepared }]
  })
  for (const batch of callBatchesOf(fleet, ready)) startBatch(fleet, limitToAllowance(fleet, batch))
  const isMore = [...plans.values()].some(({ wish, later }) => wish !== undefined && later > 0)
  if (ready.length < wishes.length || isMore) fleet.wake()
}

/** Launch calls not sent yet are thrown away first; then workers go, as many as are surely too many. */
function surplusOf(fleet: Fleet, plans: Plans): WorkerRecord[] {
  return [...plans].flatMap(([name, { surplus }]) => {
    if (surplus === 0) return []
    const left = surplus - withdrawWaiting(fleet, name, surplus)
    const counted = fleet.roster.counted(name)
    const desired = fleet.closing ? 0 : (fleet.groups.get(name)?.desired ?? 0)
    return chooseSurplus([...counted], Math.max(0, Math.min(left, counted.length - desired)))
  })
}

/** Workers of groups that no spec describes: lists have shown them since the cluster was opened. */
function ungroupedWorkers({ roster, groups }: Fleet): WorkerRecord[] {
  return roster.living().filter(({ state, group }) => state !== "terminating" && !groups.has(group))
}

/** Replays launches of unknown outcome that are still wanted, and polls unsettled ones. */
function advanceLaunches(fleet: Fleet): void {
  const now = fleet.clock.now()
  const replayOrder = replayOrderOf(fleet)
  closeSwept(fleet, (launch) => isSwept(fleet, launch) && mayGiveUp(fleet, launch))
  for (const launch of fleet.roster.launches.asked()) {
    if (launch.state === "unsettled" && now >= settleAt(launch)) void settle(fleet, launch)
    if (launch.state !== "unknown") continue
    if (isSwept(fleet, launch)) {
      if (now >= lookUpAt(launch) && mayGiveUp(fleet, launch)) void lookUp(fleet, launch)
    } else if (mayAbandon(fleet, launch)) abandon(fleet, launch)
    else if (now >= replayAt(launch) && replayOrder.has(launch)) void replay(fleet, launch)
  }
}

/** The launch is not replayed: its group wants nothing, or it was abandoned. */
function isSwept(fleet: Fleet, { call, isAbandoned }: Launch): boolean {
  return isAbandoned === true || !isWanted(fleet, call.group)
}

/** Where others would be launched in its place, nothing of it may be missed. */
function mayGiveUp(fleet: Fleet, launch: Launch): boolean {
  return !isWanted(fleet, launch.call.group) || isConfirmedAbsent(launch)
}

function isWanted(fleet: Fleet, group: string): boolean {
  return !isOver(fleet) && (fleet.groups.get(group)?.desired ?? 0) > 0
}

/** When there is something to do for an open launch call that no answer will announce, in milliseconds since 1970. */
export function launchWakeAt(fleet: Fleet, launch: Launch, replayOrder: ReplayOrder): number {
  if (launch.state === "unsettled") return settleAt(launch)
  if (launch.state !== "unknown") return Number.POSITIVE_INFINITY
  if (!isSwept(fleet, launch)) return replayOrAbandonAt(fleet, launch, replayOrder)
  // The poll that it waits for wakes the loop when it ends.
  if (fleet.clock.now() >= sweptAt(launch) && !mayGiveUp(fleet, launch)) return Number.POSITIVE_INFINITY
  return launch.provider.find === undefined ? sweptAt(launch) : lookUpAt(launch)
}

/** Whose time to be given up has passed, and has nowhere else to go, only waits for its turn. */
function replayOrAbandonAt(fleet: Fleet, launch: Launch, replayOrder: ReplayOrder): number {
  const replaysAt = replayOrder.has(launch) ? replayAt(launch) : Number.POSITIVE_INFINITY
  const abandonsAt = abandonAt(launch)
  return abandonsAt > fleet.clock.now() ? Math.min(replaysAt, abandonsAt) : replaysAt
}

function emitPass(fleet: Fleet): void {
  const sums = { desired: 0, running: 0, ready: 0, pending: 0, booked: 0 }
  for (const [name, state] of workerGroups(fleet)) {
    sums.desired += state.desired
    sums.running += fleet.roster.running(name)
    sums.ready += fleet.roster.ready(name)
    sums.pending += fleet.roster.pending(name)
    sums.booked += fleet.roster.booked(name)
  }
  const { all } = fleet.roster
  const head = headStateOf(fleet)
  const more = { terminating: all.size("terminating"), ...(head === undefined ? {} : { head }) }
  fleet.emit({ type: "pass", ...sums, ...more, ...all.prices() })
}
