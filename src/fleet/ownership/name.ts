/** Name: a new cluster's name is claimed before anything is made under it. */
import type { CallReport } from "../../calls/send.js"
import { withDeadline } from "../../calls/deadline.js"
import { AuthError, isNameTaken, NAME_TAKEN, OwnershipError, TimeoutError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import { type Fleet, fleetCalls, messageOf } from "../state/context.js"
import { YOUNG_CLAIM_MS } from "../tags.js"
import { inOrder } from "./claims.js"

/** One place that does not answer keeps the others waiting no longer than this; lists then decide what its claim would have. */
const PATIENCE_MS = 20_000

/** An older survey may have missed a cluster whose claim no longer counts as that of a starting one. */
const FRESH_MS = YOUNG_CLAIM_MS / 2

/**
 * In one place `prepare` claims it. In several each has a claim of its own: they are asked for in an order that is the same for
 * everybody, so that of two new clusters one gets all that both want.
 *
 * @throws OwnershipError with code NAME_TAKEN when another new cluster has it.
 */
export async function claimName(fleet: Fleet): Promise<void> {
  await checkFree(fleet)
  const claiming = fleet.providers.filter(({ claim }) => claim !== undefined)
  if (fleet.isNameClaimed || !fleet.isNamed || fleet.owner.generation > 1 || claiming.length < 2) return
  await fleet.journal.begin()
  for (const provider of claiming) fleet.mayHaveMadeAt.add(provider)
  for (const provider of inOrder(claiming)) await claimAt(fleet, provider)
  fleet.isNameClaimed = true
}

/** Before the first launch: another process may have started a cluster of this name since the survey. */
async function checkFree(fleet: Fleet): Promise<void> {
  const { clock, isNamed, owner, prepared } = fleet
  if (!isNamed || owner.generation > 1 || prepared.size > 0 || clock.now() - fleet.surveyedAt < FRESH_MS) return
  const other = (await fleet.survey()).find(({ uid }) => uid !== owner.uid)
  if (other === undefined) return
  throw new OwnershipError(
    `starting cluster "${owner.cluster}" (owner "${owner.owner}"): another one of this name (uid ${other.uid}) was started since this one looked; use existing: "connect" to go on with that one, or another name`,
    { code: NAME_TAKEN },
  )
}

async function claimAt(fleet: Fleet, provider: Provider): Promise<void> {
  const late = () => new TimeoutError(`claiming the name in ${provider.name} ${provider.region}: no answer`)
  let isAllRefused = true
  const report = ({ error }: CallReport) => {
    isAllRefused &&= error === AuthError.name
  }
  const claim = () => provider.claim?.(fleet.owner, fleetCalls(fleet, provider, { report })) ?? Promise.resolve()
  try {
    await withDeadline(fleet.clock, unlessAbandoned(fleet, provider, claim), PATIENCE_MS, late, fleet.signal)
  } catch (error) {
    if (isNameTaken(error) || fleet.signal.aborted) throw error
    // Where the account may do nothing (a region that is not enabled) nothing was made.
    if (error instanceof AuthError && isAllRefused) fleet.mayHaveMadeAt.delete(provider)
    fleet.emit({ type: "problem", error: "TransientError", message: messageOf(error) })
  }
}

/** Claims as `claim` does; a claim that is left of a process of this machine that has ended is removed first. */
export async function unlessAbandoned<T>(fleet: Fleet, provider: Provider, claim: () => Promise<T>): Promise<T> {
  try {
    return await claim()
  } catch (error) {
    if (!isNameTaken(error) || !(await removeAbandoned(fleet, provider))) throw error
    return claim()
  }
}

/** False when nothing of the kind is there. */
async function removeAbandoned(fleet: Fleet, provider: Provider): Promise<boolean> {
  const { cluster, owner } = fleet.owner
  const calls = fleetCalls(fleet, provider)
  const polls = fleet.abandoned.map(async (uid) => (await provider.leftovers?.({ cluster, uid, owner }, calls)) ?? [])
  const found = (await Promise.all(polls)).flat().filter(({ shared }) => !shared)
  if (found.length > 0) await provider.remove?.(found, calls)
  return found.length > 0
}
