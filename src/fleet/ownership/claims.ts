/** Claims: a new owner claims the next generation, in every cloud that has a resource that can be created only once. */
import { OPENING } from "../../calls/retry.js"
import { withDeadline } from "../../calls/deadline.js"
import { OwnershipError, TimeoutError } from "../../errors.js"
import type { Owner, Provider } from "../../provider.js"
import { type Fleet, fleetCalls } from "../state/context.js"
import { generationOf, latestTagsOf, type Tags } from "../tags.js"

/** Where nothing tells the highest claim the next one is found by asking: so many processes may have taken over before. */
const MOST_CLAIMS = 50

/**
 * All processes claim in the same order, one place after the other: of two that claim the same generation in several places, the
 * process that is first in the first place has it everywhere. If they claimed in all places at once, each could be first somewhere.
 */
export function inOrder(providers: readonly Provider[]): readonly Provider[] {
  const keyOf = ({ name, region }: Provider) => `${name}/${region}`
  return [...providers].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/**
 * Claims this owner's generation, or the first one after it that no other process holds. A process that took over before and
 * launched nothing is known by its claim alone.
 *
 * @throws OwnershipError when others claim it faster, again and again.
 */
export async function claimNext(fleet: Fleet, owner: Owner): Promise<Owner> {
  let asked = owner
  for (let tries = 1; ; tries += 1) {
    try {
      // What a claim makes first may not be known everywhere when it makes the rest. Ending needs none.
      const patience = fleet.closing ? {} : { patience: OPENING }
      for (const provider of inOrder(fleet.providers))
        await provider.claim?.(asked, fleetCalls(fleet, provider, patience))
      return asked
    } catch (error) {
      if (!(error instanceof OwnershipError) || tries >= MOST_CLAIMS) throw error
      asked = { ...asked, generation: Math.max(asked.generation, await highestClaim(fleet)) + 1 }
    }
  }
}

/** The highest generation that the cluster's set-up tells of; 0 where nothing does, or it may not be read. */
async function highestClaim(fleet: Fleet): Promise<number> {
  return generationOf((await claimsOf(fleet)).latest)
}

export interface Claims {
  /** Of all set-up of the cluster the tags of the highest generation; none where nothing tells of one. */
  readonly latest: Tags
  /** All places were read. */
  readonly isWhole: boolean
}

export async function claimsOf(fleet: Fleet): Promise<Claims> {
  const { cluster, uid, owner } = fleet.owner
  const asked = fleet.providers.map(
    async (provider) =>
      (await provider.leftovers?.({ cluster, uid, owner }, fleetCalls(fleet, provider, { readOnly: true }))) ?? [],
  )
  const outcomes = await Promise.allSettled(asked)
  fleet.signal.throwIfAborted()
  const found = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))
  return {
    latest: latestTagsOf(found.flatMap(({ tags, shared }) => (shared ? [] : [tags]))) ?? {},
    isWhole: outcomes.every(({ status }) => status === "fulfilled"),
  }
}

/** A cluster is not kept waiting longer for what only tells others, in milliseconds. */
const MARK_MS = 5_000

/**
 * Writes on one instance in each place that this process has the cluster now, so that the process that had it before learns it from
 * its next list, also when nothing is launched or ended. Where that is not allowed, or fails, that process learns it from
 * the claim once an instance goes.
 */
export async function markTaken(fleet: Fleet): Promise<void> {
  const { clock, owner, roster, signal } = fleet
  const marks = fleet.providers.map(async (provider) => {
    const instances = [...roster.at(provider).in("running", "pending")].map(({ instance }) => instance)
    if (instances.length > 0) await provider.mark?.(owner, instances, fleetCalls(fleet, provider))
  })
  const late = () => new TimeoutError("marking what was taken over takes longer")
  await withDeadline(clock, Promise.allSettled(marks), MARK_MS, late, signal).catch(() => {})
}
