/** The process that owns a cluster, and may die at a chosen point: scales up, closes, and tells its parent. */
import { systemClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { Provider } from "../../src/provider.js"
import type { ClusterSpec } from "../../src/spec.js"
import type { Errand, Report } from "./errand.js"
import { nameOf, type Pass, PointCounter, type SeenPoint, withKillPoints } from "./points.js"

const errand = JSON.parse(process.argv[2] ?? "{}") as Errand
const counter = new PointCounter()
const seen: SeenPoint[] = []

/** A cloud in a box may have to start something first. */
type Factory = (options: unknown) => Provider | Promise<Provider>

function die(): void {
  process.kill(process.pid, "SIGKILL")
}

const pass: Pass = (step, edge) => {
  const point = counter.next(step, edge)
  const { death } = errand
  const isMine = death !== undefined && nameOf(death.point) === nameOf(point)
  if (edge !== "during") {
    seen.push(point)
    if (isMine) die()
    return undefined
  }
  const begun = systemClock.now()
  if (isMine) systemClock.timer(death.afterMs, die)
  return () => void seen.push({ ...point, lastedMs: systemClock.now() - begun })
}

async function openCluster(): Promise<Cluster> {
  const { place, name, spec, journal } = errand
  const module = (await import(place.module)) as Readonly<Record<string, Factory>>
  const make = module[place.factory]
  if (make === undefined) throw new Error(`${place.module} has no ${place.factory}`)
  const provider = withKillPoints(await make(place.options), pass)
  return new Cluster({ ...spec, name, provider, existing: "connect" } as ClusterSpec, { journal })
}

async function told(): Promise<void> {
  await new Promise((resolve) => process.once("message", resolve))
}

/** Resolves when the parent has it: what is said last must not be lost with the process. */
async function tell(report: Report): Promise<void> {
  await new Promise((resolve) => process.send?.(report, undefined, {}, resolve))
}

async function run(): Promise<void> {
  counter.phase = "scale"
  const cluster = await openCluster()
  const { running } = await cluster.scale(errand.target, { timeout: "50s" })
  await tell({ kind: "scaled", running, ids: cluster.workers.map((worker) => worker.id) })
  if (errand.pauses) await told()
  counter.phase = "close"
  const receipt = await cluster.close({ timeout: "50s" })
  await tell({ kind: "closed", leaked: receipt.leaked.map((row) => row.id), points: seen })
}

await run().catch((error: unknown) =>
  tell({ kind: "failed", phase: counter.phase, message: error instanceof Error ? error.message : String(error) }),
)
process.disconnect()
