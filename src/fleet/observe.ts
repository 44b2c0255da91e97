/** Observe: what the cloud says, laid over what we know. */
import { livingStates, mayLive } from "./lifecycle.js"
import { MusterError, OwnershipError, PartialListError } from "../errors.js"
import type { Failure, Instance, InstanceState, Provider, Selector } from "../provider.js"
import { listByZone, listKnown } from "./observing/by-zone.js"
import { type Fleet, pollCalls, type PollState, pollSoon } from "./state/context.js"
import { holdIfEnded } from "./state/held.js"
import { noteBoot } from "./observing/boots.js"
import { yieldToOthers, yieldToClaim } from "./targets/ended-elsewhere.js"
import { answeredInTime, inProgress } from "./observing/answers.js"
import { observeInterruptions } from "./observing/interruptions.js"
import { COMPLETE_MS, nextPollMs } from "./observing/poll-interval.js"
import { checkSuperseded, supersededError } from "./ownership/superseded.js"
import { mayHaveContenders, resolveContenders } from "./ownership/contenders.js"
import { completeForCluster } from "./observing/unreachable-zones.js"
import { isGivenUp, countEmptyLists } from "./launching/abandon.js"
import { recordFailedInstance } from "./refusals/record.js"
import type { WorkerRecord } from "./roster/worker-record.js"
import { latestGenerationOf, latestTagsOf, TAG } from "./tags.js"
import { startTerminations } from "./terminate.js"

/** No decision waits for a watcher: it polls as often as an idle cluster, whatever is pending. In milliseconds. */
const WATCHER_MS = { least: 5_000, most: 30_000 } as const
/** The interval after a failed poll, in milliseconds; its requests were retried before that. */
const FAILED_POLL_MS = 5000

/** So few pending ones are asked for together with all others. */
const FEW_PENDING = 250
/** Of so many the pending ones are asked for alone to the last, where those that changed can be asked for by id. */
const MANY = 500

/**
 * Looks at every provider that is due. A list that could not be completed concludes nothing: what was known of that provider
 * stays as it was, and it is polled again. A failing provider does not delay the others, and neither does one
 * that does not answer: its poll goes on, and wakes the pass that takes its result.
 *
 * @throws when all that were due failed, and OwnershipError in any case.
 */
export async function observe(fleet: Fleet): Promise<void> {
  const now = fleet.clock.now()
  const due = [...fleet.polls].filter(([, poll]) => poll.nextAt <= now && poll.inProgress === undefined)
  const outcomes = await answeredInTime(
    fleet,
    due.map(([provider, poll]) => inProgress(poll, observeProvider(fleet, provider, poll))),
  )
  const errors = outcomes.flatMap((outcome) => (outcome?.status === "rejected" ? [outcome.reason as Error] : []))
  const [first] = errors
  const taken = errors.find((error) => error instanceof OwnershipError)
  if (taken !== undefined) throw taken
  if (first !== undefined && errors.length === outcomes.length) throw first
  for (const error of errors) fleet.emit({ type: "problem", error: error.name, message: error.message })
}

async function observeProvider(fleet: Fleet, provider: Provider, poll: PollState): Promise<void> {
  const begun = fleet.clock.now()
  try {
    await pollProvider(fleet, provider, poll)
    if (await checkSuperseded(fleet, provider, begun)) yieldToClaim(fleet)
    else yieldToOthers(fleet, provider, begun)
    poll.problem = undefined
    poll.lastAnswer = undefined
  } catch (error) {
    poll.problem = error instanceof Error ? error : new MusterError(String(error))
    for (const instance of await listKnown(fleet, provider, poll, error))
      recordInstance(fleet, provider, instance, fleet.clock.now(), begun)
  } finally {
    const { least, most } = WATCHER_MS
    if (!fleet.isOwner) poll.nextAt = Math.max(begun + least, Math.min(poll.nextAt, begun + most))
  }
}

async function pollProvider(fleet: Fleet, provider: Provider, poll: PollState): Promise<void> {
  const begun = fleet.clock.now()
  const { changes } = poll
  poll.nextAt = begun + Math.max(provider.limits.look.everyMs, FAILED_POLL_MS)
  const booting = mayAskForPending(fleet, provider, poll) ? await listOurs(fleet, provider, ["pending"]) : undefined
  if (booting !== undefined && booting.length > pendingOf(fleet, provider) / 2) {
    checkGeneration(fleet, booting)
    fleet.roster.stillPending(provider, booting, begun)
    poll.nextAt = begun + provider.limits.look.everyMs
    return
  }
  const changed = booting === undefined ? undefined : changedSince(fleet, provider, booting, begun)
  if (changed !== undefined) {
    for (const instance of await listByZone(fleet, provider, changed))
      recordInstance(fleet, provider, instance, fleet.clock.now(), begun)
    poll.nextAt = begun + provider.limits.look.everyMs
    return
  }
  const listed = await completeList(fleet, provider, booting, begun)
  checkGeneration(fleet, listed)
  const now = fleet.clock.now()
  const seen = new Set<WorkerRecord>()
  for (const instance of listed) seen.add(recordInstance(fleet, provider, instance, now, begun))
  concludeSeen(fleet, provider)
  countEmptyLists(fleet, provider, begun)
  await concludeAbsent(fleet, provider, seen, begun)
  await observeInterruptions(fleet, provider, begun)
  poll.listedChanges = changes
  poll.listedAt = begun
  poll.nextAt = Math.max(fleet.clock.now(), begun + nextPollMs(fleet, provider))
  // Changes that were requested during this list need a list that begins later.
  if (poll.changes > changes) pollSoon(fleet, provider)
}

/**
 * An instance that was pending a moment ago and is no longer pending is in the second list: together both lists are complete. Where
 * some zones do not answer, the other zones are believed for their own instances.
 */
async function completeList(
  fleet: Fleet,
  provider: Provider,
  booting: readonly Instance[] | undefined,
  begun: number,
): Promise<readonly Instance[]> {
  const states = livingStates(provider.limits).filter((state) => booting === undefined || state !== "pending")
  try {
    return [...(booting ?? []), ...(await listOurs(fleet, provider, states, begun))]
  } catch (error) {
    if (booting === undefined && error instanceof PartialListError) {
      const ours = error.instances.filter(({ tags }) => tags[TAG.uid] === fleet.owner.uid)
      const seen = new Set(ours.map((one) => recordInstance(fleet, provider, one, fleet.clock.now(), begun)))
      await concludeAbsent(fleet, provider, seen, begun, error.silent)
    }
    throw error
  }
}

/**
 * Takes over an instance; one that failed after its launch call was accepted teaches what a refused call would have.
 *
 * @param begun when the list that shows it was begun, in milliseconds since 1970.
 */
function recordInstance(
  fleet: Fleet,
  provider: Provider,
  instance: Instance,
  now: number,
  begun: number,
): WorkerRecord {
  const known = fleet.roster.find(provider, instance.id)
  const [before, stateBefore] = [known?.failure, known?.state]
  const worker = fleet.roster.recordInstance(provider, instance, now, true, begun)
  if (stateBefore === "pending" && worker.state === "running") noteBoot(fleet.clock, worker, now)
  if (instance.tags[TAG.ended] !== undefined) holdIfEnded(fleet, worker, worker.state)
  if (fleet.isOwner && isGivenUp(fleet, instance)) startTerminations(fleet, [worker])
  const { failure } = worker
  if (failure !== undefined && before === undefined && isRefusal(failure)) recordFailedInstance(fleet, worker, failure)
  return worker
}

/** A failed boot and an interruption are failures of the worker, not refusals. */
function isRefusal({ reason }: Failure): boolean {
  return reason === "capacity" || reason === "quota" || reason === "rejected" || reason === "transient"
}

/** @param begun of a list of all living instances, in milliseconds since 1970: it may also ask for contenders. */
async function listOurs(
  fleet: Fleet,
  provider: Provider,
  states: readonly InstanceState[],
  begun?: number,
): Promise<readonly Instance[]> {
  const { cluster, uid, owner } = fleet.owner
  const calls = pollCalls(fleet, provider)
  const isWhole = begun !== undefined && states.includes("pending")
  const list = (selector: Selector) =>
    provider
      .list({ cluster, owner, states, ...selector }, calls)
      .catch((error: unknown) => completeForCluster(fleet, provider, error))
  if (!isWhole || !mayHaveContenders(fleet, provider)) return list({ uid })
  const listed = await list({})
  resolveContenders(fleet, provider, listed, begun)
  return listed.filter(({ tags }) => tags[TAG.uid] === uid)
}

/**
 * While many boot, the pending ones are asked for alone: parsing a list of a thousand instances takes half a second of CPU,
 * and those that run already say nothing new. As long as more than half of them are still pending a complete list, which
 * alone tells what became of the others, can wait. So 10,000 boots take some fourteen complete lists, not one a look.
 */
function mayAskForPending(fleet: Fleet, provider: Provider, poll: PollState): boolean {
  const own = fleet.roster.at(provider)
  const isBooting = own.counted.length === own.living.size
  const isUnclear = fleet.roster.launches.asked().some((launch) => launch.provider === provider)
  const isFresh = poll.listedAt > 0 && fleet.clock.now() - poll.listedAt < COMPLETE_MS
  const pending = pendingOf(fleet, provider)
  const isWorth =
    pending >= FEW_PENDING || (provider.limits.listsByZone === true && own.living.size >= MANY && pending > 0)
  return isWorth && isBooting && !isUnclear && isFresh
}

/**
 * Who was pending and is so no more, where that is few of many and can be asked for by id: a complete list would say again what
 * is known of all the others, which of 10,000 takes five seconds. Undefined where a complete list is the better way.
 */
function changedSince(
  fleet: Fleet,
  provider: Provider,
  booting: readonly Instance[],
  begun: number,
): readonly WorkerRecord[] | undefined {
  if (provider.limits.listsByZone !== true) return undefined
  checkGeneration(fleet, booting)
  fleet.roster.stillPending(provider, booting, begun)
  const pending = new Set(booting.map(({ id }) => id))
  const own = fleet.roster.at(provider)
  const changed = own
    .in("pending")
    .filter(({ instance, knownSince }) => knownSince < begun && !pending.has(instance.id))
  return changed.length <= own.living.size / 2 ? changed : undefined
}

function pendingOf(fleet: Fleet, provider: Provider): number {
  return fleet.roster.at(provider).size("pending")
}

/** Another process that claimed the cluster after us has tagged its launches, or what it took over, with a higher generation. */
function checkGeneration(fleet: Fleet, listed: readonly Instance[]): void {
  const latest = latestTagsOf(listed.map(({ tags }) => tags)) ?? {}
  const highest = latestGenerationOf(latest)
  if (highest <= fleet.owner.generation) return
  // A watcher contends with no owner, and claims a later generation when it changes something.
  if (!fleet.isOwner) {
    fleet.owner = { ...fleet.owner, generation: highest }
    return
  }
  throw supersededError(fleet.owner, latest)
}

/**
 * A launch call whose answer never came, and all of whose instances are seen: no more can come of it. Who only watches asks for
 * no answers.
 */
function concludeSeen(fleet: Fleet, provider: Provider): void {
  for (const { launch, count } of fleet.roster.outstandingAsked()) {
    const isUnanswered = launch.state === "unknown" || (launch.state === "unsettled" && !fleet.isOwner)
    if (launch.provider !== provider || !isUnanswered || count > 0) continue
    fleet.journal.outcome(launch.call.token, "settled")
    fleet.roster.forget(launch)
  }
}

/**
 * What a complete list does not show: asked to go and seen before, it is gone; else it is asked for by id, and is lost when
 * it is not found after the cloud's consistency window.
 */
async function concludeAbsent(
  fleet: Fleet,
  provider: Provider,
  seen: ReadonlySet<WorkerRecord>,
  begun: number,
  silentZones: readonly string[] = [],
): Promise<void> {
  const absent = [...fleet.roster.at(provider).living]
    .filter((worker) => !seen.has(worker) && worker.knownSince < begun)
    .filter(({ instance }) => !silentZones.includes(instance.zone))
  const now = fleet.clock.now()
  const unconfirmed = absent.filter((worker) => {
    const gone = worker.state === "terminating" && worker.listed
    if (gone) fleet.roster.move(worker, "terminated", now)
    return !gone && (worker.listed || now - worker.knownSince > provider.limits.consistencyMs)
  })
  if (unconfirmed.length === 0) return
  const ids = unconfirmed.map((worker) => worker.instance.id)
  const found = await provider.list({ ids }, pollCalls(fleet, provider))
  const at = fleet.clock.now()
  for (const instance of found) recordInstance(fleet, provider, instance, at, now)
  const foundIds = new Set(found.map((instance) => instance.id))
  for (const worker of unconfirmed) {
    if (foundIds.has(worker.instance.id) || !mayLive(worker.state)) continue
    fleet.roster.move(worker, worker.state === "terminating" ? "terminated" : "lost", at)
  }
}
