/** What a sweep or an audit finds. */
import type { InstanceState } from "../provider.js"

/** One thing that exists. */
export interface Remain {
  /** "instance", or what the cloud calls it: "volume", "resource-group", … */
  readonly kind: string
  readonly id: string
  /** "aws eu-west-2", … */
  readonly place: string
  /** Empty for set-up that clusters share. */
  readonly cluster: string
  readonly owner: string
  readonly uid: string
  /** Of an instance. */
  readonly state?: InstanceState
  /** Where a person can look at it. */
  readonly consoleUrl?: string
}

/** One thing that was removed, would be, or could not be. */
export interface SweepRow extends Remain {
  readonly why: Why
  readonly removed: boolean
  /** Left out when it was removed, or would be. */
  readonly hindrance?: Hindrance
  /** The same in words. */
  readonly problem?: string
}

/** What happens in a sweep that takes its time. */
export type SweepEvent =
  /** Nothing is left that could be seen, and until this moment (milliseconds since 1970) more may come. */
  | {
      readonly type: "waiting"
      readonly place: string
      readonly cluster: string
      readonly until: number
      readonly message: string
    }
  /** A process of this machine that lives may hold the cluster, and launch anew what is ended. */
  | { readonly type: "held"; readonly pid: number; readonly cluster: string; readonly message: string }
  /** Something that could not be read or removed, and stops nothing. */
  | { readonly type: "problem"; readonly error: string; readonly message: string }

/** Whose things may go, and which of them. */
export interface Criteria {
  readonly owner: string
  readonly name: string | undefined
  readonly olderThanMs: number | undefined
  readonly shared: boolean
}

/**
 * What kept a thing from being removed. `refused`: it could not be told to go. `unconfirmed`: it was told, and had not gone when
 * the time to wait was over. `relaunched`: a process that lives launched it meanwhile. `coming`: no instance yet, but a launch
 * call that may still make some. `unanswered`: its place could not be looked at, or not to the end.
 */
export type Hindrance = "refused" | "unconfirmed" | "relaunched" | "coming" | "unanswered"

/**
 * `expired`: its cluster's deadline has passed. `lease over`: no process renewed its lease, and it did not end itself. `older`: it
 * was launched longer ago than the caller asked for. `named`: the caller named its cluster. `orphaned`: nothing of its cluster
 * lives any more. `shared`: it is set-up of the region, which the caller asked for. `unanswered`: its place could not be looked at.
 */
export type Why = "expired" | "lease over" | "older" | "named" | "orphaned" | "shared" | "unanswered"
