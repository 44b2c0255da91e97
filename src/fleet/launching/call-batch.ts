/** Call batch: the launch calls of a wish, sized to the current levels of the account's buckets. `plan` shows the same calls. */
import { accountOf } from "../../calls/account.js"
import type { Bucket, Cost, LaunchCall, Prepared, Provider, Room, Wish } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import type { PlannedWish } from "../planning/types.js"

export interface ReadyWish {
  readonly planned: PlannedWish
  readonly provider: Provider
  readonly prepared: Prepared
}

/** One wish, and the launch calls that it was split into. */
export interface CallBatch {
  readonly wish: Wish
  readonly provider: Provider
  readonly calls: readonly LaunchCall[]
}

/** Each wish is split with the bucket levels that the wishes before it leave. */
export function callBatchesOf(fleet: Fleet, ready: readonly ReadyWish[]): readonly CallBatch[] {
  const batches: CallBatch[] = []
  for (const one of ready) {
    const whole = callBatchOf(fleet, one, one.planned.count, roomOf(fleet, one.provider, batches))
    const levels = roomOf(fleet, one.provider, batches).levels
    const now = fitting(whole.calls, one.provider.limits.buckets, levels)
    if (now === undefined) {
      batches.push(whole)
      continue
    }
    batches.push(callBatchOf(fleet, one, now, roomOf(fleet, one.provider, batches)))
    const remaining = one.planned.count - now
    batches.push(callBatchOf(fleet, one, remaining, roomOf(fleet, one.provider, batches)))
  }
  return batches
}

function callBatchOf(fleet: Fleet, { planned, provider, prepared }: ReadyWish, count: number, room: Room): CallBatch {
  const wish = numberedWish(fleet, { ...planned, count })
  return { wish, provider, calls: provider.split(wish, prepared, room) }
}

/** An id never used before, also not by another process with the same uid and generation. */
function numberedWish(fleet: Fleet, planned: PlannedWish): Wish {
  const { uid, generation, claim } = fleet.owner
  const spread = fleet.groups.get(planned.group)?.group.spread ?? "one-zone"
  const { group, count, offers, market, arch } = planned
  fleet.wishes += 1
  return { id: `${generation}-${claim}-${fleet.wishes}`, uid, group, count, offers, market, arch, spread }
}

/** What the buckets hold, and what is under way, once `before` have gone out. */
function roomOf(fleet: Fleet, provider: Provider, before: readonly CallBatch[]): Room {
  const { account } = provider.limits
  const levels = { ...accountOf(fleet.clock, provider.limits).buckets.levels() }
  const sharing = before.filter((batch) => batch.provider.limits.account === account)
  for (const { calls } of sharing) for (const call of calls) spend(levels, call.cost)
  const own = before.filter((batch) => batch.provider === provider).flatMap(({ calls }) => calls)
  const open = fleet.roster.openLaunches().filter((launch) => launch.provider === provider)
  const launches = [...open.map(({ call }) => call), ...own].map(({ api, zone, count }) => ({
    api,
    count,
    ...(zone === undefined ? {} : { zone }),
  }))
  return { levels, launches }
}

function spend(levels: Record<string, number>, cost: Cost): void {
  for (const [name, units] of Object.entries(cost)) {
    const level = levels[name]
    if (level !== undefined) levels[name] = level - units
  }
}

/**
 * How many of the instances may be asked for now, when the buckets that count instances hold enough for some of a call but
 * not for all of it: they come at once, and only the rest waits. Undefined: the calls are well as they are.
 */
function fitting(
  calls: readonly LaunchCall[],
  buckets: Readonly<Record<string, Bucket>>,
  levels: Readonly<Record<string, number>>,
): number | undefined {
  const left = { ...levels }
  let before = 0
  for (const { count, cost } of calls) {
    const fits = Object.entries(cost).flatMap(([name, units]) => {
      const bucket = buckets[name]
      const level = left[name]
      const countsInstances = count > 1 && units >= count
      if (!countsInstances || level === undefined || bucket === undefined || bucket.kind === "concurrency") return []
      const reserve = bucket.kind === "token" ? (bucket.reserve ?? 0) : 0
      return [Math.floor((level - reserve) / (units / count))]
    })
    const fit = Math.min(count, ...fits)
    if (fit < count) return fit >= 1 ? before + fit : undefined
    before += count
    spend(left, cost)
  }
  return undefined
}
