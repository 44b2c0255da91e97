/** Work ended: what follows from how the work of a worker ended. */
import type { Verdict } from "../../guest/marks.js"
import { endedTag } from "../../guest/marks.js"
import type { Failure } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { workerGroups } from "../state/engine/head.js"
import { endsByItself, isOutOfQuestion, release } from "../state/held.js"
import { keyOf } from "../roster/register.js"
import { workerName } from "../reports/worker.js"
import type { WorkEnd, WorkerRecord } from "../roster/worker-record.js"
import { startTerminations } from "../terminate.js"
import { fence } from "./fence.js"

const KEEP_ADVICE =
  'to keep an instance whose script failed, and look at it: whenDone: { failure: "keep" }; a script that may fail in part ends with "exit 0"'

/**
 * Takes in how a worker's work ended: the group's target falls by it, or another worker takes its place, or it stays.
 *
 * @param verdict undefined: neither console nor tag tells. Then what was explained meanwhile (a notice, a request of a user's) was no
 * end of its work.
 */
export function concludeEnd(fleet: Fleet, worker: WorkerRecord, verdict: Verdict | undefined): void {
  const { held } = worker
  const state = fleet.groups.get(worker.group)
  release(fleet, worker)
  if (state === undefined || held === undefined || isOutOfQuestion(fleet, worker.group)) return
  if (verdict === undefined && (!endsByItself(worker) || mayBeTaken(worker))) return
  const end = endOf(state, shown(fleet, state, worker, verdict))
  // Its guest does not end for that: what ended it has nothing to do with its work.
  if (end === undefined) return
  worker.end = end
  if (end.outcome !== "unknown") worker.consoleRequested = true
  if (end.outcome === "failure" && end.action !== "end") worker.failure = failureOf(worker, end)
  const isInTarget = held.wasCounted && held.since >= state.askedAt
  if (end.action === "end" && isInTarget) lower(fleet, state, end)
  note(fleet, state, worker, end)
  startTerminations(fleet, [worker])
  fleet.wake()
}

/** What a script prints may have a secret in it. */
function shown(fleet: Fleet, { group }: GroupState, { instance }: WorkerRecord, verdict: Verdict | undefined) {
  if (verdict === undefined) return undefined
  return { ...verdict, tail: fleet.supplies.concealed(group, instance.id, verdict.tail) }
}

/** A cloud that only takes away says nothing more of it: that must not count against what ran there. */
function mayBeTaken({ failure }: WorkerRecord): boolean {
  return failure?.reason === "interrupted" && failure.inferred === true
}

/** Undefined for one that `whenDone` keeps. */
function endOf({ group }: GroupState, verdict: Verdict | undefined): WorkEnd | undefined {
  const { success, failure } = group.whenDone
  const action = verdict?.exitCode === 0 ? success : failure
  // Of an unknown end nothing is concluded that would not be of a failure.
  if (verdict === undefined) return { outcome: "unknown", action: action === "end" ? "end" : "replace" }
  if (action === "keep") return undefined
  return { outcome: verdict.exitCode === 0 ? "success" : "failure", ...verdict, action }
}

/** What was to be done is done: the target is what is left to do. */
function lower(fleet: Fleet, state: GroupState, { outcome }: WorkEnd): void {
  const { succeeded, failed } = state.finished
  state.finished = outcome === "success" ? { succeeded: succeeded + 1, failed } : { succeeded, failed: failed + 1 }
  state.desired = Math.max(0, state.desired - 1)
  if (state.desired > 0) return
  fence(fleet, state.group.name)
  if (workerGroups(fleet).every(([, { desired }]) => desired === 0)) fleet.unwanted.abort()
}

function note(fleet: Fleet, state: GroupState, worker: WorkerRecord, end: WorkEnd): void {
  const { instance, group, provider } = worker
  const { outcome, action, step, exitCode, tail = "" } = end
  const isFirst = outcome === "failure" && !state.isAdvised
  if (isFirst) state.isAdvised = true
  const what = { outcome, action, ...(step === undefined ? {} : { step, exitCode: exitCode ?? 0 }) }
  fleet.journal.finished({ id: keyOf(provider, instance.id), instance: instance.id, group, ...what })
  fleet.emit({
    type: "finished",
    id: instance.id,
    name: workerName(instance, group),
    group,
    ...what,
    desired: state.desired,
    ...(outcome === "failure" && tail !== "" ? { tail } : {}),
    ...(isFirst ? { advice: KEEP_ADVICE } : {}),
  })
}

function failureOf({ provider, instance }: WorkerRecord, { step = "", exitCode = 0, tail = "" }: WorkEnd): Failure {
  const { id, instanceType, zone, market, region } = instance
  const scope = { provider: provider.name, region, zone, instanceType, market }
  const lines = tail === "" ? "" : `; the last of its output:\n${tail}`
  const message = `${step} ended with exit code ${exitCode} on ${id} (${instanceType}, ${zone})${lines}`
  return { reason: "startup", count: 1, scope, ttlMs: 0, code: endedTag({ step, exitCode }), message }
}
