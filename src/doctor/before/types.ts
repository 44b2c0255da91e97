/** What a live doctor is asked, and what it answers: types. */
import type { Market } from "../../provider.js"
import type { DoctorOptions, DoctorReport } from "../report.js"
import type { WalkOutcome } from "../live/outcome.js"

export interface LiveOptions extends Pick<DoctorOptions, "timeoutMs" | "journal" | "clock" | "signal" | "env"> {
  /** Is shown what would be made and what it costs; nothing is made unless it returns `true`. */
  readonly confirm: (plan: LivePlan) => boolean | Promise<boolean>
  /** The most that may be spent, in USD: 0.20 by default. Nothing is made where the plan could cost more. */
  readonly budgetUsd?: number
  /** The type of its machines; the cheapest that the place sells by default. */
  readonly instanceType?: string | readonly string[]
  /** Hears what was found without making anything, before `confirm`. */
  readonly onDoctor?: (report: DoctorReport) => void
  /** Hears lines of progress. */
  readonly say?: (line: string) => void
}

/** What a walk would make. */
export interface LivePlan {
  readonly provider: string
  readonly region: string
  /** The name of the cluster that everything belongs to. */
  readonly cluster: string
  readonly owner: string
  readonly instanceType: string
  /** The cheapest that is known. USD an hour of one machine, with what it needs beside. */
  readonly usdPerHour: number
  readonly priceSource?: string
  /** On which it is sold here. */
  readonly markets: readonly Market[]
  /** In all, and at once. */
  readonly machines: number
  readonly atOnce: number
  /** The walk's own time at most, in minutes. */
  readonly minutes: number
  /** USD: as it is likely, at most, and what is allowed. */
  readonly usd: { readonly likely: number; readonly most: number; readonly budget: number }
  /** Of every machine; their values that differ are left out. */
  readonly tags: Readonly<Record<string, string>>
  /** How many assumptions are tried. */
  readonly assumptions: number
  /** Rights to end machines of which it cannot be known whether they are there. */
  readonly unknownRights: readonly string[]
  /** No guest can end its machine here: only Muster does. */
  readonly outlivesDeadline?: true
  /** What ends and removes everything, from any machine, should this one die. */
  readonly sweep: string
}

export interface LiveReport {
  /**
   * `ok`: all assumptions are confirmed. `warn`: some were not seen, for lack of chance. `fail`: something is refuted, was refused, or
   * is left.
   */
  readonly status: "ok" | "warn" | "fail"
  /** What was found without making anything. */
  readonly doctor: DoctorReport
  /** Left out: it did not come so far. */
  readonly plan?: LivePlan
  /** Why nothing was made; left out: there was a walk. */
  readonly refused?: string
  readonly walk?: WalkOutcome
}
