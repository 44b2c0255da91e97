/** What every act plays on: a place for the state of its workers, progress, and an orderly end when somebody presses Ctrl-C. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Clock, Cluster, type ClusterSpec, type GroupPreview, type Provider, systemClock } from "muster-vms"
import { local } from "muster-vms/local"
import { type Progress, type ProgressStream, showProgress } from "muster-vms/progress"
import { advance, isToldToEnd, NOTHING_YET, type Tally } from "./tally.js"

export interface DemoOptions {
  /** Workers of the first act. */
  readonly workers: number
  /** Workers of the second act. */
  readonly burst: number
  /** Pixels of the picture, from left to right. */
  readonly width: number
}

/** One part of the demo: returns what belongs on stdout. */
export type Act = (stage: Stage) => Promise<readonly string[]>

/** A cluster that is being watched. */
export interface Performance {
  readonly cluster: Cluster
  readonly tally: () => Tally
  readonly shown: Progress
  /** Says what it would do and cost, then does it. */
  scale(target: number): Promise<void>
  leave(): void
}

/** USD per hour, pretended: about what the smallest compute-optimised machine costs at a cloud. */
const PRICE_PER_HOUR = 0.04
/** Ends every worker, by its own supervisor, also if this process is killed. */
const LIFETIME = "3m"
/** As long as the local provider lets a launch call be on the wire: what it makes must still be told to end. */
const LAST_CALLS_MS = 10_000

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof EXIT_CODES

export class Stage {
  readonly options: DemoOptions
  readonly #stream: ProgressStream
  readonly #root: string
  readonly #interruption = new AbortController()
  readonly #playing = new Set<Performance>()
  readonly #listeners = new Map<Signal, () => void>()
  #endedBy: Signal | undefined
  #isHurried = false

  constructor(options: DemoOptions, root: string, stream: ProgressStream) {
    this.options = options
    this.#root = root
    this.#stream = stream
    for (const signal of Object.keys(EXIT_CODES) as Signal[]) {
      const listener = () => this.#interrupt(signal)
      this.#listeners.set(signal, listener)
      process.on(signal, listener)
    }
  }

  /** Aborted by the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#interruption.signal
  }

  /** What the process is to end with. */
  get exitCode(): number {
    return this.#endedBy === undefined ? 0 : EXIT_CODES[this.#endedBy]
  }

  /** Instances on this machine, with a pretended price. */
  local(): Provider {
    return local({ root: join(this.#root, "local"), prices: { "local-1": PRICE_PER_HOUR } })
  }

  /** Something to read, above what is being shown. */
  say(text: string): void {
    const [play] = this.#playing
    if (play === undefined) this.#stream.write(`${text}\n`)
    else play.shown.say(text)
  }

  /** Opens a cluster and shows it, does the work with it, and closes it whatever happens; all on the machine's clock or another. */
  async perform<T>(
    title: string,
    spec: ClusterSpec,
    work: (play: Performance) => Promise<T>,
    clock: Clock = systemClock,
  ): Promise<T> {
    const play = this.#open(title, spec, clock)
    try {
      return await work(play)
    } finally {
      await play.cluster.close().finally(() => play.leave())
    }
  }

  /** Gives the terminal back and removes the state directory, unless workers may be left: what ends them is in it. */
  async close(isClean: boolean): Promise<void> {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
    if (isClean) await rm(this.#root, { recursive: true, force: true })
    else this.say(`the state of the workers stays in ${this.#root}; they end within ${LIFETIME}`)
  }

  #open(title: string, spec: ClusterSpec, clock: Clock): Performance {
    this.signal.throwIfAborted()
    const cluster = new Cluster({ maxLifetime: LIFETIME, ...spec }, { clock, journal: join(this.#root, "journal") })
    let tally = NOTHING_YET
    cluster.on("*", (event) => {
      tally = advance(tally, event)
    })
    this.say(title)
    const shown = showProgress(cluster, { stream: this.#stream, clock })
    const performance: Performance = {
      cluster,
      tally: () => tally,
      shown,
      scale: async (target) => {
        const { groups } = await cluster.plan(target)
        this.signal.throwIfAborted()
        for (const group of groups) this.say(planLine(group))
        await cluster.scale(target, { signal: this.signal })
      },
      leave: () => {
        shown.stop()
        this.#playing.delete(performance)
      },
    }
    this.#playing.add(performance)
    return performance
  }

  #interrupt(signal: Signal): void {
    if (this.#endedBy === undefined) {
      this.#endedBy = signal
      this.#endInOrder()
    } else if (this.#isHurried) this.#leave(signal)
    else void this.#endNow(signal)
  }

  /** The terminate calls go out now, not when the act has noticed. */
  #endInOrder(): void {
    const count = [...this.#playing].reduce((sum, { cluster }) => sum + cluster.workers.length, 0)
    for (const { cluster } of this.#playing) cluster.close().catch(() => {})
    this.#interruption.abort(new Error("interrupted"))
    this.say(
      `interrupted: terminating ${count} workers (and those still being launched) and waiting until they are gone;`,
    )
    this.say("once more: end at once (they end all the same: the terminate calls are out)")
  }

  /** Waits for no confirmation, only until the last terminate call is out. */
  async #endNow(signal: Signal): Promise<void> {
    this.#isHurried = true
    if (!this.#areTold()) this.say("ending as soon as the launch calls on the wire are answered and taken back")
    const giveUpAt = Date.now() + LAST_CALLS_MS
    while (!this.#areTold() && Date.now() < giveUpAt) await sleep(10)
    this.#leave(signal)
  }

  #areTold(): boolean {
    return [...this.#playing].every(({ tally }) => isToldToEnd(tally()))
  }

  #leave(signal: Signal): never {
    const when = this.#areTold()
      ? "every worker is told to end, and does so within a second"
      : `workers end within ${LIFETIME}`
    for (const { shown } of this.#playing) shown.stop()
    process.stderr.write(`ended at once: ${when}; left behind: ${this.#root} (its state, some kilobytes)\n`)
    process.exit(EXIT_CODES[signal])
  }
}

function planLine({ group, desired, existing, calls, offers, pricePerHour }: GroupPreview): string {
  const price = pricePerHour === undefined ? "price unknown" : `$${pricePerHour.toFixed(2)}/h`
  const [offer] = offers
  return `plan: ${desired - existing} x ${offer?.instanceType} for "${group}" in ${calls.length} launch call${calls.length === 1 ? "" : "s"}, ${price}`
}

export async function openStage(options: DemoOptions): Promise<Stage> {
  const root = await mkdtemp(join(tmpdir(), "muster-demo-"))
  const stage = new Stage(options, root, process.stderr)
  stage.say(
    `state of the workers: ${root}, removed at the end; should this process be killed, they end within ${LIFETIME}`,
  )
  return stage
}
