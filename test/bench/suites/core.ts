/** The core: what loading it costs, how fast local instances come and go, how it works at ten thousand, and what more cost. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { simulate, type World } from "../../../src/simulator/index.js"
import { importCosts } from "../child.js"
import { measureLocal } from "../local.js"
import { Measurements } from "../measurements.js"
import { spreadOf } from "../statistics.js"
import { effortOf } from "../stopwatch.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"
import { suite as growth } from "./growth.js"

const WORLD_COUNT = 10_000

export const suite: Suite = {
  title: "core",
  measure: async (options) => [
    ...(await measureImports(options)),
    ...(await measureLocal(options)),
    ...(await measureWorld(options)),
    ...(await growth.measure(options)),
  ],
}

async function measureImports({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  say(`importing in ${runs} × 4 processes`)
  const costs = await importCosts({ muster: 'import "muster-vms"', zod: 'import "zod"' }, runs)
  return Object.entries(costs).map(([name, values]) => ({
    name: `import "${name}"`,
    unit: "ms",
    ...spreadOf(values),
    note: name === "zod" ? "for comparison: loaded at the first new Cluster" : "minus a bare Node, in pairs",
  }))
}

async function measureWorld({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const times = new Measurements()
  const calls = new Measurements()
  let floors: Readonly<Record<string, number>> = {}
  say(`${WORLD_COUNT} in the world up and down, ${runs} times`)
  for (let run = 0; run < runs; run += 1) floors = await worldOnce(run + 1, times, calls)
  const floorOf = (name: string) => (floors[name] === undefined ? undefined : `at least ${floors[name]}`)
  return [...times.rows("ms", () => "virtual clock"), ...calls.rows("calls", floorOf)]
}

/** One run with its own seed. Returns the fewest calls that the world's batch and page sizes allow. */
async function worldOnce(seed: number, times: Measurements, calls: Measurements): Promise<Record<string, number>> {
  const clock = new VirtualClock({ seed })
  const { world, provider } = simulate({ clock, seed })
  const cluster = new Cluster({ provider, instanceType: "s1.small" }, { clock, journal: false })
  const title = `world ${WORLD_COUNT}`
  const steps = { up: () => cluster.scale(WORLD_COUNT), down: () => cluster.close() }
  for (const [step, act] of Object.entries(steps)) {
    const before = countsOf(world)
    const { wallMs, cpuMs } = await effortOf(() => clock.run<unknown>(act()))
    times.add(`${title} ${step}: wall`, wallMs)
    times.add(`${title} ${step}: CPU`, cpuMs)
    for (const [api, count] of countsOf(world)) {
      const made = count - (before.get(api) ?? 0)
      if (made > 0) calls.add(`${title} ${step}: ${api}`, made)
    }
  }
  return floorsOf(world, title)
}

function countsOf(world: World): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { api } of world.ledger.entries) counts.set(api, (counts.get(api) ?? 0) + 1)
  return counts
}

/** To make them, to see all of them run once, to end them, and to see once that none is left. */
function floorsOf(world: World, title: string): Record<string, number> {
  const { createBatch, terminateBatch, listPage } = world.settings.limits
  return {
    [`${title} up: CreateInstances`]: Math.ceil(WORLD_COUNT / createBatch),
    [`${title} up: ListInstances`]: Math.ceil(WORLD_COUNT / listPage),
    [`${title} down: TerminateInstances`]: Math.ceil(WORLD_COUNT / terminateBatch),
    [`${title} down: ListInstances`]: 1,
  }
}
