/** Zones and types whose boots fail their check far more often than the others' are left alone for a while. */
import { describe, expect, test } from "vitest"
import type { EventOf } from "../../../src/events.js"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong } from "../../support/long.js"
import { rig } from "../support.js"

const MINUTE = 60_000

function burst(options: SimulateOptions, spec: Partial<ClusterSpec> = {}) {
  const made = rig({ listLagMs: 0, latency: { bootMs: [20_000, 40_000], readyMs: [1_000, 5_000] }, ...options })
  const ready = { tcp: 80, timeout: "1m" } as const
  const cluster = made.cluster({ name: "c", startup: "x", spread: "zones", ready, ...spec } as Partial<ClusterSpec>)
  const rested: EventOf<"offer-unavailable">[] = []
  cluster.on("offer-unavailable", (event) => void (event.code === "FailsItsCheck" && rested.push(event)))
  const madeIn = (zone: string) => made.world.truth({}).filter((instance) => instance.zone === zone).length
  return { ...made, cluster, rested, madeIn }
}

describe.each(Array.from({ length: isLong ? 40 : 1 }, (_, n) => n + 1))("seed %i", (seed) => {
  test("a bad zone is avoided, said in words, and tried again later", async () => {
    const { clock, world, cluster, rested, madeIn } = burst({ seed })
    world.faults.rateChecks(1, { zone: "sim-1b" }, { exitCode: 4, tail: "no licence here" })
    const result = await clock.run(cluster.scale(45, { timeout: "60m" }))
    expect(result).toMatchObject({ ready: 45, running: 45 })
    // Those that were launched there together, and none of their replacements.
    expect(madeIn("sim-1b")).toBeLessThanOrEqual(17)
    expect(rested).toMatchObject([{ reason: "startup", scope: { zone: "sim-1b" } }])
    expect(rested[0]?.message).toMatch(
      /boots in sim-1b failed their check, and 0 of \d+ elsewhere: it rests for 10 min; .*no licence here/s,
    )
    const { groups } = cluster.explain()
    expect(groups[0]?.resting).toMatchObject([{ scope: { zone: "sim-1b" }, code: "FailsItsCheck" }])
    expect(String(cluster.explain())).toMatch(
      /resting, because boots there failed[^\n]*\n {4}simulated sim-1b: startup \(FailsItsCheck\), again in/,
    )
    const before = madeIn("sim-1b")
    await clock.run(clock.sleep(11 * MINUTE))
    expect(cluster.explain().groups[0]?.resting).toEqual([])
    world.faults.clear()
    await clock.run(cluster.scale(60, { timeout: "60m" }))
    expect(madeIn("sim-1b")).toBeGreaterThan(before)
    await clock.run(cluster.close())
  })

  test.each([0.1, 0.3])("a check that fails everywhere in %f of all lets nothing rest", async (share) => {
    const { clock, world, cluster, rested } = burst({ seed })
    world.faults.rateChecks(share)
    await clock.run(cluster.scale(45, { timeout: "90m" }))
    expect(rested).toEqual([])
    await clock.run(cluster.close())
  })
})

test("a check that passes nowhere lets nothing rest: the breaker stops the group", async () => {
  const { clock, world, cluster, rested } = burst({ seed: 5 })
  world.faults.rateChecks(1)
  await expect(clock.run(cluster.scale(30, { timeout: "60m" }))).rejects.toMatchObject({ name: "ShortfallError" })
  expect(rested).toEqual([])
  expect(cluster.explain().groups[0]?.stopped).toMatch(/too many startups failed/)
  await clock.run(cluster.close())
})

test("what another group runs there is not barred", async () => {
  const groups = { a: {}, b: { zones: ["sim-1b"], spread: "one-zone" } } as const
  const { clock, world, cluster, rested, madeIn } = burst({ seed: 3 }, { groups } as never)
  world.faults.failChecks(12, { zone: "sim-1b" })
  await clock.run(cluster.scale({ a: 36 }, { timeout: "60m" }))
  expect(rested).toMatchObject([{ scope: { zone: "sim-1b" } }])
  const before = madeIn("sim-1b")
  await clock.run(cluster.scale({ b: 4 }, { timeout: "60m" }))
  expect(madeIn("sim-1b")).toBeGreaterThanOrEqual(before + 4)
  await clock.run(cluster.close())
})
