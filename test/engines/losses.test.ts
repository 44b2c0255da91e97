/** Heads that are lost at any moment, from seeds: whatever goes on then, one thing follows, and nothing is left. */
import { expect, test } from "vitest"
import type { Cluster } from "../../src/cluster.js"
import { HeadLostError } from "../../src/errors.js"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "../cluster/support.js"
import { isLong } from "../support/long.js"
import { EngineDouble } from "./support/double.js"

const MINUTE = 60_000
/** Each takes about 0.2 s. */
const SEEDS = isLong ? 300 : 4
/** A head that was silent for a minute, another boot, and what joins then. */
const SETTLED_MS = 10 * MINUTE

const POLICIES = ["close", "restart"] as const
/** What goes on when the head is lost. */
const MOMENTS = ["launching", "at-rest", "growing", "scale-down", "drain", "zero", "closing"] as const
const BLOWS = ["ended", "stopped", "scheduler", "silent", "broken"] as const

interface Trial {
  readonly seed: number
  readonly policy: (typeof POLICIES)[number]
  readonly moment: (typeof MOMENTS)[number]
  readonly blow: (typeof BLOWS)[number]
  readonly count: number
  /** From the beginning of what goes on to the loss. */
  readonly afterMs: number
}

function trialOf(seed: number): Trial {
  let state = seed * 2654435761
  const draw = (below: number) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0
    return state % below
  }
  const pick = <T>(all: readonly T[]): T => all[draw(all.length)] as T
  return {
    seed,
    policy: POLICIES[seed % 2] ?? "close",
    moment: MOMENTS[Math.floor(seed / 2) % MOMENTS.length] ?? "at-rest",
    blow: pick(BLOWS),
    count: 1 + draw(12),
    afterMs: draw(40_000),
  }
}

function stageOf({ seed, policy, moment }: Trial) {
  const made = rig({ seed })
  const double = new EngineDouble(made, { drainMs: 45_000 })
  const spec = { name: "work", engine: double.engine, whenHeadLost: policy, drain: moment === "drain" ? "3m" : "0s" }
  const cluster = made.cluster(spec as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  return { ...made, double, cluster, events }
}

type Stage = ReturnType<typeof stageOf>

/** Who calls the cluster when its head is lost is told that, or has been answered before; nobody is left without an answer. */
function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
}

/** Begins what is to go on. Returns the calls whose answers are awaited. */
async function begin({ cluster, clock, double }: Stage, { moment, count }: Trial): Promise<readonly Promise<string>[]> {
  if (moment === "launching") {
    const scaling = outcomeOf(cluster.scale(count))
    while (double.heads().length === 0) await clock.sleep(500)
    return [scaling]
  }
  await cluster.scale(count)
  if (moment === "drain") for (const { name } of cluster.workers) double.busy.set(name, 1)
  if (moment === "at-rest") return []
  if (moment === "growing") return [outcomeOf(cluster.scale(count + 5))]
  if (moment === "zero") return [outcomeOf(cluster.scale(0))]
  if (moment === "closing") return [outcomeOf(cluster.close())]
  return [outcomeOf(cluster.scale(Math.floor(count / 2)))]
}

function strike({ world, double }: Stage, { blow }: Trial): void {
  const ids = double.heads().map(({ id }) => id)
  if (blow === "ended") world.lose(ids)
  else if (blow === "stopped") world.stop(ids)
  else if (blow === "scheduler") double.endScheduler()
  else double.trouble(blow, 65_000)
}

const headsIn = (events: readonly ClusterEvent[]) =>
  events.filter((event): event is EventOf<"head"> => event.type === "head")

async function play(stage: Stage, trial: Trial): Promise<readonly string[]> {
  const { clock, cluster, events, world } = stage
  const calls = await begin(stage, trial)
  await clock.sleep(trial.moment === "closing" ? trial.afterMs / 20 : trial.afterMs)
  // One that no list has shown running is made up for as any worker is that does not come.
  const isKnown = cluster.workers.some(({ group, state }) => group === "head" && state === "running")
  const at = clock.now()
  strike(stage, trial)
  await clock.sleep(SETTLED_MS)
  const answers = await Promise.all(calls)
  const lost = headsIn(events).filter(({ what }) => what === "lost")
  const problems: string[] = []
  const claim = (isRight: boolean, what: string) => void (isRight || problems.push(what))
  if (trial.moment === "closing") claim(lost.length === 0, "a loss while it closed has an outcome of its own")
  else {
    claim(lost.length === 1 || (!isKnown && lost.length === 0), `${lost.length} outcomes of one loss`)
    claim((lost[0]?.at ?? at) - at <= MINUTE, `the outcome came after ${((lost[0]?.at ?? at) - at) / 1000} s`)
    problems.push(...(lost[0]?.action === "close" ? await closed(stage, answers) : restarted(stage, lost.length)))
  }
  await cluster.close().catch((error: unknown) => problems.push(`closing: ${String(error)}`))
  claim(live(world).length === 0, `${live(world).length} instances are left`)
  return problems
}

async function closed({ cluster, world, events }: Stage, answers: readonly string[]): Promise<readonly string[]> {
  const later = await cluster.scale(1).catch((error: unknown) => error)
  const odd = answers.filter((answer) => answer !== "done" && answer !== "HeadLostError")
  return [
    ...(live(world).length === 0 ? [] : [`${live(world).length} instances after it has closed`]),
    ...(later instanceof HeadLostError ? [] : [`a later call was answered by ${String(later)}`]),
    ...(events.filter(({ type }) => type === "closed").length === 1 ? [] : ["it is not closed, or more than once"]),
    ...odd.map((answer) => `a call was answered by ${answer}`),
  ]
}

function restarted({ cluster, world, events, double }: Stage, losses: number): readonly string[] {
  const words = headsIn(events).map(({ what }) => what)
  const wanted = cluster.group("default" as never).desired
  const isReady = ({ workers }: Cluster) => workers.filter(({ ready, group }) => ready && group !== "head").length
  const heads = double.heads().length
  return [
    ...(words.join() === (losses === 0 ? "" : "lost,restarted") ? [] : [`its head was ${words.join()}`]),
    ...(heads === 1 ? [] : [`${heads} heads run`]),
    ...(isReady(cluster) === wanted ? [] : [`${isReady(cluster)} of ${wanted} are ready`]),
    ...(live(world).length === wanted + 1 ? [] : [`${live(world).length} instances for ${wanted} and a head`]),
  ]
}

test(`${SEEDS} heads are lost`, { timeout: 300_000 }, async () => {
  const wrong: string[] = []
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const trial = trialOf(seed)
    const stage = stageOf(trial)
    const problems = await stage.clock.run(play(stage, trial))
    const left = stage.clock.asleep === 0 ? [] : [`${stage.clock.asleep} timers are left`]
    if (problems.length + left.length > 0) wrong.push(`${JSON.stringify(trial)}: ${[...problems, ...left].join("; ")}`)
  }
  expect(wrong).toEqual([])
})
