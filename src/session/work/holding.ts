/** Holding: the workers of a job. As many are asked for as were wanted, and of those without a task none is kept once no input is left. */
import { firstOf } from "../../calls/aborts.js"
import type { ScaleResult } from "../../fleet/scaling/target.js"
import type { Worker } from "../../fleet/reports/worker.js"
import type { ScaleTarget } from "../../verbs/types.js"
import type { WorkState } from "../../work/types.js"
import type { Working } from "./mapping.js"

/** The cluster of a job. */
export interface Held {
  readonly workers: readonly Worker[]
  scale(target: ScaleTarget): Promise<ScaleResult>
}

export interface HoldingOptions {
  readonly target: ScaleTarget
  /** Workers of this group alone have tasks. */
  readonly group: string | undefined
  /** With fewer workers than were wanted the work cannot be done. */
  readonly needsAll: boolean
  /** The caller's. */
  readonly signal: AbortSignal | undefined
}

/** So often the workers without a task are looked for: a tail that is shorter costs less than what it would take to end them. */
const LOOK_MS = 5000

export class Holding {
  readonly #cluster: Held
  readonly #working: Working
  readonly #options: HoldingOptions
  readonly #abort = new AbortController()
  /** Aborts with the caller's signal, and when no worker will come, with the reason. */
  readonly signal: AbortSignal
  readonly #letGo: () => void
  #stop = () => {}
  #isOver = false

  constructor(cluster: Held, working: Working, options: HoldingOptions) {
    this.#cluster = cluster
    this.#working = working
    this.#options = options
    const { signal, letGo } = firstOf(options.signal, this.#abort.signal)
    this.signal = signal
    this.#letGo = letGo
  }

  /** @param state how far the work has come. */
  begin(state: () => WorkState): void {
    this.#scale(this.#options.target)
    if (!this.#options.needsAll) this.#lookOn(state)
  }

  end(): void {
    this.#isOver = true
    this.#stop()
    this.#letGo()
  }

  #lookOn(state: () => WorkState): void {
    this.#stop = this.#working.clock.timer(LOOK_MS, () => {
      this.#lower(state())
      this.#lookOn(state)
    })
  }

  #scale(target: ScaleTarget): void {
    this.#cluster.scale(target).catch((error: unknown) => this.#fellShort(error as Error))
  }

  /** With some workers the work goes on; and the cluster goes on trying for the others. */
  #fellShort(error: Error): void {
    if (this.#isOver) return
    const running = this.#cluster.workers.filter(({ state }) => state === "running").length
    const fleet = this.#working.session()?.fleet
    if (running === 0 || fleet === undefined || this.#options.needsAll) {
      this.#abort.abort(error)
      return
    }
    const message = `the work goes on with ${running} worker${running === 1 ? "" : "s"}: ${error.message}`
    fleet.emit({ type: "note", message })
  }

  /**
   * Once each task that is left runs, a group wants as many workers as have one: those without are ended first. One that is lost with
   * its task is replaced.
   */
  #lower({ total, done, failed, running }: WorkState): void {
    const fleet = this.#working.session()?.fleet
    if (fleet === undefined || total === undefined || running === 0 || total - done - failed > running) return
    const busy = [...fleet.roster.living()].filter(({ isBusy }) => isBusy === true)
    const wanted = [...fleet.groups]
      .filter(([name]) => this.#options.group === undefined || name === this.#options.group)
      .map(([name, { desired }]) => ({ name, desired, busy: busy.filter(({ group }) => group === name).length }))
    const lower = wanted.filter((one) => one.busy < one.desired)
    if (lower.length > 0) this.#scale(Object.fromEntries(lower.map((one) => [one.name, one.busy])))
  }
}
