/**
 * Scenarios by name: each changes a world at given times, so that a burst can be tried against it before it costs money.
 *
 * @example
 *     const { world, provider, clock } = simulate({ speed: 60, scenario: "spot-storm" })
 */
import type { World } from "./world/world.js"

/** One thing that happens to a world. */
export interface ScenarioStep {
  /** When, counted from the beginning; 0: before the first request. */
  readonly afterMs: number
  /** In a few words, for pictures. */
  readonly what: string
  /** In the first of several regions only; in all of them when left out. */
  readonly where?: "first-region"
  readonly act: (world: World) => void
}

export interface Scenario {
  /** What happens, in a sentence. */
  readonly story: string
  readonly steps: readonly ScenarioStep[]
}

const MINUTE_MS = 60_000

/** Late enough that a burst has come, early enough that a short rehearsal sees what follows. */
const STRIKE_MS = 5 * MINUTE_MS
const STORM_MS = 5 * MINUTE_MS
const OUTAGE_MS = 10 * MINUTE_MS

/** What EC2 gives a new account for its Standard family; GPUs none ("On-Demand Instances", quotas by default). */
const FRESH_VCPUS = 5

export const scenarios = {
  "calm-day": {
    story: "nothing goes wrong",
    steps: [],
  },
  "one-zone-empty": {
    story: "the first zone has nothing left to sell",
    steps: [{ afterMs: 0, what: "a zone is empty", act: emptyFirstZone }],
  },
  "spot-drought": {
    story: "every spot pool holds two instances and no more",
    steps: [{ afterMs: 0, what: "spot is scarce", act: (world) => world.setCapacity({ market: "spot" }, 2) }],
  },
  "spot-storm": {
    story: "three spot instances in ten are taken back within five minutes, those made meanwhile as well",
    steps: [
      {
        afterMs: STRIKE_MS,
        what: "a spot storm of 5 min",
        act: (world) => world.faults.storm({ share: 0.3, withinMs: STORM_MS }),
      },
    ],
  },
  "fresh-account": {
    story: "a new account's quotas: 5 vCPUs of each family and market, no GPUs",
    steps: [{ afterMs: 0, what: "quotas of a new account", act: setFreshQuotas }],
  },
  "brown-out": {
    story: "one request in twenty fails and every one takes two seconds",
    steps: [{ afterMs: 0, what: "the API is slow and fails", act: brownOut }],
  },
  "region-outage": {
    story:
      "after five minutes the first region answers no request for ten, and one in ten of its instances is gone; the others go on running",
    steps: [{ afterMs: STRIKE_MS, what: "an outage of 10 min", where: "first-region", act: blackOut }],
  },
  "slow-boots": {
    story: "instances take five to ten minutes to run",
    steps: [
      {
        afterMs: 0,
        what: "boots are slow",
        act: (world) => world.setLatency({ bootMs: [5 * MINUTE_MS, 10 * MINUTE_MS] }),
      },
    ],
  },
  "failing-startups": {
    story: "one startup in five ends with exit code 3 after twenty seconds",
    steps: [{ afterMs: 0, what: "startups fail", act: failStartups }],
  },
  everything: {
    story: "lost, late and failed answers, stale lists, thin spot pools, failed boots and a spot storm, all at once",
    steps: [
      { afterMs: 0, what: "everything at once", act: everyFault },
      {
        afterMs: STRIKE_MS,
        what: "a spot storm of 5 min",
        act: (world) => world.faults.storm({ share: 0.3, withinMs: STORM_MS }),
      },
    ],
  },
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios

/** Has a scenario's steps happen to the worlds, one for each region, each at its time. */
export function arrange({ steps }: Scenario, worlds: readonly World[]): void {
  for (const { afterMs, where, act } of steps) {
    for (const world of where === "first-region" ? worlds.slice(0, 1) : worlds) {
      if (afterMs === 0) act(world)
      else world.after(afterMs, () => act(world))
    }
  }
}

function emptyFirstZone(world: World): void {
  const zone = world.settings.zones[0]
  if (zone !== undefined) world.faults.emptyPool({ zone })
}

function setFreshQuotas(world: World): void {
  for (const { family, market, gpu } of world.offers) {
    world.setQuota({ family, market, vcpus: gpu === undefined ? FRESH_VCPUS : 0 })
  }
}

function brownOut(world: World): void {
  world.setLatency({ requestMs: 2_000, createMs: [2_000, 4_000] })
  world.faults.rate("*", 0.05, { kind: "fail", error: "transient", code: "InternalError" })
}

function blackOut(world: World): void {
  const until = world.clock.now() + OUTAGE_MS
  const isOut = () => world.clock.now() < until
  world.faults.rate("*", 1, { kind: "fail", error: "transient", code: "ServiceUnavailable" }, isOut)
  const running = world.truth({ states: ["running"] })
  world.terminate(running.filter((_, index) => index % 10 === 0).map(({ id }) => id))
}

function failStartups(world: World): void {
  const tail = "reading the inputs\nthe disk is full"
  world.faults.rateStartups(0.2, {}, { exitCode: 3, afterMs: 20_000, tail })
}

function everyFault(world: World): void {
  const { faults, settings } = world
  faults.rate("*", 0.03, { kind: "lose-reply" })
  faults.rate("*", 0.05, { kind: "fail", error: "transient", code: "InternalError" })
  faults.rate("*", 0.05, { kind: "fail", error: "throttled", code: "RequestLimitExceeded", retryAfterMs: 2_000 })
  faults.rate("*", 0.01, { kind: "hang" })
  faults.rate("*", 0.02, { kind: "twice" })
  faults.rate("*", 0.05, { kind: "late", ms: 5_000 })
  faults.lagLists(Math.max(0, Math.min(60_000, settings.limits.consistencyMs - 1_000)))
  faults.rateBoots(0.05)
  world.setCapacity({ market: "spot" }, 20)
}
