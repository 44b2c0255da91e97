/** What the fuzz of answers needs of a cloud: its double on a port, and all the ways in which it can be made to answer. */
import type { VirtualClock } from "../../../src/calls/clock.js"
import type { Provider, Scope } from "../../../src/provider.js"
import type { World } from "../../../src/simulator/index.js"

/**
 * Where a code stands: the whole answer of a request, one pool of a fleet's answer, an operation that ended badly, one insert
 * operation of a bulk request's group, or the view of an instance that was made and failed.
 */
export type Place = "whole" | "pool" | "operation" | "insert-operation" | "failed-view"

/**
 * What a refusal bars beside what was asked: all that shares these with it. A pool's bars its type in its zone on its market, and
 * one of a whole region shares nothing.
 */
export type Shared = "type" | "zone" | "market"

/** What refusals of each width share with what was asked; the types that are played are of one quota family. */
export const SHARED = {
  pool: ["type", "zone", "market"],
  "type-in-zone": ["type", "zone"],
  type: ["type"],
  zone: ["zone"],
  market: ["market"],
  region: [],
} as const satisfies Readonly<Record<string, readonly Shared[]>>

/** One answer that the cloud can be made to give. */
export interface AnswerCase {
  /** The request that is answered so, by the name under which the adapter sends it. */
  readonly api: string
  readonly place: Place
  readonly code: string
  readonly message: string
  /** The HTTP status of a whole answer, where the code alone does not decide it. */
  readonly status?: number
  /** Whether a row of the adapter's table knows the code. */
  readonly isKnown: boolean
  /**
   * What the cloud documents of it. `refused`: nothing was done, about this offer. `hopeless`: no offer can be better.
   * `passing`: nothing was done, and the same may go well soon. `unknown`: it may have been done. `throttled`: too many requests.
   */
  readonly meaning: "refused" | "hopeless" | "passing" | "unknown" | "throttled"
  /** Of a refusal; left out: that of a pool. */
  readonly shared?: readonly Shared[]
}

/** Whom the answer meets, and until when. */
export interface Aim {
  /** Only requests for offers in this scope (instanceType, zone, market); `{}`: all. */
  readonly scope: Scope
  /** From `fromMs` to `untilMs` of virtual time; Infinity: for ever. */
  readonly fromMs: number
  readonly untilMs: number
  /** At most so many answers; Infinity: all. */
  readonly times: number
}

/** A cloud's double, open on a port, and a provider that talks to it through the real SDK. */
export interface Stand {
  readonly clock: VirtualClock
  readonly world: World
  readonly provider: Provider
  /** What a group asks for: two types at least, so that there is another place in each zone. */
  readonly instanceTypes: readonly [string, string]
  readonly zones: readonly string[]
  /** From now on the cloud answers so. */
  answer(answer: AnswerCase, aim: Aim): void
  /** How many requests have arrived, by api. */
  requests(): ReadonlyMap<string, number>
  close(): Promise<void>
}

export interface AnswerSubject {
  readonly cloud: "aws" | "gcp" | "azure"
  /** Every request that a cluster's life sends, with codes of the table and codes that nobody knows, wherever they can stand. */
  readonly cases: readonly AnswerCase[]
  open(seed: number): Promise<Stand>
}
