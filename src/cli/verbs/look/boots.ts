/** `muster boots`: where the time of a cluster's boots went, as its process wrote it down, and of those that boot now. */
import { wallAheadMs } from "../../../calls/clock.js"
import type { Cluster } from "../../../cluster.js"
import type { HistoryRow } from "../../../history/rows.js"
import { type BootTold, bootTimings, shortSpan } from "../../../ready/boot-timings.js"
import { attached, type NamedTarget } from "../../clusters.js"
import { EXIT, NothingThereError } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import { namedTarget } from "../../spec/target.js"
import { historyKept } from "../../state/kept.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { table } from "../../table.js"
import { sinceOf } from "./events.js"

/** For so long workers are listened to that were not heard yet, in milliseconds. */
const HEAR_MS = 5_000
const LOOK_MS = 100

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "wide", "json", "yaml"])
  const { clock, out, columns } = surroundings
  const since = sinceOf(given, clock.now() + wallAheadMs(clock))
  const target = await namedTarget(given, surroundings, "optional")
  const history = await historyKept(target.name, given, surroundings, since === undefined ? {} : { since })
  const written = (history?.rows ?? []).flatMap(bootsIn)
  const living = await livingBoots(target, given, surroundings, history !== undefined)
  const known = new Set(written.map(({ name }) => name))
  const timings = bootTimings([...written, ...living.filter(({ name }) => !known.has(name))])
  const { workers, providers, types } = timings
  const data = await dataText({ cluster: target.name, providers, types, workers }, format, surroundings)
  if (data !== undefined) out(data)
  else if (workers.length === 0)
    out(`no boots of "${target.name}" are known${since === undefined ? "" : " from that time"}\n`)
  else out(`${String(timings)}\n${format === "wide" ? `\n${workerTable(workers, columns)}` : ""}`)
  return EXIT.ok
}

function bootsIn(row: HistoryRow): readonly BootTold[] {
  if (row.type !== "boot") return []
  const { group, provider, region, instanceType, outcome, phases } = row
  return row.boots.map(([name, ...times]) => ({
    ...{ name, group, provider, region, instanceType, outcome },
    phases: phases.map((phase, at) => ({ phase, ms: times[at] ?? 0 })),
    ms: times.reduce((sum, ms) => sum + ms, 0),
  }))
}

/** Of what lives, as far as it can be heard now. Where nothing says where it is, or nothing of it lives, what was written down is all there is. */
async function livingBoots(
  target: NamedTarget,
  given: Given,
  surroundings: Surroundings,
  hasHistory: boolean,
): Promise<readonly BootTold[]> {
  if (target.places.length === 0 && hasHistory) return []
  try {
    const providers = await providersAt(target.places, surroundings)
    const { access } = target.spec
    const more = { takeOver: false, ...(access === undefined ? {} : { access }) }
    const cluster = await attached(target, providers, given, surroundings, more)
    try {
      return await heard(cluster, surroundings)
    } finally {
      await cluster.detach()
    }
  } catch (error) {
    if (hasHistory && error instanceof NothingThereError) return []
    throw error
  }
}

async function heard(cluster: Cluster, { clock }: Surroundings): Promise<readonly BootTold[]> {
  const until = clock.now() + HEAR_MS
  for (;;) {
    const { workers } = cluster.bootTimings()
    const known = new Set(workers.map(({ id }) => id))
    const isAwaited = cluster.workers.some(({ state, ready, id }) => state === "running" && !ready && !known.has(id))
    if (!isAwaited || clock.now() >= until) return workers
    await clock.sleep(LOOK_MS)
  }
}

/** The slowest first. */
function workerTable(workers: readonly BootTold[], most: number | undefined): string {
  const phases = [...new Set(workers.flatMap((worker) => worker.phases.map(({ phase }) => phase)))]
  const head = ["NAME", "TYPE", "STATE", "BOOT", ...phases.map((phase) => phase.toUpperCase())]
  const rows = [...workers]
    .sort((a, b) => b.ms - a.ms)
    .map(({ name, instanceType, outcome, ms, phases: own }) => {
      const times = phases.map((phase) => own.find((one) => one.phase === phase)?.ms)
      return [
        name,
        instanceType,
        outcome,
        shortSpan(ms),
        ...times.map((time) => (time === undefined ? "-" : shortSpan(time))),
      ]
    })
  return table(head, rows, most)
}
