/** Make fleet: the state of a cluster as it is opened, from its spec and from what was found. */
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import type { Fleet, PollState, Memory } from "../state/context.js"
import { type Existing, surveyAll } from "./existing.js"
import type { Owner, Provider } from "../../provider.js"
import type { Recalled } from "../state/kept-spec.js"
import type { ResolvedGroup, ResolvedSpec } from "../../spec/resolved.js"
import type { SpecWithEngine } from "./engines.js"
import type { OpenOptions } from "./options.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { priceIndex } from "../roster/price-index.js"
import { Roster, type RosterChange } from "../roster/roster.js"
import { bootEvent } from "../reports/boots.js"
import { recordRunning } from "../refusals/record.js"
import { newMoney, noteBill } from "../spending/spending.js"
import { FileJournal } from "../journal/journal.js"
import { noJournal } from "../journal/none.js"
import { clockSkewMs } from "../state/clock-skew.js"
import { newContention } from "../ownership/contenders.js"
import { addQuarantined } from "./quarantined.js"
import { newCatalogue } from "../state/catalogue.js"
import { dirname, join } from "node:path"
import { windowMs } from "../state/windows.js"
import type { Found } from "../state/found.js"
import { TAG } from "../tags.js"
import { type GroupState, NEVER, NO_FAILED_VIEWS, NONE_FINISHED, NO_ROW } from "../state/group-state.js"
import { holdIfEnded } from "../state/held.js"
import { differenceNote } from "./recall.js"
import { bareGroup, headGroupOf } from "../../spec.js"
import { ClusterKeys } from "../state/cluster-keys.js"
import type { FleetEngine } from "../state/engine/fleet-engine.js"
import { readyBy } from "../state/engine/head.js"
import { EngineSecrets } from "../state/engine/secrets.js"
import { HEAD } from "../../spec/engine/engine.js"
import { dressed } from "../../engines/dressed.js"
import { Supplies } from "../state/supplies.js"
import { NO_BACKOFFS } from "../state/backoff.js"

/** An assumed lease, in milliseconds: long enough for a new owner to renew in time, and short enough to wait for. */
const UNKNOWN_LEASE_MS = 10 * 60_000

/** How often the head of an engine is asked while nobody is waited for, in milliseconds. */
const REST_MS = 10_000

const memories = new WeakMap<Clock, Memory>()

interface Known extends Existing {
  readonly isNamed: boolean
  readonly unlistable: Set<Provider>
  readonly providers: readonly Provider[]
  readonly recalled: ReadonlyMap<string, Recalled>
}

export function makeFleet(owner: Owner, spec: SpecWithEngine, known: Known, options: OpenOptions): Fleet {
  const { clock, journal, emit, wake, disown } = options
  const { providers, found, abandoned } = known
  const { recordPrices, priceOf } = priceIndex()
  const roster = newRoster(() => fleet, priceOf)
  const isContinued = mayBeContinued(spec, { ...known, mode: options.mode })
  const newJournal = journalMaker(providers, options)
  const reach = reachOf(spec, owner, options, () => hasHead(fleet))
  const fleet: Fleet = {
    clock,
    owner,
    ...lifeOf(owner, spec, options, providers),
    isNamed: known.isNamed,
    unlistable: known.unlistable,
    contention: newContention(),
    isOwner: found === undefined,
    providers,
    groups: groupsOf(spec, known, options, reach.engine),
    roster,
    // A watcher writes no journal: the journal is that of the owner.
    journal: found === undefined ? newJournal(owner) : noJournal,
    newJournal,
    survey: () => survey(fleet, spec, options),
    leaseMs: spec.leaseMs ?? leaseOf(known),
    ...reach,
    catalogue: newCatalogue(journal === false ? false : join(dirname(journal), "offers"), clock),
    memory: memoryOf(clock),
    money: newMoney(spec, clockSkewMs(clock, providers)),
    polls: pollsOf(known, isContinued, options),
    mayHaveMadeAt: new Set(isContinued ? providers : []),
    signal: options.signal,
    surveyedAt: clock.now(),
    abandoned,
    uncertainUntil: uncertaintyOf(known, clock),
    ...{ emit, wake, disown },
    price: (offers, at) => {
      recordPrices(offers, at)
      roster.reprice()
    },
    ...initialState(options.signal),
  }
  return fleet
}

function newRoster(fleet: () => Fleet, priceOf: ConstructorParameters<typeof Roster>[1]): Roster {
  const onChange = (change: RosterChange) => noteChange(fleet(), change)
  return new Roster(onChange, priceOf, (group) => readyBy(fleet(), group))
}

/** Who attaches says nothing of its lifetime. */
function lifeOf({ deadline }: Owner, spec: ResolvedSpec, { clock, mode }: OpenOptions, providers: readonly Provider[]) {
  const lifetimeMs = mode === "attach" ? undefined : spec.maxLifetimeMs
  return { endsAt: Number(deadline) * 1000 - clockSkewMs(clock, providers), lifetimeMs } satisfies Partial<Fleet>
}

/** What is known of the ways to its workers. @param isGiven a head lives, which has the secrets of its engine. */
function reachOf(spec: SpecWithEngine, owner: Owner, options: OpenOptions, isGiven: () => boolean) {
  const { access, peers } = spec
  const { journal, clock } = options
  const supplies = new Supplies(journal, owner, clock)
  const engine = engineOf(spec, options, () => new EngineSecrets(journal, owner, clock, isGiven))
  return { access, peers, keys: new ClusterKeys(journal, owner, clock), supplies, engine } satisfies Partial<Fleet>
}

function uncertaintyOf({ found, providers }: Known, clock: Clock): Fleet["uncertainUntil"] {
  const uncertain = found?.isUncertain === true ? providers : []
  return new Map(uncertain.map((provider) => [provider, clock.now() + windowMs(provider.limits)]))
}

/** What the clusters of one clock know to be unavailable. */
function memoryOf(clock: Clock): Memory {
  const memory = memories.get(clock) ?? new Map()
  memories.set(clock, memory)
  return memory
}

function journalMaker(providers: readonly Provider[], { journal, clock }: OpenOptions): Fleet["newJournal"] {
  if (journal === false) return () => noJournal
  const places = providers.map((provider) => {
    return { provider: provider.name, region: provider.region, options: provider.whereabouts?.() ?? {} }
  })
  return (owner) => new FileJournal(journal, owner, clock, places)
}

/** What there is of the cluster's name in all its places, without the generations that have ended. */
async function survey(fleet: Fleet, spec: ResolvedSpec, options: OpenOptions): ReturnType<Fleet["survey"]> {
  const { all, quarantined } = await surveyAll(fleet.owner.cluster, spec, fleet.providers, options)
  addQuarantined(fleet, quarantined)
  fleet.surveyedAt = fleet.clock.now()
  return all.filter(({ uid }) => !options.ended.includes(uid))
}

/** A cluster that has done nothing yet. */
function initialState(signal: AbortSignal) {
  return {
    isNameClaimed: false,
    prepared: new Map(),
    closing: false,
    leaving: false,
    setUp: abortedWith(signal),
    unwanted: new AbortController(),
    settingUp: new Set<Promise<unknown>>(),
    passes: 0,
    answeredAt: new Map(),
    retrying: new Map(),
    givenUp: new Set<string>(),
    held: new Set<WorkerRecord>(),
    wishes: 0,
    foundAt: 0,
    quarantined: new Map(),
    onAcquired: () => {},
    beforeEnd: () => undefined,
    claiming: undefined,
  } satisfies Partial<Fleet>
}

/** A controller that this signal aborts as well. */
function abortedWith(signal: AbortSignal): AbortController {
  const own = new AbortController()
  const abort = () => own.abort(signal.reason)
  if (signal.aborted) abort()
  else onAbort(signal, abort)
  return own
}

function noteChange(fleet: Fleet, { worker, from }: RosterChange): void {
  const { instance, group, state, failure } = worker
  const changed = { id: instance.id, name: instance.name, group, to: state }
  fleet.emit({ type: "worker", ...changed, ...(from && { from }), ...(failure && { reason: failure.message }) })
  const own = fleet.groups.get(group)
  if (state === "running" && own !== undefined) recordRunning(own, worker.provider, instance)
  if (from === undefined || from === "pending" || from === "running") tellBoot(fleet, worker, from)
  noteBill(fleet.journal, worker)
  holdIfEnded(fleet, worker, from)
}

/** Of those with checks it is told when they pass. */
function tellBoot(fleet: Fleet, worker: WorkerRecord, from: WorkerRecord["state"] | undefined): void {
  const { state, boot } = worker
  const isOver = boot?.endedAt !== undefined || (state === "running" && boot?.readyAt !== undefined)
  const event = isOver && from !== state ? bootEvent(worker) : undefined
  if (event !== undefined) fleet.emit(event)
}

/** The cluster may have existed before: each of its places may have resources of it. */
function mayBeContinued(
  { existing }: ResolvedSpec,
  { found, abandoned, mode }: Existing & Pick<OpenOptions, "mode">,
): boolean {
  return found !== undefined || abandoned.length > 0 || existing === "connect" || mode === "attach"
}

function engineOf(
  { engine, headLife }: SpecWithEngine,
  { hasPendingCalls: isAwaited, closeFor }: OpenOptions,
  secrets: () => EngineSecrets,
): FleetEngine | undefined {
  if (engine === undefined) return undefined
  const kept = { secrets: secrets(), told: new Map(), contact: {}, pace: { restMs: REST_MS }, ask: undefined }
  return { engine: engine.given, ...kept, ...headLife, isAwaited, closeFor, isHalted: false, judgeHead() {} }
}

/** One whose launch is not answered yet has none. */
function hasHead({ roster }: Fleet): boolean {
  return roster.inGroup(HEAD).in("pending", "running", "interrupted").length > 0
}

/** The groups that the user described. */
export function givenGroups(spec: ResolvedSpec, { mode }: OpenOptions): readonly ResolvedGroup[] {
  return mode === "attach" && !spec.describesWorkers ? [] : spec.groups
}

/** The groups that tags and journals name. */
export function groupNamesOf({ instances, unlisted, open }: Found): readonly string[] {
  const listed = [...instances, ...unlisted].map(({ instance }) => instance.tags[TAG.group] ?? "default")
  return [...new Set([...listed, ...open.map((intent) => intent.call.group)])]
}

/** The spec's groups, and those of what was found: as their instances keep them, else known from tags only; and an engine's head. */
function groupsOf(
  spec: SpecWithEngine,
  { found, recalled }: Known,
  options: OpenOptions,
  engine: FleetEngine | undefined,
): Map<string, GroupState> {
  const now = options.clock.now()
  const dress = (group: ResolvedGroup) =>
    engine === undefined || group.isBare ? group : dressed(engine.engine, group, engine.secrets, spec.headLife)
  const given = givenGroups(spec, options)
  const names = found === undefined ? [] : groupNamesOf(found).filter((name) => !isIn(given, name))
  // Of a head that has just gone nothing can be read any more: another one is as the engine has it.
  const isReadable = (name: string) => name !== HEAD || spec.engine === undefined || recalled.has(name)
  const others = names.filter(isReadable).map((name) => recalled.get(name)?.group ?? bareGroup(name))
  const head =
    spec.engine === undefined || isIn(others, HEAD) ? [] : [headGroupOf(spec.engine, spec.engine.given.headFields)]
  const states = [...head, ...given, ...others].map((asked) => {
    const group = dress(asked)
    const isAsked = !others.includes(asked)
    const note = found === undefined || !isAsked ? undefined : differenceNote(found, group, spec.leaseMs)
    return newGroup(group, now, [...(isAsked ? group.notes : []), ...(note === undefined ? [] : [note])])
  })
  return new Map(states.map((state) => [state.group.name, state]))
}

function isIn(groups: readonly ResolvedGroup[], name: string): boolean {
  return groups.some((group) => group.name === name)
}

/** The lease of a cluster that was found: as its instances keep it; where they only say that there is one, this long. */
function leaseOf({ found, recalled }: Known): number | undefined {
  const kept = [...recalled.values()].flatMap(({ leaseMs }) => leaseMs ?? [])
  const isLeased = found?.instances.some(({ instance }) => instance.tags[TAG.lease] !== undefined) ?? false
  return kept.length > 0 ? Math.min(...kept) : isLeased ? UNKNOWN_LEASE_MS : undefined
}

function newGroup(group: ResolvedGroup, now: number, notes: string[]): GroupState {
  return {
    group,
    desired: 0,
    offers: undefined,
    offersAt: 0,
    refusals: new Map(),
    backoffs: NO_BACKOFFS,
    failed: NO_FAILED_VIEWS,
    short: NO_ROW,
    preparing: undefined,
    missing: new Map(),
    answers: new Map(),
    outages: new Map(),
    problem: undefined,
    loweredReason: undefined,
    failures: [],
    breaker: undefined,
    finished: NONE_FINISHED,
    isAdvised: false,
    resting: [],
    askedAt: now,
    metAt: NEVER,
    notes,
    cut: undefined,
  }
}

/** From the one list of a quick look to the next, in milliseconds, where the cloud says nothing of it. */
const LOOKED_MS = 10_000

/** Who looks quickly decides nothing, and has just seen all. */
function pollsOf(
  { providers, found }: Known,
  isContinued: boolean,
  { clock, quick = false }: OpenOptions,
): Fleet["polls"] {
  const poll = ({ limits }: Provider) =>
    quick
      ? { ...newPoll(false, isContinued), nextAt: clock.now() + (limits.look.watchMs ?? LOOKED_MS) }
      : newPoll(found !== undefined, isContinued)
  return new Map(providers.map((provider) => [provider, poll(provider)]))
}

/** A cluster that was found is polled before any decision. */
function newPoll(isFound: boolean, isContinued: boolean): PollState {
  const changes = isFound ? 1 : 0
  const poll = { nextAt: isFound ? 0 : Number.POSITIVE_INFINITY, changes, listedChanges: 0, listedAt: 0 }
  return isContinued ? poll : { ...poll, zones: new Set() }
}
