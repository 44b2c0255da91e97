/** What a rehearsal plays instead of Azure: the wire's world, its buckets under the names that the simulator draws on. */
import { habitsOf, type Lookalike } from "../../../src/simulator/provider/lookalike.js"
import { limitsOf } from "../limits.js"
import { AZURE_WORLD } from "./world/world.js"

/** A page of VMs: ARM does not say; lists of hundreds have been seen to come in pages of this size. */
const PAGE = 100

export function lookalike(region = AZURE_WORLD.region ?? ""): Lookalike {
  const limits = limitsOf({ subscriptionId: "rehearsal", location: region })
  const { "arm.reads": reads, "arm.writes": writes, "arm.deletes": terminations } = limits.buckets
  return {
    world: {
      ...AZURE_WORLD,
      billsUntilGone: true,
      region,
      buckets: { ...(reads && { reads }), ...(writes && { writes }), ...(terminations && { terminations }) },
      // One VM a request, either way.
      limits: { createBatch: 1, terminateBatch: 1, listPage: PAGE, consistencyMs: limits.consistencyMs },
    },
    // A VM is told to be there when it runs.
    provider: { names: true, settleMs: [30_000, 90_000], overrides: habitsOf({ limits }) },
  }
}
