/** Consoles: hears by their consoles how workers are that nobody can reach. It is slower: clouds publish those late, and ask for calls. */
import pLimit from "p-limit"
import { type Fleet, fleetCalls } from "../../fleet/state/context.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { noteUnheard, takeReport } from "../../fleet/targets/unready.js"
import { readConsole } from "../../ready/report.js"

/** From one round to the next, in milliseconds; a look at health needs no more than the guest's own. */
const ROUND_MS = 10_000

/** Requests at a time: launches have the same account. */
const MOST_AT_ONCE = 16

export class ConsoleRounds {
  readonly #fleet: Fleet
  readonly #isWanted: (worker: WorkerRecord) => boolean
  readonly #workers = new Map<WorkerRecord, number>()
  #isGoing = false

  constructor(fleet: Fleet, isWanted: (worker: WorkerRecord) => boolean) {
    this.#fleet = fleet
    this.#isWanted = isWanted
  }

  add(worker: WorkerRecord): void {
    if (!this.#workers.has(worker)) this.#workers.set(worker, 0)
  }

  update(): void {
    if (this.#isGoing || this.#workers.size === 0) return
    this.#isGoing = true
    void this.#go().finally(() => {
      this.#isGoing = false
    })
  }

  /** Rounds until nobody is left to look at. */
  async #go(): Promise<void> {
    const { clock, signal } = this.#fleet
    const limit = pLimit(MOST_AT_ONCE)
    try {
      while (this.#workers.size > 0) {
        await clock.sleep(ROUND_MS, signal)
        const due = [...this.#workers].filter(([worker, at]) => this.#keep(worker) && at <= clock.now())
        await Promise.all(due.map(([worker]) => limit(() => this.#read(worker))))
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #keep(worker: WorkerRecord): boolean {
    if (this.#isWanted(worker)) return true
    this.#workers.delete(worker)
    return false
  }

  async #read(worker: WorkerRecord): Promise<void> {
    const fleet = this.#fleet
    const { provider, instance, group } = worker
    try {
      const text = (await provider.consoleLog?.(instance, fleetCalls(fleet, provider))) ?? ""
      const report = readConsole(text, fleet.owner.uid)
      if (report !== undefined) takeReport(fleet, worker, report)
    } catch (error) {
      if (!fleet.signal.aborted) noteUnheard(fleet, worker, error instanceof Error ? error.message : String(error))
    }
    const everyMs = worker.readiness?.isReady === true ? (fleet.groups.get(group)?.group.health?.everyMs ?? 0) : 0
    this.#workers.set(worker, fleet.clock.now() + everyMs)
  }
}
