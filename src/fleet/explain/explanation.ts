/** Explanation: what a cluster says of how it stands. */
import type { AdaptState } from "../../demand/types.js"
import type { Failure, Scope } from "../../provider.js"
import type { FailureDetails } from "../unavailable.js"
import type { Finished } from "../state/group-state.js"
import type { Shortfall } from "../../errors.js"

/** Something that is waited for now. */
export interface Waiting {
  readonly what: string
  /** When it ends at the latest, as far as that is known, in milliseconds since 1970. */
  readonly until?: number
}

/** What may not be used now, in the words of who refused it. */
export interface Barred {
  readonly scope: Scope
  readonly reason: FailureDetails["reason"]
  readonly code: string
  readonly message: string
  readonly requestId?: string
  /** Milliseconds since 1970; left out: until the next `scale`. */
  readonly until?: number
}

/** What failed startups came to. */
export interface FailedStartups {
  readonly count: number
  /** The last one: the step that failed, its exit code, and the last lines of its output. */
  readonly step: string
  readonly exitCode: number
  readonly tail: string
  /** USD that their instances have cost, an estimate; left out where no price is known. */
  readonly cost?: number
}

export interface GroupExplanation {
  readonly group: string
  /** It has the one worker with an engine's scheduler, which targets leave out. */
  readonly isHead?: true
  readonly desired: number
  readonly running: number
  /** Of those that run: all, where nothing says when they are. */
  readonly ready: number
  /** Launched, not running yet. */
  readonly pending: number
  /** The worker that boots for longest, for how long, and what it is in, in words; left out where none boots. */
  readonly slowestBoot?: string
  /** May still come of launch calls. */
  readonly booked: number
  /** Under notice: they run, and no longer count. */
  readonly interrupted: number
  /** On their way out. */
  readonly terminating: number
  /** How it follows its demand; left out where its target stands. */
  readonly adapting?: AdaptState
  /** Workers that have finished since the last target, and by which it fell. */
  readonly finished: Finished
  /** Startups that failed on workers launched since the last target. */
  readonly failedStartups?: FailedStartups
  /** The names of workers that failed their check and are kept for looking at. */
  readonly kept: readonly string[]
  /** What is missing, with reasons that add up to it. */
  readonly shortfall: Shortfall
  readonly waiting: readonly Waiting[]
  /** When the last of the launch calls that wait for the account's limits may be sent, in milliseconds since 1970. */
  readonly sentBy?: number
  /** What failed since the last `scale`, latest first. */
  readonly failures: readonly Failure[]
  /** Providers that cannot be used for it now. */
  readonly outages: readonly Barred[]
  /** Zones, types and regions that rest, because boots there failed their check far more often than elsewhere. */
  readonly resting: readonly Barred[]
  /** Why nothing more is launched for it until the next `scale`. */
  readonly stopped?: string
  readonly next: Waiting
}

/** How an object ended that held or watched a cluster. */
export interface Ending {
  /** `closed`: nothing of the cluster is left. `let-go`: its workers go on. `taken-over`: another process has it. */
  readonly how: "closed" | "let-go" | "taken-over"
  readonly message: string
}

/** What `explain` returns; `String(explanation)` is a page of text. */
export interface Explanation {
  readonly cluster: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** None before it is known what lives under the name. */
  readonly groups: readonly GroupExplanation[]
  /** What it was answered last, in the cloud's words, while that is not known. */
  readonly opening?: string
  /** Left out while this object holds or watches the cluster. */
  readonly ended?: Ending
  /** What was refused to this account and is not asked for again until a moment; the process' clusters share it. */
  readonly unavailable: readonly Barred[]
  toString(): string
}
