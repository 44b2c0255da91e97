/** Growth: what a worker costs in CPU when there are many, launched one a request, in large batches, and in many groups. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { simulate, type SimulateOptions } from "../../../src/simulator/index.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { spreadOf } from "../statistics.js"
import { effortOf } from "../stopwatch.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

/** As fast as a cloud of one VM a request lets them go: 10 writes a second. */
const ONE_BY_ONE = {
  limits: { createBatch: 1 },
  buckets: {
    reads: { kind: "token", capacity: 200, perSecond: 50 },
    writes: { kind: "token", capacity: 100, perSecond: 10 },
  },
} as const satisfies SimulateOptions

const SINGLES = [1_000, 10_000, 50_000] as const
const IN_BATCHES = 100_000
const GROUPS = { groups: 500, each: 10 } as const
const MINUTES_AT_REST = 10

export const suite: Suite = {
  title: "growth",
  measure: async (options) => [
    ...(await measureSingles(options)),
    ...(await measureBatches(options)),
    ...(await measureGroups(options)),
  ],
}

async function measureSingles({ say }: SuiteOptions): Promise<readonly Row[]> {
  const rows: Row[] = []
  const each: number[] = []
  const means = { budget: { total: 1e9, perHour: 1e9 }, maxWorkers: 1e5 }
  for (const count of SINGLES) {
    say(`${count} launched one a request`)
    const plain = (await cpuUp(count, ONE_BY_ONE)) / count
    each.push(plain)
    rows.push(row(`one a request, ${count}: CPU a worker`, plain))
    if (count > 10_000) continue
    const withMeans = await cpuUp(count, ONE_BY_ONE, means)
    rows.push(row(`one a request, ${count}, budget and maxWorkers: CPU a worker`, withMeans / count))
  }
  const [first = Number.NaN] = each
  rows.push(growthRow(`one a request, ${SINGLES.at(-1)} : ${SINGLES[0]}`, (each.at(-1) ?? Number.NaN) / first))
  return rows
}

async function measureBatches({ say }: SuiteOptions): Promise<readonly Row[]> {
  say(`${IN_BATCHES} in batches`)
  const { clock, cluster } = rig({ limits: { createBatch: 1_000 } })
  const up = await effortOf(() => clock.run(cluster.scale(IN_BATCHES, { timeout: "10h" })))
  const rest = await effortOf(() => clock.run(clock.sleep(MINUTES_AT_REST * 60_000)))
  await clock.run(cluster.close({ timeout: "10h" }))
  const title = `in batches, ${IN_BATCHES}`
  return [
    row(`${title}: CPU up`, up.cpuMs),
    row(`${title}: CPU a virtual minute at rest`, rest.cpuMs / MINUTES_AT_REST),
  ]
}

async function measureGroups({ say }: SuiteOptions): Promise<readonly Row[]> {
  const names = Array.from({ length: GROUPS.groups }, (_, index) => `g${index}`)
  say(`${GROUPS.groups} groups of ${GROUPS.each}`)
  const { clock, cluster } = rig({}, { groups: Object.fromEntries(names.map((name) => [name, {}])) })
  const targets = Object.fromEntries(names.map((name) => [name, GROUPS.each]))
  const up = await effortOf(() => clock.run(cluster.scale(targets, { timeout: "10h" })))
  await clock.run(cluster.close({ timeout: "10h" }))
  return [row(`${GROUPS.groups} groups of ${GROUPS.each}: CPU up`, up.cpuMs)]
}

function rig(options: SimulateOptions, spec: Partial<ClusterSpec> = {}) {
  const clock = new VirtualClock({ seed: 1 })
  const { provider } = simulate({ ...options, clock, seed: 1 })
  const whole = { provider, instanceType: "s1.small", ...spec } as ClusterSpec
  return { clock, cluster: new Cluster(whole, { clock, journal: false }) }
}

async function cpuUp(count: number, options: SimulateOptions, spec: Partial<ClusterSpec> = {}): Promise<number> {
  const { clock, cluster } = rig(options, spec)
  const { cpuMs } = await effortOf(() => clock.run(cluster.scale(count, { timeout: "10h" })))
  await clock.run(cluster.close({ timeout: "10h" }))
  return cpuMs
}

function growthRow(name: string, value: number): Row {
  return { name: `${name}: CPU a worker`, unit: "ratio", ...spreadOf([value]), note: "1 is a straight line" }
}

/** Each once: the growth is what is shown, and it is far larger than what two runs differ by. */
function row(name: string, value: number): Row {
  return { name, unit: "ms", ...spreadOf([value]), note: "one run, virtual clock" }
}
