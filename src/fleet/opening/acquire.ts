/** Acquire: an attached process only watches, until it claims the next generation; then it launches and replaces. */
import type { Owner } from "../../provider.js"
import { type Fleet, pollWithin, messageOf } from "../state/context.js"
import { adoptIntent } from "../launch.js"
import { claimNext, markTaken } from "../ownership/claims.js"
import { emitQuarantined } from "./quarantined.js"
import { ownerProcessTag } from "../ownership/owner-process.js"
import { randomHex } from "../state/names.js"
import { setTargets } from "../targets/set-targets.js"
import { noteUnknownBills, takeBills } from "../spending/spending.js"
import type { Found } from "../state/found.js"

/** A survey that is younger than this is not repeated, in milliseconds. */
const FRESH_MS = 2000

/** Takes over what lives: its workers, and its launch calls of unknown outcome. */
export function adopt(fleet: Fleet, found: Found): void {
  const now = fleet.clock.now()
  const before = fleet.foundAt
  fleet.foundAt = now
  for (const { provider, instance, begun } of found.instances)
    fleet.roster.recordInstance(provider, instance, now, true, begun)
  for (const { provider, instance, at } of found.unlisted) {
    if (fleet.roster.find(provider, instance.id) === undefined)
      fleet.roster.recordInstance(provider, instance, at, false)
  }
  for (const token of found.givenUp ?? []) fleet.givenUp.add(token)
  takeBills(fleet, found.bills ?? [])
  for (const intent of found.open) if (!fleet.roster.launches.has(intent.call.token)) adoptIntent(fleet, intent)
  for (const [name, state] of fleet.groups) {
    // A target that was given since then stays.
    const isGiven = before > 0 && state.askedAt > before
    if (!isGiven) state.desired = fleet.roster.counted(name).length + fleet.roster.booked(name)
  }
}

/**
 * Claims the cluster, so that this process is the one that changes it: the next generation, in the clouds that have something
 * that can be made only once, and in the tags of whatever is launched from now on. Groups whose target is zero are ended first.
 *
 * @throws OwnershipError when others claim it faster.
 */
export async function acquire(fleet: Fleet, targets: ReadonlyMap<string, number> = new Map()): Promise<void> {
  if (fleet.isOwner) return
  const zeros = new Map([...targets].filter(([, count]) => count === 0))
  if (zeros.size > 0) setTargets(fleet, zeros)
  fleet.claiming ??= claimOwnership(fleet).finally(() => {
    fleet.claiming = undefined
  })
  await fleet.claiming
}

/** Claims the cluster in order to end it. Ending needs no claim: a failed claim is reported, and closing goes on. */
export async function acquireToClose(fleet: Fleet): Promise<void> {
  try {
    await acquire(fleet)
  } catch (error) {
    // The cluster ended before it was claimed: no journal of it is needed.
    if (fleet.signal.aborted) return
    fleet.emit({ type: "problem", error: "OwnershipError", message: messageOf(error) })
    becomeOwner(fleet, { ...fleet.owner, generation: fleet.owner.generation + 1 })
  }
}

async function claimOwnership(fleet: Fleet): Promise<void> {
  const isFresh = fleet.clock.now() - fleet.foundAt < FRESH_MS
  // Since the survey the owner may have launched more, or another process may have claimed the cluster.
  const found = isFresh ? undefined : (await fleet.survey()).find(({ uid }) => uid === fleet.owner.uid)
  if (found !== undefined) adopt(fleet, found)
  const generation = Math.max(fleet.owner.generation, found?.generation ?? 0) + 1
  const { clock } = fleet
  const claim = { generation, claim: randomHex(clock, 8), holder: ownerProcessTag(clock) }
  becomeOwner(fleet, await claimNext(fleet, { ...fleet.owner, ...claim }))
  // Who ends everything shows it by that.
  if (!fleet.closing) await markTaken(fleet)
  emitQuarantined(fleet)
  emitNotes(fleet)
}

/** Says of each group what `plan` has to say of it. */
export function emitNotes({ groups, emit }: Fleet): void {
  for (const { group, notes } of groups.values()) {
    for (const message of notes) emit({ type: "note", group: group.name, message })
  }
}

function becomeOwner(fleet: Fleet, owner: Owner): void {
  fleet.owner = owner
  fleet.journal = fleet.newJournal(owner)
  noteUnknownBills(fleet)
  fleet.isOwner = true
  // Until now the polls were those of a watcher.
  for (const provider of fleet.providers) pollWithin(fleet, provider, provider.limits.look.everyMs)
  fleet.onAcquired()
  fleet.wake()
}
