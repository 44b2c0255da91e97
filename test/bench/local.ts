/** The local provider at three sizes: what each worker takes in time and in work, and how that grows. Real processes. */
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { Measurements } from "./measurements.js"
import { millisecondsSince, stopwatch } from "./stopwatch.js"
import type { Row, SuiteOptions } from "./suite.js"

const SIZES = [100, 500, 1000] as const
const [SMALLEST, LARGEST] = [SIZES[0], SIZES[2]]

/** Each worker starts and ends some ten processes. */
const MOST_RUNS = { 100: 5, 500: 2, 1000: 2 } as const

const STEPS = ["up", "down"] as const
const KINDS = ["wall", "CPU"] as const

/** Of each size: until the first, half and all run, until all are gone, and milliseconds for each worker. */
export async function measureLocal({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const times = new Measurements()
  const ratios = new Measurements()
  const each = new Map<string, number[]>()
  for (const count of SIZES) {
    const localRuns = Math.min(runs, MOST_RUNS[count])
    for (let run = 0; run < localRuns; run += 1) {
      say(`local ${count} up and down, ${run + 1} of ${localRuns}`)
      for (const [name, value] of await localOnce(count, times)) each.set(name, [...(each.get(name) ?? []), value])
    }
  }
  for (const step of STEPS) for (const kind of KINDS) addRatio(ratios, each, `${step}: ${kind} each`)
  return [
    ...times.rows("ms", (name) => (name.includes("CPU") ? "of the whole machine: leave it alone" : "real processes")),
    ...ratios.rows("ratio", () => "of the fastest runs; 1 is linear"),
  ]
}

/** One ratio of the least measured: what else the machine does only adds. */
function addRatio(ratios: Measurements, each: ReadonlyMap<string, readonly number[]>, name: string): void {
  const [small, large] = [SMALLEST, LARGEST].map((count) => Math.min(...(each.get(`local ${count} ${name}`) ?? [])))
  ratios.add(`local ${LARGEST} : ${SMALLEST} ${name}`, (large ?? Number.NaN) / (small ?? Number.NaN))
}

/** Brings `count` up and down once. Returns milliseconds for each worker by name. */
async function localOnce(count: number, times: Measurements): Promise<readonly (readonly [string, number])[]> {
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  const provider = local({ root: join(root, "state"), capacity: count })
  const spec = { provider, instanceType: "local-1", startup: "exec sleep 600" }
  const cluster = new Cluster(spec, { journal: join(root, "journal") })
  const title = `local ${count}`
  try {
    const running: number[] = []
    const begun = stopwatch()
    cluster.on("worker", ({ to }) => void (to === "running" && running.push(millisecondsSince(begun))))
    const up = await machineEffortOf(() => cluster.scale(count))
    times.add(`${title}: first runs`, running[0] ?? Number.NaN)
    times.add(`${title}: half run`, running[count / 2 - 1] ?? Number.NaN)
    times.add(`${title}: all run`, running[count - 1] ?? Number.NaN)
    const down = await machineEffortOf(() => cluster.close())
    times.add(`${title}: all gone`, down.wall)
    const each = [
      [`${title} up: wall each`, up.wall / count],
      [`${title} up: CPU each`, up.CPU / count],
      [`${title} down: wall each`, down.wall / count],
      [`${title} down: CPU each`, down.CPU / count],
    ] as const
    for (const [name, value] of each) times.add(name, value)
    return each
  } finally {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  }
}

/** Supervisors are nobody's children, so what they use is seen only in what the whole machine does; in milliseconds. */
async function machineEffortOf(work: () => Promise<unknown>): Promise<Record<(typeof KINDS)[number], number>> {
  const begun = stopwatch()
  const before = busyMs()
  await work()
  return { wall: millisecondsSince(begun), CPU: busyMs() - before }
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}
