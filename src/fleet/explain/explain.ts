/** Explain: what is, what is missing and why, what is waited for, and what comes next. Asks no cloud. */
import type { Barred, Explanation, FailedStartups, GroupExplanation, Waiting } from "./explanation.js"
import { accountOf } from "../../calls/account.js"
import type { Provider } from "../../provider.js"
import { type Fleet, memoryOf } from "../state/context.js"
import { isHead } from "../state/engine/head.js"
import type { GroupState } from "../state/group-state.js"
import { deadlineError } from "../ending/deadline.js"
import { etaMs } from "../planning/eta.js"
import { inWords } from "./explain-text.js"
import { keyOfPlace } from "../roster/keys.js"
import { groupNow, mayLaunch, planFor } from "../pass/planning.js"
import type { Launch } from "../roster/launches.js"
import { shortfallOf } from "../scaling/shortfall.js"
import { shortOf } from "../scaling/target.js"
import { slowestBoot } from "../reports/boots.js"
import { workerName } from "../reports/worker.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { keptOf } from "../targets/unready.js"
import { workerCost } from "../spending/spending.js"
import { refusalsOf } from "../terminate.js"
import type { Unavailable } from "../unavailable.js"
import { type Balance, balanceOf } from "../pass/within-budget.js"

/** Failures that an explanation names; more of a kind say nothing more. */
const MOST_FAILURES = 20

export function explain(fleet: Fleet): Explanation {
  const at = fleet.clock.now()
  const balance = balanceOf(fleet)
  const groups = [...fleet.groups.values()].map((state) => explainGroup(fleet, state, balance))
  const unavailable = memoryOf(fleet).filter((entry) => entry.until > at)
  return inWords({ cluster: fleet.owner.cluster, at, groups, unavailable: unavailable.map(barredOf) })
}

function explainGroup(fleet: Fleet, state: GroupState, balance: Balance): GroupExplanation {
  const { name } = state.group
  const short = shortOf(fleet, state)
  const own = [...fleet.roster.inGroup(name).living]
  const stopped = stoppedBy(state)
  const sentBy = sentByOf(fleet, name)
  const failedStartups = failedStartupsOf(fleet, state)
  const slowest = slowestBoot(bootingIn(fleet, name), fleet.clock.now())
  return {
    group: name,
    ...(isHead(fleet, name) ? { isHead: true } : {}),
    desired: short.desired,
    running: short.running,
    ready: short.ready,
    pending: short.pending,
    ...(slowest === undefined ? {} : { slowestBoot: slowest }),
    booked: short.booked,
    interrupted: own.filter((worker) => worker.state === "interrupted").length,
    terminating: own.filter((worker) => worker.state === "terminating").length,
    ...(state.adapting === undefined ? {} : { adapting: state.adapting.state }),
    finished: state.finished,
    ...(failedStartups === undefined ? {} : { failedStartups }),
    kept: keptOf(fleet, name).map(({ instance, group }) => workerName(instance, group)),
    shortfall: shortfallOf([short]),
    waiting: [...waitingOf(fleet, name), ...troubleOf(fleet, name), ...healthOf(fleet, state)],
    ...(sentBy === undefined ? {} : { sentBy }),
    failures: [...short.failures].reverse().slice(0, MOST_FAILURES),
    outages: (short.outages ?? []).map(barredOf),
    resting: state.resting.filter(({ until }) => until > fleet.clock.now()).map(barredOf),
    ...(stopped === undefined ? {} : { stopped }),
    next: nextOf(fleet, state, balance),
  }
}

/** Those that are not ready yet, and not all that live: at rest there is none. */
function bootingIn({ roster }: Fleet, group: string): readonly WorkerRecord[] {
  return [...roster.inGroup(group).in("pending"), ...roster.unready(group)]
}

/** Of workers that are replaced, and of those by which the target fell. */
function failedStartupsOf({ roster, clock }: Fleet, { group, askedAt }: GroupState): FailedStartups | undefined {
  const failed = roster.ofGroup(group.name).filter(({ end, knownSince }) => {
    return end?.outcome === "failure" && knownSince >= askedAt
  })
  const last = failed.reduce<WorkerRecord | undefined>(
    (latest, worker) => (latest !== undefined && latest.since > worker.since ? latest : worker),
    undefined,
  )
  if (last === undefined) return undefined
  const { step = "", exitCode = 0, tail = "" } = last.end ?? {}
  const costs = failed.flatMap((worker) => workerCost(worker, clock.now()) ?? [])
  const cost = costs.reduce((sum, usd) => sum + usd, 0)
  return { count: failed.length, step, exitCode, tail, ...(costs.length === 0 ? {} : { cost }) }
}

function stoppedBy({ problem, breaker, loweredReason }: GroupState): string | undefined {
  if (problem !== undefined) return `${problem.name}: ${problem.message}`
  if (loweredReason !== undefined) return loweredReason
  return breaker === undefined ? undefined : `too many ${breaker.reason}s failed; the last one: ${breaker.message}`
}

function barredOf({ scope, until, failure }: Unavailable): Barred {
  const { reason, code, message, requestId } = failure
  return {
    scope,
    reason,
    code,
    message,
    ...(requestId === undefined ? {} : { requestId }),
    ...(until === Number.POSITIVE_INFINITY ? {} : { until }),
  }
}

const STATE_WORDS: Readonly<Record<Launch["state"], string>> = {
  waiting: "waiting for the account's limits",
  sent: "sent, not answered yet",
  unknown: "of unknown outcome; sent again with the same token until it is known",
  unsettled: "accepted; the cloud is at work on them",
  settled: "settled",
}

/** Launch calls by provider and state, and buckets that a throttle has stopped. */
function waitingOf(fleet: Fleet, group: string): readonly Waiting[] {
  return fleet.providers.flatMap((provider) => {
    const open = fleet.roster.openLaunches(group).filter((launch) => launch.provider === provider)
    const states = [...new Set(open.map((launch) => launch.state))]
    const rows = states.map((state): Waiting => {
      const some = open.filter((launch) => launch.state === state)
      const count = some.reduce((sum, { call }) => sum + call.count, 0)
      const answered = some.find(({ lastAnswer }) => lastAnswer !== undefined && state === "unknown")
      const last = answered === undefined ? "" : `; the last answer: ${answered.lastAnswer}`
      const what = `${keyOfPlace(provider)}: ${some.length} launch calls for ${count}, ${STATE_WORDS[state]}${last}`
      return state === "waiting" ? { what, until: passedAt(fleet, provider, some) } : { what }
    })
    return [...rows, ...throttled(fleet, provider, open)]
  })
}

/** Terminations that are refused, and lists that fail: what is said of workers is as old as the last one that did not. */
function troubleOf(fleet: Fleet, group: string): readonly Waiting[] {
  const leaving = [...fleet.roster.inGroup(group).living].filter(({ refusal }) => refusal !== undefined)
  const refused =
    leaving.length === 0 ? [] : [{ what: `terminating ${leaving.length} instances${refusalsOf(leaving)}` }]
  const pollProblem = [...fleet.polls].flatMap(([provider, { problem, lastAnswer, nextAt }]): readonly Waiting[] => {
    if (problem !== undefined)
      return [{ what: `${keyOfPlace(provider)}: looking at it failed: ${problem.message}; again`, until: nextAt }]
    return lastAnswer === undefined ? [] : [{ what: `${keyOfPlace(provider)}: looking at it: ${lastAnswer}` }]
  })
  return [...refused, ...pollProblem]
}

/** Health that fails for most at once, and workers that run as ready because they were made without checks. */
function healthOf({ roster }: Fleet, { group, commonFailure }: GroupState): readonly Waiting[] {
  const unchecked = roster
    .inGroup(group.name)
    .in("running")
    .filter(({ readiness }) => readiness?.isUnchecked === true).length
  return [
    ...(commonFailure === undefined ? [] : [{ what: commonFailure }]),
    ...(unchecked === 0
      ? []
      : [{ what: `nothing of ${unchecked} workers: they were made without checks, and count as ready when they run` }]),
  ]
}

/** When the last of a group's launch calls that wait for the limits may be sent; undefined when none waits. */
function sentByOf(fleet: Fleet, group: string): number | undefined {
  const waiting = fleet.roster.openLaunches(group).filter(({ state }) => state === "waiting")
  if (waiting.length === 0) return undefined
  const providers = new Set(waiting.map(({ provider }) => provider))
  const moments = [...providers].map((provider) =>
    passedAt(
      fleet,
      provider,
      waiting.filter((launch) => launch.provider === provider),
    ),
  )
  return Math.max(...moments)
}

/** When the last of these calls may be sent. */
function passedAt(fleet: Fleet, { limits }: Provider, launches: readonly Launch[]): number {
  const levels = accountOf(fleet.clock, limits).buckets.levels()
  const costs = launches.map(({ call }) => call.cost)
  return fleet.clock.now() + etaMs(limits.buckets, levels, costs)
}

function throttled(fleet: Fleet, provider: Provider, open: readonly Launch[]): readonly Waiting[] {
  const drawn = new Set(open.flatMap(({ call }) => Object.keys(call.cost)))
  const stops = Object.entries(accountOf(fleet.clock, provider.limits).buckets.stops())
  return stops
    .filter(([name]) => drawn.has(name))
    .map(([name, until]) => ({
      what: `${keyOfPlace(provider)}: throttled (${name}), nothing is sent meanwhile`,
      until,
    }))
}

function nextOf(fleet: Fleet, state: GroupState, balance: Balance): Waiting {
  const standing = groupNow(fleet, state, state.desired)
  const { plan } = planFor(fleet, state, standing, balance)
  const now = fleet.clock.now()
  if (!fleet.isOwner) return { what: "nothing: this process only watches until its first scale" }
  const over = fleet.money.over ?? deadlineError(fleet)
  if (over !== undefined) return { what: `nothing: ${over.message}` }
  if (state.desired > 0 && !mayLaunch(fleet, state))
    return { what: "nothing is launched any more until the next scale" }
  if (plan.wish !== undefined) {
    const { provider, region, market, count } = plan.wish
    return { what: `asking ${provider} ${region} for ${count} (${market})`, until: now }
  }
  if (plan.surplus > 0) return { what: `taking ${plan.surplus} away`, until: now }
  const at = plan.wakeAt === undefined ? {} : { until: plan.wakeAt }
  if (plan.unplaced > 0) return { what: `trying again for ${plan.unplaced}`, ...at }
  if (plan.later > 0) return { what: `asking for ${plan.later} more`, ...at }
  const { exchange } = plan
  if (exchange.dueAt !== undefined) {
    return {
      what: "looking for spot in the place of on-demand workers",
      until: Math.max(exchange.dueAt, plan.wakeAt ?? now),
    }
  }
  const polls = [...fleet.polls.values()].map((poll) => poll.nextAt)
  const lookAt = Math.min(Number.POSITIVE_INFINITY, ...polls)
  return lookAt === Number.POSITIVE_INFINITY
    ? { what: "nothing to do" }
    : { what: "looking at the cloud", until: lookAt }
}
