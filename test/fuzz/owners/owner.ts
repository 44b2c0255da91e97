/** Owner: one process after another that does what a script says, each until it is killed or the script ends. */
import { getEventListeners } from "node:events"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Cluster } from "../../../src/cluster.js"
import { LeakError } from "../../../src/errors.js"
import type { ClusterOptions } from "../../../src/verbs/verbs.js"
import { CLUSTER, TYPE } from "../../simulation/stage.js"
import { newLife, type OwnerLife } from "./life.js"
import { bury, type Held, providersOf, type Scene, timed } from "./scene.js"
import type { Act, OwnerScript } from "./trial.js"

/** Longer than any clock is set forward. */
const LIFETIME = "48h"
/** Nobody waits longer for what lives under a name. */
const OPENING_MS = 10 * 60_000

export interface Process {
  readonly life: OwnerLife
  readonly options: ClusterOptions
  /** Resolves when it was killed, and has left what it has. */
  readonly death: Promise<void>
  readonly script: Pick<OwnerScript, "budget">
  readonly held: Held[]
}

/** @param machine whose journals it keeps; undefined: it keeps none. */
export function newProcess(scene: Scene, script: Pick<OwnerScript, "budget">, machine: string | undefined): Process {
  const { stage, folder, keeping } = scene
  scene.born += 1
  const directory = machine === undefined ? undefined : join(folder, machine)
  const life = newLife(stage.clock, scene.born)
  const death = life.death.then(async () => {
    scene.crashes += 1
    // What was being written is written by then.
    await stage.clock.sleep(1)
    if (directory !== undefined) bury(scene, directory, life)
  })
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    keeping.set(directory, (keeping.get(directory) ?? new Set()).add(life))
  }
  return { life, options: { clock: life.clock, journal: directory ?? false }, death, script, held: [] }
}

/** Resolves when the script is over; what it did not wait for may go on. */
export async function playScript(scene: Scene, script: OwnerScript, index: number): Promise<void> {
  const { stage, trial } = scene
  const machine = script.hasJournal ? (trial.onOneMachine ? "one" : `machine-${index}`) : undefined
  let own = newProcess(scene, script, machine)
  await stage.clock.sleep(script.startsAtMs)
  for (const { afterMs, waits, act } of script.steps) {
    await stage.clock.sleep(afterMs)
    if (own.life.isDead) {
      await own.death
      own = newProcess(scene, script, machine)
    }
    const done = play(scene, own, act)
    if (waits) await Promise.race([done, own.death])
  }
}

async function play(scene: Scene, own: Process, act: Act): Promise<void> {
  const { life } = own
  if (act.kind === "crash") {
    if (act.works === 0) life.die()
    else life.dieAfter(act.works)
  } else if (act.kind === "set-clock") life.set(act.ms)
  else if (act.kind === "start") start(scene, own, act.existing)
  else if (act.kind === "attach") await attach(scene, own, act.takeOver)
  else if (act.kind === "delete") await remove(scene, own, act.timeoutMs)
  else await use(scene, own, act)
}

type Use = Extract<Act, { readonly share: number }>

async function use(scene: Scene, own: Process, act: Use): Promise<void> {
  const open = own.held.filter(({ isOver }) => !isOver)
  const one = open[Math.floor(act.share * open.length)] ?? start(scene, own, "refuse")
  if (act.kind === "scale") await scale(scene, one, act)
  else if (act.kind === "close") await close(scene, one, act.timeoutMs)
  else if (act.kind === "detach") await detach(scene, one, act)
  else if (act.kind === "plan") await timed(scene, "plan", 2 * OPENING_MS, one.life, one.cluster.plan(3))
  else void [String(one.cluster.explain()), one.cluster.workers, one.cluster.cost()]
}

function budgetOf({ script: { budget } }: Process) {
  return budget === undefined ? {} : { budget: { total: budget } }
}

export function start(scene: Scene, own: Process, existing: "refuse" | "connect"): Held {
  const { market, spread } = scene.trial.world
  const spec = {
    name: CLUSTER,
    provider: [...providersOf(scene)],
    instanceType: TYPE,
    market,
    spread,
    existing,
  } as const
  const cluster = new Cluster({ ...spec, ...budgetOf(own), maxLifetime: LIFETIME }, own.options)
  return hold(scene, own, cluster, false)
}

function hold(scene: Scene, own: Process, cluster: Cluster, isWatcher: boolean): Held {
  const held = { cluster, life: own.life, isWatcher, isOver: false }
  // It ends itself when too few run and that was wished, or another one has the name.
  cluster.on("closed", () => {
    held.isOver = true
  })
  own.held.push(held)
  scene.held.push(held)
  return held
}

async function attach(scene: Scene, own: Process, takeOver: boolean | undefined): Promise<void> {
  const { market, spread } = scene.trial.world
  const spec = { provider: [...providersOf(scene)], instanceType: TYPE, market, spread, ...budgetOf(own) }
  const attaching = Cluster.attach(CLUSTER, { ...spec, ...(takeOver === undefined ? {} : { takeOver }) }, own.options)
  const cluster = await timed(scene, "attach", 2 * OPENING_MS, own.life, attaching)
  if (cluster instanceof Error) return
  // Its target is what it finds, and lists may show what is gone.
  scene.watch.aim(cluster.workers.length)
  hold(scene, own, cluster, takeOver === false)
}

/** Aborts after so long, and tells how many listeners are left on the signal. */
function aborting(scene: Scene, life: OwnerLife, afterMs: number | undefined) {
  const controller = new AbortController()
  const reason = new Error("enough")
  if (afterMs !== undefined) life.clock.timer(afterMs, () => controller.abort(reason))
  const check = (what: string) => {
    const left = getEventListeners(controller.signal, "abort").length
    if (left > 0) scene.problems.push(`${what} has left ${left} listeners on its caller's signal`)
  }
  return { reason, options: afterMs === undefined ? {} : { signal: controller.signal }, check }
}

async function scale(scene: Scene, one: Held, act: Extract<Act, { readonly kind: "scale" }>): Promise<void> {
  const { count, timeoutMs, ifShort, abortsAfterMs } = act
  scene.watch.aim(count)
  const { reason, options, check } = aborting(scene, one.life, abortsAfterMs)
  const short = ifShort === undefined ? {} : { ifShort }
  const what = `scale(${count})`
  // With "close" it ends with what closing takes.
  const limitMs = timeoutMs + (ifShort === "close" ? 15 * 60_000 : 0)
  const work = one.cluster.scale(count, { timeoutMs, ...short, ...options })
  scene.scaled.push(await timed(scene, what, limitMs, one.life, work, reason))
  check(what)
}

async function close(scene: Scene, one: Held, timeoutMs: number): Promise<void> {
  const outcome = await timed(scene, "close", timeoutMs, one.life, one.cluster.close({ timeoutMs }))
  if (outcome instanceof Error) scene.left += 1
  one.isOver ||= !(outcome instanceof Error) || outcome instanceof LeakError
}

async function detach(scene: Scene, one: Held, act: Extract<Act, { readonly kind: "detach" }>): Promise<void> {
  const { reason, options, check } = aborting(scene, one.life, act.abortsAfterMs)
  scene.left += 1
  one.isOver = true
  const work = one.cluster.detach({ timeoutMs: act.timeoutMs, ...options })
  await timed(scene, "detach", act.timeoutMs, one.life, work, reason)
  check("detach")
}

async function remove(scene: Scene, own: Process, timeoutMs: number): Promise<void> {
  const { stage } = scene
  // Looks, waits for what is gone, and looks for what is left: each within its requests' own deadlines.
  const work = Cluster.sweep({ provider: [...stage.providers], name: CLUSTER, timeoutMs }, { clock: own.life.clock })
  await timed(scene, "sweep", Number.POSITIVE_INFINITY, own.life, work)
}
