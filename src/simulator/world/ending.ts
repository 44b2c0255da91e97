/** How instances end: by request, by interruption, by themselves. */
import type { InstanceState, Scope } from "../../provider.js"
import { inScope } from "../../offer.js"
import type { EndReason, Interrupting, RunningStorm } from "../faults/faults.js"
import { type Life, stateAt } from "./life.js"
import { drawLag, drawLatency, nowOf, type WorldState } from "./state.js"

interface Leaving {
  readonly at: number
  /** How long it takes from there to terminated; drawn when left out. */
  readonly stopMs?: number
  readonly endReason?: EndReason
  readonly byRequest?: true
}

/** It will leave at that moment, unless it leaves earlier already. */
export function leave(state: WorldState, life: Life, { at, stopMs, endReason, byRequest }: Leaving): void {
  if (at >= life.leavesAt) return
  const endsAt = at + (stopMs ?? drawLatency(state, "stopMs"))
  life.leavesAt = at
  life.endsAt = endsAt
  life.endReason = endReason
  life.endedByRequest = byRequest === true
  life.endShownAfterMs = drawLag(state)
  state.agenda.add(endsAt, () => {
    if (life.endsAt === endsAt) release(state, life)
  })
}

function release(state: WorldState, life: Life): void {
  if (life.released) return
  life.released = true
  state.pools.take(life.offer, -1)
  state.quotas.take(life.offer, -1)
  if (life.nameKey !== undefined && state.names.get(life.nameKey) === life) state.names.delete(life.nameKey)
  state.resources.deleteWith(life.id)
  const unlistedAt = life.endsAt + life.endShownAfterMs + state.settings.terminatedVisibleMs
  state.agenda.add(unlistedAt, () => state.inventory.unlist(life))
}

/** The state of each instance just after; undefined for an id that never was. Finished ones stay as they are. */
export function terminate(state: WorldState, ids: readonly string[]): ReadonlyMap<string, InstanceState | undefined> {
  const now = nowOf(state)
  return new Map(
    ids.map((id) => {
      const life = state.inventory.get(id)
      if (life !== undefined) leave(state, life, { at: now, byRequest: true })
      return [id, life === undefined ? undefined : stateAt(life, now)] as const
    }),
  )
}

/** They leave by themselves. */
export function lose(state: WorldState, ids: readonly string[]): void {
  const now = nowOf(state)
  for (const id of ids) {
    const life = state.inventory.get(id)
    if (life !== undefined) leave(state, life, { at: now })
  }
}

/** Halts instances without ending them: they keep their place. Returns the ids of those that were there to halt. */
export function stop(state: WorldState, ids: readonly string[]): readonly string[] {
  const now = nowOf(state)
  return ids.filter((id) => {
    const life = state.inventory.get(id)
    if (life === undefined || !isAlive(life, now)) return false
    halt(life, now)
    return true
  })
}

/** "The clock ... is cleared on stop" (Compute Engine, "Limit the run time of a VM"); a timer of the guest stops with it. */
function halt(life: Life, now: number): void {
  life.stoppedAt = Math.min(life.stoppedAt, now)
  if (life.leavesAt !== life.expiresAt) return
  life.leavesAt = Number.POSITIVE_INFINITY
  life.endsAt = Number.POSITIVE_INFINITY
}

/** Its guest powers it off at that moment. False for one that does not run then. */
export function powerOff(state: WorldState, life: Life, at: number): boolean {
  if (stateAt(life, at) !== "running") return false
  if (life.onPowerOff === "end") leave(state, life, { at })
  else halt(life, at)
  return true
}

/** Gives notice, oldest first. Returns the ids. */
export function interrupt(
  state: WorldState,
  target: Scope | readonly string[],
  { count = Number.POSITIVE_INFINITY, noticeMs }: Interrupting,
): readonly string[] {
  const now = nowOf(state)
  const chosen = []
  for (const life of targets(state, target)) {
    if (chosen.length >= count) break
    if (!isAlive(life, now) || life.noticeAt !== Number.POSITIVE_INFINITY) continue
    giveNotice(state, life, now, noticeMs)
    chosen.push(life.id)
  }
  return chosen
}

function* targets(state: WorldState, target: Scope | readonly string[]): Iterable<Life> {
  if (isIds(target)) {
    for (const id of target) {
      const life = state.inventory.get(id)
      if (life !== undefined) yield life
    }
    return
  }
  const scope: Scope = { market: "spot", ...target }
  for (const life of state.inventory.matching({}, "listed")) if (inScope(life.offer, scope)) yield life
}

function isIds(target: Scope | readonly string[]): target is readonly string[] {
  return Array.isArray(target)
}

function isAlive(life: Life, now: number): boolean {
  return now < life.leavesAt
}

function giveNotice(state: WorldState, life: Life, at: number, noticeMs = state.settings.noticeMs): void {
  const { instanceType, zone } = life.offer
  const message = `${instanceType} in ${zone} was taken back by the cloud`
  const leavesAt = at + noticeMs
  if (leavesAt >= life.leavesAt) return
  life.noticeAt = at
  leave(state, life, { at: leavesAt, endReason: { reason: "interrupted", code: "Interrupted", message } })
  state.noticed.add(life)
}

/** All that live now meet the storm. */
export function strikeAll(state: WorldState, storm: RunningStorm): void {
  for (const life of state.inventory.matching({}, "listed")) strike(state, life, storm)
}

/** Whether, and when, the storm takes this instance: less likely the later in the storm it came. */
export function strike(state: WorldState, life: Life, storm: RunningStorm): void {
  const now = nowOf(state)
  const scope: Scope = { market: "spot", ...storm.scope }
  if (!isAlive(life, now) || life.noticeAt !== Number.POSITIVE_INFINITY || !inScope(life.offer, scope)) return
  const rest = (storm.until - now) / (storm.until - storm.from)
  if (state.luck.faults() >= storm.share * rest) return
  giveNotice(state, life, now + Math.round(state.luck.faults() * (storm.until - now)), storm.noticeMs)
}

/** The notices in force: who will leave, and when. */
export function noticesNow(state: WorldState): readonly { readonly id: string; readonly at: number }[] {
  const now = nowOf(state)
  const notices = []
  for (const life of state.noticed) {
    if (now >= life.leavesAt) state.noticed.delete(life)
    else if (now >= life.noticeAt) notices.push({ id: life.id, at: life.leavesAt })
  }
  return notices
}
