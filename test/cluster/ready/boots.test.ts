/** Where the time of boots goes, beside what the small cloud itself knows of each. */
import { describe, expect, test } from "vitest"
import type { EventOf } from "../../../src/events.js"

import type { BootTiming } from "../../../src/ready/boot-timings.js"
import type { SimulateOptions, World } from "../../../src/simulator/index.js"
import { isLong } from "../../support/long.js"
import { rig } from "../support.js"

const STEPS = {
  access: [500, 1_500],
  files: [1_000, 4_000],
  container: [5_000, 9_000],
  setup: [10_000, 20_000],
} as const
const TIMES = { systemMs: [6_000, 12_000], steps: STEPS } as const
/** Consoles are read so often. */
const LOOK_MS = 10_000

/** Parts of a boot by the world's own moments, from when the request was sent. */
function truthOf(world: World, { id, requestedAt = 0 }: BootTiming): Readonly<Record<string, number>> {
  const { createdAt = 0, runningAt = 0 } = world.instance(id) ?? {}
  const { startedAt = 0, steps = [], readyAt = 0 } = world.guestBoot(id) ?? {}
  const moments: [string, number][] = [
    ...([
      ["request", createdAt],
      ["machine", runningAt],
      ["system", startedAt],
    ] as [string, number][]),
    ...steps.map(([step, at]): [string, number] => [step, at]),
    ["ready", readyAt],
  ]
  return Object.fromEntries(moments.map(([name, at], index) => [name, at - (moments[index - 1]?.[1] ?? requestedAt)]))
}

const partsOf = ({ phases }: BootTiming) => Object.fromEntries(phases.map(({ phase, ms }) => [phase, ms]))

test("each part of each boot is what the cloud knows of it, within one look", async () => {
  const { clock, cluster, world } = rig({ guestTimes: TIMES, seed: 7 })
  const made = cluster({ startup: "x", ready: { tcp: 80 } })
  const told: EventOf<"boot">[] = []
  made.on("boot", (event) => void told.push(event))
  await clock.run(made.scale(40))
  const { workers, providers } = made.bootTimings()
  expect(workers.length).toBe(40)
  for (const worker of workers) {
    const [seen, truth] = [partsOf(worker), truthOf(world, worker)]
    expect(Object.keys(seen)).toEqual([...Object.keys(truth), "told"])
    for (const [phase, ms] of Object.entries(truth)) expect(Math.abs((seen[phase] ?? 0) - ms)).toBeLessThan(LOOK_MS)
    // What the guest itself counts is no estimate.
    for (const step of ["files", "container", "setup", "ready"]) expect(seen[step]).toBeCloseTo(truth[step] ?? 0, -1)
    const sum = worker.phases.reduce((all, { ms }) => all + ms, 0)
    expect(sum).toBeCloseTo((worker.readyAt ?? 0) - (worker.requestedAt ?? 0), 3)
  }
  expect(told.map(({ id, ms, phases }) => ({ id, ms, phases }))).toEqual(
    expect.arrayContaining(workers.map(({ id, ms, phases }) => ({ id, ms, phases }))),
  )
  expect(providers).toMatchObject([{ provider: "simulated", ready: 40, booting: 0, ended: 0 }])
  const receipt = await clock.run(made.close())
  expect(receipt.boots).toEqual(providers)
  expect(String(receipt)).toMatch(/boots in simulated sim-1: .* at the median, .* at the slowest/)
})

test("without a check a boot is over when the worker runs, and nobody asks it anything", async () => {
  const { clock, cluster, world } = rig({ guestTimes: TIMES })
  const made = cluster({ startup: "x" })
  await clock.run(made.scale(3))
  for (const { phases, outcome } of made.bootTimings().workers) {
    expect(outcome).toBe("ready")
    expect(phases.map(({ phase }) => phase)).toEqual(["request", "machine"])
  }
  expect(world.ledger.count("GetConsoleLog")).toBe(0)
  await clock.run(made.close())
})

test("a target that is not reached in time says which boot is the slowest, in what, and what would help", async () => {
  const { clock, cluster } = rig({ guestTimes: { ...TIMES, steps: { setup: 600_000 } } })
  const made = cluster({ startup: "x", ready: { tcp: 80 } })
  const error = await clock.run(made.scale(3, { timeout: "2m" }).catch((thrown: unknown) => thrown))
  expect((error as Error).message).toMatch(
    /; waited 120 s\n {2}boots: the slowest is default-\w+ for \d min.*: in setup for .*; most of the time, \d\d %, goes to setup \(/,
  )
  expect(made.bootTimings().providers).toMatchObject([{ ready: 0, booting: 3, largest: "setup" }])
  const receipt = await clock.run(made.close())
  expect(receipt.boots).toMatchObject([{ ready: 0, booting: 0, ended: 3 }])
})

/** What is made slow, and the part that must be named. */
const SLOW: Readonly<Record<string, SimulateOptions>> = {
  request: { latency: { createMs: [24_000, 28_000], bootMs: [3_000, 6_000], readyMs: 2_000 }, guestTimes: {} },
  machine: { latency: { bootMs: [300_000, 500_000] } },
  system: { guestTimes: { ...TIMES, systemMs: [200_000, 400_000] } },
  ...Object.fromEntries(
    Object.keys(STEPS).map((step) => [
      step,
      { guestTimes: { ...TIMES, steps: { ...STEPS, [step]: [150_000, 350_000] } } },
    ]),
  ),
  ready: { latency: { readyMs: [150_000, 350_000] } },
}

async function largestOf(options: SimulateOptions): Promise<string | undefined> {
  const { clock, cluster } = rig({ guestTimes: TIMES, ...options })
  const made = cluster({ startup: "x", ready: { tcp: 80 } })
  await clock.run(made.scale(4, { timeout: "40m" }))
  const [summary] = made.bootTimings().providers
  expect(summary?.advice).toContain(`goes to ${summary?.largest}`)
  await clock.run(made.close())
  return summary?.largest
}

describe("one part that is slow is the one that is named", () => {
  const parts = isLong ? Object.keys(SLOW) : ["machine", "setup"]
  const runs = Array.from(
    { length: isLong ? 200 : parts.length },
    (_, seed) => [seed, parts[seed % parts.length] ?? ""] as const,
  )
  test.each(runs)("seed %i: %s", async (seed, part) => {
    expect(await largestOf({ ...SLOW[part], seed: seed + 1 })).toBe(part)
  })
})
