/** The world that a rehearsal simulates instead of Compute Engine: the wire's, with buckets under the simulator's names. */
import { habitsOf, type Lookalike } from "../../../src/simulator/provider/lookalike.js"
import { LAUNCH_BATCH, limitsOf, PAGE } from "../limits.js"
import { gceWorld } from "./world.js"

const DEFAULT_REGION = "europe-west2"

export function lookalike(region = DEFAULT_REGION): Lookalike {
  const limits = limitsOf({ region, project: "rehearsal" }, 0)
  const { reads, writes } = limits.buckets
  return {
    world: {
      ...gceWorld(region),
      billsUntilGone: true,
      buckets: { ...(reads && { reads }), ...(writes && { writes }) },
      // One instance a delete; a bulk insert takes many.
      limits: {
        createBatch: LAUNCH_BATCH,
        terminateBatch: 1,
        listPage: PAGE,
        consistencyMs: limits.consistencyMs,
      },
    },
    // An operation is done when its instances run.
    provider: { settleMs: [10_000, 40_000], overrides: habitsOf({ limits }) },
  }
}
