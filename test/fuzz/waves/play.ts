/** Plays a wave of tasks on a cluster of the small cloud that follows it, under a virtual clock. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import type { Demand } from "../../../src/demand/types.js"
import type { Fleet } from "../../../src/fleet/state/context.js"
import { placesOf } from "../../../src/session/work/places.js"
import { workingOf } from "../../../src/session/work/workable.js"
import { simulate } from "../../../src/simulator/index.js"
import type { Places } from "../../../src/work/farm/places.js"
import type { Wave, WaveTask } from "./draw.js"
import { oracleMs, type Ran } from "./oracle.js"

const EVERY_MS = 5000
const MAXIMUM = 1000
const TYPE = "s1.small"

/** How the wave stood at one reading. */
export interface Moment {
  /** Since its begin, in milliseconds. */
  readonly atMs: number
  readonly wanted: number
  readonly target: number
  /** Workers that boot, and that are ready. */
  readonly booting: number
  readonly ready: number
  /** USD an hour of all that are there. */
  readonly perHour: number
}

export interface Played {
  readonly wave: Wave
  readonly launched: number
  /** Workers that have had a task. */
  readonly useful: number
  readonly done: number
  /** Tasks whose worker was ended under them. */
  readonly lost: number
  /** From the first task to the first target, in milliseconds. */
  readonly followedMs: number
  /** From the end of the last task until none was wanted and none was left but on its way out. */
  readonly zeroMs: number
  /** How often the target turned between two times at zero, at most. */
  readonly turns: number
  /** How long a task waited on average, in milliseconds. */
  readonly waitMs: number
  readonly bootMs: number
  /** What its workers cost from their launch to their end, and what the oracle's would, in milliseconds of workers. */
  readonly costMs: number
  readonly oracleMs: number
  /** Timers that are left after the close. */
  readonly timers: number
  readonly moments: readonly Moment[]
}

export async function play(wave: Wave): Promise<Played> {
  const { seed, bootSeconds } = wave
  const clock = new VirtualClock({ seed })
  const boot = bootSeconds * 1000
  const { provider } = simulate({ clock, seed, latency: { bootMs: [boot * 0.8, boot * 1.2] } })
  const cluster = new Cluster({ name: "waves", provider, instanceType: TYPE }, { clock, seed, journal: false })
  const ridden = await clock.run(new Surf(clock, cluster, wave).ride(), `wave ${seed}`)
  await clock.run(cluster.close())
  // What is asked to go is gone in the world itself.
  await clock.run(clock.sleep(60_000))
  return { ...ridden, timers: clock.asleep }
}

class Surf {
  readonly #clock: VirtualClock
  readonly #cluster: Cluster
  readonly #wave: Wave
  readonly #waiting: (WaveTask & { readonly cameAt: number })[] = []
  /** When its task ends, by worker. */
  readonly #busy = new Map<string, number>()
  readonly #useful = new Set<string>()
  readonly #ran: Ran[] = []
  readonly #moments: Moment[] = []
  #places: Places | undefined
  #left: number
  #waitedMs = 0
  #lost = 0
  #begunAt = 0

  constructor(clock: VirtualClock, cluster: Cluster, wave: Wave) {
    this.#clock = clock
    this.#cluster = cluster
    this.#wave = wave
    this.#left = wave.tasks.length
  }

  async ride(): Promise<Omit<Played, "timers">> {
    const clock = this.#clock
    const adapting = await this.#cluster.adapt({ maximum: MAXIMUM, demand: this.#demand })
    const working = workingOf(this.#cluster)
    const fleet = working.session()?.fleet
    if (fleet === undefined) throw new Error("the cluster is not open")
    this.#places = placesOf({ ...working, fleet })
    // Readings and the wave begin at any distance.
    await clock.sleep(clock.random() * EVERY_MS)
    this.#begunAt = clock.now()
    const turned = turnsOf(this.#cluster)
    const unwatch = working.watch(() => this.#assign())
    for (const task of this.#wave.tasks) clock.timer(task.at * 1000, () => this.#come(task))
    await this.#until(() => this.#left === 0)
    const endedAt = clock.now()
    await this.#until(() => adapting.target === 0 && fleet.roster.counted("default").length === 0)
    const zeroMs = clock.now() - endedAt
    unwatch()
    await clock.sleep(60_000)
    const followedMs = (turned.firstAt() ?? Number.POSITIVE_INFINITY) - this.#firstAt()
    return { ...this.#outcome(fleet), followedMs, zeroMs, turns: turned.most() }
  }

  #firstAt(): number {
    return this.#begunAt + (this.#wave.tasks[0]?.at ?? 0) * 1000
  }

  #outcome(fleet: Fleet) {
    const { workers } = fleet.roster
    const boots = workers.flatMap(({ boot }) =>
      boot?.requestedAt === undefined || boot.readyAt === undefined ? [] : [boot.readyAt - boot.requestedAt],
    )
    const bootMs = boots.reduce((sum, ms) => sum + ms, 0) / Math.max(1, boots.length)
    const costMs = workers.reduce((sum, { boot, knownSince, terminatedAt = 0 }) => {
      return sum + terminatedAt - (boot?.requestedAt ?? knownSince)
    }, 0)
    return {
      ...{ wave: this.#wave, launched: workers.length, useful: this.#useful.size },
      ...{ done: this.#ran.length, lost: this.#lost, waitMs: this.#waitedMs / Math.max(1, this.#ran.length) },
      ...{ bootMs, costMs, oracleMs: oracleMs(this.#ran, bootMs), moments: this.#moments },
    }
  }

  readonly #demand: Demand = () => {
    const now = this.#clock.now()
    const { taskSeconds } = this.#wave
    const leftMs = [...this.#busy.values()].reduce((sum, until) => sum + until - now, 0)
    const workers = this.#busy.size + this.#waiting.length
    this.#note(workers)
    // Of those that wait nobody knows more than how long they take on average.
    return { workers, seconds: leftMs / 1000 + this.#waiting.length * taskSeconds }
  }

  #note(wanted: number): void {
    const [group] = this.#cluster.explain().groups
    if (group === undefined || this.#begunAt === 0) return
    const { desired, ready, running, pending, booked } = group
    const booting = pending + booked + running - ready
    const atMs = this.#clock.now() - this.#begunAt
    this.#moments.push({ atMs, wanted, target: desired, booting, ready, perHour: this.#cluster.cost().perHour })
  }

  #come(task: WaveTask): void {
    this.#waiting.push({ ...task, cameAt: this.#clock.now() })
    this.#assign()
  }

  /** Whoever is free takes what waits for longest. */
  #assign(): void {
    if (this.#waiting.length === 0 && this.#busy.size === 0) return
    const places = this.#places?.list() ?? []
    const living = new Map(places.map((place) => [place.id, place]))
    for (const [id, until] of [...this.#busy]) {
      if (living.get(id)?.endsAt === undefined && living.has(id)) continue
      if (until > this.#clock.now()) this.#lost += 1
      this.#busy.delete(id)
    }
    for (const { id, isReady, endsAt } of places) {
      if (this.#waiting.length === 0) return
      if (isReady && endsAt === undefined && !this.#busy.has(id)) this.#begin(id)
    }
  }

  #begin(id: string): void {
    const task = this.#waiting.shift()
    if (task === undefined) return
    const from = this.#clock.now()
    const to = from + task.seconds * 1000
    this.#waitedMs += from - task.cameAt
    this.#busy.set(id, to)
    this.#useful.add(id)
    this.#places?.busy(id, true)
    this.#clock.timer(to - from, () => {
      if (this.#busy.get(id) !== to) return
      this.#busy.delete(id)
      this.#places?.busy(id, false)
      this.#ran.push({ from, to })
      this.#left -= 1
      this.#assign()
    })
  }

  async #until(isSo: () => boolean): Promise<void> {
    const longest = this.#clock.now() + 48 * 3_600_000
    while (!isSo() && this.#clock.now() < longest) await this.#clock.sleep(500)
  }
}

/** Turns of the target between two times at zero. */
function turnsOf(cluster: Cluster) {
  let [before, direction, turns, most]: [number, number, number, number] = [0, 0, 0, 0]
  let firstAt: number | undefined
  cluster.on("adapt", ({ target, at }) => {
    firstAt ??= at
    const now = Math.sign(target - before)
    if (direction !== 0 && now !== direction) turns += 1
    most = Math.max(most, turns)
    direction = now
    before = target
    if (target === 0) [direction, turns] = [0, 0]
  })
  return { firstAt: () => firstAt, most: () => most }
}
