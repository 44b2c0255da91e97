/** Watching: hears how workers are by their checks, from as many at a time as connections allow. Asks nobody in a cluster without. */
import { dirname } from "node:path"
import pLimit from "p-limit"
import { firstOf } from "../../calls/aborts.js"
import { type Fleet, messageOf } from "../../fleet/state/context.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { noteUnheard, takeReport } from "../../fleet/targets/unready.js"
import { STATUS_FILE } from "../../guest/marks.js"
import { watchOnce } from "../../ready/watch.js"
import { localRemote } from "../../remote/local.js"
import type { Remote } from "../../remote/remote.js"
import { ConsoleRounds } from "./consoles.js"

/** Up to so many workers each has its own waiting command. Above, connections take turns: `src/remote/ssh/connections.ts`. */
const MOST_WAITING = 200
const WAIT_S = 20
/** In turns: so many at a time, each for so long. */
const MOST_TURNS = 48
const TURN_S = 2

/** After a worker could not be reached: 1, 2, 4 … s. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 15_000

/** Where a worker's guest writes, and how it is read. */
interface Reached {
  readonly home: string
  readonly remote: () => Promise<Remote>
}

export class Watching {
  readonly #fleet: Fleet
  readonly #follows = new Map<WorkerRecord, AbortController>()
  readonly #turns = pLimit(MOST_TURNS)
  readonly #consoles: ConsoleRounds

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#consoles = new ConsoleRounds(fleet, (worker) => this.#isWanted(worker))
  }

  /** Begins with those that run now, and ends with those that run no more. */
  update(): void {
    for (const [worker, abort] of this.#follows) if (!this.#isWanted(worker)) abort.abort(new Error("it runs no more"))
    if (this.#fleet.signal.aborted) return
    for (const [name, { group }] of this.#fleet.groups) {
      const asked =
        group.health === undefined ? this.#fleet.roster.unready(name) : this.#fleet.roster.inGroup(name).in("running")
      if (group.ready === undefined && group.health === undefined) continue
      for (const worker of asked) this.#begin(worker)
    }
    this.#consoles.update()
  }

  #begin(worker: WorkerRecord): void {
    if (this.#follows.has(worker) || !this.#isWanted(worker)) return
    if (!canBeReached(this.#fleet, worker)) {
      this.#consoles.add(worker)
      return
    }
    const abort = new AbortController()
    this.#follows.set(worker, abort)
    const { signal, letGo } = firstOf(abort.signal, this.#fleet.signal)
    void this.#follow(worker, abort, signal).finally(() => {
      letGo()
      this.#follows.delete(worker)
    })
  }

  /** While it runs: until it is ready, and where its health is looked at also then. */
  #isWanted({ state, group, readiness }: WorkerRecord): boolean {
    const own = this.#fleet.groups.get(group)?.group
    if (this.#fleet.signal.aborted || this.#fleet.leaving || own === undefined || state !== "running") return false
    if (readiness?.isUnchecked === true) return false
    return own.health !== undefined || readiness?.isReady !== true
  }

  async #follow(worker: WorkerRecord, abort: AbortController, signal: AbortSignal): Promise<void> {
    const { clock } = this.#fleet
    let pauseMs = FIRST_PAUSE_MS
    while (this.#isWanted(worker) && !signal.aborted) {
      try {
        await this.#hear(worker, abort, signal)
        pauseMs = FIRST_PAUSE_MS
      } catch (error) {
        if (signal.aborted || !this.#isWanted(worker)) return
        noteUnheard(this.#fleet, worker, messageOf(error))
        await clock.sleep(pauseMs, signal).catch(() => {})
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  async #hear(worker: WorkerRecord, abort: AbortController, signal: AbortSignal): Promise<void> {
    const reached = reachedAt(this.#fleet, worker)
    if (reached === undefined) throw new Error("it has no address yet")
    const isMany = this.#follows.size > MOST_WAITING
    let isHeard = false
    const watch = async () => {
      const { exitCode } = await watchOnce(
        await reached.remote(),
        { home: reached.home, seconds: isMany ? TURN_S : WAIT_S, signal },
        (report) => {
          isHeard = true
          takeReport(this.#fleet, worker, report)
          if (!this.#isWanted(worker)) abort.abort(new Error("all is known of it"))
        },
      )
      if (exitCode !== 0 && !isHeard) throw new Error(`its guest's status could not be read: exit code ${exitCode}`)
    }
    await (isMany ? this.#turns(watch) : watch())
    // A guest that has written nothing yet, or a shell that ends at once, is not asked without a pause.
    if (!isHeard) throw new Error("its guest has written nothing yet")
  }
}

/** Nobody may ask a worker over ssh where no access was given: one that attaches may have none. */
function canBeReached({ access }: Fleet, { provider, instance }: WorkerRecord): boolean {
  if (provider.route === undefined) return false
  return access !== undefined || provider.route(instance)?.kind === "local"
}

function reachedAt(fleet: Fleet, worker: WorkerRecord): Reached | undefined {
  const route = worker.provider.route?.(worker.instance)
  if (route === undefined) return undefined
  if (route.kind === "ssh") {
    const remote = async () => {
      const { sshWaysOf } = await import("../ssh-ways.js")
      return sshWaysOf(fleet).remoteOf(worker, route)
    }
    return { home: dirname(STATUS_FILE), remote }
  }
  if (route.log === undefined) return undefined
  // By no word of the worker's: what looks at it does not end with it.
  const remote = localRemote({ words: ["/usr/bin/env"], address: route.address }, fleet.clock)
  return { home: dirname(route.log), remote: () => Promise.resolve(remote) }
}
