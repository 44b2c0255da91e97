/** Why fewer run than were asked for: reasons that add up to what is missing. Pure. */
import type { Shortfall, ShortfallReason } from "../../errors.js"
import type { Failure, Offer } from "../../provider.js"
import { adviceFor } from "./advice.js"
import { forbids, scopeKey, type Unavailable, type FailureDetails } from "../unavailable.js"

export interface GroupShort {
  readonly group: string
  readonly desired: number
  readonly running: number
  /** Of those that run. */
  readonly ready: number
  /** What those do that run and are not ready, in words. */
  readonly unready?: string
  /** Launched, not running yet. */
  readonly pending: number
  /** May still come of launch calls without a final answer. */
  readonly booked: number
  /** What the last try to learn the outcome of one of them came to, in the cloud's words. */
  readonly lastAnswer?: string | undefined
  /** Why polling the cloud fails, in its words. */
  readonly pollProblem?: string | undefined
  /** What it waits for before its launches, in the cloud's words. */
  readonly preparing?: string | undefined
  /** They are launched once the private address of their head is known: what fails is the head's. */
  readonly awaitsHead?: boolean
  /** What failed since the target was set, latest last. */
  readonly failures: readonly Failure[]
  readonly problem: Error | undefined
  /** Why less is launched than is missing: the budget, or the ceiling. */
  readonly cut?: Failure | undefined
  /** Nothing is launched before, because what was launched vanished again and again; milliseconds since 1970. */
  readonly pausedUntil?: number
  /** The same because startups failed again and again. */
  readonly failingUntil?: number
  /** Ended by themselves; how is being read. */
  readonly held?: number
  /** Providers that cannot be used now; the others can. */
  readonly outages?: readonly Unavailable[]
  readonly offers: readonly Offer[]
  readonly memory: readonly Unavailable[]
  readonly now: number
}

type Reason = Omit<ShortfallReason, "group" | "count">

/** The shortfall of several groups. */
export function shortfallOf(groups: readonly GroupShort[]): Shortfall {
  const reasons = groups.flatMap(reasonsOf)
  return { count: reasons.reduce((sum, reason) => sum + reason.count, 0), reasons }
}

function reasonsOf(short: GroupShort): ShortfallReason[] {
  let left = Math.max(0, short.desired - short.ready)
  const reasons: ShortfallReason[] = []
  const take = (count: number, reason: Reason) => {
    const taken = Math.min(left, count)
    if (taken > 0) reasons.push({ group: short.group, count: taken, ...reason })
    left -= taken
  }
  const unready = short.unready === undefined || short.unready === "" ? "" : `; ${short.unready}`
  take(short.running - short.ready, ownReason("NotReady", `running, but not ready${unready}`))
  take(short.pending, ownReason("Pending", `launched, but not running yet${pollProblemText(short.pollProblem)}`))
  take(
    short.booked,
    ownReason("Unanswered", `asked for in launch calls that have no final answer yet${quoted(short.lastAnswer)}`),
  )
  take(short.held ?? 0, ownReason("Ending", "ended by themselves; how their work ended is being read"))
  if (short.cut !== undefined) take(short.cut.count, toReason(short.cut, short))
  const { pausedUntil = 0 } = short
  if (pausedUntil > short.now) take(left, { ...ownReason("Vanishing", VANISHING), retryAt: pausedUntil })
  const refusals = merged(short.failures)
  // Another cluster of this account was refused this a short while ago: it is not asked for again yet.
  const [known] = short.offers.flatMap((offer) => forbids(short.memory, offer, short.now) ?? [])
  takeOutages(short, left, refusals.length > 0 || known !== undefined, take)
  for (const failure of refusals) take(failure.count, toReason(failure, short))
  const last = short.failures.at(-1)
  if (short.problem !== undefined) take(left, ownReason(short.problem.name, short.problem.message, "error"))
  // A failure counts those of its own call; later ones that were not even tried are missing for the same reason.
  if (last !== undefined) take(left, toReason(last, short))
  if (known !== undefined) take(left, toReason(known.failure, short))
  take(left, ownReason("NotStarted", `not asked for yet${headOf(short)}${preparingOf(short.preparing)}`))
  return reasons
}

function pollProblemText(answer: string | undefined): string {
  return answer === undefined ? "" : `, as far as is known: looking at the cloud fails: ${answer}`
}

function quoted(lastAnswer: string | undefined): string {
  return lastAnswer === undefined ? "" : `; the last answer: ${lastAnswer}`
}

function headOf({ awaitsHead = false }: GroupShort): string {
  return awaitsHead ? ": the private address of the engine's head is not known yet" : ""
}

function preparingOf(answer: string | undefined): string {
  return answer === undefined ? "" : `; what is needed before that was answered last: ${answer}`
}

const VANISHING = "what was launched vanished soon after, again and again, and not by our doing"

/** A provider that could not even be asked has its part in what is missing, as large as that of all refusals. */
function takeOutages(
  short: GroupShort,
  missing: number,
  isRefused: boolean,
  take: (count: number, reason: Reason) => void,
): void {
  const { outages = [], problem } = short
  if (problem !== undefined || outages.length === 0) return
  const each = Math.ceil(missing / (outages.length + (isRefused ? 1 : 0)))
  for (const outage of outages) take(each, { ...toReason(outage.failure, short), ...retryOf(outage.until) })
}

function ownReason(code: string, message: string, reason: "timeout" | "error" = "timeout"): Reason {
  return { reason, scope: {}, code, message, advice: adviceFor({ reason, code, scope: {} }) }
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

function toReason(failure: FailureDetails, { memory, now, failingUntil = 0 }: GroupShort): Reason {
  const { reason, scope, code, message, requestId } = failure
  const until = memory.find((entry) => entry.until > now && scopeKey(entry.scope) === scopeKey(scope))?.until
  return {
    reason,
    scope,
    code,
    message,
    ...(requestId === undefined ? {} : { requestId }),
    ...retryOf(reason === "startup" && failingUntil > now ? failingUntil : until),
    advice: failure.advice ?? adviceFor(failure),
  }
}

/** What is tried again with the next `scale` only has no moment. */
function retryOf(until: number | undefined): { readonly retryAt?: number } {
  return until === undefined || until === Number.POSITIVE_INFINITY ? {} : { retryAt: until }
}

/** One sentence for each reason. */
export function shortfallMessage(
  cluster: string,
  { desired, running, ready }: { readonly desired: number; readonly running: number; readonly ready: number },
  shortfall: Shortfall,
): string {
  const rows = shortfall.reasons.map(({ count, group, reason, code, message }) => {
    const where = group === "default" ? "" : ` of group ${group}`
    return `  ${count}${where} × ${reason} (${code}): ${message}`
  })
  const run = ready === running ? `${running} run` : `${running} run, of which ${ready} are ready`
  return [`scaling "${cluster}" to ${desired}: ${run}, ${shortfall.count} are missing`, ...rows].join("\n")
}
