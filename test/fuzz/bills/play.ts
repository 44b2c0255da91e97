/** One play of the fuzz of bills: what `cost()` and the receipt say is compared with what the world itself would charge. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { LeakError } from "../../../src/errors.js"
import type { Receipt } from "../../../src/index.js"
import type { Provider } from "../../../src/provider.js"
import { type Charge, chargesOf } from "../../../src/simulator/world/bill.js"
import { World, worldProvider } from "../../../src/simulator/index.js"
import { type Life, mortal } from "../../support/mortal.js"
import { compare, type Compared } from "./compare.js"
import { type Play, playOf } from "./draw.js"

const TYPE = "s1.small"
/** USD an hour of it, on demand. */
const USD = 0.02
const ZONES = ["a", "b"]
/** No process has this number: the largest that Linux gives is 4194304. */
const NO_PROCESS = 4_194_305

export interface Stage {
  readonly play: Play
  readonly clock: VirtualClock
  readonly world: World
  readonly provider: Provider
  readonly folder: string
  readonly total: number | undefined
  /** The ids that a process of the cluster has told of. */
  readonly heard: Set<string>
  readonly begun: number
}

/** What `cost()` said at a moment, and what the world would have charged for what the cluster had heard of. */
export interface Sample {
  readonly at: number
  readonly said: number
  readonly charged: readonly Charge[]
}

export interface Lived {
  readonly samples: readonly Sample[]
  readonly receipt: Receipt
  readonly charges: readonly Charge[]
  readonly isReached: boolean
}

export async function play(seed: number): Promise<Compared & { readonly play: Play }> {
  const chosen = playOf(seed)
  const folder = mkdtempSync(join(tmpdir(), "muster-bills-"))
  try {
    const stage = stageOf(chosen, folder)
    const lived = await stage.clock.run(live(stage))
    return { play: chosen, ...compare(stage, lived) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function stageOf(chosen: Play, folder: string): Stage {
  const { seed, consistencyMs, requestMs, bootMs, stopMs, noticeMs, style, billsUntilGone, stock } = chosen
  const clock = new VirtualClock({ seed })
  const world = new World({
    clock,
    seed,
    zones: ZONES,
    capacity: ZONES.map((zone) => ({ zone, count: stock })),
    latency: {
      requestMs: [requestMs / 2, requestMs],
      createMs: [requestMs, 2 * requestMs],
      bootMs: [bootMs, 2 * bootMs],
      stopMs: [stopMs / 2, stopMs],
    },
    listLagMs: [0, consistencyMs],
    limits: { consistencyMs },
    noticeMs,
    billsUntilGone,
    ...(billsUntilGone ? { terminatedVisibleMs: 0 } : {}),
  })
  const provider = worldProvider(world, {
    names: style === "names",
    ...(style === "operations" ? { settleMs: [500, bootMs] } : {}),
    overrides: { leastBilledSeconds: chosen.leastSeconds, bootMs: 180_000 + consistencyMs },
  })
  const total = chosen.totalHours === undefined ? undefined : chosen.totalHours * USD
  return { play: chosen, clock, world, provider, folder, total, heard: new Set(), begun: clock.now() }
}

interface Owner {
  readonly cluster: Cluster
  readonly life: Life
  /** It has looked at what there is. */
  isOpen: boolean
}

/** A process of the cluster, and after its death the one that goes on. */
interface Scene extends Stage {
  owner: Owner
  isReached: boolean
  readonly samples: Sample[]
}

async function live(stage: Stage): Promise<Lived> {
  const { play: chosen, world } = stage
  const scene: Scene = { ...stage, owner: newOwner(stage, "refuse"), isReached: false, samples: [] }
  hear(scene)
  const befalling = befall(scene)
  let wanted = 0
  for (const { afterMs, count, waits } of chosen.steps) {
    if (!scene.owner.life.isDead) await Promise.race([stage.clock.sleep(afterMs), scene.owner.life.death])
    if (scene.owner.life.isDead) await goOn(scene)
    wanted = count
    const scaled = scaleTo(scene.owner, wanted)
    if (waits) await Promise.race([scaled, scene.owner.life.death])
  }
  await befalling
  if (scene.owner.life.isDead) {
    await goOn(scene)
    await scaleTo(scene.owner, wanted)
  }
  ask(scene)
  const receipt = await closeOf(scene.owner.cluster)
  const { samples, isReached } = scene
  return { samples, receipt, charges: chargesOf(world, chosen.leastSeconds), isReached }
}

/** Lets everything happen at its time; resolves when the last of it is over. */
async function befall(scene: Scene): Promise<void> {
  const { play: chosen, clock, world, begun } = scene
  const at = (ms: number, act: () => void) => clock.sleep(Math.max(0, begun + ms - clock.now())).then(act)
  await Promise.all([
    ...chosen.blows.map((blow) => at(blow.atMs, () => strike(world, blow))),
    ...chosen.asks.map((ms) => at(ms, () => ask(scene))),
    ...(chosen.death === undefined ? [] : [at(chosen.death.atMs, () => scene.owner.life.die())]),
  ])
}

/** Reads `cost()`; who has not looked at what an earlier process has left knows nothing of it yet. */
function ask(scene: Scene): void {
  const { owner, samples, clock, world, play: chosen, heard } = scene
  if (!owner.isOpen || owner.life.isDead) return
  const charged = chargesOf(world, chosen.leastSeconds).filter(({ id }) => heard.has(id))
  samples.push({ at: clock.now(), said: owner.cluster.cost().soFar, charged })
}

async function scaleTo(owner: Owner, count: number): Promise<void> {
  await owner.cluster.scale(count, { timeout: "4m", minimum: 0 }).catch(() => undefined)
  owner.isOpen = true
}

function newOwner(stage: Stage, existing: "refuse" | "connect"): Owner {
  const { clock, play: chosen, provider, folder, total } = stage
  const life = mortal(clock, () => {})
  const cluster = new Cluster(
    {
      name: "bills",
      provider: life.provider(provider),
      instanceType: TYPE,
      market: chosen.market,
      spread: "zones",
      existing,
      ...(total === undefined ? {} : { budget: { total } }),
    },
    { clock: life.clock, seed: chosen.seed, journal: chosen.death === undefined ? false : folder },
  )
  return { cluster, life, isOpen: existing === "refuse" }
}

function hear(scene: Scene): void {
  const { cluster } = scene.owner
  cluster.on("worker", ({ id }) => void scene.heard.add(id))
  cluster.on("budget", ({ reached }) => {
    scene.isReached ||= reached
  })
}

/** Another process finds what a killed one has left on its disk and in the cloud. */
async function goOn(scene: Scene): Promise<void> {
  const { clock, play: chosen, folder } = scene
  // What was being written is written by then.
  await clock.sleep(1 + (chosen.death?.awayMs ?? 0))
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".jsonl"))) {
    const path = join(folder, name)
    writeFileSync(path, readFileSync(path, "utf8").replace(/"pid":\d+/, `"pid":${NO_PROCESS}`))
  }
  scene.owner = newOwner(scene, "connect")
  hear(scene)
}

function strike(world: World, { kind, share }: Play["blows"][number]): void {
  const alive = world.truth({ states: ["pending", "running"] }).map(({ id }) => id)
  const ids = alive.slice(0, Math.ceil(alive.length * share))
  if (kind === "interrupt") world.faults.interrupt(ids, {})
  else world.lose(ids)
}

async function closeOf(cluster: Cluster): Promise<Receipt> {
  try {
    return await cluster.close({ timeout: "2h" })
  } catch (error) {
    if (error instanceof LeakError) throw new Error(`leaked: ${error.message}`)
    throw error
  }
}
