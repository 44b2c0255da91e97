/** Rehearse: simulates a spec against a scenario on a small cloud, in virtual time. Nothing is launched and nothing is paid. */
import type { Rehearsal } from "./rehearsal.js"
import type * as Zod from "zod"
import { VirtualClock } from "../calls/clock.js"
import { Cluster } from "../cluster.js"
import { LeakError, ShortfallError } from "../errors.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import { parseOptions, type Z } from "../input/parse.js"
import { type ClusterFields, type Duration, durationMs, durationSchema, type RehearsedSpec } from "../spec.js"
import type { ScaleTarget } from "../verbs/verbs.js"
import { loadLookalike, loadProvider } from "../registry.js"
import { type Clouds, cloudsFor, type WorldChanges } from "./clouds.js"
import { drawPicture } from "./picture.js"
import { reportOf } from "./report.js"
import { arrange, type Scenario, type ScenarioName, scenarios } from "../simulator/scenarios.js"
import { tally } from "../simulator/requests/tally.js"
import { newRecorder, type Recorder } from "./timeline.js"

export interface RehearseOptions {
  /** How many workers, or how many of each group. */
  readonly workers: ScaleTarget
  /** Fixes all luck; 1 by default. */
  readonly seed?: number
  /** For how long the cluster is kept at that size before it is closed, in virtual time; "30m" by default. */
  readonly duration?: Duration
  /** What differs from the simulated cloud: types and their prices, capacity, quotas, latencies. */
  readonly world?: WorldChanges
}

const LOAD = { provider: loadProvider, lookalike: loadLookalike }

/**
 * Simulates a spec against a scenario: the real core, a simulated cloud, a virtual clock. The same arguments give the same
 * rehearsal.
 *
 * A provider's name or object decides which cloud is simulated: its types, request limits, delays, notice and pages as
 * documented, a sample of its catalogue, prices of one region. What is not modelled: real stock and spot prices, networks and
 * images, anything inside a VM. A provider object is not called.
 *
 * @param scenario a name, or one of your own: what happens to the worlds and when.
 * @param options.workers the target. @param options.seed 1 by default. @param options.duration "30m" by default.
 * @throws SpecError with all that is wrong with the arguments, and what `scale` throws but for a ShortfallError.
 */
export async function rehearse(
  spec: RehearsedSpec,
  scenario: ScenarioName | Scenario,
  options: RehearseOptions,
): Promise<Rehearsal> {
  parseOptions("rehearse", optionsSchema, { scenario, ...options })
  const { seed = 1, workers, duration = "30m", world: changes = {} } = options
  const clock = new VirtualClock({ seed })
  const clouds = await clock.run(cloudsFor(spec, { clock, seed, changes, load: LOAD }))
  const chosen: Scenario = typeof scenario === "string" ? scenarios[scenario] : scenario
  arrange(chosen, clouds.worlds)
  const { region: _region, ...rest } = spec
  const cluster = new Cluster({ ...withoutSent(rest), provider: clouds.providers }, { clock, seed, journal: false })
  const recorder = newRecorder(() => clock.now())
  for (const { afterMs, what } of chosen.steps) recorder.mark(what, "scenario", afterMs)
  const unsubscribe = cluster.on("*", (event) => recorder.record(event))
  const outcome = await clock.run(
    simulateCluster({ clock, cluster, recorder, workers, keepMs: durationMs(duration) ?? 0 }),
  )
  unsubscribe()
  const facts = { scenario: typeof scenario === "string" ? scenario : "custom", story: chosen.story, seed, ...outcome }
  return finish(facts, recorder, clouds, spec)
}

/** Workers of a rehearsal do nothing, and are brought nothing. */
function withoutSent<T extends Pick<ClusterFields, "files" | "secrets" | "groups">>(spec: T): T {
  const bare = <U extends Pick<ClusterFields, "files" | "secrets">>({ files: _files, secrets: _secrets, ...one }: U) =>
    one as unknown as U
  const { groups } = spec
  if (groups === undefined) return bare(spec)
  const own = Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, bare(group)]))
  return { ...bare(spec), groups: own }
}

interface Run {
  readonly clock: VirtualClock
  readonly cluster: Cluster
  readonly recorder: Recorder
  readonly workers: ScaleTarget
  readonly keepMs: number
}

type Outcome = Pick<Rehearsal, "desired" | "running" | "shortfall" | "receipt" | "reachedMs">

/** So many samples are more than a picture has room for. */
const SAMPLES = 600
const SHORTEST_SAMPLE_MS = 1000

async function simulateCluster(run: Run): Promise<Outcome> {
  const { clock, cluster, recorder, workers, keepMs } = run
  const begun = clock.now()
  const over = new AbortController()
  const sampled = sampleUntil(run, over.signal)
  const asked =
    typeof workers === "number" ? workers : Object.values(workers).reduce<number>((sum, count = 0) => sum + count, 0)
  recorder.mark(`asked for ${asked}`, "cluster")
  let reachedMs: number | undefined
  const stop = cluster.on("pass", ({ desired, running }) => {
    if (desired !== asked || running < asked || reachedMs !== undefined) return
    reachedMs = clock.now() - begun
    recorder.mark(`all ${asked} run`, "cluster")
  })
  try {
    const [scaled] = await Promise.all([scale(run), clock.sleep(keepMs)])
    const running = cluster.workers.filter(({ state }) => state === "running" || state === "interrupted").length
    stop()
    recorder.mark("closed", "cluster")
    const receipt = await closed(cluster)
    return { ...scaled, running, receipt, ...(reachedMs === undefined ? {} : { reachedMs }) }
  } finally {
    over.abort()
    await sampled
    recorder.sample()
  }
}

async function scale({ cluster, workers, keepMs }: Run): Promise<Pick<Outcome, "desired" | "shortfall">> {
  try {
    const { desired, shortfall } = await cluster.scale(workers, { timeoutMs: Math.max(1, keepMs) })
    return { desired, shortfall }
  } catch (error) {
    if (error instanceof ShortfallError) return { desired: error.desired, shortfall: error.shortfall }
    await cluster.close().catch(() => undefined)
    throw error
  }
}

/** The receipt, also where not all instances are confirmed terminated: a rehearsal shows that. */
async function closed(cluster: Cluster): Promise<Receipt> {
  try {
    return await cluster.close()
  } catch (error) {
    if (error instanceof LeakError) return error.receipt as Receipt
    throw error
  }
}

async function sampleUntil({ clock, recorder, keepMs }: Run, signal: AbortSignal): Promise<void> {
  const everyMs = Math.max(SHORTEST_SAMPLE_MS, Math.round(keepMs / SAMPLES))
  while (!signal.aborted) {
    recorder.sample()
    await clock.sleep(everyMs, signal).catch(() => undefined)
  }
}

function finish(
  facts: Outcome & Pick<Rehearsal, "scenario" | "story" | "seed">,
  { samples: timeline, marks }: Recorder,
  { worlds, notes }: Clouds,
  spec: ClusterFields,
): Rehearsal {
  const estimated = facts.receipt.cost
  const rehearsal = {
    ...facts,
    timeline,
    marks: [...marks].sort((a, b) => a.atMs - b.atMs),
    calls: tally(worlds.flatMap(({ ledger }) => ledger.entries)),
    cost: {
      charged: worlds.reduce((sum, world) => sum + world.cost(), 0),
      ...(estimated === undefined ? {} : { estimated }),
    },
    notes: [...notes, ...missedNotes(facts.scenario, spec)],
  }
  return { ...rehearsal, svg: drawPicture(rehearsal), report: reportOf(rehearsal) }
}

function missedNotes(scenario: string, spec: ClusterFields): readonly string[] {
  const markets = [spec, ...Object.values(spec.groups ?? {})].map(({ market }) => market ?? "on-demand")
  const isMissed = scenario.startsWith("spot-") && markets.every((market) => market === "on-demand")
  return isMissed ? ['nothing of this spec is spot: try market "spot" or "spot-with-fallback"'] : []
}

function optionsSchema(z: Z): Zod.ZodType {
  const count = z.int("use a whole number").positive("use 1 or more")
  const names = Object.keys(scenarios) as [ScenarioName, ...ScenarioName[]]
  return z.strictObject({
    scenario: z.union([
      z.enum(names, `use one of ${names.join(", ")}, or a scenario of your own`),
      z.custom((value) => Array.isArray((value as Partial<Scenario> | undefined)?.steps), "needs steps"),
    ]),
    workers: z.union([count, z.record(z.string(), count)]),
    seed: z.int().optional(),
    duration: durationSchema(z).optional(),
    world: z.looseObject({}).optional(),
  })
}
