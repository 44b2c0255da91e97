/** Soak: a large cluster for a long day, with interruptions and faults; what it holds on to, hour by hour. */
import { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { Receipt } from "../../src/index.js"
import { World, worldProvider } from "../../src/simulator/index.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"
import { type Meters, newMeters } from "./oracles.js"

export interface SoakOptions {
  readonly workers: number
  readonly hours: number
  readonly seed: number
  /** Hears of each hour when it is over: a long day takes real minutes too. */
  readonly tell?: (line: string) => void
}

/** One hour of the day. */
export interface Hour {
  readonly hour: number
  readonly running: number
  /** Instances that there ever were. */
  readonly made: number
  readonly heapMb: number
  readonly timers: number
  readonly requests: number
  readonly failed: number
  readonly throttled: number
}

export interface Soaked {
  readonly hours: readonly Hour[]
  readonly receipt: Receipt
  /** Instances that there ever were, in truth; those that live after the close. */
  readonly made: number
  readonly left: number
  /** Timers after the close. */
  readonly timers: number
  readonly listeners: number
  readonly overdrawn: readonly string[]
}

const HOUR_MS = 3_600_000
const TYPE = "m1.large"
/** A notice is two minutes long: to look every half of one is often enough, and a day of looks at 10,000 is real work. */
const WATCH_MS = 30_000
/** For the rest of the day nothing is taken away, so that memory has no reason to grow. */
export const RESTLESS_SHARE = 2 / 3

export async function soak({ workers, hours, seed, tell = () => {} }: SoakOptions): Promise<Soaked> {
  const clock = new VirtualClock({ seed })
  const world = newWorld(clock, seed)
  const provider = worldProvider(world, { overrides: { look: { firstMs: 1_000, everyMs: 5_000, watchMs: WATCH_MS } } })
  const meters = newMeters(world)
  const before = listenersOf()
  const spec = { provider, instanceType: TYPE, market: "spot", spread: "zones", maxLifetime: `${hours + 2}h` } as const
  const cluster = new Cluster(spec, { clock, seed, journal: false })
  const rows: Hour[] = []
  const day = async () => {
    await cluster.scale(workers, { timeout: "2h" })
    disturb(world)
    for (let hour = 1; hour <= hours; hour += 1) {
      await passHour(clock, world, hour <= hours * RESTLESS_SHARE)
      const row = rowOf(hour, { clock, world, cluster, meters })
      rows.push(row)
      tell(lineOf(row))
    }
    return cluster.close({ timeout: "2h" })
  }
  const receipt = await clock.run(day())
  meters.feed(world.ledger.entries)
  return {
    hours: rows,
    receipt,
    made: world.truth().length,
    left: world.truth({ states: ["pending", "running", "stopped"] }).length,
    timers: clock.asleep,
    listeners: listenersOf() - before,
    overdrawn: meters.problems(),
  }
}

/** Request limits like EC2's. */
function newWorld(clock: VirtualClock, seed: number): World {
  const token = (capacity: number, perSecond: number) => ({ kind: "token", capacity, perSecond }) as const
  return new World({ clock, seed, buckets: { reads: token(100, 20), writes: token(50, 5) } })
}

/** A network and an API that are never quite well. */
function disturb({ faults }: World): void {
  faults.rate("*", 0.01, { kind: "fail", error: "transient", code: "InternalError" })
  faults.rate("*", 0.005, { kind: "lose-reply" })
  faults.rate("*", 0.005, { kind: "fail", error: "throttled", code: "RequestLimitExceeded", retryAfterMs: 1_000 })
  faults.rate("*", 0.001, { kind: "hang" })
  faults.rate("*", 0.005, { kind: "late", ms: 5_000 })
  faults.rate("*", 0.005, { kind: "twice" })
  faults.rateBoots(0.01)
}

/** Six times: some are interrupted, a few vanish. */
async function passHour(clock: VirtualClock, world: World, isRestless: boolean): Promise<void> {
  for (let part = 0; part < 6; part += 1) {
    await clock.sleep(HOUR_MS / 6)
    if (!isRestless) continue
    const running = world.truth({ states: ["running"] })
    world.faults.interrupt({}, { count: Math.ceil(running.length / 200) })
    world.terminate(running.slice(-Math.ceil(running.length / 2_000)).map(({ id }) => id))
  }
}

interface Scene {
  readonly clock: VirtualClock
  readonly world: World
  readonly cluster: Cluster
  readonly meters: Meters
}

/** Counts the hour's requests and forgets them: the ledger is ours, not the cluster's. */
function rowOf(hour: number, { clock, world, cluster, meters }: Scene): Hour {
  const { entries } = world.ledger
  meters.feed(entries)
  const failed = entries.filter(({ outcome, kind }) => outcome !== "ok" && kind !== "throttled").length
  const throttled = entries.filter(({ kind }) => kind === "throttled").length
  const requests = entries.length
  world.ledger.clear()
  const running = cluster.workers.filter(({ state }) => state === "running").length
  const made = world.truth().length
  return { hour, running, made, heapMb: heldBytes() / MEBIBYTE, timers: clock.asleep, requests, failed, throttled }
}

function listenersOf(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
}

/** What one instance that is gone may leave: its line in the receipt, and the world's own memory of it. */
const KEPT_KB = 8
/** A quiet hour keeps nothing; so much is what the engine itself moves about. */
const NOISE_MB = 6
/** As many timers as there are waits, not as there are workers or hours. */
const MOST_TIMERS = 200

/** Everything that is not as it must be, one sentence each. */
export function problemsOf(soaked: Soaked, options: SoakOptions): readonly string[] {
  const { hours, receipt, made, left, timers, listeners, overdrawn } = soaked
  const { workers } = options
  const quiet = hours.filter(({ hour }) => hour > options.hours * RESTLESS_SHARE)
  const failing = (holds: boolean, problem: string) => (holds ? [] : [problem])
  return [
    ...failing(hours.length === options.hours, `${hours.length} hours of ${options.hours} passed`),
    ...failing(made > workers, `${made} instances were made: nothing was replaced`),
    ...failing(receipt.instances.length === made, `the receipt has ${receipt.instances.length} of ${made} instances`),
    ...failing(
      left === 0 && receipt.leaked.length === 0,
      `${left} instances are left, ${receipt.leaked.length} leaked`,
    ),
    ...failing(timers === 0 && listeners === 0, `${timers} timers and ${listeners} listeners are left`),
    ...overdrawn,
    ...quiet.slice(1).flatMap(({ hour, running }) => failing(running === workers, `hour ${hour}: ${running} run`)),
    ...hours.flatMap((hour) => failing(hour.timers < MOST_TIMERS, `hour ${hour.hour}: ${hour.timers} timers`)),
    ...heapProblems(hours, quiet[0]),
  ]
}

/** The first quiet hour still replaces what was taken in the one before: memory is flat from there on. */
function heapProblems(hours: readonly Hour[], quiet: Hour | undefined): readonly string[] {
  const [first, last] = [hours[0], hours.at(-1)]
  if (first === undefined || last === undefined || quiet === undefined) return ["no hour was quiet"]
  const gone = last.made - first.made
  const keptKb = ((last.heapMb - first.heapMb) * 1024) / Math.max(1, gone)
  const grown = last.heapMb - quiet.heapMb
  return [
    ...(gone > 1_000 && keptKb >= KEPT_KB ? [`each instance that is gone keeps ${keptKb.toFixed(1)} KB`] : []),
    ...(grown >= NOISE_MB ? [`the heap grew by ${grown.toFixed(1)} MB in quiet hours`] : []),
  ]
}

/** The day as a table. */
export function tableOf({ hours, receipt, made, left, timers, listeners, overdrawn }: Soaked): string {
  const end = `closed: ${receipt.instances.length} of ${made} instances in the receipt, ${left} left, ${timers} timers, ${listeners} listeners, ${overdrawn.length} buckets overdrawn`
  return [HEAD, ...hours.map(lineOf), end].join("\n")
}

const line = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(9)).join(" ")

const HEAD = line(["hour", "running", "made", "heap MB", "timers", "requests", "failed", "throttled"])

function lineOf({ hour, running, made, heapMb: mb, timers, requests, failed, throttled }: Hour): string {
  return line([hour, running, made, mb.toFixed(1), timers, requests, failed, throttled])
}
