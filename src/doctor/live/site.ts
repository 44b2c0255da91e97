/** Site: what a walk is given, and what is decided before its first machine. */
import type { Clock } from "../../calls/clock.js"
import type { Journal } from "../../fleet/journal/journal.js"
import type { GroupRequest, Market, Offer, Owner, Provider, Walk } from "../../provider.js"
import type { Witness } from "./witness.js"

export interface WalkSite {
  readonly walk: Walk
  readonly provider: Provider
  readonly witness: Witness
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Who owns the machines; the deadline is each wave's own. */
  readonly owner: Omit<Owner, "deadline">
  /** All offers of the chosen type, the cheapest first. */
  readonly offers: readonly Offer[]
  /** What its machines are beside that; `startup` is the walk's. */
  readonly group: GroupRequest
  /** No more is spent, in USD. */
  readonly budgetUsd: number
  /** All that a walk has made is told to end after this, in milliseconds. */
  readonly mostMs: number
  readonly say: (line: string) => void
  /** Where launches are written down before they are sent, so that another process can end what comes of them; left out: nowhere. */
  readonly journal?: Journal
  /** Where that is. */
  readonly journalDirectory?: string
}

/** The same group for one market, by the offers of which its machines are made. */
export function groupOf({ group, walk }: WalkSite, offers: readonly Offer[]): GroupRequest {
  const of = <K extends "arch" | "market" | "instanceType">(key: K) => [...new Set(offers.map((offer) => offer[key]))]
  const whenDone = { success: "keep", failure: "keep" } as const
  const sold = { archs: of("arch"), markets: of("market"), instanceTypes: of("instanceType") }
  return { ...group, ...sold, startup: walk.startup, whenDone }
}

/** One market's before the other's. */
export function ranked({ offers }: Pick<WalkSite, "offers">, market: Market): readonly Offer[] {
  const isFirst = (offer: Offer) => offer.market === market
  return [...offers.filter(isFirst), ...offers.filter((offer) => !isFirst(offer))]
}

/** One market's; all where it sells none, so that there is always something to try. */
export function offersOn({ offers }: Pick<WalkSite, "offers">, market: Market): readonly Offer[] {
  const own = offers.filter((offer) => offer.market === market)
  return own.length > 0 ? own : offers.filter((offer) => offer.market === offers[0]?.market)
}
