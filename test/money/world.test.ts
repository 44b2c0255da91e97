/** Any cluster on any world: what it may cost holds, and what it says it has cost is what the world would charge. */
import * as fc from "../support/property.js"
import { expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { billOf } from "../../src/simulator/world/bill.js"
import { type SimulatedCloud, simulate } from "../../src/simulator/index.js"
import { isLong } from "../support/long.js"

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Between two looks at a cluster at rest with spot workers, and what a list may be late (`listLagMs`). */
const TICK_MS = 10_000 + 3_000

const SPOT_SHARE = 0.4

const types = (prices: readonly number[]) =>
  prices.map((price, index) => ({
    name: `t${index}`,
    family: "f",
    vcpus: 1,
    memoryGiB: 1,
    arch: "x86_64" as const,
    price: { "on-demand": price, spot: price * SPOT_SHARE },
  }))

const story = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  prices: fc.array(
    fc.integer({ min: 1, max: 200 }).map((cents) => cents / 100),
    { minLength: 1, maxLength: 4 },
  ),
  capacity: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 3, maxLength: 3 }),
  /** Of what the largest target costs an hour at the lowest price. */
  hourlyShare: fc.option(fc.double({ min: 0.9, max: 4, noNaN: true }), { nil: undefined }),
  totalShare: fc.option(fc.double({ min: 0.1, max: 3, noNaN: true }), { nil: undefined }),
  maxWorkers: fc.option(fc.integer({ min: 20, max: 30 }), { nil: undefined }),
  least: fc.constantFrom(0, 60),
  share: fc.double({ min: 0, max: 0.6, noNaN: true }),
  targets: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }),
})

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function cloudOf({ seed, prices, capacity, least }: Story): SimulatedCloud & { readonly clock: VirtualClock } {
  const clock = new VirtualClock({ seed })
  const zones = ["a", "b", "c"]
  const cloud = simulate({
    clock,
    seed,
    types: types(prices),
    zones,
    capacity: zones.map((zone, index) => ({ zone, count: capacity[index] ?? 0 })),
  })
  const limits = { ...cloud.provider.limits, leastBilledSeconds: least }
  return { ...cloud, clock, provider: { ...cloud.provider, limits } }
}

function limitsOf({ prices, targets, hourlyShare, totalShare }: Story) {
  const least = Math.max(1, ...targets) * Math.min(...prices) * SPOT_SHARE
  const of = (share: number | undefined) => (share === undefined ? undefined : share * least)
  return { perHour: of(hourlyShare), total: of(totalShare) }
}

async function live(story: Story) {
  const { clock, world, provider } = cloudOf(story)
  const { maxWorkers, prices, targets, share } = story
  const { perHour, total } = limitsOf(story)
  const budget = { ...(perHour === undefined ? {} : { perHour }), ...(total === undefined ? {} : { total }) }
  const cluster = new Cluster(
    {
      provider,
      instanceType: prices.map((_, index) => `t${index}`),
      market: "spot-with-fallback",
      spread: "zones",
      ...(Object.keys(budget).length === 0 ? {} : { budget }),
      ...(maxWorkers === undefined ? {} : { maxWorkers }),
    },
    { clock, seed: story.seed, journal: false },
  )
  const most = { perHour: 0, workers: 0 }
  const there = () => world.truth({ states: ["pending", "running", "stopped"] })
  cluster.on("*", () => {
    const now = there()
    most.workers = Math.max(most.workers, now.length)
    most.perHour = Math.max(
      most.perHour,
      now.reduce((usd, { offer }) => usd + (offer.pricePerHour ?? 0), 0),
    )
  })
  world.faults.storm({ share, withinMs: HOUR_MS })
  for (const target of targets) {
    await clock.run(cluster.scale(target, { timeout: "5m" }).catch(() => undefined))
    await clock.run(clock.sleep(20 * MINUTE_MS))
  }
  const said = cluster.cost()
  const truth = billOf(world, story.least)
  // What may be billed too much of each: its start is taken as early as a list may be late, its end as late as a look may come; and
  // the least, where it ran between two looks.
  const { consistencyMs } = provider.limits
  const dear = world.truth().reduce((usd, { id, offer }) => {
    const ranMs = world.runningSeconds(id) * 1000
    const seconds = (consistencyMs + TICK_MS + (ranMs < TICK_MS ? story.least * 1000 : 0)) / 1000
    return usd + (seconds / 3600) * (offer.pricePerHour ?? 0)
  }, 0)
  const receipt = await clock.run(cluster.close())
  return { most, said, truth, dear, receipt, last: billOf(world, story.least), world }
}

test("never above perHour, total or maxWorkers; the estimate is the world's bill or up to a look and a late list above it", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (one) => {
      const { most, said, truth, dear, receipt, last, world } = await live(one)
      const { perHour, total } = limitsOf(one)
      if (perHour !== undefined) expect(most.perHour).toBeLessThanOrEqual(perHour + 1e-9)
      if (one.maxWorkers !== undefined) expect(most.workers).toBeLessThanOrEqual(one.maxWorkers)
      if (total !== undefined) expect(last.usd).toBeLessThanOrEqual(total + dear)
      for (const above of [said.soFar - truth.usd, (receipt.cost ?? 0) - last.usd]) {
        expect(above).toBeGreaterThanOrEqual(-1e-9)
        expect(above).toBeLessThanOrEqual(dear + 1e-9)
      }
      expect(world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
      const sum = receipt.instances.reduce((usd, { cost = 0 }) => usd + cost, 0)
      expect(sum).toBeCloseTo(receipt.cost ?? 0, 8)
    }),
    { numRuns: isLong ? 25 : 8, seed: 7, endOnFailure: true },
  )
}, 120_000)
