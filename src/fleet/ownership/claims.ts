/** Claims: a new owner claims the next generation, in every cloud that has a resource that can be created only once. */
import { OPENING } from "../../calls/retry.js"
import { OwnershipError } from "../../errors.js"
import type { Owner, Provider } from "../../provider.js"
import { type Fleet, fleetCalls } from "../state/context.js"
import { generationOf } from "../tags.js"

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
  return (await claimsOf(fleet)).highest
}

export interface Claims {
  /** The highest generation that the cluster's set-up tells of; 0 where nothing does. */
  readonly highest: number
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
    highest: found.reduce((highest, { tags, shared }) => Math.max(highest, shared ? 0 : generationOf(tags)), 0),
    isWhole: outcomes.every(({ status }) => status === "fulfilled"),
  }
}
