/** Boots: what is known of the boots of a cluster's workers. */
import type { ClusterEventBody } from "../../events.js"
import { type BootTiming, type BootTimings, bootTimings, slowestText } from "../../ready/boot-timings.js"
import { type Boot, phasesOf } from "../../ready/boot.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { workerName } from "./worker.js"

/** What is told of a boot that is over; undefined of one that goes on, and where nothing is known of it. */
export function bootEvent(worker: WorkerRecord): Extract<ClusterEventBody, { type: "boot" }> | undefined {
  const { boot } = worker
  const at = boot?.readyAt ?? boot?.endedAt
  if (boot === undefined || boot.isFound || at === undefined) return undefined
  const { id, name, group, provider, region, zone, instanceType, outcome, ms, phases } = bootOf(worker, boot, at)
  if (outcome === "booting") return undefined
  return { type: "boot", id, name, group, provider, region, zone, instanceType, outcome, ms, phases }
}

/** Of all that this process has launched or seen boot. @param now milliseconds since 1970. */
export function bootsOf(workers: readonly WorkerRecord[], now: number): BootTimings {
  return bootTimings(
    workers.flatMap((worker) =>
      worker.boot === undefined || isUnheard(worker.boot) ? [] : [bootOf(worker, worker.boot, now)],
    ),
  )
}

/** The one that boots for longest of these, and what it is in; undefined where none does. */
export function slowestBoot(workers: Iterable<WorkerRecord>, now: number): string | undefined {
  let [slowest, since] = [undefined as WorkerRecord | undefined, Number.POSITIVE_INFINITY]
  for (const worker of workers) {
    const { boot } = worker
    if (boot === undefined || boot.readyAt !== undefined || boot.endedAt !== undefined || isUnheard(boot)) continue
    const begunAt = boot.requestedAt ?? boot.acceptedAt
    if (begunAt < since) [slowest, since] = [worker, begunAt]
  }
  return slowest?.boot === undefined ? undefined : slowestText([bootOf(slowest, slowest.boot, now)])
}

/** When it began to boot is known, and nothing else. */
function isUnheard({ isFound, guestAt }: Boot): boolean {
  return isFound === true && guestAt === undefined
}

function bootOf(worker: WorkerRecord, boot: Boot, now: number): BootTiming {
  const { instance, group, provider } = worker
  const { requestedAt, acceptedAt, runningAt, reachedAt, readyAt, endedAt, steps = [] } = boot
  const phases = phasesOf(boot, now)
  return {
    ...{ id: instance.id, name: workerName(instance, group), group },
    ...{ provider: provider.name, region: provider.region, zone: instance.zone, instanceType: instance.instanceType },
    outcome: readyAt !== undefined ? "ready" : endedAt === undefined ? "booting" : "ended",
    ...(requestedAt === undefined ? {} : { requestedAt }),
    acceptedAt,
    ...(runningAt === undefined ? {} : { runningAt }),
    ...(reachedAt === undefined ? {} : { reachedAt }),
    ...(readyAt === undefined ? {} : { readyAt }),
    steps: stepsOf(steps),
    ms: phases.reduce((sum, { ms }) => sum + ms, 0),
    phases,
  }
}

function stepsOf(flat: NonNullable<Boot["steps"]>): BootTiming["steps"] {
  return Array.from({ length: Math.floor(flat.length / 3) }, (_, index) => ({
    step: String(flat[3 * index]),
    atMs: Number(flat[3 * index + 1]),
    exitCode: Number(flat[3 * index + 2]),
  }))
}
