/** World error: a refusal of the world, in no cloud's format. A wire or the direct provider turns it into its own. */
import type { Scope } from "../../provider.js"

/**
 * `lost`: the request was taken and no answer comes (a destroyed socket). `cut`: the answer breaks off half way.
 * `garbled`: the answer is not what the protocol allows. The others are refusals with an answer.
 */
export type WorldErrorKind =
  | "throttled"
  | "transient"
  | "capacity"
  | "quota"
  | "rejected"
  | "auth"
  | "lost"
  | "cut"
  | "garbled"

export interface WorldErrorWords {
  readonly code: string
  readonly message: string
  readonly retryAfterMs?: number
  /** The empty bucket, of a throttled request. */
  readonly bucket?: string
  /** What is short, of a capacity or quota refusal. */
  readonly scope?: Scope
  /** What the answer would have been, of a request that was done and whose answer is lost, cut or garbled. */
  readonly reply?: unknown
}

export class WorldError extends Error {
  readonly kind: WorldErrorKind
  readonly code: string
  readonly retryAfterMs?: number
  readonly bucket?: string
  readonly scope?: Scope
  readonly reply?: unknown

  constructor(kind: WorldErrorKind, details: WorldErrorWords) {
    super(details.message)
    this.name = "WorldError"
    this.kind = kind
    this.code = details.code
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.bucket !== undefined) this.bucket = details.bucket
    if (details.scope !== undefined) this.scope = details.scope
    if (details.reply !== undefined) this.reply = details.reply
  }
}
