/** What a row of the table of error codes says, and for how long an answer counts. */
import type { ErrorRow } from "../../../src/tables/error-rows.js"
import type { ScopeKind } from "../../../src/tables/scopes.js"

/**
 * `unknown`: it may have been done, when it is the answer to a whole request; inside an answer it is `passing`. `passing`: EC2
 * could not do it just now. `refused`: about the offer that was asked. `missing`: something that the request names is not known.
 * `rejected`: no offer can be better.
 */
export type Verdict =
  | "throttled"
  | "unknown"
  | "passing"
  | "capacity"
  | "quota"
  | "refused"
  | "missing"
  | "rejected"
  | "auth"

/** What a row that says `missing` is about: Muster's own template, a security group, the user's instance profile. */
export type Missing = "template" | "group" | "profile"

export interface CodeRow extends ErrorRow {
  readonly verdict: Verdict
  readonly scope?: ScopeKind
  readonly ttlMs?: number
  readonly missing?: Missing
  /** The keys that signed the request were not accepted: other ones may be. */
  readonly isAboutKeys?: true
  /** What the user can do; `{token}` and `{region}` are filled in. */
  readonly remedy?: string
}

/** Karpenter forgets a cold pool after three minutes, and by AWS's documentation capacity shifts within minutes. */
export const COLD_MS = 3 * 60_000

/** A refusal whose message names no other offers; the core lets the time grow while the message stays the same. */
export const REFUSED_MS = 60_000

/** What passes; the core lets it grow while nothing comes of it. */
export const PASSING_MS = 2_000
