/** Boots: how soon instances of a type may run, by what this process has seen of them. */
import type { Clock } from "../../calls/clock.js"
import type { Instance, Provider } from "../../provider.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** By provider, region and type: the shortest boot that may have been, in milliseconds. */
type Boots = Map<string, number>

const all = new WeakMap<Clock, Boots>()

/**
 * Takes in a worker that runs and did not run before. It ran no earlier than when it was last seen not to. One that ran when it
 * was first looked at took at most so long: half of that may be enough.
 *
 * @param now in milliseconds since 1970.
 */
export function noteBoot(
  clock: Clock,
  { provider, instance, knownSince, pendingAt = knownSince }: WorkerRecord,
  now: number,
) {
  const boots = all.get(clock) ?? new Map<string, number>()
  all.set(clock, boots)
  const key = keyOf(provider, instance)
  const tookMs = pendingAt > knownSince ? pendingAt - knownSince : (now - knownSince) / 2
  boots.set(key, Math.min(boots.get(key) ?? Number.POSITIVE_INFINITY, tookMs))
}

/** How long after its launch an instance of this type may run, in milliseconds; until one has been seen, the provider's own figure. */
export function bootMs(clock: Clock, provider: Provider, one: Pick<Instance, "instanceType">): number {
  return all.get(clock)?.get(keyOf(provider, one)) ?? provider.limits.look.firstMs
}

function keyOf({ name, region }: Provider, { instanceType }: Pick<Instance, "instanceType">): string {
  return `${name}/${region}/${instanceType}`
}
