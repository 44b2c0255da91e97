/** Open: from a spec to a fleet. Finds out what lives under the name, and claims, takes over or refuses it. */
import { dirname, join } from "node:path"
import type { Clock } from "../calls/clock.js"
import { createCalls } from "../calls/send.js"
import type { ClusterEventBody } from "../events.js"
import { MusterError, OwnershipError } from "../errors.js"
import type { Owner, Provider } from "../provider.js"
import { loadProvider } from "../registry.js"
import { bareGroup, type ResolvedGroup, type ResolvedSpec } from "../spec.js"
import type { Fleet, GroupState, LookState, Memory } from "./context.js"
import { newCatalogue } from "./catalogue.js"
import { FileJournal, noJournal, readJournals } from "./journal.js"
import { adoptIntent } from "./launch.js"
import { priceIndex, Roster } from "./roster.js"
import { type Found, survey } from "./survey.js"
import { TAG } from "./tags.js"

export interface OpenOptions {
  readonly clock: Clock
  /** Where journals are kept, with what is known of offers beside them; false: nothing is kept. */
  readonly journal: string | false
  readonly signal: AbortSignal
  /** `create`: refuse a name that lives, unless the spec says `connect`. `attach`: there must be one. */
  readonly mode: "create" | "attach"
  /** The spec says what its workers are; an attached cluster may be known from tags alone. */
  readonly describesWorkers: boolean
  readonly emit: (event: ClusterEventBody) => void
  readonly wake: () => void
  readonly disown: (error: Error) => void
}

export interface Opened {
  readonly fleet: Fleet
  /** The cluster lived before: disposing of this object leaves it alone. */
  readonly attached: boolean
}

const memories = new WeakMap<Clock, Memory>()

export async function openFleet(
  name: string,
  isNamed: boolean,
  spec: ResolvedSpec,
  options: OpenOptions,
): Promise<Opened> {
  const providers = await resolveProviders(spec, options.clock)
  // A name that was made up just now cannot live already.
  const found = isNamed ? await findExisting(name, spec, providers, options) : undefined
  const first = ownerOf(name, spec, found, options.clock)
  const owner = found === undefined ? first : await claim(first, providers, options)
  const fleet = makeFleet(owner, spec, providers, found, options)
  if (found !== undefined) adopt(fleet, found)
  return { fleet, attached: found !== undefined }
}

/** One provider per name and region, in the order given. */
export async function resolveProviders(
  spec: Pick<ResolvedSpec, "providers" | "regions">,
  clock: Clock,
): Promise<readonly Provider[]> {
  const loads = spec.providers.flatMap((provider) => {
    if (typeof provider !== "string") return [Promise.resolve(provider)]
    return (spec.regions ?? [undefined]).map((region) => loadProvider(provider, region))
  })
  return clock.busy("loading providers", Promise.all(loads))
}

async function findExisting(
  name: string,
  spec: ResolvedSpec,
  providers: readonly Provider[],
  { clock, journal, signal, mode }: OpenOptions,
): Promise<Found | undefined> {
  const histories = journal === false ? [] : await readJournals(journal, name, spec.owner, clock)
  const [largest, ...others] = await survey(name, spec.owner, providers, histories, clock, signal)
  const places = providers.map(({ name: provider, region }) => `${provider} ${region}`).join(", ")
  if (largest === undefined) {
    if (mode === "create") return undefined
    throw new MusterError(
      `attaching to "${name}" (owner "${spec.owner}"): nothing in ${places} carries its tags; check name, owner and region, or make it with new Cluster`,
    )
  }
  if (mode === "create" && spec.existing === "refuse") throw livesAlready(name, largest, clock.now())
  const twin = others.find((other) => other.instances.length > 0)
  if (twin !== undefined) {
    throw new OwnershipError(
      `connecting to "${name}": two clusters have this name in ${places} (uids ${largest.uid} and ${twin.uid}); close one of them from where it was made`,
    )
  }
  return largest
}

function livesAlready(name: string, { instances, open }: Found, now: number): OwnershipError {
  const oldest = Math.min(...instances.map(({ instance }) => instance.launchedAt))
  const size =
    instances.length > 0
      ? `${instances.length} instances, the oldest ${Math.round((now - oldest) / 1000)} s old`
      : `${open.length} launch calls of a process that ended may still make instances`
  return new OwnershipError(
    `making cluster "${name}": one of this name lives already (${size}); use existing: "connect" to take it over, Cluster.attach to look at it, or another name`,
  )
}

function ownerOf(name: string, spec: ResolvedSpec, found: Found | undefined, clock: Clock): Owner {
  return {
    cluster: name,
    uid: found?.uid ?? randomHex(clock, 16),
    owner: spec.owner,
    generation: (found?.generation ?? 0) + 1,
    deadline: found?.deadline ?? String(Math.floor((clock.now() + spec.maxLifetimeMs) / 1000)),
    claim: randomHex(clock, 8),
  }
}

/** A process may have claimed a generation and have ended, or been overtaken, before anything carried it in its tags. */
const MOST_CLAIMS = 5

/**
 * Claims the next generation where the cloud has something that can be made only once; the one after it when that is taken.
 *
 * @throws OwnershipError when all of them are, or the name is somebody else's.
 */
async function claim(owner: Owner, providers: readonly Provider[], options: OpenOptions, tries = 1): Promise<Owner> {
  const { clock, signal } = options
  try {
    const claims = providers.map((provider) =>
      provider.claim?.(owner, createCalls({ clock, limits: provider.limits, signal })),
    )
    await Promise.all(claims.filter((one) => one !== undefined))
    return owner
  } catch (error) {
    if (!(error instanceof OwnershipError) || tries >= MOST_CLAIMS) throw error
    return claim({ ...owner, generation: owner.generation + 1 }, providers, options, tries + 1)
  }
}

function makeFleet(
  owner: Owner,
  spec: ResolvedSpec,
  providers: readonly Provider[],
  found: Found | undefined,
  options: OpenOptions,
): Fleet {
  const { clock } = options
  const { learn, priceOf } = priceIndex()
  const memory = memories.get(clock) ?? new Map()
  memories.set(clock, memory)
  const roster = new Roster(({ worker, from }) => {
    const { instance, group, state, failure } = worker
    const said = { id: instance.id, name: instance.name, group, to: state }
    options.emit({ type: "worker", ...said, ...(from && { from }), ...(failure && { reason: failure.message }) })
  }, priceOf)
  const groups = groupsOf(spec, found, options)
  return {
    clock,
    owner,
    providers,
    groups: new Map(groups.map((group) => [group.name, newGroup(group, clock.now())])),
    roster,
    journal: options.journal === false ? noJournal : new FileJournal(options.journal, owner, clock),
    catalogue: newCatalogue(options.journal === false ? false : join(dirname(options.journal), "offers"), clock),
    memory,
    looks: new Map(providers.map((provider) => [provider, newLook(found !== undefined)])),
    prepared: new Map(),
    signal: options.signal,
    closing: false,
    passes: 0,
    wishes: 0,
    emit: options.emit,
    price: (offers) => {
      learn(offers)
      roster.reprice()
    },
    wake: options.wake,
    disown: options.disown,
  }
}

/** The spec's groups, and those that only the tags of what was found name. */
function groupsOf(
  spec: ResolvedSpec,
  found: Found | undefined,
  { mode, describesWorkers }: OpenOptions,
): ResolvedGroup[] {
  const listed = (found?.instances ?? []).map(({ instance }) => instance.tags[TAG.group] ?? "default")
  const opened = (found?.open ?? []).map((intent) => intent.call.group)
  const own = mode === "attach" && !describesWorkers ? [] : spec.groups
  const others = [...new Set([...listed, ...opened])].filter((name) => !own.some((group) => group.name === name))
  return [...own, ...others.map(bareGroup)]
}

function newGroup(group: ResolvedGroup, now: number): GroupState {
  return {
    group,
    desired: 0,
    offers: undefined,
    offersAt: 0,
    problem: undefined,
    failures: [],
    breaker: undefined,
    askedAt: now,
  }
}

/** What was found must be looked at again before anything is concluded from it. */
function newLook(isFound: boolean): LookState {
  return { nextAt: isFound ? 0 : Number.POSITIVE_INFINITY, changes: isFound ? 1 : 0, listedChanges: 0, listedAt: 0 }
}

/** Takes over what lives: its workers, and its launch calls of unknown outcome. */
function adopt(fleet: Fleet, found: Found): void {
  const now = fleet.clock.now()
  for (const { provider, instance } of found.instances) fleet.roster.see(provider, instance, now, true)
  for (const intent of found.open) adoptIntent(fleet, intent)
  for (const [name, state] of fleet.groups)
    state.desired = fleet.roster.counted(name).length + fleet.roster.booked(name)
}

function randomHex(clock: Clock, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(clock.random() * 16).toString(16)).join("")
}

/** A name for a cluster that was given none. */
export function randomName(clock: Clock): string {
  return `cluster-${randomHex(clock, 8)}`
}
