/**
 * Reads that all groups of a cluster ask alike, each with the same input within seconds of the others: types, zones, subnets, routes,
 * images. They are asked once, and the others wait for that answer.
 */
import type { Calls } from "../../src/provider.js"
import type { Output } from "./actions.js"
import type { Send } from "./client.js"
import { type Asking, type Paged, pages } from "./pages.js"

/** Longer than the groups of a new cluster take to look everything up, and shorter than anybody takes to change it and try again. */
const SHARED_MS = 5_000

interface Read {
  /** When it began, in milliseconds since 1970. */
  readonly at: number
  readonly answer: Promise<readonly unknown[]>
}

/** By provider object. */
const reads = new WeakMap<Send, Map<string, Read>>()

/** As `pages`, but for what was read a moment ago, or is being read. What fails for one is asked anew by the others. */
export async function sharedPages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  asking: Asking<A>,
): Promise<readonly Output<A>[]> {
  const own = reads.get(send) ?? new Map<string, Read>()
  reads.set(send, own)
  const key = JSON.stringify([api, asking.input])
  const now = calls.now()
  const known = own.get(key)
  if (known !== undefined && now >= known.at && now - known.at < SHARED_MS) {
    const answer = await unlessAborted(known.answer, calls.signal).catch(() => undefined)
    calls.signal.throwIfAborted()
    if (answer !== undefined) return answer as readonly Output<A>[]
  }
  const answer = pages(send, calls, api, asking)
  const read = { at: now, answer }
  for (const [other, { at }] of own) if (now - at >= SHARED_MS) own.delete(other)
  own.set(key, read)
  answer.catch(() => {
    if (own.get(key) === read) own.delete(key)
  })
  return answer
}

/** Whoever is aborted does not go on waiting for what somebody else has asked. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    const stops = stopsOf(signal)
    stops.add(stop)
    answer.then(resolve, reject).finally(() => stops.delete(stop))
  })
}

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** One listener for each signal: all groups of a cluster have the same, and Node warns of more than ten. */
function stopsOf(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal)
  if (known !== undefined) return known
  const stops = new Set<() => void>()
  waiting.set(signal, stops)
  const stopAll = () => {
    for (const stop of stops) stop()
  }
  signal.addEventListener("abort", stopAll, { once: true })
  return stops
}
