/** Members: what follows from what an engine's head says of its workers, all in one answer. */
import type { EngineState, Member } from "../../engines/engine.js"
import { HEAD } from "../../spec/engine/engine.js"
import { workerName } from "../reports/worker.js"
import type { Membership, Readiness, WorkerRecord } from "../roster/worker-record.js"
import type { Fleet } from "../state/context.js"
import { workerGroups } from "../state/engine/head.js"
import type { GroupState } from "../state/group-state.js"
import { isMember, setReady } from "./unready.js"

/** A worker that was a member and runs may be away for so long, in milliseconds: it joins again after a short trouble by itself. */
export const ABSENT_MS = 60_000

/**
 * Takes in what the head has said: a worker that is a member, and has passed its own checks, is ready. One that was a member, and is none
 * for a minute while it runs, is unhealthy.
 *
 * @param head whose answer it is. @param askedAt when it was asked for, in milliseconds since 1970.
 */
export function takeMembers(fleet: Fleet, head: WorkerRecord, { members }: EngineState, askedAt: number): void {
  const byName = new Map(members.map((member) => [member.name, member]))
  const own = fleet.groups.get(HEAD)
  if (own !== undefined && head.state === "running") note(fleet, own, head, { isIdle: true, heldBytes: 0 })
  for (const [name, state] of workerGroups(fleet)) {
    if (!state.group.joins) continue
    for (const worker of fleet.roster.inGroup(name).in("running")) {
      const seen = byName.get(nameOf(worker))
      note(fleet, state, worker, membershipOf(worker, seen, askedAt))
    }
  }
}

/**
 * A head is lost, and another one takes its place: nobody is ready until that has told so. The time to be away begins with its first
 * answer.
 */
export function awaitRejoining(fleet: Fleet): void {
  for (const [name, state] of workerGroups(fleet)) {
    if (!state.group.joins) continue
    for (const worker of fleet.roster.inGroup(name).in("running")) {
      if (worker.member === undefined) continue
      const { absentSince: _before, ...member } = worker.member
      note(fleet, state, worker, { ...member, rejoins: true })
    }
  }
}

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}

function membershipOf({ member }: WorkerRecord, seen: Member | undefined, askedAt: number): Membership | undefined {
  if (seen !== undefined) return { isIdle: seen.isIdle, heldBytes: seen.heldBytes }
  return member === undefined ? undefined : { ...member, absentSince: member.absentSince ?? askedAt }
}

function note(fleet: Fleet, state: GroupState, worker: WorkerRecord, member: Membership | undefined): void {
  if (member !== undefined) worker.member = member
  const before = worker.readiness
  const next = readinessOf(fleet, state, worker)
  // Most of many are as they were.
  const isSame = next.isReady === before?.isReady && next.failed === before?.failed && next.isReady
  if (!isSame) setReady(fleet, state, worker, next)
}

const REJOINS = {
  check: "membership",
  exitCode: 1,
  tail: "its head was lost, and the one that takes its place has not told of it yet",
} as const

function readinessOf(fleet: Fleet, { group }: GroupState, { member, readiness }: WorkerRecord): Readiness {
  const now = fleet.clock.now()
  const hasPassed = group.ready === undefined || group.ready.checks.length === 0 || readiness?.hasPassed === true
  const { failed, failedAt, words, problem: _problem, step: _step, ...before } = readiness ?? { isReady: false }
  const absentMs = member?.absentSince === undefined ? 0 : now - member.absentSince
  if (absentMs >= ABSENT_MS) {
    const tail = `the head of the engine has not had it for ${ABSENT_MS / 1000} s, and its instance runs`
    const absent = { check: "membership", exitCode: 1, tail }
    return {
      ...before,
      isReady: false,
      heardAt: now,
      step: "join",
      failed: "health",
      failedAt: failedAt ?? now,
      words: absent,
    }
  }
  // What its own guest has found stays until that says otherwise.
  const isOwn = failed !== undefined && words?.check !== "membership"
  if (isOwn) return { ...readiness, isReady: false, heardAt: now }
  const isReady = hasPassed && isMember(member)
  const readyAt = before.readyAt ?? (isReady ? now : undefined)
  return {
    ...before,
    isReady,
    heardAt: now,
    ...(isReady ? {} : { step: hasPassed ? "join" : (readiness?.step ?? "ready") }),
    ...(member?.rejoins === true ? { words: REJOINS } : {}),
    ...(readyAt === undefined ? {} : { readyAt }),
  }
}
