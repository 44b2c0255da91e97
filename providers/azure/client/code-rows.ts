/** What a row of the table of error codes says, and for how long an answer counts. */
import type { CommonVerdict, ErrorRow } from "../../../src/tables/error-rows.js"
import type { ScopeKind } from "./scopes.js"

/**
 * `missing`: something that the request names is not there. `conflict`: something with this name exists or is being changed.
 * `fenced`: the group is being deleted. `boot`: the guest did not come up; never the answer to a request.
 */
export type Verdict = CommonVerdict | "missing" | "conflict" | "fenced" | "boot"

export interface CodeRow extends ErrorRow {
  readonly verdict: Verdict
  readonly scope?: ScopeKind
  readonly ttlMs?: number
  /** Where it is another one on the spot market. */
  readonly spotTtlMs?: number
  /** What the user can do. */
  readonly remedy?: string
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

/** Karpenter forgets a failed allocation after an hour. */
export const COLD_MS = HOUR_MS

/** What is refused in words that say nothing about how long. */
export const REFUSED_MS = MINUTE_MS
