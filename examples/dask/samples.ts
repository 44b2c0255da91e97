/** Samples: how a Dask cluster stands, as its scheduler and its price tell it, several times a second. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Cluster } from "muster-vms"

export interface Sample {
  /** Since the first, in milliseconds. */
  readonly atMs: number
  /** The target. */
  readonly desired: number
  readonly members: number
  readonly done: number
  readonly computing: number
  readonly waiting: number
  /** Of all machines that are there, the head included; in USD. */
  readonly pricePerHour: number
}

/** A part of what `/json/counts.json` of the dashboard tells. */
interface Counts {
  readonly workers: number
  readonly tasks: number
  readonly memory: number
  readonly processing: number
}

const NOBODY: Counts = { workers: 0, tasks: 0, memory: 0, processing: 0 }

/** From one look to the next, in milliseconds. */
const EVERY_MS = 200

export class Sampling {
  readonly samples: Sample[] = []
  /** Where the scheduler's pages are; until then nobody is a member. */
  dashboard: string | undefined
  readonly #cluster: Cluster
  readonly #abort = new AbortController()
  readonly #going: Promise<void>
  readonly #begunAt = Date.now()
  #last = NOBODY

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#going = this.#go()
  }

  /** Looks once more, and no more after that. */
  async end(): Promise<readonly Sample[]> {
    this.#abort.abort()
    await this.#going
    return this.samples
  }

  async #go(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      await this.#look()
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {})
    }
    await this.#look()
  }

  async #look(): Promise<void> {
    const { workers, tasks, memory, processing } = await this.#counts()
    this.samples.push({
      atMs: Date.now() - this.#begunAt,
      desired: this.#cluster.group("default").desired,
      members: workers,
      done: memory,
      computing: processing,
      waiting: Math.max(0, tasks - memory - processing),
      pricePerHour: this.#cluster.cost().perHour ?? 0,
    })
  }

  /** While the scheduler is not there it has nobody; an answer that comes late is the last one. */
  async #counts(): Promise<Counts> {
    if (this.dashboard === undefined) return NOBODY
    try {
      const answer = await fetch(new URL("/json/counts.json", this.dashboard), { signal: AbortSignal.timeout(2000) })
      this.#last = (await answer.json()) as Counts
    } catch (error) {
      if ((error as Error).name !== "TimeoutError") this.#last = NOBODY
    }
    return this.#last
  }
}
