/** Last words: the end of a worker's log, fetched before an end of our choosing, or read from its console after another end. */
import pLimit from "p-limit"
import { firstOf } from "../../calls/aborts.js"
import type { ClusterEventBody } from "../../events.js"
import { fleetCalls, type Fleet } from "../../fleet/state/context.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { markPrefix } from "../../guest/marks.js"
import type { Provider } from "../../provider.js"
import { readLog } from "../../remote/logs/read.js"
import { lastLines, withoutMarks } from "./console.js"
import { isEndOfOurs, wordsOfEnd } from "./ends.js"
import { logPlaceOf } from "./place.js"

/** As much as one wants to read of a worker that is gone. */
const LINES = 20
const MOST_CHARS = 8 * 1024
/** No end of a worker waits longer for them, in milliseconds, however many end with it. */
const LONGEST_MS = 3000
const MOST_AT_ONCE = 32
/** Where none could be fetched nobody waits again for so long, in milliseconds: the way is closed. */
const CLOSED_MS = 60_000
/** Consoles that wait to be read: of more that end at once nothing is kept. */
const MOST_WAITING = 256
const CONSOLE_MS = 60_000

/** Takes them in. */
export type Keep = (worker: WorkerRecord, text: string, how: string) => void

export interface LastWordsOptions {
  readonly keep: Keep
  /** The last lines of a worker that lives; undefined where there is no way to it that may be used. */
  readonly fetch?: (fleet: Fleet, worker: WorkerRecord) => ((signal: AbortSignal) => Promise<string>) | undefined
  /** More that is to be done before they end, within the same time. */
  readonly before?: (workers: readonly WorkerRecord[]) => Promise<unknown> | undefined
}

export class LastWords {
  readonly #fleet: Fleet
  readonly #options: LastWordsOptions
  readonly #consoles = pLimit(MOST_AT_ONCE)
  readonly #closedUntil = new Map<Provider, number>()

  constructor(fleet: Fleet, options: LastWordsOptions) {
    this.#fleet = fleet
    this.#options = options
  }

  /** Fetches the ends of their logs. Resolves within three seconds, and never rejects; undefined: there is nothing to wait for. */
  beforeEnd(workers: readonly WorkerRecord[]): Promise<void> | undefined {
    const { clock } = this.#fleet
    const { fetch = lastLinesOf, before } = this.#options
    const reached = workers.flatMap((worker) => {
      const isClosed = (this.#closedUntil.get(worker.provider) ?? 0) > clock.now()
      const read = isClosed || !mayBeAsked(worker) ? undefined : fetch(this.#fleet, worker)
      return read === undefined ? [] : [{ worker, read }]
    })
    const more = before?.(workers)
    if (reached.length === 0 && more === undefined) return undefined
    return this.#fetch(reached, more ?? Promise.resolve())
  }

  async #fetch(
    reached: readonly { readonly worker: WorkerRecord; readonly read: (signal: AbortSignal) => Promise<string> }[],
    more: Promise<unknown>,
  ): Promise<void> {
    const { clock } = this.#fleet
    const over = new AbortController()
    const limit = pLimit(MOST_AT_ONCE)
    let answered = 0
    const fetched = reached.map(({ worker, read }) =>
      limit(async () => {
        if (over.signal.aborted) return
        const text = await read(over.signal).catch(() => undefined)
        if (text === undefined || over.signal.aborted) return
        answered += 1
        if (text !== "") this.#options.keep(worker, text, wordsOfEnd(this.#fleet, worker))
      }),
    )
    await new Promise<void>((resolve) => {
      const cancel = clock.timer(LONGEST_MS, resolve)
      void Promise.allSettled([...fetched, more]).then(() => {
        cancel()
        resolve()
      })
    })
    over.abort()
    if (answered > 0) return
    for (const { worker } of reached) this.#closedUntil.set(worker.provider, clock.now() + CLOSED_MS)
  }

  /** Hears of each end: of one that nobody here chose the console is read, once. */
  note(event: ClusterEventBody): void {
    if (event.type === "finished") {
      const worker = this.#find(event.id)
      if (worker === undefined) return
      if (worker.end?.tail !== undefined && worker.end.tail !== "") {
        this.#options.keep(worker, `${worker.end.tail}\n`, wordsOfEnd(this.#fleet, worker))
      } else if (event.outcome === "unknown") this.#readConsole(worker)
    }
    if (event.type !== "worker" || (event.to !== "terminated" && event.to !== "lost")) return
    const worker = this.#find(event.id)
    if (worker !== undefined && worker.ranFrom !== undefined && !isEndOfOurs(this.#fleet, worker)) {
      this.#readConsole(worker)
    }
  }

  #find(id: string): WorkerRecord | undefined {
    const { providers, roster } = this.#fleet
    for (const provider of providers) {
      const found = roster.find(provider, id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Who has not asked for access gets no request that was not there before. */
  #readConsole(worker: WorkerRecord): void {
    const { access, isOwner } = this.#fleet
    const { provider, instance } = worker
    if (access === undefined || !isOwner || provider.consoleLog === undefined) return
    if (this.#consoles.pendingCount >= MOST_WAITING) return
    void this.#consoles(async () => {
      const late = new AbortController()
      const cancel = this.#fleet.clock.timer(CONSOLE_MS, () => late.abort(new Error("too late")))
      const { signal, letGo } = firstOf(this.#fleet.signal, late.signal)
      try {
        const text = await provider.consoleLog?.(instance, fleetCalls(this.#fleet, provider, { signal }))
        const kept = shortOf(withoutMarks(text ?? "", markPrefix(this.#fleet.owner.uid)))
        if (kept !== "") this.#options.keep(worker, kept, wordsOfEnd(this.#fleet, worker))
      } catch {
        // Its console has gone with it.
      } finally {
        cancel()
        letGo()
      }
    })
  }
}

/** It ran, and how its work ended is not known already. Where no other process could end it nothing comes before its end. */
function mayBeAsked({ ranFrom, end, instance, provider }: WorkerRecord): boolean {
  return ranFrom !== undefined && end === undefined && instance.state === "running" && provider.recipe?.() !== undefined
}

/** Reads the last lines of a worker that lives; undefined where there is no way to it that may be used. */
export function lastLinesOf(
  fleet: Fleet,
  worker: WorkerRecord,
): ((signal: AbortSignal) => Promise<string>) | undefined {
  const place = logPlaceOf(fleet, worker)
  if (place === undefined) return undefined
  return async (signal) => {
    if (place.file !== undefined) return fleet.clock.busy("reading a log", lastOfFile(place.file))
    let bytes = Buffer.alloc(0)
    for await (const piece of readLog(place, { lines: LINES, isFollowed: false }, signal)) {
      bytes = Buffer.concat([bytes, piece.bytes]).subarray(-MOST_CHARS * 4)
    }
    return shortOf(bytes.toString())
  }
}

async function lastOfFile(path: string): Promise<string> {
  const { open } = await import("node:fs/promises")
  const file = await open(path, "r")
  try {
    const { size } = await file.stat()
    const length = Math.min(size, MOST_CHARS * 4)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return shortOf(buffer.toString("utf8", 0, bytesRead))
  } finally {
    await file.close()
  }
}

/** The last lines, and no more than one reads. */
function shortOf(text: string): string {
  const lines = lastLines(text, LINES)
  return lines.length > MOST_CHARS ? `…${lines.slice(-MOST_CHARS)}` : lines
}
