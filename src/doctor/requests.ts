/** Requests: the calls of one place, counted, with what each api answered and what time the cloud has. */
import { type Clock, wallAheadMs } from "../calls/clock.js"
import { httpMoment } from "../calls/cloud-time.js"
import { createCalls } from "../calls/send.js"
import { MusterError } from "../errors.js"
import type { Attempt, Calls, Provider } from "../provider.js"

/** No look may need more than all of them together have. */
export const MOST_REQUESTS = 40

/** One more try after a failure that passes: who waits for doctor wants to know of it. */
const PATIENCE = { attempts: 2, throttles: 2 }

/** Dates of answers have whole seconds. */
const HALF_SECOND_MS = 500

export interface Requests {
  /** Nothing may be made by them. */
  calls(signal: AbortSignal): Calls
  readonly count: number
  readonly answers: ReadonlyMap<string, string>
  /** By how much this machine's clock is ahead of the cloud's, in milliseconds; undefined where no answer told. */
  readonly aheadMs: number | undefined
}

export function requestsTo({ limits }: Provider, clock: Clock): Requests {
  const answers = new Map<string, string>()
  const aheads: number[] = []
  let count = 0
  const noted = (attempt: Attempt): Attempt => ({
    ...attempt,
    dated: (date) => {
      const at = typeof date === "number" ? date : httpMoment(date ?? "")
      if (at !== undefined) aheads.push(clock.now() + wallAheadMs(clock) - at - HALF_SECOND_MS)
      attempt.dated?.(date)
    },
  })
  const counted = async <T>(api: string, attempt: Attempt, fn: (attempt: Attempt) => Promise<T>): Promise<T> => {
    if (count >= MOST_REQUESTS) throw new MusterError(`more than ${MOST_REQUESTS} requests: not asked`)
    count += 1
    try {
      const answer = await fn(noted(attempt))
      answers.set(api, "ok")
      return answer
    } catch (error) {
      if (error instanceof MusterError && !answers.has(api)) answers.set(api, error.code)
      throw error
    }
  }
  return {
    calls: (signal) => {
      const calls = createCalls({ clock, limits, signal, readOnly: true, patience: PATIENCE })
      return { ...calls, send: (api, cost, fn) => calls.send(api, cost, (attempt) => counted(api, attempt, fn)) }
    },
    get count() {
      return count
    },
    answers,
    get aheadMs() {
      const sorted = [...aheads].sort((a, b) => a - b)
      return sorted[Math.floor(sorted.length / 2)]
    },
  }
}
