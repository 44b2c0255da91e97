/** Closing: everything goes, and what cannot be confirmed gone is named. */
import { onAbort } from "../calls/aborts.js"
import { isFinal, LeakError, MusterError, TimeoutError } from "../errors.js"
import type { Leftover, Provider } from "../provider.js"
import type { CallReport } from "../calls/send.js"
import { withDeadline } from "../calls/deadline.js"
import { unansweredText } from "../text.js"
import { type Fleet, fleetCalls, messageOf } from "./state/context.js"
import { secondsOf } from "./leftovers/pending-launches.js"
import { placeOf } from "./roster/keys.js"
import { leftoversOf } from "./observing/unreachable-zones.js"
import { rememberTerminated } from "./opening/recently-terminated.js"
import { acquireToClose } from "./opening/acquire.js"
import type { Passes } from "./pass/passes.js"
import { receiptOf } from "./receipt.js"
import type { Receipt } from "./reports/receipt-types.js"
import { setTargets } from "./targets/set-targets.js"
import type { ResolvedClose } from "../verbs/verbs.js"
import { earlierBills } from "./spending/spending.js"
import { drainingOf, openEnds, startTerminations } from "./terminate.js"

/** After a removal that failed; its own requests were retried before that. */
const REMOVE_AGAIN_MS = 5000

/** A cloud that says no once may be mistaken: what was made a moment ago, or a right given a moment ago, may not be known. */
const MOST_REFUSALS = 4

/** What could not be removed, in words; `isRefused`: the cloud's answer is no. */
interface Removal {
  readonly left: readonly string[]
  readonly isRefused: boolean
}

/** What closing came to; `error` names what could not be confirmed gone. */
export interface Closed {
  readonly receipt: Receipt
  readonly error: LeakError<Receipt> | undefined
}

/**
 * Ends everything of a cluster, its left-overs last. The terminate calls are on the wire before anything is awaited.
 *
 * @param drainMs for how long running workers may go on first, in milliseconds, which is part of `timeoutMs`.
 * @param checkHeld throws when another process has taken the cluster over meanwhile.
 */
export async function closeFleet(
  fleet: Fleet,
  passes: Passes,
  { timeoutMs, drainMs }: Pick<ResolvedClose, "timeoutMs" | "drainMs">,
  checkHeld: () => void,
): Promise<Closed> {
  const untilMs = fleet.clock.now() + timeoutMs
  beginClosing(fleet, drainMs)
  void acquireToClose(fleet)
  const ends = await zeroOrLate(fleet, passes, timeoutMs)
  checkHeld()
  await untilSetUp(fleet, untilMs)
  // Where nothing was made a cloud that cannot be asked (no credentials, no network) is no leak.
  const left = ends.length > 0 ? [] : await removeLeftovers(fleet, untilMs)
  const { cluster } = fleet.owner
  rememberTerminated(fleet.clock, fleet.roster.workers)
  const receipt = receiptOf(cluster, fleet.roster.workers, fleet.clock.now(), left, earlierBills(fleet))
  const isClean = ends.length === 0 && left.length === 0
  return { receipt, error: isClean ? undefined : leakError(fleet, timeoutMs, ends, receipt) }
}

/** Waits for the set-up in progress, so that the search for leftovers finds what it made. */
async function untilSetUp({ clock, settingUp }: Fleet, untilMs: number): Promise<void> {
  if (settingUp.size === 0) return
  const ended = Promise.allSettled(settingUp)
  await withDeadline(
    clock,
    ended,
    Math.max(0, untilMs - clock.now()),
    () => new TimeoutError("not set up in time"),
  ).catch(() => {})
}

/** Raises the fence and puts the terminate calls for all known workers on the wire, before it returns. */
function beginClosing(fleet: Fleet, drainMs: number): void {
  fleet.closing = true
  fleet.setUp.abort(new MusterError(`cluster "${fleet.owner.cluster}" is closing`))
  setTargets(fleet, new Map([...fleet.groups.keys()].map((name) => [name, 0])), drainMs)
  const isDraining = new Set(drainMs === 0 ? [] : drainingOf(fleet))
  startTerminations(
    fleet,
    fleet.roster.living().filter((worker) => !isDraining.has(worker)),
  )
  for (const message of unknownOutcomes(fleet)) fleet.emit({ type: "note", message: `closing waits for ${message}` })
  fleet.wake()
}

/** Resolves when zero is confirmed, with what still stood in the way when `timeoutMs` was over, or the cluster another's. */
function zeroOrLate(fleet: Fleet, passes: Passes, timeoutMs: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const finish = () => {
      unsubscribe()
      cancel()
      forget()
      resolve(closingObstacles(fleet))
    }
    const unsubscribe = passes.on((_plans, error) => {
      if (error === undefined && closingObstacles(fleet).length === 0) finish()
    })
    const cancel = fleet.clock.timer(timeoutMs, finish)
    // A process that lost the cluster does not poll any more.
    const forget = onAbort(fleet.signal, finish)
    fleet.wake()
  })
}

/** What keeps the cluster from its end, also launches of an earlier owner since the last poll. */
function closingObstacles(fleet: Fleet): readonly string[] {
  const ends = [...openEnds(fleet, () => true), ...unknownOutcomes(fleet)]
  return fleet.isOwner ? ends : [...ends, "what another process may have launched meanwhile"]
}

/** Providers where a launch call of unknown outcome may still arrive, until a complete list begins late enough to show it. */
function unknownOutcomes({ clock, uncertainUntil, polls }: Fleet): readonly string[] {
  return [...uncertainUntil].flatMap(([provider, until]) => {
    if ((polls.get(provider)?.listedAt ?? 0) >= until) return []
    const leftMs = until - clock.now()
    return [
      `what a launch call that no journal of this machine tells of may still make in ${placeOf(provider)} (for ${secondsOf(leftMs)} more)`,
    ]
  })
}

/**
 * Removes what is not an instance and was made for this cluster alone; returns what it could not remove, in words. A removal that
 * fails is tried again until `untilMs` (milliseconds since 1970), unless the cloud refuses again and again.
 */
async function removeLeftovers(fleet: Fleet, untilMs: number): Promise<readonly string[]> {
  const deadline = new AbortController()
  const late = new TimeoutError("not removed in time")
  const cancel = fleet.clock.timer(untilMs - fleet.clock.now(), () => deadline.abort(late))
  const signal = AbortSignal.any([fleet.signal, deadline.signal])
  const places = [...fleet.mayHaveMadeAt]
  const left = await Promise.all(places.map((provider) => removeUntil(fleet, provider, untilMs, signal)))
  cancel()
  return left.flat()
}

async function removeUntil(
  fleet: Fleet,
  provider: Provider,
  untilMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (let refusals = 0; ; ) {
    const { left, isRefused } = await removeAt(fleet, provider, signal)
    if (isRefused) refusals += 1
    const isOver = left.length === 0 || refusals >= MOST_REFUSALS
    const pauseMs = REMOVE_AGAIN_MS * 2 ** Math.max(0, refusals - 1)
    if (isOver || fleet.clock.now() + pauseMs > untilMs) return left
    await fleet.clock.sleep(pauseMs)
  }
}

async function removeAt(fleet: Fleet, provider: Provider, signal: AbortSignal): Promise<Removal> {
  if (provider.leftovers === undefined || provider.remove === undefined) return { left: [], isRefused: false }
  const { cluster, uid, owner } = fleet.owner
  const describe = ({ kind, id }: Leftover) => `${kind} ${id} (${provider.name} ${provider.region})`
  let found: readonly Leftover[] = []
  let lastAnswer: string | undefined
  const report = ({ message }: CallReport) => {
    lastAnswer = message
  }
  try {
    const calls = fleetCalls(fleet, provider, { signal, first: true, report })
    const polls = [...new Set([uid, ...fleet.abandoned])].map((one) =>
      leftoversOf(fleet, provider, { cluster, uid: one, owner }, calls),
    )
    found = (await Promise.all(polls)).flat().filter((leftover) => !leftover.shared)
    if (found.length > 0) await provider.remove(found, calls)
    return { left: [], isRefused: false }
  } catch (error) {
    const what = found.map(describe).join(", ") || `left-overs of ${provider.name} ${provider.region}`
    const why = error === signal.reason ? `${messageOf(error)}; ${unansweredText(lastAnswer)}` : messageOf(error)
    return { left: [`${what}: ${why}`], isRefused: isFinal(error) }
  }
}

function lateError(cluster: string, timeoutMs: number, ends: readonly string[]): TimeoutError {
  return new TimeoutError(
    `closing "${cluster}": after ${Math.round(timeoutMs / 1000)} s there is still ${ends.join(" and ")}`,
  )
}

/** Names what may still cost, each with the page where a person can look at it and end it. */
function leakError(fleet: Fleet, timeoutMs: number, ends: readonly string[], receipt: Receipt): LeakError<Receipt> {
  const { cluster } = fleet.owner
  const rows = receipt.leaked.map(({ id, provider, zone, reportedState, consoleUrl }) => {
    return `${id} (${provider} ${zone}, ${reportedState} when the cloud said it last)${consoleUrl === undefined ? "" : ` ${consoleUrl}`}`
  })
  const named = [...rows, ...receipt.leftovers]
  const late =
    ends.length > 0
      ? lateError(cluster, timeoutMs, ends).message
      : `closing "${cluster}": not everything could be removed`
  return new LeakError(
    `${late}; may still cost money: ${named.join(", ") || "what was not seen"}. Look there, and end it with Cluster.attach("${cluster}") and close, or Cluster.sweep`,
    { receipt },
  )
}
