/** Removal: resources that are no instances are removed last. */
import type { Leftover } from "../../provider.js"
import { messageOf } from "../state/context.js"
import { isPassing } from "./pending-tracker.js"
import { type Chosen, chosenLeftovers, isWhole, listTargets, type Sweeping } from "./selection.js"
import type { SweepRow } from "../../verbs/removals.js"

/**
 * Lists anew, because a disk may have stayed. A resource without a deadline must be listed again after the grace period.
 *
 * @param uids of the clusters whose things may go; all when left out.
 */
export async function removeLeftovers(
  sweeping: Sweeping,
  begunAt: number,
  swept: readonly SweepRow[],
  uids?: ReadonlySet<string>,
): Promise<readonly SweepRow[]> {
  const { provider, clock, criteria } = sweeping
  const isAffected = ({ row }: Chosen<Leftover>) => uids === undefined || row.uid === "" || uids.has(row.uid)
  const before = chosenLeftovers(sweeping, await listTargets(sweeping), swept).filter(isAffected)
  if (before.length === 0) return []
  const isUncertain = before.some(({ row }) => row.why === "orphaned" && !swept.some(({ uid }) => uid === row.uid))
  const graceMs = isUncertain ? provider.limits.consistencyMs + provider.limits.attemptMs : 0
  const waitMs = Math.max(begunAt + graceMs - clock.now(), isWhole(criteria) ? 0 : provider.limits.look.everyMs)
  if (waitMs > 0) await clock.sleep(waitMs)
  const ids = new Set(before.map(({ thing }) => `${thing.kind} ${thing.id}`))
  const chosen = chosenLeftovers(sweeping, await listTargets(sweeping), swept)
  const agreed = chosen.filter(({ thing }) => ids.has(`${thing.kind} ${thing.id}`))
  return removeInTime(sweeping, agreed, begunAt + sweeping.timeoutMs)
}

/** What a cloud cannot remove yet, because instances that are ending still use it, is asked for again after so long, in milliseconds. */
const AGAIN_MS = 5000

/** @param untilMs in milliseconds since 1970. */
async function removeInTime(
  sweeping: Sweeping,
  chosen: readonly Chosen<Leftover>[],
  untilMs: number,
): Promise<readonly SweepRow[]> {
  const { clock, now: isNow } = sweeping
  const { rows, mayPass } = await removeThese(sweeping, chosen)
  const left = chosen.filter((_, index) => rows[index]?.removed === false)
  if (left.length === 0 || !mayPass || isNow || clock.now() + AGAIN_MS > untilMs) return rows
  await clock.sleep(AGAIN_MS)
  return [...rows.filter(({ removed }) => removed), ...(await removeInTime(sweeping, left, untilMs))]
}

interface Removed {
  /** One for each that was chosen, in their order. */
  readonly rows: readonly SweepRow[]
  /** What refused them may pass. */
  readonly mayPass: boolean
}

/** All at once, because clouds have an order in which they can go; a refusal is told of those that are there after it. */
async function removeThese(sweeping: Sweeping, chosen: readonly Chosen<Leftover>[]): Promise<Removed> {
  const { provider, calls } = sweeping
  try {
    await provider.remove?.(
      chosen.map(({ thing }) => thing),
      calls,
    )
    return { rows: chosen.map(({ row }) => ({ ...row, removed: true })), mayPass: false }
  } catch (error) {
    const { leftovers } = await listTargets(sweeping)
    const isThere = ({ kind, id }: Leftover) => leftovers.some((left) => left.kind === kind && left.id === id)
    const rows = chosen.map(({ thing, row }): SweepRow => {
      if (!isThere(thing)) return { ...row, removed: true }
      return { ...row, hindrance: "refused", problem: messageOf(error) }
    })
    return { rows, mayPass: isPassing(error) }
  }
}
