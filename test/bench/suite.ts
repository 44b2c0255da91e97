/** A suite: a file in `suites/` that exports `suite`; its name on the command line is the file's. */
import type { Spread } from "./statistics.js"

export interface Row extends Spread {
  readonly name: string
  readonly unit: "ms" | "calls" | "MiB" | "ratio"
  /** What it is measured against, or why it was run less often than the others. */
  readonly note?: string
}

export interface SuiteOptions {
  /** How often each thing is measured, unless it says otherwise. */
  readonly runs: number
  /** Says what is being measured now. */
  readonly say: (text: string) => void
}

export interface Suite {
  readonly title: string
  /** The file of what it is measured against, for `--show-raw`. */
  readonly rawSource?: URL
  readonly measure: (options: SuiteOptions) => Promise<readonly Row[]>
}
