/** Play: a trial of owners from the first start to the last `close`, and everything that went wrong on the way. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cluster } from "../../../src/cluster.js"
import { JournalError, OwnershipError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import { sharedProblems } from "../../simulation/oracles.js"
import { befall, buildStage, calm, CLUSTER, oursIn } from "../../simulation/stage.js"
import { watchBirths } from "../../simulation/watch.js"
import { watchHandles } from "../../support/handles.js"
import { newProcess, playScript, start } from "./owner.js"
import { type Held, livingUids, openWaits, type Scene, timed } from "./scene.js"
import type { OwnersTrial } from "./trial.js"

export interface OwnersOutcome {
  readonly problems: readonly string[]
  readonly instances: number
  readonly crashes: number
  readonly requests: number
  /** Virtual time. */
  readonly hours: number
}

export async function playOwners(trial: OwnersTrial): Promise<OwnersOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "muster-owners-"))
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => void unhandled.push(error)
  process.on("unhandledRejection", onUnhandled)
  const before = listeners()
  const closeFiles = watchHandles()
  try {
    const scene = setScene(trial, folder)
    const { clock, worlds } = scene.stage
    const begun = clock.now()
    await clock.run(acts(scene))
    await new Promise((resolve) => setImmediate(resolve))
    return {
      problems: [
        ...scene.problems,
        ...(isAlone(trial) ? scene.watch.problems : []),
        ...sharedProblems(scene.stage),
        ...unhandled.map((error) => `nobody heard of ${error instanceof Error ? error.stack : String(error)}`),
        ...(listeners() === before ? [] : ["listeners of the process are left"]),
      ],
      instances: worlds.reduce((sum, world) => sum + oursIn(world).length, 0),
      crashes: scene.crashes,
      requests: worlds.reduce((sum, world) => sum + world.ledger.count(), 0),
      hours: (clock.now() - begun) / 3_600_000,
    }
  } finally {
    await closeFiles()
    process.off("unhandledRejection", onUnhandled)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Without claims two may hold the same generation, and neither knows of the other. */
function isAlone({ hasClaims, owners }: OwnersTrial): boolean {
  const acts = owners.flatMap(({ steps }) => steps.map(({ act }) => act))
  return hasClaims || (owners.length === 1 && acts.every(({ kind }) => kind !== "attach" && kind !== "start"))
}

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
}

function setScene(trial: OwnersTrial, folder: string): Scene {
  const stage = buildStage(trial.world)
  // One that holds the cluster launches for its own target; with claims two never hold the same generation.
  const watch = watchBirths(stage, undefined, ({ tags }) => `${tags[TAG.uid]}/${tags[TAG.generation]}`)
  return {
    stage,
    trial,
    watch,
    problems: [],
    folder,
    held: [],
    waits: new Set(),
    scaled: [],
    keeping: new Map(),
    born: 0,
    crashes: 0,
    left: 0,
  }
}

/** What was refused is forgotten by then: quotas are remembered longest, for five minutes. */
const FORGOTTEN_MS = 6 * 60_000
/** What hangs when the faults end is over by then, and two that started at once have found out which of them stays. */
const SETTLED_MS = 5 * 60_000
/** Answers that nobody waits for any more have come by then. */
const ANSWERED_MS = 70 * 60_000
const PATIENCE_MS = 3 * 3_600_000
const DETACH_MS = 5 * 60_000

async function acts(scene: Scene): Promise<void> {
  const { stage, trial, problems } = scene
  const trouble = befall(stage, trial.world)
  await Promise.all(trial.owners.map((script, index) => playScript(scene, script, index)))
  await trouble
  calm(stage)
  for (const { life } of scene.held) life.dieAfter(Number.POSITIVE_INFINITY)
  await stage.clock.sleep(FORGOTTEN_MS)
  if (trial.isRace) problems.push(...raceProblems(scene))
  await end(scene, await converge(scene))
  await removeAll(scene)
  await letGo(scene, livingIn(scene))
  await stage.clock.sleep(ANSWERED_MS)
  problems.push(...openWaits(scene), ...leftIn(scene, "in the end"))
  if (stage.clock.asleep > 0) problems.push(`${stage.clock.asleep} timers are left`)
}

/** Never do both stay, and never do both go: nothing lives only where nobody got so far as to have the name. */
function raceProblems(scene: Scene): readonly string[] {
  const uids = livingUids(scene)
  const isBegun = scene.scaled.some((outcome) => !(outcome instanceof Error) || outcome instanceof OwnershipError)
  return uids.size === 1 || (uids.size === 0 && !isBegun)
    ? []
    : [`of ${scene.trial.owners.length} that started at once ${uids.size} clusters live`]
}

/**
 * Once faults stop the target is reached, by whoever holds the cluster or takes it over.
 *
 * @returns those who reached it, the last one last: whoever was overtaken since then may not know yet.
 */
async function converge(scene: Scene): Promise<readonly Held[]> {
  const { stage, trial, problems } = scene
  const holders: Held[] = []
  for (const one of livingIn(scene)) if (!one.isWatcher && (await reaches(scene, one))) holders.push(one)
  if (holders.length === 0) holders.push(...(await anew(scene)))
  await stage.clock.sleep(SETTLED_MS + trial.world.lagMs)
  const uids = livingUids(scene)
  const words = [...uids].map(([uid, count]) => `${count} of ${uid}`).join(", ")
  const isShared = scene.crashes + scene.left === 0 && uids.size > 1
  if (trial.owners.some(({ budget }) => budget !== undefined) && uids.size === 0) return holders
  if (!trial.hasClaims && livingIn(scene).length > 1) return holders
  if (isShared || ![...uids.values()].includes(trial.last))
    problems.push(`${words || "nothing"} live after it converged to ${trial.last}`)
  return holders
}

function livingIn({ held }: Scene): readonly Held[] {
  return held.filter(({ life, isOver }) => !life.isDead && !isOver)
}

async function reaches(scene: Scene, one: Held): Promise<boolean> {
  const { trial, watch, problems } = scene
  watch.aim(trial.last)
  const work = one.cluster.scale(trial.last, { timeoutMs: PATIENCE_MS })
  let outcome = await timed(scene, "scaling in the end", PATIENCE_MS, one.life, work)
  // Whoever closed the cluster elsewhere on this machine has taken its journals along: the next launch says so, once.
  if (outcome instanceof JournalError) {
    const again = one.cluster.scale(trial.last, { timeoutMs: PATIENCE_MS })
    outcome = await timed(scene, "scaling in the end", PATIENCE_MS, one.life, again)
  }
  if (outcome instanceof Error) {
    const isBudget = outcome.name === "BudgetError"
    // Where nothing tells it that it was overtaken, the other one may end as surplus what it launches.
    const isOvertaken = !trial.hasClaims && outcome.message.includes("(Vanishing)")
    if (!(outcome instanceof OwnershipError) && !isBudget && !isOvertaken)
      problems.push(`does not converge: ${outcome.name} ${outcome.message}`)
    return false
  }
  if (outcome.running === trial.last) return true
  problems.push(`converged to ${outcome.running}, not ${trial.last}`)
  return false
}

/** A process that comes when all others have gone; twins of dead makers are removed first, as it is told. */
async function anew(scene: Scene): Promise<readonly Held[]> {
  const { stage, problems } = scene
  const one = start(scene, newProcess(scene, {}, undefined), "connect")
  if (await reaches(scene, one)) return [one]
  await Cluster.sweep({ provider: [...stage.providers], name: CLUSTER, timeout: "1h" }, { clock: stage.clock })
  await stage.clock.sleep(SETTLED_MS)
  const again = start(scene, newProcess(scene, {}, undefined), "connect")
  if (await reaches(scene, again)) return [again]
  problems.push("cannot be started anew, even after everything of it was removed")
  return []
}

/** Whoever holds it closes it. Where nothing tells a process that it was overtaken, all but the last let go of it first. */
async function end(scene: Scene, holders: readonly Held[]): Promise<void> {
  // One that reached its target may have been overtaken before, and have learned it since.
  const last = holders.findLast(({ cluster }) => cluster.explain().ended === undefined) ?? holders.at(-1)
  const others = scene.trial.hasClaims ? [] : livingIn(scene).filter((one) => one !== last)
  await letGo(scene, others)
  // One that took it over may not have been able to pay for its target.
  const rest = livingIn(scene).filter((one) => !one.isWatcher && !holders.includes(one))
  for (const one of [...rest, ...holders].reverse()) {
    if (one.isOver) continue
    one.isOver = true
    const work = one.cluster.close({ timeoutMs: PATIENCE_MS })
    const outcome = await timed(scene, "closing in the end", PATIENCE_MS, one.life, work)
    if (outcome instanceof OwnershipError) continue
    if (outcome instanceof Error) scene.problems.push(`does not close: ${outcome.name} ${outcome.message}`)
    else if (outcome.leaked.length > 0) scene.problems.push(`${outcome.leaked.length} leaked`)
    return
  }
  if (holders.length > 0) scene.problems.push("none of those who reached its target can close it")
}

async function letGo(scene: Scene, all: readonly Held[]): Promise<void> {
  for (const one of all) {
    one.isOver = true
    await timed(scene, "detaching in the end", DETACH_MS, one.life, one.cluster.detach({ timeoutMs: DETACH_MS }))
  }
}

/** By one command, from elsewhere, whatever others have left. */
async function removeAll(scene: Scene): Promise<void> {
  const { stage, problems } = scene
  const rows = await Cluster.sweep(
    { provider: [...stage.providers], name: CLUSTER, timeout: "1h" },
    { clock: stage.clock },
  )
  problems.push(
    ...rows.flatMap(({ kind, id, problem }) => (problem === undefined ? [] : [`${kind} ${id}: ${problem}`])),
  )
  await stage.clock.sleep(SETTLED_MS)
  problems.push(...leftIn(scene, "after it was removed"))
}

function leftIn({ stage }: Scene, when: string): readonly string[] {
  return stage.worlds.flatMap((world) => [
    ...oursIn(world, { states: ["pending", "running", "stopped"] }).map(({ id }) => `${id} lives ${when}`),
    ...world.resources
      .list()
      .flatMap(({ kind, id, tags }) => (Object.keys(tags).length > 0 ? [`${kind} ${id} is left ${when}`] : [])),
  ])
}
