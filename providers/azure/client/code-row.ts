/** A row of the table of error codes. */
/**
 * `refused`: this offer, and others may not be. `rejected`, `auth`: every offer. `missing`: something that the request names
 * is not there. `conflict`: something with this name exists or is being changed. `fenced`: the group is being deleted.
 * `boot`: the guest did not come up; never the answer to a request.
 */
export type Verdict =
  | "throttled"
  | "transient"
  | "capacity"
  | "quota"
  | "refused"
  | "rejected"
  | "auth"
  | "missing"
  | "conflict"
  | "fenced"
  | "boot"

/** What a refusal says about, widest last. `asked`: the size in the zone that was asked for, or the size where no zone was. */
export type ScopeKind = "pool" | "type-in-zone" | "asked" | "family" | "market" | "region"

export interface CodeRow {
  readonly codes: readonly string[]
  /** Only when the message says so too. */
  readonly message?: RegExp
  readonly status?: number
  readonly verdict: Verdict
  readonly scope?: ScopeKind
  readonly ttlMs?: number
  /** Where it is another one on the spot market. */
  readonly spotTtlMs?: number
  /** What the user can do. */
  readonly remedy?: string
}
