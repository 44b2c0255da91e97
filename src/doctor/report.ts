/** What doctor is asked, and what it answers: types. */
import type { Clock } from "../calls/clock.js"
import type { FindingStatus, JsonObject } from "../provider.js"
import type { Common, Groups, Machine, Place } from "../spec/types.js"

/** What to look at: a place, and what would run there. Without workers a small one is looked for. */
export type DoctorSpec = Place & Machine & Groups & Omit<Common, "existing">

export interface DoctorOptions {
  /** How many workers of each group a burst would have: quotas are compared with it. 1 by default. */
  readonly workers?: number | Readonly<Record<string, number>>
  /** How long one look may take, in milliseconds: 30,000 by default. */
  readonly timeoutMs?: number
  /** The directory of the launch journal, by default in the user's state directory; `false`: none is kept. */
  readonly journal?: string | false
  /** The machine's own by default. */
  readonly clock?: Clock
  /** Ends what is under way. */
  readonly signal?: AbortSignal
  /** The variables of this process by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** One thing that was looked at. */
export interface DoctorLine {
  readonly status: FindingStatus
  /** What it is about, in one word: "rights", "quota", "state". */
  readonly check: string
  /** Where: "aws eu-west-2". Left out: this machine. */
  readonly place?: string
  readonly text: string
  readonly remedy?: string
  readonly data?: JsonObject
}

export interface DoctorReport {
  /** The worst of the lines. */
  readonly status: FindingStatus
  /** When it was begun, in milliseconds since 1970. */
  readonly at: number
  readonly lines: readonly DoctorLine[]
  /** How many requests each place was sent. */
  readonly requests: Readonly<Record<string, number>>
}
