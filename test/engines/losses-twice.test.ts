/** Heads that are lost once or twice, from seeds, while launches wait, fail or are taken over: all workers come to the last one. */
import { expect, test, vi } from "vitest"
import { type Clock, seededRandom } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { ClusterEvent } from "../../src/events.js"
import type { SimulateOptions } from "../../src/simulator/index.js"
import { live, rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"
import { EngineDouble } from "./support/double.js"
import { headsIn, routeToWorkers, told, workerIn } from "./support/telling.js"

const MINUTE = 60_000
/** Each takes about 0.2 s. */
const SEEDS = isLong ? 200 : 3
/** What waits for its turn the longest is launched by then, twice. */
const SETTLED_MS = 90 * MINUTE

vi.mock(import("../../src/remote/output.js"), async (original) => ({
  ...(await original()),
  runCommand: (await import("./support/telling.js")).tellInstead,
}))

interface Trial {
  readonly seed: number
  readonly counts: Readonly<Record<string, number>>
  /** So few launch calls are let through, each for one or two workers. */
  readonly isNarrow: boolean
  /** Calls are throttled, lose their answers, or find no room. */
  readonly isFaulty: boolean
  /** Before the first head runs. */
  readonly isEarly: boolean
  readonly losses: number
  /** Another process takes it over. */
  readonly isAdopted: boolean
}

function trialOf(seed: number, draw: (below: number) => number): Trial {
  const counts = draw(2) === 0 ? { default: 4 + draw(20) } : { a: 1 + draw(12), b: 1 + draw(12), c: draw(3) }
  return {
    ...{ seed, counts, losses: 1 + draw(2) },
    ...{ isNarrow: draw(3) > 0, isFaulty: draw(3) === 0, isEarly: draw(3) === 0, isAdopted: draw(5) === 0 },
  }
}

function stageOf({ seed, counts, isNarrow, isFaulty }: Trial, draw: (below: number) => number) {
  const writes = { kind: "token" as const, capacity: 3 + draw(6), perSecond: 0.03 + draw(20) / 100 }
  const narrow: SimulateOptions = { buckets: { writes }, limits: { createBatch: 1 + draw(2) } }
  const { world, clock, provider } = rig({ seed, ...(isNarrow ? narrow : {}) })
  const double = new EngineDouble({ world, clock })
  if (isFaulty) {
    world.faults.rate("launch", 0.15, { kind: "fail", error: "throttled" })
    world.faults.rate("launch", 0.15, { kind: "lose-reply" })
    world.faults.rate("launch", 0.15, { kind: "fail", error: "capacity" })
  }
  told.by = async (worker, address) => {
    await clock.sleep(100 + draw(draw(4) === 0 ? 19_000 : 1500))
    const there = workerIn(world, worker)
    if (there !== undefined) double.tell(there.id, address)
  }
  const groups = Object.fromEntries(Object.keys(counts).map((name) => [name, { instanceType: SMALL }]))
  const spec = {
    provider: { ...provider, route: routeToWorkers },
    engine: double.engine,
    whenHeadLost: "restart",
    groups,
  } as const
  return { world, clock, double, spec }
}

type Stage = ReturnType<typeof stageOf>

/** One that is there, or on its way. */
async function loseHead({ world, clock, double }: Stage, { isEarly }: Trial, blow: number): Promise<void> {
  const isThere = () => (isEarly ? headsIn(world) : double.heads()).length > 0
  while (!isThere()) await clock.sleep(500)
  const ids = headsIn(world).map(({ id }) => id)
  if (blow === 0) world.lose(ids)
  else if (blow === 1) world.stop(ids)
  else double.endScheduler()
}

async function play(stage: Stage, trial: Trial, draw: (below: number) => number): Promise<readonly string[]> {
  const { world, clock, spec } = stage
  const options = { clock: clock as Clock, journal: false } as const
  const events: ClusterEvent[] = []
  let cluster: Cluster = new Cluster({ ...spec, name: "work" }, options)
  cluster.on("*", (event) => void events.push(event))
  const scale = (one: Cluster) => one.scale(trial.counts, { timeout: "80m" }).then(() => "done", String)
  let scaling = scale(cluster)
  while (headsIn(world).length === 0) await clock.sleep(500)
  await clock.sleep(draw(trial.isEarly ? 10_000 : 2 * MINUTE))
  for (let count = 0; count < trial.losses; count += 1) {
    await loseHead(stage, trial, draw(3))
    await clock.sleep(draw(2) === 0 ? draw(15_000) : draw(90_000))
  }
  if (trial.isAdopted) {
    await cluster.detach()
    await clock.sleep(draw(20_000))
    cluster = await Cluster.attach("work", spec, options)
    cluster.on("*", (event) => void events.push(event))
    scaling = scale(cluster)
  }
  await clock.sleep(SETTLED_MS)
  const problems = [...outcome(stage, trial, cluster, events)]
  const answer = await scaling
  if (answer !== "done") problems.push(answer)
  await cluster.close()
  if (live(world).length > 0) problems.push(`${live(world).length} instances are left`)
  return problems
}

function outcome(
  { world }: Stage,
  { counts, isFaulty, isAdopted }: Trial,
  { workers }: Cluster,
  events: readonly ClusterEvent[],
): readonly string[] {
  const wanted = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const ready = workers.filter(({ ready, group }) => ready && group !== "head").length
  const all = world.truth({})
  const made = all.filter(({ tags }) => tags["muster-group"] !== "head").length
  const refused = events.filter(({ type }) => type === "offer-unavailable" || type === "problem").length
  return [
    ...(ready === wanted ? [] : [`${ready} of ${wanted} are ready`]),
    ...(headsIn(world).length === 1 ? [] : [`${headsIn(world).length} heads`]),
    ...(live(world).length === wanted + 1 ? [] : [`${live(world).length} instances for ${wanted} and a head`]),
    // What nothing befalls but the loss of its head is not replaced, and what was withdrawn counts against no offer.
    ...(isFaulty || isAdopted || made === wanted ? [] : [`${made} workers were made for ${wanted}`]),
    ...(isFaulty || refused === 0 ? [] : [`${refused} refusals`]),
  ]
}

test(`${SEEDS} clusters lose their heads once or twice`, { timeout: 600_000 }, async () => {
  const wrong: string[] = []
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const random = seededRandom(seed + 1)
    const draw = (below: number) => Math.floor(random() * below)
    const trial = trialOf(seed, draw)
    const stage = stageOf(trial, draw)
    const problems = await stage.clock.run(play(stage, trial, draw))
    const left = stage.clock.asleep === 0 ? [] : [`${stage.clock.asleep} timers are left`]
    if (problems.length + left.length > 0) wrong.push(`${JSON.stringify(trial)}: ${[...problems, ...left].join("; ")}`)
  }
  expect(wrong).toEqual([])
})
