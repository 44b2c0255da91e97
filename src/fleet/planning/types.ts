import type { WorkerRecord } from "../roster/worker-record.js"
import type { Arch, Market, Offer } from "../../provider.js"

import type { Standing } from "./rank.js"
import type { ResolvedGroup } from "../../spec/resolved.js"

export interface GroupNow extends Standing {
  readonly group: ResolvedGroup
  readonly desired: number
  /** How many may still come of launches under way. */
  readonly booked: number
  readonly offers: readonly Offer[]
  /** How many workers are on their way out because we chose so. */
  readonly leaving?: number
  /** Nothing is launched before this moment, in milliseconds since 1970: what was launched goes again and again. */
  readonly pausedUntil?: number
  /** How a place stands of which nothing came, again and again. */
  readonly trial?: (place: Pick<Offer, "provider" | "region">) => Trial
}

export type Plans = ReadonlyMap<string, GroupPlan>

export interface GroupPlan {
  readonly wish: PlannedWish | undefined
  /** How many are missing that this wish does not ask for: the next one does, at once or at `wakeAt`. */
  readonly later: number
  /** How many workers are too many. */
  readonly surplus: number
  /** How many are missing although every offer was tried. */
  readonly unplaced: number
  /** When the first offer that is unavailable now may be tried again, in milliseconds since 1970. */
  readonly retryAt: number | undefined
  /** When there is more to do although nothing happens until then, in milliseconds since 1970. */
  readonly wakeAt: number | undefined
  /** Workers that are one too many on purpose, and those whose turn to go it is. */
  readonly exchange: Exchange
}

export interface Trial {
  /** How many rounds were answered alike without an instance coming of them. */
  readonly rounds: number
  /** A launch call of the group is under way there. */
  readonly isAsked: boolean
}

/** A wish before it has an id: `count` workers from `offers`, best first, all of one provider, market and architecture. */
export interface PlannedWish {
  readonly group: string
  readonly count: number
  readonly offers: readonly Offer[]
  readonly provider: string
  readonly region: string
  readonly market: Market
  readonly arch: Arch
}

export interface Exchange {
  /** So many may be above the target: spot workers that come in the place of on-demand ones. */
  readonly extra: number
  /** So many spot workers are to be launched for it now. */
  readonly launch: number
  /** The on-demand workers that go now: spot ones run in their place. */
  readonly ending: readonly WorkerRecord[]
  /** When the first on-demand worker has stood in for long enough, in milliseconds since 1970; undefined: none does. */
  readonly dueAt: number | undefined
}
