/** Exchange: on-demand workers that stood in for spot go back to it, a few at a time, and never below the target. Pure. */
import type { Exchange, GroupNow } from "./types.js"
import type { Offer } from "../../provider.js"
import type { Share } from "../../spec.js"

const NONE: Exchange = { extra: 0, launch: 0, ending: [], dueAt: undefined }

/** How many workers a share of `whole` is; one at least. */
export function shareOf(share: Share, whole: number): number {
  if (typeof share === "number") return share
  return Math.max(1, Math.floor((whole * Number.parseFloat(share)) / 100))
}

export function exchangeOf(state: GroupNow, available: readonly Offer[], now: number): Exchange {
  const { group, counted, booked, desired, leaving = 0 } = state
  const { returnToSpotMs } = group
  if (returnToSpotMs === undefined || group.market !== "spot-with-fallback" || desired === 0) return NONE
  const standing = [...counted]
  const standIns = standing.filter(({ instance, state }) => instance.market === "on-demand" && state === "running")
  if (standIns.length === 0) return NONE
  const dueAt = Math.min(...standIns.map(({ instance }) => instance.launchedAt)) + returnToSpotMs
  const due = standIns.filter(({ instance }) => instance.launchedAt + returnToSpotMs <= now)
  const extra = Math.min(due.length, Math.max(0, shareOf(group.maxUnavailable, desired) - leaving))
  const over = counted.length + booked - desired
  const running = standing.filter(({ state, readiness }) => state === "running" && readiness?.isReady !== false).length
  const ending = [...due]
    .sort((a, b) => a.instance.launchedAt - b.instance.launchedAt)
    .slice(0, Math.max(0, Math.min(extra, over, running - desired)))
  const isSold = available.some((offer) => offer.market === "spot")
  return { extra, launch: isSold ? Math.max(0, extra - Math.max(0, over)) : 0, ending, dueAt }
}
