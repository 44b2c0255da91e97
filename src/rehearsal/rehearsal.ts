/** A rehearsal, as it is told. */
import type { Shortfall } from "../errors.js"
import type { Mark, Sample } from "./timeline.js"
import type { CallCount } from "../simulator/requests/tally.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"

/** What came of it. Times are virtual. */
export interface Rehearsal {
  /** The scenario's name, or "custom". */
  readonly scenario: string
  readonly story: string
  readonly seed: number
  readonly desired: number
  /** Until all of them ran for the first time, in milliseconds; absent when they never did. */
  readonly reachedMs?: number
  /** How many ran when the cluster was closed. */
  readonly running: number
  /** What was missing when `scale` returned or gave up, and why. */
  readonly shortfall: Shortfall
  readonly timeline: readonly Sample[]
  readonly marks: readonly Mark[]
  /** Requests by api, of all regions. */
  readonly calls: readonly CallCount[]
  /** USD: what the cluster's receipt says, absent when no price is known, and what the cloud itself would have charged. */
  readonly cost: { readonly estimated?: number; readonly charged: number }
  readonly receipt: Receipt
  /** What is not as it would be, and what to expect of it, in sentences. */
  readonly notes: readonly string[]
  /** A picture of the timeline: an SVG document. */
  readonly svg: string
  /** The same in a table for a terminal. */
  readonly report: string
}
