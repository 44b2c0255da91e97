/** Worker record: what is known of one worker. */
import type { Action, Failure, Instance, Provider } from "../../provider.js"
import type { WorkerState } from "../lifecycle.js"
import type { PriceOrigin } from "../../money/cost.js"
import type { Boot } from "../../ready/boot.js"
import type { CheckWords } from "../../ready/report.js"

/** A worker as the core keeps it. */
export interface WorkerRecord {
  readonly provider: Provider
  readonly group: string
  instance: Instance
  state: WorkerState
  /** When the state was entered, in milliseconds since 1970. */
  since: number
  /** Whether a list has ever shown it: until then its absence proves nothing. */
  listed: boolean
  /** When this process first observed it, which is not before its launch. */
  readonly knownSince: number
  /** When it began to boot, in milliseconds since 1970, plus the time without observations. */
  bootsFrom: number
  pricePerHour?: number
  /** Where its price is from. */
  priceFrom?: PriceOrigin
  /** When it was last seen not to run yet, in milliseconds since 1970. */
  pendingAt?: number
  /** When it began to run, as far as observations tell, in milliseconds since 1970; absent before. */
  ranFrom?: number
  /** How its boot went; absent where it was over when this process saw it first. */
  boot?: Boot
  /** When it can have begun to run at the earliest, in milliseconds since 1970: its bill begins there. */
  billedFrom: number
  /** What it adds to the sums of those that it is among. */
  weight?: Weight
  failure?: Failure
  /** Its console was asked for after it failed. */
  consoleRequested?: boolean
  /** Its console had lines, which `failure` contains. */
  hasConsoleLines?: boolean
  /** It has ended by itself, or says that it will, and it is not known yet how its work ended: until then it counts. */
  held?: Held | undefined
  /** How its work ended. */
  end?: WorkEnd
  /** It has the files and secrets that its guest waits for; known to the process that brings them. */
  hasAll?: true
  /** It has tasks of this process: of those that are too many it is among the last to go. */
  isBusy?: true
  /** How it is by its checks; absent where its group has none, and until something is known. */
  readiness?: Readiness
  /** How the head of its engine has seen it; absent where it has not yet. */
  member?: Membership
  /** Why it was ended, or is kept, as one that is not ready. */
  failedCheck?: FailedCheck
  /** It has failed its check, and is kept for looking at: it is not ended before the cluster scales to zero. */
  isKept?: true
  /** When the notice in force takes it away. */
  interruptedAt?: number
  /** It is to go by our choice, and may go on until then (milliseconds since 1970): its termination is sent then. */
  drainsUntil?: number
  /** `sent`: a termination is on the wire. `accepted`: the cloud has taken it. */
  termination?: "sent" | "accepted"
  /** When its last termination was sent, or it was chosen to go, in milliseconds since 1970. */
  terminatedAt?: number
  /** Others ended it on purpose, and the target was lowered for it: once, though it is observed both terminating and terminated. */
  hasLoweredTarget?: true
  /** Why its last termination was not accepted, in the cloud's words. */
  refusal?: string | undefined
  /** How often in a row the cloud has refused it by its own id, or one that was asked for in its place. */
  refusedTimes?: number
}

/** A worker as its engine's head sees it. */
export interface Membership {
  readonly isIdle: boolean
  readonly heldBytes: number
  /** Since when it is missing there, in milliseconds since 1970; absent: it is there. */
  readonly absentSince?: number
  /** Its head was lost, and the one that takes its place has not told of it yet. */
  readonly rejoins?: true
}

/** How a worker is by its checks. */
export interface Readiness {
  readonly isReady: boolean
  /** Its own checks have passed: of an engine's worker that is not enough. */
  readonly hasPassed?: true
  /** When it became ready first, in milliseconds since 1970. */
  readonly readyAt?: number
  /** The step that goes on there. */
  readonly step?: string
  /** It was made without checks: it is ready when it runs. */
  readonly isUnchecked?: true
  /** When its guest was heard last, in milliseconds since 1970; absent: never. */
  readonly heardAt?: number
  /** Why its guest could not be heard, in words, and when that was tried last. */
  readonly problem?: string
  readonly triedAt?: number
  /** What has failed for good: it did not become ready, or it is unhealthy, or was restarted. */
  readonly failed?: "ready" | "health" | "restart"
  readonly failedAt?: number
  /** Of the check that failed last. */
  readonly words?: CheckWords
}

/** What was wrong with a worker that was ended, or kept, as one that is not ready. */
export interface FailedCheck {
  /**
   * `ready`: it did not become ready in time. `health`: it was ready, and unhealthy then. `restart`: it was restarted, and its startup does
   * not run again. `unheard`: nothing was heard of it in its time.
   */
  readonly what: "ready" | "health" | "restart" | "unheard"
  /** The check that failed last, as people name it: `tcp 8786`; absent where it has said nothing. */
  readonly check?: string
  readonly exitCode?: number
}

/** A worker whose end is to be read. */
export interface Held {
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** The target counted it until then. */
  readonly wasCounted: boolean
  /** Its console is being read. */
  isRead: boolean
}

/** `unknown`: neither console nor tag tells how its work ended, which is never taken for success. */
export type WorkOutcome = "success" | "failure" | "unknown"

/** How the work of a worker ended, and what follows. */
export interface WorkEnd {
  readonly outcome: WorkOutcome
  /** The step whose end it was, its exit code, and the last lines of its output; absent where the outcome is unknown. */
  readonly step?: string
  readonly exitCode?: number
  readonly tail?: string
  readonly action: Exclude<Action, "keep">
}

/** What a worker adds to the sums of those that it is among: its zone where it counts, its price where it may cost money. */
export interface Weight {
  readonly zone: string | undefined
  readonly price: number | "unknown" | undefined
}
