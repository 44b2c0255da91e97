/** Existing: what lives under the name already, or is left of it, and whether this cluster may go on with it. */
import type { Clock } from "../../calls/clock.js"
import { AuthError, MusterError, OwnershipError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import { clockSkewMs } from "../state/clock-skew.js"
import type { ResolvedSpec } from "../../spec/resolved.js"
import { coverageOf, readJournals, type Quarantined } from "../journal/history.js"
import type { OpenOptions } from "./options.js"
import { abandonedBy, survey, surveyLeftovers } from "./survey.js"
import type { Found } from "../state/found.js"

export interface Existing {
  readonly found: Found | undefined
  /** Uids of earlier clusters of the name whose leftovers have no other owner. */
  readonly abandoned: readonly string[]
  /** What of this machine's journals could not be read. */
  readonly quarantined: readonly Quarantined[]
}

/** A name that was made up just now cannot live already. */
export const NO_EXISTING: Existing = { found: undefined, abandoned: [], quarantined: [] }

export async function findExisting(
  name: string,
  spec: ResolvedSpec,
  providers: readonly Provider[],
  options: OpenOptions,
): Promise<Existing> {
  const { clock, mode } = options
  const { all: living, abandoned, quarantined, isCovered } = await surveyAll(name, spec, providers, options)
  // What this process has ended itself, because another cluster had the name, may be listed for a while.
  const [largest, ...others] = living.filter(({ uid }) => !options.ended.includes(uid))
  const places = providers.map(({ name: provider, region }) => `${provider} ${region}`).join(", ")
  if (largest === undefined) {
    const empty =
      mode === "create"
        ? await connectToLeftovers(name, spec, providers, abandoned, options)
        : await surveyLeftovers(name, spec.owner, providers, options)
    const isUncertain = empty !== undefined && !isCovered(empty.uid, empty.generation)
    const found = isUncertain ? { ...empty, isUncertain } : empty
    if (mode === "create" || found !== undefined || spec.describesWorkers) return { found, abandoned, quarantined }
    throw new MusterError(
      `attaching to "${name}" (owner "${spec.owner}"): nothing in ${places} carries its tags; check name, owner and region. A cluster without workers may leave nothing to be found by: to attach to it, give its spec (instanceType, startup, …) again`,
      { code: "NotFound" },
    )
  }
  if (mode === "create" && spec.existing === "refuse")
    throw livesAlready(name, largest, clock.now() + clockSkewMs(clock, providers))
  const duplicate = others.find((other) => other.instances.length > 0)
  if (duplicate !== undefined) {
    throw new OwnershipError(
      `connecting to "${name}": two clusters have this name in ${places} (uids ${largest.uid} and ${duplicate.uid}). If the processes that made them live, one of them ends by itself in some minutes; else end both: muster delete ${name}, or Cluster.sweep({ name: "${name}" })`,
    )
  }
  return { found: largest, abandoned, quarantined }
}

/**
 * An owner may have died before its first instance was listed, or after its last one. Its set-up may still tell the uid, and the
 * process that connects goes on under this uid. So that set-up is removed when this cluster closes, and an instance that lists show
 * late is recognized as this cluster's. Because nothing is alive, the lifetime begins anew. A uid that a journal of this machine has
 * told of is cared for already.
 */
async function connectToLeftovers(
  name: string,
  spec: ResolvedSpec,
  providers: readonly Provider[],
  abandoned: readonly string[],
  options: OpenOptions,
): Promise<Found | undefined> {
  if (spec.existing !== "connect") return undefined
  try {
    const left = await surveyLeftovers(name, spec.owner, providers, options)
    if (left === undefined || [...abandoned, ...options.ended].includes(left.uid)) return undefined
    // The process that has just taken the name lives, and has its own deadline.
    return options.ended.length > 0 ? left : { ...left, deadline: deadlineOf(spec, options.clock, providers) }
  } catch (error) {
    // Who may only list, create and delete instances may do that.
    if (error instanceof AuthError) return undefined
    throw error
  }
}

/** More is there of it than set-up. */
export function isAlive({ instances, unlisted, open }: Found): boolean {
  return instances.length + unlisted.length + open.length > 0
}

interface Surveyed extends Pick<Existing, "abandoned" | "quarantined"> {
  readonly all: readonly Found[]
  /** Whether a journal of this machine tells of all launch calls of a uid up to this generation. */
  readonly isCovered: (uid: string, generation: number) => boolean
}

/** What lives under the name in tags and journals, the largest cluster first; and the uids of what does not. */
export async function surveyAll(
  name: string,
  spec: ResolvedSpec,
  providers: readonly Provider[],
  options: Pick<OpenOptions, "clock" | "journal" | "mode" | "signal" | "emit" | "unlistable">,
): Promise<Surveyed> {
  const { clock, journal, mode } = options
  const quarantined: Quarantined[] = []
  const note = (what: Quarantined) => void quarantined.push(what)
  const histories = journal === false ? [] : await readJournals(journal, name, spec.owner, clock, note)
  const isNew = mode === "create" && spec.existing === "refuse"
  const all = await survey({ name, owner: spec.owner, isNew }, providers, histories, options)
  return { all, abandoned: abandonedBy(histories, all), quarantined, isCovered: coverageOf(histories, quarantined) }
}

function livesAlready(name: string, { instances, unlisted, open }: Found, now: number): OwnershipError {
  const all = [...instances, ...unlisted]
  const oldest = Math.min(...all.map(({ instance }) => instance.launchedAt))
  const size =
    all.length > 0
      ? `${all.length} instances, the oldest ${Math.round((now - oldest) / 1000)} s old`
      : `${open.length} launch calls of a process that ended may still make instances`
  return new OwnershipError(
    `making cluster "${name}": one of this name lives already (${size}); use existing: "connect" to take it over, Cluster.attach to look at it, or another name`,
  )
}

/** The deadline in seconds since 1970 by the clock of its readers, as in the tags. */
export function deadlineOf({ maxLifetimeMs }: ResolvedSpec, clock: Clock, providers: readonly Provider[]): string {
  return String(Math.floor((clock.now() + clockSkewMs(clock, providers) + maxLifetimeMs) / 1000))
}
