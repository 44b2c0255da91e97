/** Play: a trial from its first step to its receipt, and everything that went wrong on the way. */
import { getEventListeners } from "node:events"
import { Cluster } from "../../src/cluster.js"
import { LeakError, ShortfallError } from "../../src/errors.js"
import type { Receipt } from "../../src/index.js"
import type { ScaleResult } from "../../src/fleet/scaling/target.js"
import { costProblems, problemsOf, receiptProblems, sumProblem } from "./oracles.js"
import { befall, buildStage, calm, CLUSTER, oursIn, type Stage, TYPE, windowMs } from "./stage.js"
import type { Step, Trial } from "./trial.js"
import { type Watch, watchBirths } from "./watch.js"

export interface Outcome {
  readonly problems: readonly string[]
  /** Virtual time. */
  readonly hours: number
  readonly instances: number
  readonly requests: number
  /** Refused by the worlds' own buckets. */
  readonly throttled: number
}

export interface Play {
  readonly stage: Stage
  readonly trial: Trial
  readonly cluster: Cluster
  readonly watch: Watch
}

const LIFETIME_HOURS = 48

export async function play(trial: Trial): Promise<Outcome> {
  const stage = buildStage(trial)
  const { clock, worlds, providers } = stage
  const begun = clock.now()
  const ceiling = ceilingOf(trial)
  const watch = watchBirths(stage, ceiling)
  const cluster = new Cluster(
    {
      name: CLUSTER,
      provider: providers,
      instanceType: TYPE,
      market: trial.market,
      spread: trial.spread,
      ...(ceiling === undefined ? {} : { maxWorkers: ceiling }),
      maxLifetime: `${LIFETIME_HOURS}h`,
    },
    { clock, journal: false, seed: trial.seed },
  )
  const problems = await clock.run(acts({ stage, trial, cluster, watch }))
  const entries = worlds.flatMap((world) => world.ledger.entries)
  return {
    problems: [...problems, ...watch.problems, ...problemsOf(stage), ...leftTimers(stage)],
    hours: (clock.now() - begun) / 3_600_000,
    instances: worlds.reduce((sum, world) => sum + oursIn(world).length, 0),
    requests: entries.length,
    throttled: entries.filter(({ outcome }) => outcome === "Throttled").length,
  }
}

/** `maxWorkers`: enough for every target, and a few more for those that replace what is about to go. */
function ceilingOf({ spareWorkers, steps, last }: Trial): number | undefined {
  if (spareWorkers === undefined) return undefined
  return Math.max(1, last, ...steps.map(({ count }) => count)) + spareWorkers
}

async function acts(scene: Play): Promise<readonly string[]> {
  const { stage, trial } = scene
  const trouble = befall(stage, trial)
  const problems = [...(await takeSteps(scene))]
  await trouble
  calm(stage)
  problems.push(...(await converge(scene)))
  const again = trial.closesInTrouble ? befall(stage, inClosing(trial)) : Promise.resolve()
  if (trial.closesInTrouble) await stage.clock.sleep(1)
  problems.push(...(await close(scene)))
  await again
  return problems
}

/** The same faults as before, all from now on. */
function inClosing({ faults, ...trial }: Trial): Trial {
  return { ...trial, blows: [], faults: faults.map(({ what }) => ({ atMs: 0, what })) }
}

async function takeSteps(scene: Play): Promise<readonly string[]> {
  const problems: Promise<readonly string[]>[] = []
  for (const step of scene.trial.steps) {
    await scene.stage.clock.sleep(step.afterMs)
    const scaled = scale(scene, step)
    problems.push(scaled)
    if (step.waits) await scaled
  }
  return (await Promise.all(problems)).flat()
}

async function scale({ cluster, stage, watch }: Play, step: Step): Promise<readonly string[]> {
  const { count, ifShort, abortsAfterMs } = step
  const controller = new AbortController()
  const stop = abortsAfterMs === undefined ? () => {} : stage.clock.timer(abortsAfterMs, () => controller.abort())
  watch.aim(count)
  const signal = abortsAfterMs === undefined ? {} : { signal: controller.signal }
  const outcome = await cluster
    .scale(count, { ...(ifShort && { ifShort }), ...signal })
    .catch((error: unknown) => error)
  stop()
  const listeners = getEventListeners(controller.signal, "abort").length
  return [
    ...(listeners > 0 ? [`${listeners} listeners are left on the caller's signal`] : []),
    ...(isCounted(outcome) ? sumProblem(outcome) : []),
  ]
}

function isCounted(outcome: unknown): outcome is ScaleResult | ShortfallError {
  return outcome instanceof ShortfallError || (outcome as Partial<ScaleResult> | undefined)?.shortfall !== undefined
}

/** What hangs when the faults end is over by then; lists have caught up a lag later. */
const SETTLED_MS = 3 * 60_000
/** What was refused is forgotten by then: quotas are remembered longest, for five minutes from when the refusal was heard. */
const FORGOTTEN_MS = SETTLED_MS + 6 * 60_000

/** Once faults stop it comes to the target, exactly, and stays there. */
async function converge(scene: Play): Promise<readonly string[]> {
  const { cluster, stage, trial, watch } = scene
  await stage.clock.sleep(FORGOTTEN_MS)
  watch.aim(trial.last)
  const outcome = await cluster.scale(trial.last, { timeout: "3h" }).catch((error: unknown) => error)
  if (!isCounted(outcome) || outcome instanceof Error) return [`does not converge: ${String(outcome)}`]
  if (outcome.running !== trial.last) return [`converged to ${outcome.running}, not ${trial.last}`]
  await stage.clock.sleep(SETTLED_MS + trial.lagMs)
  const live = stage.worlds.flatMap((world) => oursIn(world, { states: ["pending", "running", "stopped"] })).length
  return live === trial.last ? [] : [`${live} live after it converged to ${trial.last}`]
}

async function close(scene: Play): Promise<readonly string[]> {
  const { cluster, stage } = scene
  const outcome: unknown = await cluster.close({ timeout: "6h" }).catch((error: unknown) => error)
  if (outcome instanceof LeakError) return [`leaked: ${outcome.message}`]
  if (outcome instanceof Error) return [`closing failed: ${String(outcome)}`]
  const left = stage.worlds.flatMap((world) =>
    world.resources.list().filter(({ tags }) => Object.keys(tags).length > 0),
  )
  return [
    ...receiptProblems(stage, outcome as Receipt),
    ...(scene.trial.faults.length === 0 ? costProblems(stage, outcome as Receipt, apartMs(scene.trial)) : []),
    ...left.map(({ kind, id }) => `${kind} ${id} was left behind`),
  ]
}

/** The longest wait between two looks of a cluster at rest. */
const WATCH_MS = { "on-demand": 30_000, spot: 10_000, "spot-with-fallback": 30_000 } as const
/** From the request to the end, as the world draws it. */
const LONGEST_END_MS = 30_000
/** Most instances that a trial lists at once: targets, what replaces them, and what is on its way out. */
const MOST_LISTED = 120

/**
 * One poll interval, and how long a look takes: its lists may lag, and each of their pages waits for its bucket. What a list shows not
 * running yet may have run for as long as the consistency window, and is billed so.
 */
function apartMs({ market, lagMs, page, requestMs, bucket, blows, shownWhenGone }: Trial): number {
  const pages = Math.ceil(MOST_LISTED / page)
  // What somebody else halts is taken to cost until it is gone: on some clouds it does. Where ending costs as well, one that
  // ran for an instant before it was asked to go, and was never seen to, costs all of its end.
  const isHalted = blows.some(({ what }) => what.kind === "halt")
  const endingMs = isHalted || !shownWhenGone ? LONGEST_END_MS : 0
  return WATCH_MS[market] + windowMs({ lagMs }) + lagMs + pages * (requestMs + 1000 / bucket.perSecond) + endingMs
}

function leftTimers({ clock }: Stage): readonly string[] {
  return clock.asleep === 0 ? [] : [`${clock.asleep} timers are left`]
}
