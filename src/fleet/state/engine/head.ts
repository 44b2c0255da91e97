/** Head: what a cluster with an engine knows of the worker that has its scheduler. */
import type { HeadState } from "../../../events.js"
import { HEAD } from "../../../spec/engine/engine.js"
import { counts } from "../../lifecycle.js"
import type { ReadyBy } from "../../roster/observations.js"
import type { WorkerRecord } from "../../roster/worker-record.js"
import type { Fleet } from "../context.js"
import type { GroupState } from "../group-state.js"

type Known = Pick<Fleet, "engine" | "roster" | "groups">

/** Whether a group is that of the engine's head. A user's own group may have that name where there is no engine. */
export function isHead({ engine }: Pick<Fleet, "engine">, group: string): boolean {
  return engine !== undefined && group === HEAD
}

/** The groups that targets are for. */
export function workerGroups(fleet: Pick<Fleet, "engine" | "groups">): readonly (readonly [string, GroupState])[] {
  return [...fleet.groups].filter(([name]) => !isHead(fleet, name))
}

/** The head that is there, or on its way; of several the one that was there first. */
export function headOf({ engine, roster }: Known): WorkerRecord | undefined {
  if (engine === undefined) return undefined
  const [first] = roster
    .inGroup(HEAD)
    .in("pending", "running")
    .filter(({ state }) => counts(state))
    .sort((a, b) => a.instance.launchedAt - b.instance.launchedAt || (a.instance.id < b.instance.id ? -1 : 1))
  return first
}

/** What says that workers of a group are ready. */
export function readyBy(fleet: Pick<Fleet, "engine" | "groups">, name: string): ReadyBy {
  const group = fleet.groups.get(name)?.group
  if (group?.joins === true || isHead(fleet, name)) return "head"
  return group?.ready === undefined ? "running" : "checks"
}

/** How it stands with the head; undefined where there is no engine. */
export function headStateOf(fleet: Known): HeadState | undefined {
  if (fleet.engine === undefined) return undefined
  const state = headOf(fleet)?.state
  if (state === undefined) return fleet.roster.booked(HEAD) > 0 ? "requested" : "absent"
  return state === "running" ? (fleet.roster.ready(HEAD) > 0 ? "ready" : "running") : "pending"
}

/**
 * The targets, and one of the head as soon as anything is wanted. At zero workers it stays, unless it is named itself: when everything is
 * to end.
 */
export function withHead(
  fleet: Pick<Fleet, "engine">,
  targets: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const isWanted = fleet.engine !== undefined && !targets.has(HEAD) && [...targets.values()].some((count) => count > 0)
  return isWanted ? new Map([[HEAD, 1], ...targets]) : targets
}

/** IPv4 or IPv6, as clouds write them. */
const NUMERIC = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f:.]*:[\da-f:.]*)$/i

/** Its numeric private address; undefined while no list has shown it. */
export function headAddressOf(fleet: Known): string | undefined {
  const address = headOf(fleet)?.instance.privateIp
  return address === undefined || !NUMERIC.test(address) ? undefined : address
}

/** Workers of the group are launched once the head's address is known, and it is not yet. */
export function awaitsHead(fleet: Known, group: string): boolean {
  if (fleet.engine === undefined || group === HEAD) return false
  return fleet.groups.get(group)?.group.joins === true && headAddressOf(fleet) === undefined
}
