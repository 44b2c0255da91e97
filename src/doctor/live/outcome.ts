/** What a walk comes to: types. */
import type {
  Assumption,
  Exchange,
  GroupRequest,
  JsonObject,
  Market,
  Offer,
  Owner,
  WalkWorker,
} from "../../provider.js"
import type { Observation, Verdict } from "../../live/verdicts.js"

export interface Found extends Assumption {
  readonly verdict: Verdict
  readonly observations: readonly Observation[]
}

export interface WalkOutcome {
  readonly provider: string
  readonly region: string
  /** When the walk began, in milliseconds since 1970. */
  readonly at: number
  /** How long it took, in milliseconds. */
  readonly ms: number
  readonly cluster: string
  readonly owner: Pick<Owner, "cluster" | "uid" | "owner">
  /** The provider's options that are plain data. */
  readonly options: JsonObject
  readonly group: GroupRequest
  /** How far lists were apart, in milliseconds. */
  readonly everyMs: number
  /** What its machines were chosen from, the best first. */
  readonly offers: readonly Offer[]
  readonly instanceType: string
  readonly markets: readonly Market[]
  readonly assumptions: readonly Found[]
  readonly workers: readonly WalkWorker[]
  readonly exchanges: readonly Exchange[]
  /** USD: what was thought before, and what the machines that ran came to by their prices. */
  readonly usd: { readonly estimate: number; readonly spent: number }
  /** What was not carried out, and why; each a sentence. */
  readonly problems: readonly string[]
  /** Why it was ended before its end: it is one of the problems. Left out: it was not. */
  readonly stopped?: string
  /** What was carried out otherwise than planned, and why; each a sentence. */
  readonly notes: readonly string[]
  /** What is still there: each names the thing. Empty: all is gone. */
  readonly left: readonly string[]
}
