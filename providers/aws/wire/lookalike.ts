/** What a rehearsal simulates instead of EC2: the wire's world, with its buckets under the names that the simulator uses. */
import { habitsOf, type Lookalike } from "../../../src/simulator/provider/lookalike.js"
import { FLEET_BATCH, limitsOf, PAGE, TERMINATE_BATCH } from "../limits.js"
import { ec2World } from "./world/world.js"

const DEFAULT_REGION = "eu-west-2"

export function lookalike(region = DEFAULT_REGION): Lookalike {
  const limits = limitsOf({ region })
  const { CreateFleet, TerminateInstances, DescribeInstances, CreateLaunchTemplate } = limits.buckets
  const named = {
    creates: CreateFleet,
    instances: limits.buckets["RunInstances.resources"],
    terminations: TerminateInstances,
    ending: limits.buckets["TerminateInstances.resources"],
    reads: DescribeInstances,
    writes: CreateLaunchTemplate,
  }
  const buckets = Object.entries(named).flatMap(([name, bucket]) => (bucket === undefined ? [] : [[name, bucket]]))
  return {
    world: {
      ...ec2World(region),
      buckets: Object.fromEntries(buckets) as typeof limits.buckets,
      limits: {
        createBatch: FLEET_BATCH,
        terminateBatch: TERMINATE_BATCH,
        listPage: PAGE,
        consistencyMs: limits.consistencyMs,
      },
    },
    provider: { fleets: true, overrides: habitsOf({ limits }) },
  }
}
