/** Why fewer run than were asked for: reasons that add up to what is missing. Pure. */
import type { Shortfall, ShortfallReason } from "../errors.js"
import type { Failure, Offer } from "../provider.js"
import { forbids, scopeKey, type Unavailable } from "./unavailable.js"

export interface GroupShort {
  readonly group: string
  readonly desired: number
  readonly running: number
  /** Launched, not running yet. */
  readonly pending: number
  /** May still come of launch calls without a final answer. */
  readonly booked: number
  /** What failed since the target was set, latest last. */
  readonly failures: readonly Failure[]
  readonly problem: Error | undefined
  readonly offers: readonly Offer[]
  readonly memory: readonly Unavailable[]
  readonly now: number
}

/** The shortfall of several groups. */
export function shortfallOf(groups: readonly GroupShort[]): Shortfall {
  const reasons = groups.flatMap(reasonsOf)
  return { count: reasons.reduce((sum, reason) => sum + reason.count, 0), reasons }
}

function reasonsOf(short: GroupShort): ShortfallReason[] {
  let left = Math.max(0, short.desired - short.running)
  const reasons: ShortfallReason[] = []
  const take = (count: number, reason: Omit<ShortfallReason, "group" | "count">) => {
    const taken = Math.min(left, count)
    if (taken > 0) reasons.push({ group: short.group, count: taken, ...reason })
    left -= taken
  }
  take(short.pending, waiting("Pending", "launched, but not running yet"))
  take(short.booked, waiting("Unanswered", "asked for in launch calls that have no final answer yet"))
  for (const failure of merged(short.failures)) take(failure.count, toReason(failure, short))
  const last = short.failures.at(-1)
  if (short.problem !== undefined) take(left, waiting(short.problem.name, short.problem.message, "error"))
  // A failure counts those of its own call; later ones that were not even tried are missing for the same reason.
  if (last !== undefined) take(left, toReason(last, short))
  // Refused to somebody else of this account a short while ago, and so not asked for again.
  const [known] = short.offers.flatMap((offer) => forbids(short.memory, offer, short.now) ?? [])
  if (known !== undefined) take(left, toReason(known.failure, short))
  take(left, waiting("NotStarted", "not asked for yet"))
  return reasons
}

function waiting(code: string, message: string, reason: "timeout" | "error" = "timeout") {
  return { reason, scope: {}, code, message }
}

/** Failures of one kind as one row, the latest words, latest kind first. */
function merged(failures: readonly Failure[]): Failure[] {
  const rows = new Map<string, Failure>()
  for (const failure of failures) {
    const key = JSON.stringify([failure.reason, failure.code, scopeKey(failure.scope)])
    const before = rows.get(key)
    rows.delete(key)
    rows.set(key, { ...failure, count: failure.count + (before?.count ?? 0) })
  }
  return [...rows.values()].reverse()
}

function toReason(failure: Failure, { memory, now }: GroupShort): Omit<ShortfallReason, "group" | "count"> {
  const { reason, scope, code, message, requestId } = failure
  const until = memory.find((entry) => entry.until > now && scopeKey(entry.scope) === scopeKey(scope))?.until
  return {
    reason,
    scope,
    code,
    message,
    ...(requestId === undefined ? {} : { requestId }),
    ...(until === undefined ? {} : { retryAt: until }),
  }
}

/** One sentence for each reason. */
export function shortfallMessage(cluster: string, desired: number, running: number, shortfall: Shortfall): string {
  const rows = shortfall.reasons.map(({ count, group, reason, code, message }) => {
    const where = group === "default" ? "" : ` of group ${group}`
    return `  ${count}${where} × ${reason} (${code}): ${message}`
  })
  return [`scaling "${cluster}" to ${desired}: ${running} run, ${shortfall.count} are missing`, ...rows].join("\n")
}
