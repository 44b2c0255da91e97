/** Launch: from a wish to instances. Launch calls run as tasks of their own; their outcomes wake the next pass. */
import { MAX_ATTEMPTS } from "../calls/retry.js"
import { accountOf } from "../calls/account.js"
import { ThrottledError } from "../errors.js"
import { guestRequest } from "../spec/guest-fields.js"
import { readyRequest } from "../spec/ready/fields.js"
import type { Calls, Launched, Prepared, Provider } from "../provider.js"
import { type Fleet, fleetCalls, preparedKey } from "./state/context.js"
import { headAddressOf, isHead } from "./state/engine/head.js"
import type { GroupState } from "./state/group-state.js"
import type { OpenIntent } from "./journal/types.js"
import { keptSpec } from "./state/kept-spec.js"
import { SEVERAL } from "./state/backoff.js"
import { CONTAINER_TAG } from "./tags.js"
import type { Launch } from "./roster/launches.js"
import { accessRequest } from "./launching/access-request.js"
import { awaitsRequest } from "./launching/awaits-request.js"
import { abandonedPlaces } from "./launching/abandon.js"
import { accept, refuse } from "./launching/outcome.js"
import { recordZones } from "./observing/unreachable-zones.js"
import { mayRetryNow, noteAnswered } from "./launching/replay-order.js"
import type { CallBatch } from "./launching/call-batch.js"
import { withdrawBarred } from "./launching/withdraw.js"

/** A launch of unknown outcome is sent again after 2, 4, 8 … seconds, at most every five minutes. */
const REPLAY_MS = 2000
const REPLAY_CAP_MS = 5 * 60_000

/** A launch call that is not answered, or is too much, is tried so often, and for so long, before others may be asked instead. */
const PATIENCE = { attempts: 3, mostMs: 2 * 60_000, throttles: SEVERAL }

/** A throttled poll of a launch is repeated later, and its message is reported. */
const SETTLE_PATIENCE = { attempts: MAX_ATTEMPTS, throttles: SEVERAL }

/**
 * While more answers are on their way, the pass for one waits so long for others: a thousand VMs that are made by a request each
 * would take a thousand passes. Each of these requests takes several times as long. A pass looks at all that there is, so that its
 * share of the time would grow with that: the more there is the longer it waits.
 */
const GATHER_MS = { least: 50, each: 0.2, most: 2_000 } as const

/** What `prepare` finds or makes for a group at a provider. */
export async function prepareGroup(
  fleet: Fleet,
  provider: Provider,
  state: GroupState,
  calls: Calls,
): Promise<Prepared> {
  const { name, environment, image, publicAddress, tags, gpu, container } = state.group
  const offers = (state.offers ?? []).filter(
    (offer) => offer.provider === provider.name && offer.region === provider.region,
  )
  const request = {
    name,
    environment,
    publicAddress,
    tags: container === undefined ? tags : { ...tags, ...CONTAINER_TAG },
    archs: [...new Set(offers.map((offer) => offer.arch))],
    markets: [...new Set(offers.map((offer) => offer.market))],
    instanceTypes: [...new Set(offers.map((offer) => offer.instanceType))],
    ...guestRequest(state.group, provider.limits.keepsEnded === undefined),
    ...readyRequest(state.group),
    ...(image === undefined ? {} : { image }),
    ...(gpu === undefined ? {} : { gpu }),
    spec: keptSpec(state.group, fleet.leaseMs),
    ...(fleet.leaseMs === undefined ? {} : { leaseSeconds: Math.ceil(fleet.leaseMs / 1000) }),
    ...(provider.limits.takesKeys === undefined ? {} : await accessRequest(fleet, calls.readOnly)),
    ...(await awaitsRequest(fleet, provider, state.group, calls.readOnly)),
  }
  const headAddress = isHead(fleet, name) ? undefined : headAddressOf(fleet)
  if (headAddress === undefined) return provider.prepare(fleet.owner, request, calls)
  const prepared = await provider.prepare(fleet.owner, { ...request, headAddress }, calls)
  if (!calls.readOnly) fleet.engine?.told.set(preparedKey(provider, name), headAddress)
  return prepared
}

/** Starts all launch calls of a wish. */
export function startBatch(fleet: Fleet, { wish, provider, calls }: CallBatch): void {
  const [first] = calls
  fleet.emit({
    type: "plan",
    group: wish.group,
    provider: provider.name,
    region: provider.region,
    count: wish.count,
    instanceType: first?.offers[0]?.instanceType ?? "",
    market: wish.market,
    calls: calls.length,
  })
  const failover = (fleet.groups.get(wish.group)?.failures.length ?? 0) > 0
  const unansweredPlaces = abandonedPlaces(fleet, wish.group)
  for (const call of calls) {
    const launch = newLaunch(provider, wish.id, fleet.owner.generation, call, { unansweredPlaces })
    fleet.roster.launches.add(launch)
    recordZones(fleet, provider, call)
    void runLaunch(fleet, launch, failover)
  }
}

function newLaunch(
  provider: Provider,
  wish: string,
  generation: number,
  call: Launch["call"],
  { state = "waiting", unansweredPlaces = 0 }: Partial<Pick<Launch, "state" | "unansweredPlaces">>,
): Launch {
  return {
    provider,
    call,
    wish,
    generation,
    state,
    journaled: false,
    failures: [],
    firstSentAt: 0,
    sentAt: 0,
    onWireAt: 0,
    emptyLists: 0,
    failedPolls: 0,
    polledAt: 0,
    creates: 0,
    replays: 0,
    unansweredPlaces,
    abort: new AbortController(),
    release: () => {},
  }
}

/** Takes over what a journal says may have been done: it counts as live until its outcome is known. */
export function adoptIntent(fleet: Fleet, intent: OpenIntent): void {
  const provider = fleet.providers.find(({ name, region }) => name === intent.provider && region === intent.region)
  if (provider === undefined || !fleet.groups.has(intent.call.group)) return
  const state = intent.outcome === "unsettled" ? "unsettled" : "unknown"
  const launch = newLaunch(provider, intent.wish, intent.generation, intent.call, { state })
  launch.firstSentAt = intent.at
  launch.sentAt = intent.sentAt
  launch.onWireAt = intent.sentAt
  launch.journaled = true
  if (intent.ref !== undefined) launch.ref = intent.ref
  fleet.roster.launches.add(launch)
}

async function runLaunch(fleet: Fleet, launch: Launch, failover: boolean): Promise<void> {
  const { provider, call, wish, generation } = launch
  const calls = fleetCalls(fleet, provider, {
    signal: launch.abort.signal,
    finishAttempts: true,
    failover,
    patience: { ...PATIENCE, again: () => mayRetryNow(fleet, launch) },
    keepUnits: (release) => holdUntilSettled(launch, release),
    admit: async () => {
      const at = fleet.clock.now()
      await fleet.journal.intend({ provider: provider.name, region: provider.region, wish, generation, at, call })
      launch.journaled = true
      if (launch.abort.signal.aborted) return
      fleet.emit({ type: "launch-started", token: call.token, group: call.group, api: call.api, count: call.count })
    },
    sending: (api) => {
      fleet.roster.launches.move(launch, "sent")
      launch.sentAt = fleet.clock.now()
      launch.onWireAt = launch.sentAt
      launch.firstSentAt ||= launch.sentAt
      if (api === call.api) launch.creates += 1
    },
    // From here on it may arrive later than its first sending could.
    resending: (api) => noteSending(fleet, launch, api),
    // Nothing was done: the call may be thrown away again, as one that was never sent.
    throttled: (api, error) => {
      launch.lastAnswer = error.message
      if (api !== call.api) return
      launch.creates -= 1
      if (launch.creates === 0) fleet.roster.launches.move(launch, "waiting")
    },
  })
  await answer(fleet, launch, () => provider.launch(call, calls))
}

/** A successor that reads the journal of a killed process counts from this moment until when the call may arrive. */
async function noteSending(fleet: Fleet, { call }: Launch, api: string): Promise<void> {
  if (api === call.api) await fleet.journal.resend(call.token, fleet.clock.now())
}

/** Sends a launch call of unknown outcome again: the same token, the same bytes. */
export async function replay(fleet: Fleet, launch: Launch): Promise<void> {
  fleet.roster.launches.move(launch, "sent")
  launch.replays += 1
  launch.sentAt = fleet.clock.now()
  // The launch is wanted again after a fence: its time starts anew.
  if (launch.abort.signal.aborted) launch.firstSentAt = launch.sentAt
  // An earlier fence must not end this one, and what the first sending holds is what this one needs.
  launch.abort = new AbortController()
  launch.release()
  launch.release = () => {}
  const calls = fleetCalls(fleet, launch.provider, {
    signal: launch.abort.signal,
    isConsumed: launch.creates > 0 || launch.replays > 1,
    finishAttempts: true,
    keepUnits: (release) => holdUntilSettled(launch, release),
    patience: { attempts: 1, throttles: 1 },
    resending: (api) => noteSending(fleet, launch, api),
    sending: () => {
      launch.onWireAt = fleet.clock.now()
    },
  })
  await answer(fleet, launch, () => launch.provider.launch(launch.call, calls))
}

/**
 * A launch call of a process that ended has not been sent again yet, or has no answer to that: until then nothing else is
 * decided. One that cannot be answered now is booked, and does not keep what is wanted elsewhere waiting.
 */
export function isRecovering(fleet: Fleet): boolean {
  return fleet.roster.launches.asked().some(({ generation, state, replays, call }) => {
    const isTried = state === "unknown" ? replays > 0 : state !== "sent" || replays !== 1
    const isWanted = (fleet.groups.get(call.group)?.desired ?? 0) > 0
    return generation < fleet.owner.generation && !isTried && isWanted
  })
}

/** When a launch of unknown outcome is sent again, in milliseconds since 1970. */
export function replayAt(launch: Launch): number {
  return launch.sentAt + Math.min(REPLAY_MS * 2 ** (launch.replays + 2 * launch.unansweredPlaces), REPLAY_CAP_MS)
}

/** When an unsettled launch is polled again, in milliseconds since 1970. */
export function settleAt(launch: Launch): number {
  return launch.polledAt + launch.provider.limits.look.everyMs
}

/** Polls an unsettled launch once. */
export async function settle(fleet: Fleet, launch: Launch): Promise<void> {
  const { provider, call, ref = null } = launch
  fleet.roster.launches.move(launch, "sent")
  launch.polledAt = fleet.clock.now()
  const calls = fleetCalls(fleet, provider, { patience: SETTLE_PATIENCE })
  await answer(fleet, launch, () => provider.settle(call, ref, calls), "unsettled")
}

function holdUntilSettled(launch: Launch, release: () => void): void {
  const before = launch.release
  launch.release = () => {
    before()
    release()
  }
}

async function answer(
  fleet: Fleet,
  launch: Launch,
  ask: () => Promise<Launched>,
  ifUnknown: "unknown" | "unsettled" = "unknown",
): Promise<void> {
  const before = failedOf(launch)
  let isThrottled = false
  try {
    accept(fleet, launch, await ask())
  } catch (error) {
    isThrottled = error instanceof ThrottledError
    refuse(fleet, launch, error, ifUnknown)
  }
  if (launch.state !== "unknown" && !isThrottled) noteAnswered(fleet, launch)
  // Barred calls are withdrawn before the units of this one are returned: a call that would be refused must not get them.
  if (launch.failures.length > 0) withdrawBarred(fleet)
  accountOf(fleet.clock, launch.provider.limits).buckets.refund(launch.call.cost, failedOf(launch) - before)
  if (launch.state === "settled") fleet.roster.forget(launch)
  fleet.wake(fleet.roster.launches.isOnWire() ? gatherMs(fleet) : 0)
}

function gatherMs({ roster }: Fleet): number {
  const { least, each, most } = GATHER_MS
  // Of launch calls alone there may be as many as make a pass wait longer: those that are to come take longer by far.
  return Math.max(least, Math.min(most, each * roster.size), each * roster.launches.size)
}

function failedOf({ failures }: Launch): number {
  return failures.reduce((sum, failure) => sum + failure.count, 0)
}
