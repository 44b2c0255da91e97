/** Keeper: follows the logs of all workers of a cluster into files. It stops nothing: what cannot be kept is said once. */
import pLimit from "p-limit"
import { firstOf } from "../../../calls/aborts.js"
import { momentText, wallAheadMs } from "../../../calls/clock.js"
import type { ClusterEventBody } from "../../../events.js"
import type { WorkerRecord } from "../../../fleet/roster/worker-record.js"
import { fleetCalls, type Fleet, messageOf } from "../../../fleet/state/context.js"
import { workerName } from "../../../fleet/reports/worker.js"
import { markPrefix } from "../../../guest/marks.js"
import { followLog } from "../../../remote/logs/follow.js"
import { type LogPlace, readLog } from "../../../remote/logs/read.js"
import { added, withoutMarks } from "../console.js"
import { wordsOfEnd } from "../ends.js"
import { logPlaceOf } from "../place.js"
import { WorkerFile } from "./worker-file.js"

/** Above so many workers none has a connection to itself: they take turns, so that others can use theirs. On this machine each has processes. */
const MANY = { connections: 256, processes: 64 } as const
const MOST_TURNS = 32
/** From one turn of a worker to its next, in milliseconds. */
const TURN_MS = 10_000
/** A console is read so often, in milliseconds: each time is a request of the account's. */
const CONSOLE_MS = 60_000
/** After what did not work, in milliseconds. */
const AGAIN_MS = 5000
/** A worker that has only just started is not reached at once: so many times nothing is said. */
const QUIET_TIMES = 12
/** For the last of it before an end of ours, in milliseconds. */
const LAST_MS = 2500

interface Kept {
  readonly worker: WorkerRecord
  readonly file: WorkerFile
  /** Ends what is being read now. */
  turn: AbortController
  /** All is read that is read before its end. */
  readonly drained: Promise<void>
  drain: () => void
  isLeaving: boolean
  failures: number
  done: Promise<void>
}

export class LogKeeper {
  readonly #fleet: Fleet
  readonly #directory: string
  readonly #kept = new Map<WorkerRecord, Kept>()
  readonly #turns = pLimit(MOST_TURNS)
  readonly #said = new Set<string>()
  readonly #over = new AbortController()
  #isMany = false

  constructor(fleet: Fleet, directory: string) {
    this.#fleet = fleet
    this.#directory = directory
  }

  note(event: ClusterEventBody): void {
    if (event.type !== "worker" && event.type !== "pass") return
    const { roster, isOwner } = this.#fleet
    if (!isOwner || this.#over.signal.aborted) return
    for (const worker of roster.all.in("running")) if (!this.#kept.has(worker)) this.#begin(worker)
    const isMany = this.#kept.size > (this.#isLocal() ? MANY.processes : MANY.connections)
    if (isMany === this.#isMany) return
    this.#isMany = isMany
    for (const kept of this.#kept.values()) kept.turn.abort()
  }

  /** Reads the last of workers that are to end; undefined: none of them is kept. */
  beforeEnd(workers: readonly WorkerRecord[]): Promise<unknown> | undefined {
    const leaving = workers.flatMap((worker) => this.#kept.get(worker) ?? [])
    for (const kept of leaving) {
      kept.isLeaving = true
      kept.turn.abort()
    }
    return leaving.length === 0 ? undefined : Promise.all(leaving.map(({ drained }) => drained))
  }

  /** Ends the reading; the files of workers that are gone get their last line. */
  async end(): Promise<void> {
    this.#over.abort()
    for (const kept of this.#kept.values()) kept.turn.abort()
    await Promise.all([...this.#kept.values()].map(({ done }) => done))
  }

  #isLocal(): boolean {
    return this.#fleet.providers.every(({ name }) => name === "local")
  }

  #begin(worker: WorkerRecord): void {
    const file = new WorkerFile(this.#directory, workerName(worker.instance, worker.group), worker.instance.id)
    let drain = () => {}
    const drained = new Promise<void>((resolve) => {
      drain = resolve
    })
    const kept: Kept = {
      ...{ worker, file, turn: new AbortController(), drained, drain },
      ...{ isLeaving: false, failures: 0, done: Promise.resolve() },
    }
    this.#kept.set(worker, kept)
    kept.done = this.#keep(kept)
  }

  async #keep(kept: Kept): Promise<void> {
    const { clock } = this.#fleet
    while (!kept.isLeaving && this.#isLiving(kept) && !this.#over.signal.aborted) {
      kept.turn = new AbortController()
      try {
        const pauseMs = await this.#turn(kept)
        kept.failures = 0
        await clock.sleep(pauseMs, kept.turn.signal).catch(() => {})
      } catch (error) {
        this.#failed(kept, error)
        await clock.sleep(AGAIN_MS, kept.turn.signal).catch(() => {})
      }
    }
    if (kept.isLeaving) await this.#last(kept).catch((error: unknown) => this.#failed(kept, error))
    kept.drain()
    while (this.#isLiving(kept) && !this.#over.signal.aborted) {
      await clock.sleep(AGAIN_MS, this.#over.signal).catch(() => {})
    }
    if (!this.#isLiving(kept)) await this.#end(kept).catch((error: unknown) => this.#failed(kept, error))
    this.#kept.delete(kept.worker)
  }

  #isLiving({ worker }: Kept): boolean {
    return worker.state !== "terminated" && worker.state !== "lost"
  }

  /** Reads for as long as its turn is. @returns when the next one is, in milliseconds. */
  async #turn(kept: Kept): Promise<number> {
    const { worker, file, turn } = kept
    const place = logPlaceOf(this.#fleet, worker)
    if (place === undefined) {
      await this.#readConsole(kept)
      return CONSOLE_MS
    }
    const from = await this.#write(file.find())
    if (this.#isMany) {
      await this.#turns(() => this.#readOnce(kept, place, from, turn.signal))
      return TURN_MS
    }
    const { clock } = this.#fleet
    const isLiving = () => this.#isLiving(kept)
    for await (const piece of followLog(place, { clock, isLiving, from, signal: turn.signal })) {
      kept.failures = 0
      await this.#write(file.add(piece))
    }
    return 0
  }

  async #readOnce({ file }: Kept, place: LogPlace, from: number | undefined, signal: AbortSignal): Promise<void> {
    for await (const piece of readLog(place, { from, isFollowed: false }, signal)) await this.#write(file.add(piece))
  }

  async #last(kept: Kept): Promise<void> {
    const place = logPlaceOf(this.#fleet, kept.worker)
    if (place === undefined) return
    const late = new AbortController()
    const cancel = this.#fleet.clock.timer(LAST_MS, () => late.abort())
    try {
      const from = await this.#write(kept.file.find())
      await this.#turns(() => this.#readOnce(kept, place, from, late.signal))
    } finally {
      cancel()
    }
  }

  async #readConsole({ worker, file, turn }: Kept): Promise<void> {
    const { provider, instance } = worker
    if (provider.consoleLog === undefined) return
    const { signal, letGo } = firstOf(this.#fleet.signal, turn.signal)
    const calls = fleetCalls(this.#fleet, provider, { signal })
    const console = await this.#turns(async () => provider.consoleLog?.(instance, calls)).finally(letGo)
    const text = withoutMarks(console ?? "", markPrefix(this.#fleet.owner.uid))
    await this.#write(file.find())
    const fresh = added(await this.#write(file.lastText()), text)
    if (fresh !== "") await this.#write(file.addText(fresh))
  }

  #end({ worker, file }: Kept): Promise<void> {
    const { clock } = this.#fleet
    const at = momentText(clock.now() + wallAheadMs(clock))
    const name = workerName(worker.instance, worker.group)
    return this.#write(file.end(`--- ${name} is gone since ${at}: ${wordsOfEnd(this.#fleet, worker)}`))
  }

  #write<T>(work: Promise<T>): Promise<T> {
    return this.#fleet.clock.busy("keeping a log", work)
  }

  /** A disk says it for all of them; a worker that is not reached at its start is no news. */
  #failed(kept: Kept, error: unknown): void {
    kept.failures += 1
    const code = (error as NodeJS.ErrnoException).code
    const isDisk = error instanceof Error && "syscall" in error && "path" in error
    if (kept.turn.signal.aborted && !isDisk) return
    const what = isDisk || code === "ENOSPC" ? "disk" : "way"
    if (this.#said.has(what) || (what === "way" && kept.failures < QUIET_TIMES)) return
    this.#said.add(what)
    const message =
      what === "disk"
        ? `logs cannot be kept in ${this.#directory}: ${messageOf(error)}; it is tried again, and the cluster goes on`
        : `the log of ${workerName(kept.worker.instance, kept.worker.group)} is not kept for now: ${messageOf(error)}; it is tried again`
    this.#fleet.emit({ type: "note", message })
  }
}
