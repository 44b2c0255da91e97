/**
 * Refused: workers that a cloud will not let go. A refusal that blames no id has cost a request for every half of the batch, so
 * that it is not found out anew each time: one of those that were refused is asked for again, another one each time, after
 * pauses that grow. Once it goes, or now and then in any case, all are asked for.
 */
import type { Fleet } from "../state/context.js"
import type { Provider } from "../../provider.js"
import { grownMs } from "../state/pauses.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** The first pause; doubled by each refusal, up to the longest. */
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 60_000

/** Every so many times all are asked for: what was in the way of one may have been taken away, and not of another. */
const ALL_EVERY = 8

/** How long a termination that was refused, or failed, is left alone, in milliseconds. */
export function refusedPauseMs({ refusedTimes = 0 }: WorkerRecord): number {
  return grownMs(FIRST_PAUSE_MS, Math.max(0, refusedTimes - 1), LONGEST_PAUSE_MS)
}

/** Of those that are due, whom to ask for now. Those for whom another one is asked wait for what it comes to. */
export function chosenOf(due: readonly WorkerRecord[], now: number): readonly WorkerRecord[] {
  const refused = due.filter(isRefused)
  const byProvider = new Map<Provider, WorkerRecord[]>()
  for (const worker of refused) {
    const own = byProvider.get(worker.provider)
    if (own === undefined) byProvider.set(worker.provider, [worker])
    else own.push(worker)
  }
  const asked = [...byProvider.values()].flatMap((own) => {
    const times = Math.min(...own.map(({ refusedTimes = 0 }) => refusedTimes))
    const probe = own[times % own.length]
    if (times % ALL_EVERY === 0 || probe === undefined) return own
    for (const worker of own) worker.terminatedAt = now
    return [probe]
  })
  return [...due.filter((worker) => !isRefused(worker)), ...asked]
}

function isRefused({ refusedTimes = 0, termination }: WorkerRecord): boolean {
  return refusedTimes > 0 && termination === undefined
}

/** What asking for some of the refused came to holds for the others: they wait as long, or are asked for at once. */
export function noteAsked(fleet: Fleet, provider: Provider, asked: readonly WorkerRecord[], accepted: number): void {
  const now = fleet.clock.now()
  const isAsked = new Set(asked)
  const times = Math.max(0, ...asked.map(({ refusedTimes = 0 }) => refusedTimes))
  for (const worker of fleet.roster.at(provider).in("terminating")) {
    if (isAsked.has(worker) || !isRefused(worker)) continue
    worker.refusedTimes = accepted > 0 ? 0 : times
    worker.terminatedAt = accepted > 0 ? 0 : now
  }
}
