/** The arguments of a cluster's verbs as a user writes them. The interfaces hold the fields; the types also say where. */
import type { SweepEvent } from "./removals.js"

import type { Clock } from "../calls/clock.js"

import type { ClusterFields, Common, Duration, Groups, Machine, Place } from "../spec/types.js"

/** For tests, and for those who must. */
export interface ClusterOptions {
  /** The machine's own by default. */
  readonly clock?: Clock
  /** Fixes the cluster's random choices. */
  readonly seed?: number
  /** The directory of the launch journal, by default in the user's state directory; `false`: none is kept. */
  readonly journal?: string | false
}

/** So many of the only group, or so many of each of those that are named; the others stay as they are. */
export type ScaleTarget<Names extends string = string> = number | { readonly [N in Names]?: number }

export interface ScaleOptions {
  /** The fewest workers that are not a failure, of those that each group wants: the whole target of every group by default. */
  readonly minimum?: number
  readonly timeout?: Duration
  readonly timeoutMs?: number
  /** What `desired` becomes when fewer run in the end: what runs (`keep`), or nothing (`close`). Else it stays. */
  readonly ifShort?: "keep" | "close"
  /** How long workers that are too many may go on, also at zero; by default as their groups' `drain` says, and not at all at zero. */
  readonly drain?: Duration
  readonly signal?: AbortSignal
}

/** What is said of attaching alone. */
export interface AttachFields {
  /**
   * When this process becomes the one that launches and replaces, and a process that held the cluster stops with an
   * OwnershipError. Left out: with the first `scale` or `close`; until then it only watches. `true`: at once. `false`: never,
   * `scale` and `close` are refused.
   */
  readonly takeOver?: boolean
  /**
   * `true`, with `takeOver: false`: one list of instances is all that is read, no prices and no specs. Enough to work with the workers
   * (`exec`, `worker`, `openAccess`); `cost` and `plan` then know nothing.
   */
  readonly quick?: boolean
}

/** What `Cluster.attach` needs: where to look, and optionally what its workers are, to launch more of them. */
export type AttachSpec = AttachFields &
  Place &
  Machine &
  Groups &
  Omit<Common, "name" | "existing" | "maxLifetime" | "maxLifetimeMs">

/** What is said of a look at a place. */
export interface ListFields {
  /** Only this owner's clusters; everybody's when left out. */
  readonly owner?: string
  /** How long a cloud may take to answer: 10 minutes by default. */
  readonly timeout?: Duration
  readonly timeoutMs?: number
}

/** What `Cluster.list` needs. */
export type ListSpec = ListFields & Place

/** What is said of what may go. */
export interface SweepFields extends ListFields {
  /** The same as `region`, for several. */
  readonly regions?: readonly string[]
  /** Whose things may go: "default" when left out, as for a cluster. */
  readonly owner?: string
  /** All of this cluster, whichever process holds it. */
  readonly name?: string
  /** Also instances that were launched longer ago than this, of whatever cluster: "6h". Not what is younger than a minute. */
  readonly olderThan?: Duration
  readonly olderThanMs?: number
  /** Also set-up that clusters share (a security group), where nothing of Muster's lives in the region; false by default. */
  readonly shared?: boolean
  /** Removes nothing: what it would remove is returned. */
  readonly dryRun?: boolean
  /**
   * With `name`: waits for nothing that no list shows yet. A launch call that may still make instances is a row of kind "launch";
   * else it is waited for, to the end of the cloud's window, and what it makes is ended.
   */
  readonly now?: boolean
  /** How long to wait until the cloud confirms that instances are gone, and nothing more can come: 15 minutes by default. */
  readonly timeout?: Duration
  readonly timeoutMs?: number
  /** Hears what it waits for, and what it could not read. */
  readonly onEvent?: (event: SweepEvent) => void
}

/** What `Cluster.sweep` needs. */
export type SweepSpec = SweepFields & (Place | SeveralPlaces)

interface SeveralPlaces extends Pick<ClusterFields, "provider"> {
  readonly regions: readonly string[]
  readonly region?: never
}

export interface CloseOptions {
  readonly timeout?: Duration
  readonly timeoutMs?: number
  /** How long running workers may go on before they end: "0s" by default. The time to close begins after it. */
  readonly drain?: Duration
}

export interface FinishedOptions {
  /** How long to wait; until the cluster's deadline when left out. */
  readonly timeout?: Duration
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface DetachOptions {
  readonly timeout?: Duration
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}
