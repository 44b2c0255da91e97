/** What the stages of one cluster share. */
import type { ResolvedAccess } from "../../spec/access.js"
import type { ClusterKeys } from "./cluster-keys.js"
import type { FleetEngine } from "./engine/fleet-engine.js"
import type { GroupState } from "./group-state.js"
import type { Calls, Offer, Owner, Prepared, Provider } from "../../provider.js"
import type { ResolvedBudget } from "../../money/budget.js"
import type { BillRow, Journal } from "../journal/journal.js"
import type { Totals } from "../../money/totals.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import type { BudgetError, OwnershipError } from "../../errors.js"
import type { Quarantined } from "../journal/history.js"
import { type CallReport, type CallsOptions, createCalls } from "../../calls/send.js"
import type { Clock } from "../../calls/clock.js"
import type { ClusterEventBody } from "../../events.js"
import type { Catalogue } from "./catalogue.js"

import { reportTo } from "./reported.js"
import type { Roster } from "../roster/roster.js"
import type { Supplies } from "./supplies.js"

import type { Found } from "./found.js"
import type { Unavailable } from "../unavailable.js"

/** The polling of a provider: when the next poll is due, and what the last complete list can have shown. */
export interface PollState {
  /** Milliseconds since 1970. */
  nextAt: number
  /** Counts what was asked of the provider that only a list begun later must show. */
  changes: number
  /** `changes` when the last complete list was begun. */
  listedChanges: number
  /** When the last complete list was begun, in milliseconds since 1970. */
  listedAt: number
  /** `listedAt` as the last pass knew it. */
  seenAt?: number
  /** It could not be looked at for long: until then the silence of its workers says nothing. */
  patientUntil?: number
  /** The zones in which there may be anything of the cluster; undefined, because unknown, where another process began it. */
  readonly zones?: Set<string>
  /** The poll in progress; there is at most one. */
  inProgress?: Promise<void> | undefined
  /** Why the last poll failed; undefined when it succeeded. */
  problem?: Error | undefined
  /** The last answer of the poll in progress, in the words of the cloud, where it was a failure. */
  lastAnswer?: string | undefined
}

/** The memory of what is unavailable by account, shared by the clusters of a process. */
export type Memory = Map<string, readonly Unavailable[]>

export interface Fleet {
  readonly clock: Clock
  /** The owner in the tags of this process' launches; a later generation once `acquire` has claimed it. */
  owner: Owner
  /** When the cluster ends, by the clock's true time, in milliseconds: `owner.deadline` is the same moment for those who read tags. */
  endsAt: number
  /** How long a lifetime of it is, in milliseconds; undefined where this process does not know. */
  readonly lifetimeMs: number | undefined
  /** The user chose its name, so that another one may have the same. */
  readonly isNamed: boolean
  /** It was claimed in all places, where there are several. */
  isNameClaimed: boolean
  /** What lists show of contenders for the name. */
  readonly contention: Contention
  /** This process owns the cluster. Until then it only watches: nothing is launched, replaced or replayed. */
  isOwner: boolean
  readonly providers: readonly Provider[]
  readonly groups: ReadonlyMap<string, GroupState>
  readonly roster: Roster
  journal: Journal
  readonly catalogue: Catalogue
  readonly memory: Memory
  readonly money: Money
  readonly polls: ReadonlyMap<Provider, PollState>
  /** By provider and group, made at the first launch. */
  readonly prepared: Map<string, Prepared>
  /** Where there may be something of the cluster: it was there before, or a first launch was prepared. */
  readonly mayHaveMadeAt: Set<Provider>
  /** Ends reads and waits when the cluster is closed or detached. */
  readonly signal: AbortSignal
  /** Nothing is launched any more: the cluster is closing. */
  closing: boolean
  /** Nothing is begun any more: the cluster is let go of. */
  leaving: boolean
  /** Ends what prepares launches, when the cluster closes; aborted with `signal` too. */
  readonly setUp: AbortController
  /** Aborted when nothing is wanted of any group any more; another one once something is. */
  unwanted: AbortController
  /** Places whose instances may not be listed: no launch is sent there. */
  readonly unlistable: Set<Provider>
  /** What prepares launches now. */
  readonly settingUp: Set<Promise<unknown>>
  /** How many passes were begun: a target is judged only by those begun after it was set. */
  passes: number
  /** When launch calls of a place were answered last, in milliseconds since 1970. */
  readonly answeredAt: Map<string, number>
  /** The token of the launch call of a place that is tried again at once when it is not answered. */
  readonly retrying: Map<string, string>
  /** Tokens of launch calls that were given up, and launched elsewhere: what they still bring is terminated. */
  readonly givenUp: Set<string>
  /** Workers that ended by themselves, or will, and of which it is not known yet how their work ended: each counts until then. */
  readonly held: Set<WorkerRecord>
  /** Numbers wishes. */
  wishes: number
  /** How long an instance outlives the last renewal, in milliseconds; undefined: there are no leases. */
  readonly leaseMs: number | undefined
  readonly access: ResolvedAccess | undefined
  /** Every port of a worker is open to the others. */
  readonly peers: boolean
  readonly keys: ClusterKeys
  readonly engine: FleetEngine | undefined
  /** What its workers are brought. */
  readonly supplies: Supplies
  /** Uids of earlier clusters of this name without instances, whose leftovers have no other owner. */
  readonly abandoned: readonly string[]
  /** What of this machine's journals could not be read, by its path. */
  readonly quarantined: Map<string, QuarantinedJournal>
  /** Until when launch calls that no journal tells of may still make something there, in milliseconds since 1970. */
  readonly uncertainUntil: ReadonlyMap<Provider, number>
  /** When tags and journals were last read whole, in milliseconds since 1970; 0: there was nothing. */
  foundAt: number
  /**
   * Called with workers that we have chosen to end, before their termination is sent, which then waits for what it returns: seconds at
   * most, and it never rejects. Undefined: there is nothing to wait for.
   */
  beforeEnd: (workers: readonly WorkerRecord[]) => Promise<void> | undefined
  /** Called when this process becomes the owner. */
  onAcquired: () => void
  /** The claim that is being made. */
  claiming: Promise<void> | undefined
  newJournal(owner: Owner): Journal
  /** When tags and journals of the name were last surveyed, in milliseconds since 1970. */
  surveyedAt: number
  /** Looks again at what lives under the name, in tags and journals. */
  survey(): Promise<readonly Found[]>
  emit(event: ClusterEventBody): void
  /** Learns the prices of offers. */
  price(offers: readonly Offer[], at: number): void
  /** Requests another pass: at once, or within so many milliseconds, so that later answers share it. */
  wake(withinMs?: number): void
  /** Another process owns the cluster: stop, and leave its instances alone. */
  disown(error: OwnershipError): void
}

/** The core's calls to a provider, reported as events. */
export function fleetCalls(fleet: Fleet, provider: Provider, options: Partial<CallsOptions> = {}): Calls {
  const reportCall = reportTo(fleet.emit, provider)
  const report = (callReport: CallReport) => {
    options.report?.(callReport)
    reportCall(callReport)
  }
  return createCalls({ clock: fleet.clock, limits: provider.limits, signal: fleet.signal, ...options, report })
}

/** Calls whose last failure is kept as what the group waits for. */
export function watchedCalls(
  fleet: Fleet,
  provider: Provider,
  state: GroupState,
  options: Partial<CallsOptions> = {},
): Calls {
  const report = ({ message }: CallReport) => {
    if (message !== undefined) state.preparing = message
  }
  return fleetCalls(fleet, provider, { ...options, report })
}

/** Calls of a poll, whose last failure is kept as what the poll waits for. */
export function pollCalls(fleet: Fleet, provider: Provider): Calls {
  const poll = fleet.polls.get(provider)
  const report = ({ message }: CallReport) => {
    if (poll !== undefined) poll.lastAnswer = message
  }
  return fleetCalls(fleet, provider, { report })
}

/** Why polling the provider fails, in its words; undefined where it works. */
export function pollProblemOf({ problem, lastAnswer }: PollState): string | undefined {
  return problem?.message ?? lastAnswer
}

/** Polls the provider in `ms` milliseconds at the latest. */
export function pollWithin(fleet: Fleet, provider: Provider, ms: number): void {
  const poll = fleet.polls.get(provider)
  if (poll !== undefined) poll.nextAt = Math.min(poll.nextAt, fleet.clock.now() + ms)
}

/**
 * Something was made or asked to go: the next list that counts begins after this moment.
 *
 * @param withinMs the latest start of the next poll, in milliseconds.
 */
export function markChanged(fleet: Fleet, provider: Provider, withinMs = soonMs(fleet, provider)): void {
  const poll = fleet.polls.get(provider)
  if (poll !== undefined) poll.changes += 1
  pollWithin(fleet, provider, withinMs)
}

/** Polls the provider when the change may be visible, or later where no launch waits for that. */
export function pollSoon(fleet: Fleet, provider: Provider): void {
  pollWithin(fleet, provider, soonMs(fleet, provider))
}

function soonMs(fleet: Fleet, provider: Provider): number {
  return Math.max(provider.limits.look.firstMs, relaxedPollMs(fleet, provider))
}

/** How long complete lists may be put off while no caller needs them: a millisecond for each worker that exists, up to this. */
const LONGEST_RELAXED_MS = 10_000

/**
 * How much later the next look may come, in milliseconds. While launch calls wait to be sent, a later look keeps no caller waiting,
 * and a look at ten thousand workers costs a second. The share of this machine that looks may take sets a lower bound.
 */
export function relaxedPollMs({ roster }: Fleet, provider: Provider): number {
  const leastMs = (provider.limits.look.eachMs ?? 0) * roster.at(provider).living.size
  if (roster.launches.waitingAt(provider) === 0) return leastMs
  return Math.max(leastMs, Math.min(roster.size, Math.max(LONGEST_RELAXED_MS, roster.size / 2)))
}

/** What the cluster's accounts remember as unavailable. */
export function memoryOf(fleet: Fleet): readonly Unavailable[] {
  const accounts = new Set(fleet.providers.map((provider) => provider.limits.account))
  return [...accounts].flatMap((account) => fleet.memory.get(account) ?? [])
}

export function preparedKey(provider: Provider, group: string): string {
  return `${provider.name}/${provider.region}/${group}`
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** One journal, or a directory of them, that was set aside. */
export interface QuarantinedJournal extends Quarantined {
  reported: boolean
}

/** When the first instance of each uid was made that the last complete list of a place showed, in milliseconds since 1970. */
export type FirstLaunches = ReadonlyMap<string, number>

export interface Contention {
  readonly firstLaunches: Map<Provider, FirstLaunches>
  /** When the last such list was begun, by place, in milliseconds since 1970. */
  readonly listedAt: Map<Provider, number>
  /** Since when lists have said that another one came first, in milliseconds since 1970; undefined: none does. */
  behindSince: number | undefined
  /** Contenders that were reported, by uid. */
  readonly reported: Set<string>
}

/** What a cluster may cost, and what is known of that beside its workers. */
export interface Money {
  readonly budget: ResolvedBudget
  /** Most instances there or on their way; undefined: no limit. */
  readonly maxWorkers: number | undefined
  /** The bills that earlier processes noted, by the worker's key. */
  readonly earlier: Map<string, BillRow>
  /** What the workers have cost, as of the last `spentBy`. */
  readonly own: Totals<WorkerRecord>
  /** What those have cost that had ended before this process saw them, by their keys. */
  readonly gone: Totals<string>
  /** Set when `total` or `until` was reached: the cluster has gone to zero and stays there. */
  over: BudgetError | undefined
  /** How far the clock of day, or the cloud's, was ahead of our true time when the cluster was opened, in milliseconds. */
  readonly clockSkewMs: number
}
