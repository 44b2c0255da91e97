/** Outcome: what the answer to a launch call, or its lack, comes to. */
import {
  AuthError,
  isFinal,
  isRefusalOfOne,
  NotFoundError,
  OwnershipError,
  RefusedError,
  ThrottledError,
  TransientError,
} from "../../errors.js"
import type { Failure, Launched } from "../../provider.js"
import { type Fleet, pollWithin, markChanged, messageOf } from "../state/context.js"
import { NO_ROW } from "../state/group-state.js"
import { type FailureOrigin, recordFailures } from "../refusals/record.js"
import { pollAfterLaunch } from "../observing/poll-interval.js"
import { suspend } from "../refusals/outages.js"
import { needsBackoff, SEVERAL } from "../state/backoff.js"
import type { Launch } from "../roster/launches.js"
import { startTerminations } from "../terminate.js"
import { concernsOffers } from "../unavailable.js"
import { launchScopeOf } from "./launch-scope.js"
import { notFoundFailure } from "./missing.js"

/** A launch is polled every few seconds: so many failed polls are reported once. */
const REPORTED_AFTER = 10

/** The first backoff after a throttle or an empty answer, in milliseconds; it grows with each repetition. */
const AGAIN_MS = 2_000

/** Takes over a reply: instances, failures, and whether more may come. */
export function accept(fleet: Fleet, launch: Launch, launched: Launched): void {
  const { provider, call } = launch
  const now = fleet.clock.now()
  const begun = Math.max(launch.onWireAt, launch.polledAt)
  const workers = launched.instances.map((instance) =>
    fleet.roster.recordInstance(provider, instance, now, false, begun),
  )
  recordFailures(fleet, originOf(launch), launched.failures, launch.failures)
  const state = fleet.groups.get(call.group)
  if (workers.length > 0 && state !== undefined) state.short = NO_ROW
  if (isEmptyAnswer(fleet, launch, launched))
    recordFailures(fleet, originOf(launch), [emptyAnswerFailure(launch, launched)])
  const { problem } = launched
  if (problem instanceof NotFoundError)
    recordFailures(fleet, originOf(launch), [notFoundFailure(fleet, launch, problem, 1)])
  else if (problem !== undefined) stop(fleet, launch, problem)
  launch.failures = launched.failures
  const outcome = launched.settled ? "settled" : "unsettled"
  fleet.roster.launches.move(launch, outcome)
  launch.polledAt = now
  if (launched.ref !== undefined) launch.ref = launched.ref
  fleet.journal.outcome(call.token, outcome, launched.ref, launched.instances)
  fleet.emit({
    type: "launch-ended",
    token: call.token,
    group: call.group,
    outcome,
    made: workers.length,
  })
  pollAfterLaunch(fleet, launch, launched)
  // The target went to zero while this was on the wire: what it made goes at once.
  if (fleet.closing || fleet.groups.get(call.group)?.desired === 0) startTerminations(fleet, workers)
}

/** Takes over an error: nothing was made, or it is not known. */
export function refuse(fleet: Fleet, launch: Launch, error: unknown, ifUnknown: "unknown" | "unsettled"): void {
  const isFirst = launch.creates + launch.replays === 0
  if (ifUnknown === "unsettled") {
    recordFailedPoll(fleet, launch, error)
  } else if (launch.abort.signal.aborted && error === launch.abort.signal.reason) {
    // A call that is not replayed or polled any more may still have been done.
    if (isFirst) end(fleet, launch, "withdrawn", error)
    else end(fleet, launch, "unknown", error)
  } else if (error instanceof RefusedError && !(isRefusalOfOne(error) && launch.replays > 0)) {
    const { count } = launch.call
    const isMissing = error instanceof NotFoundError
    endRefused(fleet, launch, error, isMissing ? notFoundFailure(fleet, launch, error, count) : error.toFailure(count))
  } else if (error instanceof ThrottledError && isFirst) {
    endRefused(fleet, launch, error, throttledFailure(launch, error))
  } else if (error instanceof OwnershipError && launch.generation < fleet.owner.generation) {
    // A call of an earlier generation, sent again: refused means that it had made nothing.
    end(fleet, launch, "refused", error)
  } else if (isFinal(error) && launch.replays === 0) {
    end(fleet, launch, "refused", error)
    stop(fleet, launch, error)
  } else {
    endUnknown(fleet, launch, error)
  }
}

/** The launch was accepted: instances may still come of it, whatever the poll answered. */
function recordFailedPoll(fleet: Fleet, launch: Launch, error: unknown): void {
  const { call } = launch
  const message = messageOf(error)
  fleet.roster.launches.move(launch, "unsettled")
  launch.lastAnswer = message
  launch.failedPolls += 1
  if (launch.failedPolls % REPORTED_AFTER === 0) {
    const text = `looking at what became of launching ${call.count}: ${message}`
    fleet.emit({ type: "problem", group: call.group, error: "Unanswered", message: text })
  }
  if (error instanceof AuthError) stop(fleet, launch, error)
}

function endRefused(fleet: Fleet, launch: Launch, error: unknown, failure: Failure): void {
  launch.failures = [failure]
  end(fleet, launch, "refused", error)
  recordFailures(fleet, originOf(launch), [failure])
}

function endUnknown(fleet: Fleet, launch: Launch, error: unknown): void {
  launch.sentAt = fleet.clock.now()
  launch.lastAnswer = messageOf(error)
  end(fleet, launch, "unknown", error)
  reportUnanswered(fleet, launch)
  // A replay that is refused for good tells nothing of the first sending. Anything else is a mistake in an adapter: what
  // was sent is unknown, and sending more would not help.
  const problem = error instanceof TransientError ? error.cause : error
  const isKnown = error instanceof TransientError || error instanceof ThrottledError || isRefusalOfOne(error)
  if (!isKnown || isFinal(problem)) stop(fleet, launch, problem)
  markChanged(fleet, launch.provider)
}

/** Only one of unknown outcome is still asked about. */
function end(fleet: Fleet, launch: Launch, outcome: "unknown" | "refused" | "withdrawn", error: unknown): void {
  const { token, group } = launch.call
  if (outcome === "unknown") fleet.roster.launches.move(launch, "unknown")
  else close(fleet, launch)
  fleet.emit({ type: "launch-ended", token, group, outcome, made: 0, message: messageOf(error) })
}

/** The launch made no instance, and no failure of its answer keeps the next launch from the same result. */
function isEmptyAnswer(fleet: Fleet, { call }: Launch, { settled, failures, problem }: Launched): boolean {
  if (!settled || problem !== undefined || fleet.roster.wasObserved(call.token)) return false
  return !failures.some((failure) => concernsOffers(failure) || needsBackoff(failure))
}

function emptyAnswerFailure(launch: Launch, { failures }: Launched): Failure {
  const { code, message } = failures.at(-1) ?? {
    code: "NothingMade",
    message: "the cloud made none, and gave no reason",
  }
  const { count } = launch.call
  return { reason: "transient", count, scope: launchScopeOf(launch), ttlMs: AGAIN_MS, code, message }
}

/** Repeated throttling: this scope backs off, and other offers are tried meanwhile. */
function throttledFailure(launch: Launch, { code, message, requestId, retryAfterMs = 0 }: ThrottledError): Failure {
  const details = { code, message, ...(requestId === undefined ? {} : { requestId }) }
  const ttlMs = Math.max(AGAIN_MS, retryAfterMs)
  return { reason: "transient", count: launch.call.count, scope: launchScopeOf(launch), ttlMs, ...details }
}

function originOf({ provider, call, sentAt }: Launch): FailureOrigin {
  const market = call.offers[0]?.market
  return { provider, group: call.group, sentAt, ...(market === undefined ? {} : { market }) }
}

/** Repeated replays without a known outcome: the cloud's last message is reported. */
function reportUnanswered(fleet: Fleet, { call, replays, lastAnswer = "" }: Launch): void {
  const tries = replays + 1
  if (tries % SEVERAL !== 0) return
  const message = `launching ${call.count}: after ${tries} tries it is not known what became of it; the last answer: ${lastAnswer}`
  fleet.emit({ type: "problem", group: call.group, error: "Unanswered", message })
}

function close(fleet: Fleet, launch: Launch): void {
  fleet.roster.launches.move(launch, "settled")
  if (launch.journaled) fleet.journal.outcome(launch.call.token, "refused")
  pollWithin(fleet, launch.provider, launch.provider.limits.look.firstMs)
}

/** Another provider may do better; with none left the group stops. */
function stop(fleet: Fleet, { provider, call }: Launch, error: unknown): void {
  const state = fleet.groups.get(call.group)
  if (state !== undefined) suspend(fleet, state, provider, error)
}
