/** Follow: a worker's log as it grows, over connections that may be lost, without a byte that is missing or comes twice. */
import { firstOf } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { type LogPlace, type Piece, readLog } from "./read.js"

/** After a connection was lost, or found nothing, in milliseconds: doubled each time that nothing came. */
const PAUSE_MS = { least: 500, most: 15_000 } as const

/** What a worker wrote just before it went is on its way for so long, in milliseconds. */
const LAST_MS = 2000
/** How often it is looked whether the worker lives: a connection to one that is gone may say nothing. */
const LIVING_MS = 1000

export interface Following {
  readonly clock: Clock
  readonly isLiving: () => boolean
  /** The first byte; left out: as `lines` says. */
  readonly from?: number | undefined
  /** How many lines of what there is. */
  readonly lines?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Hears of each connection that was lost, or could not be made again. */
  readonly onLost?: (error: Error) => void
}

/**
 * All pieces from there on, until the worker is gone or the signal is aborted.
 *
 * @throws why it could not be read the first time. Later the worker is tried again for as long as it lives.
 */
export async function* followLog(place: LogPlace, following: Following): AsyncGenerator<Piece, void, undefined> {
  const { clock, isLiving, signal, onLost } = following
  const over = new AbortController()
  const { signal: until, letGo } = firstOf(signal, over.signal)
  void watchLiving(clock, isLiving, over)
  let { from, lines } = following
  let pauseMs: number = PAUSE_MS.least
  let isFirst = true
  try {
    while (!until.aborted) {
      try {
        for await (const piece of readLog(place, { from, lines, isFollowed: true }, until)) {
          from = piece.next
          lines = undefined
          if (piece.bytes.length > 0) pauseMs = PAUSE_MS.least
          isFirst = false
          yield piece
        }
        isFirst = false
      } catch (error) {
        if (isFirst) throw error
        onLost?.(error as Error)
      }
      // What has ended by itself was replaced, or there is none yet.
      if (until.aborted || !isLiving()) return
      await clock.sleep(pauseMs, until).catch(() => {})
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most)
    }
  } finally {
    over.abort()
    letGo()
  }
}

async function watchLiving(clock: Clock, isLiving: () => boolean, over: AbortController): Promise<void> {
  const { signal } = over
  try {
    while (isLiving()) await clock.sleep(LIVING_MS, signal)
    await clock.sleep(LAST_MS, signal)
  } catch {
    return
  }
  over.abort()
}
