/** What happened to a cluster, as people read it: alike events are one row with its count. */
import type { ClusterEvent } from "../../../events.js"
import type { NamedTarget } from "../../clusters.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { age } from "../../table.js"

/** Alike events. Moments are in milliseconds since 1970. */
export interface Happened {
  readonly type: ClusterEvent["type"]
  /** Where it was about one group. */
  readonly group?: string
  readonly message: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Events in words, the oldest first; undefined for those that are of no note to a person. Pure. */
export function wordsOf(event: ClusterEvent): Pick<Happened, "group" | "message"> | undefined {
  switch (event.type) {
    case "target": {
      const counts = Object.entries(event.desired).map(([group, count]) => `${group} ${count}`)
      return { message: `target: ${counts.join(", ")}` }
    }
    case "plan": {
      const { group, count, instanceType, market, provider, region } = event
      return { group, message: `start ${count} × ${instanceType} ${market} in ${provider} ${region}` }
    }
    case "launch-ended":
      return event.message === undefined
        ? undefined
        : { group: event.group, message: `launch ${event.outcome}: ${event.message}` }
    case "offer-unavailable":
      return { message: `${event.code}: ${event.message}` }
    case "worker":
      return {
        group: event.group,
        message: `worker ${event.to}${event.reason === undefined ? "" : `: ${event.reason}`}`,
      }
    case "budget":
    case "note":
      return { ...(event.group === undefined ? {} : { group: event.group }), message: event.message }
    case "problem":
      return {
        ...(event.group === undefined ? {} : { group: event.group }),
        message: `${event.error}: ${event.message}`,
      }
    case "termination-ended":
      return event.failed.length === 0 ? undefined : { message: `could not be ended: ${event.failed.join(", ")}` }
    case "closed":
      return { message: `closed: ${event.instances} instances ended, ${event.leaked} left` }
    default:
      return undefined
  }
}

/** By when each was last. Pure. */
export function deduplicated(events: Iterable<ClusterEvent>): readonly Happened[] {
  const rows = new Map<string, Happened>()
  for (const event of events) {
    const words = wordsOf(event)
    if (words === undefined) continue
    const { type, at } = event
    const key = JSON.stringify([type, words.group, words.message])
    const { count = 0, firstAt = at } = rows.get(key) ?? {}
    rows.delete(key)
    rows.set(key, { type, ...words, count: count + 1, firstAt, lastAt: at })
  }
  return [...rows.values()]
}

/** Head and rows of a table. */
export function happenedTable(
  events: readonly Happened[],
  now: number,
): readonly [head: readonly string[], rows: readonly (readonly string[])[]] {
  const rows = events.map(({ type, group, message, count, firstAt, lastAt }) => {
    const times = count === 1 ? "" : ` (×${count} in ${age(now - firstAt)})`
    return [type, `${age(Math.max(0, now - lastAt))}${times}`, group ?? "-", message]
  })
  return [["TYPE", "AGE", "GROUP", "MESSAGE"], rows]
}

/** The events of note that this machine has kept of a cluster, alike ones together; none where it keeps none. */
export function happenedTo(
  _target: NamedTarget,
  _given: Given,
  _surroundings: Surroundings,
): Promise<readonly Happened[]> {
  return Promise.resolve([])
}
