/** What every act plays on: a place for the state of its workers, a screen, and an orderly end when somebody presses Ctrl-C. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Clock, Cluster, type ClusterSpec, type GroupPreview, type Provider, systemClock } from "muster-vms"
import { local } from "muster-vms/local"
import { advance, beginProgress, isToldToEnd, type Progress } from "./progress.js"
import { openScreen, type Screen } from "./screen.js"

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
  readonly progress: () => Progress
  /** Says what it would do and cost, then does it. */
  scale(target: number): Promise<void>
  /** What the workers do, for the screen. */
  tell(work: NonNullable<Progress["work"]>): void
  /** The screen keeps the last state. */
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
  readonly screen: Screen
  readonly #root: string
  readonly #interruption = new AbortController()
  readonly #playing = new Set<Performance>()
  readonly #listeners = new Map<Signal, () => void>()
  #endedBy: Signal | undefined
  #isHurried = false

  constructor(options: DemoOptions, root: string, screen: Screen) {
    this.options = options
    this.#root = root
    this.screen = screen
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

  /** Opens a cluster on the screen, does the work with it, and closes it whatever happens; all on the machine's clock or another. */
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
    this.screen.close()
    if (isClean) await rm(this.#root, { recursive: true, force: true })
    else this.screen.say(`the state of the workers stays in ${this.#root}; they end within ${LIFETIME}`)
  }

  #open(title: string, spec: ClusterSpec, clock: Clock): Performance {
    this.signal.throwIfAborted()
    const cluster = new Cluster({ maxLifetime: LIFETIME, ...spec }, { clock, journal: join(this.#root, "journal") })
    let progress = beginProgress(title, clock.now())
    cluster.on("*", (event) => {
      progress = advance(progress, event)
    })
    const hide = this.screen.show(
      () => progress,
      () => clock.now(),
    )
    const performance: Performance = {
      cluster,
      progress: () => progress,
      scale: async (target) => {
        const { groups } = await cluster.plan(target)
        this.signal.throwIfAborted()
        for (const group of groups) this.screen.say(planLine(group))
        await cluster.scale(target, { signal: this.signal })
      },
      tell: (work) => {
        progress = { ...progress, work }
      },
      leave: () => {
        hide()
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
    this.screen.say(
      `interrupted: terminating ${count} workers (and those still being launched) and waiting until they are gone;`,
    )
    this.screen.say("once more: end at once (they end all the same: the terminate calls are out)")
  }

  /** Waits for no confirmation, only until the last terminate call is out. */
  async #endNow(signal: Signal): Promise<void> {
    this.#isHurried = true
    if (!this.#areTold()) this.screen.say("ending as soon as the launch calls on the wire are answered and taken back")
    const giveUpAt = Date.now() + LAST_CALLS_MS
    while (!this.#areTold() && Date.now() < giveUpAt) await sleep(10)
    this.#leave(signal)
  }

  #areTold(): boolean {
    return [...this.#playing].every(({ progress }) => isToldToEnd(progress()))
  }

  #leave(signal: Signal): never {
    const when = this.#areTold()
      ? "every worker is told to end, and does so within a second"
      : `workers end within ${LIFETIME}`
    this.screen.close()
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
  const screen = openScreen(process.stderr)
  screen.say(
    `state of the workers: ${root}, removed at the end; should this process be killed, they end within ${LIFETIME}`,
  )
  return new Stage(options, root, screen)
}
