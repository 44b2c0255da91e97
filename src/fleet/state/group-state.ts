/** Group state: what is known of one group beside its workers. */
import type { ResolvedGroup } from "../../spec/resolved.js"
import type { AdaptState } from "../../demand/types.js"
import type { Failure, Offer, Scope } from "../../provider.js"
import type { Backoffs } from "./backoff.js"
import type { Unavailable } from "../unavailable.js"
import type { Known } from "./catalogue.js"

/** What is known of one group beside its workers. */
export interface GroupState {
  readonly group: ResolvedGroup
  desired: number
  /** What is sold that fits; undefined until asked. */
  offers: readonly Offer[] | undefined
  /** When the cloud said so, in milliseconds since 1970. */
  offersAt: number
  /** What was refused, and when, since the group last had all its workers; by `scopeKey`. */
  readonly refusals: Map<string, Refusal>
  /** The backoffs of its requests since the last `scale`. */
  backoffs: Backoffs
  /** Refusals for want of capacity or quota, since an instance was made. */
  short: Row
  /** Instances that were made and failed for want of capacity or quota, since one ran. */
  failed: FailedViews
  /** What it waits for before its launches, in the words of the last request that did not succeed. */
  preparing: string | undefined
  /** Resources that its launches name and the cloud does not find, and since when; by place and code. */
  readonly missing: Map<string, Missing>
  /** What each provider that was asked sells that fits, by `placeKey`. */
  readonly answers: Map<string, Known>
  /** Providers that cannot be used for it now, by `placeKey`. */
  readonly outages: Map<string, Outage>
  /** Why nothing more is launched for it until the next `scale`. */
  problem: Error | undefined
  /** Why its target was lowered after others ended workers, until the next target. */
  loweredReason: string | undefined
  /** What failed since the last `scale`, latest last. */
  failures: Failure[]
  /** Boots failed so often in a row that no more are tried until the next `scale`. */
  breaker: Failure | undefined
  /** What it leaves alone for a while, because boots there failed their check far more often than elsewhere. */
  resting: readonly Unavailable[]
  /** Most of its workers are unhealthy at once, in words: then none is ended for that. */
  commonFailure?: string | undefined
  /** When a pass has looked last for workers that are not ready in time, in milliseconds since 1970. */
  judgedAt?: number
  /** Most were unhealthy at once: until then the others have time to recover as well. */
  recoversUntil?: number
  /** Workers whose work has ended for good since the last target, and by which that fell. */
  finished: Finished
  /** It was told since the last target how to keep a worker whose startup failed. */
  isAdvised: boolean
  /** When the last `scale` named it, in milliseconds since 1970. */
  askedAt: number
  /** How long workers that are too many may go on, in milliseconds, where the last target said so; else as the group does. */
  drainMs?: number | undefined
  /** When its whole target ran last, in milliseconds since 1970; NEVER: not since the last `scale`. */
  metAt: number
  /** What `plan` has to say of it beside what the cloud says. */
  readonly notes: string[]
  /** What the last plan left out because it would cost too much, or be too many. */
  cut: Failure | undefined
  /** Its target follows a demand; absent: it stands. */
  adapting?: Following | undefined
}

/** What has a group's target follow a demand. */
export interface Following {
  readonly state: AdaptState
  /** The fewest workers that it leaves. */
  readonly minimum: number
  /** @param why is told. */
  end(why: string): void
}

/** How many workers have finished. A work whose outcome is unknown counts as failed. */
export interface Finished {
  readonly succeeded: number
  readonly failed: number
}

export const NONE_FINISHED: Finished = { succeeded: 0, failed: 0 }

/** What happened again and again. */
export interface Row {
  /** How often in a row; what was asked for together counts once. */
  readonly rounds: number
  /** When it happened last, in milliseconds since 1970. */
  readonly at: number
}

export const NO_ROW: Row = { rounds: 0, at: 0 }

/** Instances that were made, and failed for a reason that another place may not have. */
export interface FailedViews extends Row {
  /** How often in a row those of a scope did, by `scopeKey`. */
  readonly scopes: ReadonlyMap<string, number>
}

export const NO_FAILED_VIEWS: FailedViews = { ...NO_ROW, scopes: new Map() }

/** Something that launches name and that the cloud does not find. */
export interface Missing {
  /** When that was answered first, in milliseconds since 1970. */
  readonly since: number
  /** How often it was prepared anew for that. */
  readonly prepared: number
}

/** No moment. */
export const NEVER = Number.NEGATIVE_INFINITY

/** Its whole target has run since it was asked for. */
export function isMet({ metAt, askedAt }: GroupState): boolean {
  return metAt >= askedAt
}

export interface Outage {
  readonly error: Error
  /** When it will be tried again, in milliseconds since 1970; Infinity: with the next `scale`. */
  readonly until: number
  /** Since when it has failed again and again, in milliseconds since 1970, and how often. */
  readonly since: number
  readonly tries: number
}

/** Something that was refused, and when (milliseconds since 1970). */
export interface Refusal {
  readonly scope: Scope
  readonly at: number
  /** How often since the group last had all its workers. */
  readonly times?: number
}
