/** Recently terminated: instances that this process has seen terminated. Lists that lag may still show them for a while. */
import type { Clock } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import { mayLive } from "../lifecycle.js"
import { keyOf } from "../roster/register.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** By clock, then by key: when they were seen gone, in milliseconds since 1970. */
const terminatedAt = new WeakMap<Clock, Map<string, number>>()

/** Longer than any list lags. */
const REMEMBERED_MS = 30 * 60_000

export function rememberTerminated(clock: Clock, workers: Iterable<WorkerRecord>): void {
  const now = clock.now()
  const known = terminatedAt.get(clock) ?? new Map<string, number>()
  terminatedAt.set(clock, known)
  for (const [key, at] of known) if (now - at > REMEMBERED_MS) known.delete(key)
  for (const { provider, instance, state } of workers) if (!mayLive(state)) known.set(keyOf(provider, instance.id), now)
}

export function isRecentlyTerminated(clock: Clock, provider: Provider, id: string): boolean {
  return terminatedAt.get(clock)?.has(keyOf(provider, id)) ?? false
}
