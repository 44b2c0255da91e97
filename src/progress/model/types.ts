/** What progress is made of: types only. */
import type { Cluster } from "../../cluster.js"
import type { ClusterEvent, HeadState } from "../../events.js"
import type { Finished } from "../../fleet/state/group-state.js"
import type { TroubleKind } from "./kinds.js"

/** What `showProgress` uses of a cluster. */
export type Watched = Pick<Cluster, "name" | "events" | "explain" | "cost" | "workers"> & {
  on(type: "*", listener: (event: ClusterEvent) => void): () => void
}

/**
 * `opening`: nothing was asked for yet. `scaling`: fewer run than are asked for, or more, or not all are ready. `running`: all run. `stopped`: some are
 * missing, and nothing more is launched until the next `scale`. `ending`: none is asked for, and some are still there. `empty`: none
 * is asked for, and none is there. `closed`.
 */
export type Phase = "opening" | "scaling" | "running" | "stopped" | "ending" | "empty" | "closed"

/** Trouble of one kind with one code. */
export interface Trouble {
  readonly kind: TroubleKind
  /** The cloud's code, or the error's class. */
  readonly code: string
  /** How many instances, requests or events it has met since the progress is shown. */
  readonly count: number
  /** The latest words, at most 1,000 characters of them. */
  readonly message: string
  /** What the latest was about: "eu-west-1a c7g.large spot". */
  readonly scope: string
  /** When it is tried again, in milliseconds since 1970, where that is known and to come. */
  readonly nextTryAt?: number
  /** When it was met last, in milliseconds since 1970. */
  readonly lastAt: number
}

/** How long until all run. */
export interface Eta {
  readonly ms: number
  /** It may take longer: how long a boot takes is not known yet, or something must be tried again first. */
  readonly isLeast: boolean
}

/** The work that the workers do, where the caller counts it. */
export interface Work {
  /** One of them, in a word: "tile". */
  readonly noun: string
  readonly done: number
  readonly total: number
  /** The latest of them, in a few words. */
  readonly latest?: string
}

/** How far the tasks of the cluster have come: those of all `map`s that go on. */
export interface Tasks {
  /** How many there are, once that is known; until then `read` of them are. */
  readonly total?: number
  readonly read: number
  readonly running: number
  /** `resumed` included: an earlier run has done them. */
  readonly done: number
  readonly failed: number
  readonly resumed: number
  /** Tries that ended with their worker, and were begun again elsewhere. */
  readonly lost: number
  /** At the pace of the latest that ended, and for how long the others take at that, in milliseconds. */
  readonly perSecond?: number
  readonly leftMs?: number
}

/** What is shown, whatever it is shown as. `running + booting + requested + missing` is `desired + surplus`. */
export interface ProgressView {
  readonly cluster: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** Since the progress is shown, in milliseconds. */
  readonly elapsedMs: number
  readonly phase: Phase
  /** Providers, regions, types and markets that were launched in, latest first. */
  readonly places: readonly string[]
  readonly desired: number
  readonly running: number
  /** Of those that run: all, where nothing says when they are. */
  readonly ready: number
  /** Launched, not running yet. */
  readonly booting: number
  /** May still come of launch calls. */
  readonly requested: number
  readonly missing: number
  /** More than are asked for: they are about to go. */
  readonly surplus: number
  /** Whose work has ended since the last target, by which `desired` fell. */
  readonly finished: Finished
  /** Under notice: they run, and no longer count. */
  readonly interrupted: number
  /** On their way out, failed ones included. */
  readonly ending: number
  /** Gone since the progress is shown. */
  readonly gone: number
  readonly groups: readonly { readonly group: string; readonly desired: number; readonly running: number }[]
  /** USD per hour of all that may run, and USD until now: an estimate. */
  readonly pricePerHour: number
  readonly spent: number
  /** How many instances that may run the price an hour leaves out, because theirs is not known. */
  readonly unpriced: number
  /** `spent` leaves instances out whose price is not known, of which some may be gone. */
  readonly isPartial: boolean
  /** The one that boots for longest, and for how long. */
  readonly oldest?: { readonly name: string; readonly ms: number }
  /** The worker that boots for longest, as of the last look: for how long, and in what. */
  readonly slowestBoot?: string
  /** The median of the boots that were seen, in milliseconds. */
  readonly typicalBootMs?: number
  readonly eta?: Eta
  /** How long ago the cluster was looked at, in milliseconds; left out before the first look. */
  readonly ageMs?: number
  /** By kind, the ones that need a person first. */
  readonly troubles: readonly Trouble[]
  /** Why nothing more is launched until the next `scale`. */
  readonly stopped?: string
  /** The latest note. */
  readonly note?: string
  readonly work?: Work
  readonly tasks?: Tasks
  /** How it stands with an engine's head, which is in none of the counts. */
  readonly head?: HeadState
}
