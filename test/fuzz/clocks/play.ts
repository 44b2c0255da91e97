/** Play: a trial of clocks, and what of the cluster ended early, lived too long, or carries a wrong deadline. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { World, type WorldInstance } from "../../../src/simulator/index.js"
import { watchHandles } from "../../support/handles.js"
import { type Life, mortal } from "../../support/mortal.js"
import { cloudOf } from "./cloud.js"
import { judge, type Judged } from "./judge.js"
import { type Machine, newMachine } from "./machine.js"
import { type ClockAct, type ClocksTrial, lastMsOf } from "./trial.js"

export const NAME = "ours"
const TYPE = "s1.small"
const MINUTE_MS = 60_000
/** A timeout counts the time in which the machine is suspended. */
const PATIENCE_MS = 10 * 60 * MINUTE_MS
/** The largest process id that Linux gives is one less. */
const NOBODY = 2 ** 22 + 1

/** One process of the machine, and the cluster that it holds. */
interface Process {
  readonly life: Life
  readonly cluster: Cluster
  /** It lets go of the cluster: what waits for it hears so. */
  isLeaving: boolean
}

export interface Stage {
  readonly trial: ClocksTrial
  readonly base: VirtualClock
  readonly world: World
  readonly machine: Machine
  readonly directory: string
  /** When the cluster was made, in true time. */
  readonly begun: number
  readonly problems: string[]
  born: number
  target: number
}

export interface ClocksOutcome extends Judged {
  readonly instances: number
  readonly hours: number
}

export async function playClocks(trial: ClocksTrial): Promise<ClocksOutcome> {
  const directory = mkdtempSync(join(tmpdir(), "muster-clocks-"))
  const closeFiles = watchHandles()
  try {
    const base = new VirtualClock({ seed: trial.seed })
    const latency = { requestMs: [20, 200], createMs: [100, 2_000], bootMs: [10_000, MINUTE_MS] } as const
    const world = new World({ clock: base, seed: trial.seed, latency, terminatedVisibleMs: 2 * 86_400_000 })
    const machine = newMachine(base, "the machine", trial.seed)
    const stage = { trial, base, world, machine, directory, begun: base.now(), problems: [], born: 0, target: 0 }
    await base.run(act(stage), "the trial")
    const hours = (base.now() - stage.begun) / 3_600_000
    return { ...judge(stage), instances: world.truth({}).length, hours }
  } finally {
    await closeFiles()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function act(stage: Stage): Promise<void> {
  const { trial, base, machine, begun } = stage
  let own = start(stage)
  for (const step of trial.steps) {
    await base.sleep(Math.max(0, begun + step.atMs - base.now()))
    if (step.act.kind === "jump") jump(stage, step.act)
    else if (step.act.kind === "suspend") suspend(stage, step.act.ms)
    else {
      await machine.awake()
      own = await doOne(stage, own, step.act)
    }
  }
  if (trial.isLeft) {
    await base.sleep(Math.max(0, begun + trial.lifetimeMs - 20 * MINUTE_MS - base.now()))
    own.life.die()
  }
  await base.sleep(Math.max(0, begun + trial.lifetimeMs + 40 * MINUTE_MS - base.now()))
  if (!trial.isLeft) await heard(stage, "close", own.cluster.close())
}

function jump({ machine, base }: Stage, { ms, healsAfterMs }: Extract<ClockAct, { readonly kind: "jump" }>): void {
  machine.set(ms)
  if (healsAfterMs !== undefined) base.timer(healsAfterMs, () => machine.set(-ms))
}

/** A step that an earlier suspension has kept waiting comes late: it sleeps the less, and wakes before the cluster's end. */
function suspend({ trial, base, machine, begun }: Stage, ms: number): void {
  const leftMs = begun + lastMsOf(trial) - base.now()
  if (leftMs > 0) machine.suspend(Math.min(ms, leftMs))
}

function newLife({ machine }: Stage): Life {
  return mortal(machine.clock, () => {})
}

function start(stage: Stage): Process {
  const { trial, directory } = stage
  const life = newLife(stage)
  const provider = life.provider(cloudOf(stage))
  const lease = trial.leaseMs === undefined ? {} : { leaseMs: trial.leaseMs }
  const spec = { name: NAME, provider, instanceType: TYPE, maxLifetimeMs: trial.lifetimeMs, ...lease }
  stage.born += 1
  const cluster = new Cluster(spec, { clock: life.clock, journal: directory, seed: stage.born })
  return { life, cluster, isLeaving: false }
}

function scale(stage: Stage, own: Process): void {
  const isHeard = () => !own.isLeaving
  void heard(stage, "scale", own.cluster.scale(stage.target, { timeoutMs: PATIENCE_MS }), isHeard)
}

async function doOne(stage: Stage, own: Process, one: Exclude<ClockAct, { readonly kind: "jump" | "suspend" }>) {
  if (one.kind === "grow") {
    stage.target += one.by
    scale(stage, own)
    return own
  }
  if (one.kind !== "list" && one.kind !== "sweep") return goOn(stage, own, one.kind)
  const other = { ...newLife(stage).clock, wall: () => stage.base.now() + one.aheadMs } satisfies Clock
  const provider = cloudOf(stage)
  if (!tagsTell(stage)) return own
  if (one.kind === "list") await heard(stage, "list", Cluster.list({ provider }, { clock: other }))
  else {
    const swept = await heard(stage, "sweep", Cluster.sweep({ provider }, { clock: other, journal: false }))
    for (const { kind, id, why } of swept ?? []) stage.problems.push(`a sweep removed ${kind} ${id}: ${why}`)
  }
  return own
}

/** Where the cloud does not tell its time, nobody knows what the clock showed when tags were written. */
function tagsTell({ trial, machine }: Stage): boolean {
  return trial.tellsTime || machine.history.length === 1
}

/** Another process of the machine, where there is something to go on with. */
async function goOn(stage: Stage, own: Process, how: "detach" | "crash"): Promise<Process> {
  const { world, directory, trial, machine } = stage
  if (world.visible({ states: ["pending", "running"] }).length === 0) return own
  if (!tagsTell(stage)) return own
  own.isLeaving = true
  if (how === "detach") await heard(stage, "detach", own.cluster.detach({ timeoutMs: 5 * MINUTE_MS }))
  own.life.die()
  await stage.base.sleep(1)
  bury(directory)
  await machine.awake()
  const life = newLife(stage)
  const spec = { provider: life.provider(cloudOf(stage)), instanceType: TYPE }
  stage.born += 1
  const options = { clock: life.clock, journal: directory, seed: stage.born }
  const lease = trial.leaseMs === undefined ? {} : { leaseMs: trial.leaseMs }
  const cluster = await Cluster.attach(NAME, { ...spec, ...lease }, options)
  const next = { life, cluster, isLeaving: false }
  scale(stage, next)
  return next
}

/** The journals of a process that was killed say that it has ended, as nothing does while this one lives. */
function bury(directory: string): void {
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".jsonl"))) {
    const path = join(directory, name)
    writeFileSync(path, readFileSync(path, "utf8").replace(/"pid":\d+/, `"pid":${NOBODY}`))
  }
}

/** Undefined where it rejected, which is a problem. */
async function heard<T>(
  { problems, base, begun }: Stage,
  what: string,
  work: Promise<T>,
  isHeard = () => true,
): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!isHeard()) return undefined
    const at = Math.round((base.now() - begun) / 1000)
    problems.push(`${what} rejected after ${at} s: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

export function oursIn({ world }: Pick<Stage, "world">): readonly WorldInstance[] {
  return world.truth({ tags: { "muster-cluster": NAME } })
}
