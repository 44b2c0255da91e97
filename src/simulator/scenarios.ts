/**
 * Bad days by name: each arranges a world so that a burst can be tried against it before it is paid for.
 *
 * @example
 *     const { world, provider, clock } = simulate({ speed: 60, scenario: "spot-storm" })
 */
import type { World } from "./world.js"

export interface Scenario {
  /** What happens, in a sentence. */
  readonly story: string
  readonly arrange: (world: World) => void
}

const MINUTE_MS = 60_000

/** What EC2 gives a new account for its Standard family; GPUs none ("On-Demand Instances", quotas by default). */
const FRESH_VCPUS = 5

export const scenarios = {
  calm: {
    story: "nothing goes wrong",
    arrange: () => {},
  },
  "zone-empty": {
    story: "the first zone has nothing left to sell",
    arrange: (world) => {
      const zone = world.settings.zones[0]
      if (zone !== undefined) world.faults.emptyPool({ zone })
    },
  },
  "spot-drought": {
    story: "every spot pool holds two instances and no more",
    arrange: (world) => world.setCapacity({ market: "spot" }, 2),
  },
  "spot-storm": {
    story: "three spot instances in ten are taken back within five minutes, those made meanwhile as well",
    arrange: (world) => world.faults.storm({ share: 0.3, withinMs: 5 * MINUTE_MS }),
  },
  "fresh-account": {
    story: "a new account's quotas: 5 vCPUs of each family and market, no GPUs",
    arrange: (world) => {
      for (const { family, market, gpu } of world.offers) {
        world.setQuota({ family, market, vcpus: gpu === undefined ? FRESH_VCPUS : 0 })
      }
    },
  },
  "brown-out": {
    story: "one request in twenty fails and every one takes two seconds",
    arrange: (world) => {
      world.setLatency({ requestMs: 2_000 })
      world.faults.rate("*", 0.05, { kind: "fail", error: "transient", code: "InternalError" })
    },
  },
  "region-outage": {
    story: "every request fails until the faults are cleared; what runs goes on running",
    arrange: (world) => world.faults.rate("*", 1, { kind: "fail", error: "transient", code: "ServiceUnavailable" }),
  },
  "slow-boots": {
    story: "instances take five to ten minutes to run",
    arrange: (world) => world.setLatency({ bootMs: [5 * MINUTE_MS, 10 * MINUTE_MS] }),
  },
  everything: {
    story: "lost, late and failed answers, stale lists, thin pools, failed boots and a spot storm, all at once",
    arrange: (world) => {
      world.faults.rate("*", 0.03, { kind: "lose-reply" })
      world.faults.rate("*", 0.05, { kind: "fail", error: "transient", code: "InternalError" })
      world.faults.rate("*", 0.05, {
        kind: "fail",
        error: "throttled",
        code: "RequestLimitExceeded",
        retryAfterMs: 2_000,
      })
      world.faults.rate("*", 0.01, { kind: "hang" })
      world.faults.rate("*", 0.05, { kind: "late", ms: 5_000 })
      world.faults.lagLists(world.settings.limits.consistencyMs - 1_000)
      world.faults.rateBoots(0.05)
      world.setCapacity({ market: "spot" }, 20)
      world.faults.storm({ share: 0.3, withinMs: 10 * MINUTE_MS })
    },
  },
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios
