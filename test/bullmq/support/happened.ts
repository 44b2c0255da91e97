/** What happened to each job of a queue, by the stream of its events: Redis numbers these by its own clock. */
import type { Redis } from "ioredis"

export interface Happened {
  /** Redis' time, in milliseconds since 1970. */
  readonly at: number
  readonly event: string
  readonly jobId: string
  /** The state before. */
  readonly prev?: string
}

export async function eventsOf(client: Redis, queue: string): Promise<readonly Happened[]> {
  const entries = await client.xrange(`bull:${queue}:events`, "-", "+")
  return entries.map(([id, fields]) => {
    const pairs = Array.from({ length: fields.length / 2 }, (_, at) => [fields[at * 2], fields[at * 2 + 1]])
    return { at: Number(id.split("-")[0]), ...(Object.fromEntries(pairs) as Omit<Happened, "at">) }
  })
}

export async function redisNow(client: Redis): Promise<number> {
  const [seconds, micros] = await client.time()
  return Number(seconds) * 1000 + Number(micros) / 1000
}

/**
 * When each of these jobs was handed back after `since`, when it began again, and which jobs began in between that had never been taken back
 * from a worker. Those that are found stalled go the same way.
 */
export function handovers(events: readonly Happened[], ids: readonly string[], since: number) {
  const isTaken = ({ at, event, prev }: Happened) => at >= since && event === "waiting" && prev === "active"
  const taken = new Set(events.filter(isTaken).map(({ jobId }) => jobId))
  return events.flatMap((one, from) => {
    const { jobId, at } = one
    if (!isTaken(one) || !ids.includes(jobId)) return []
    const later = events.slice(from + 1).filter(({ event }) => event === "active")
    const again = later.findIndex((other) => other.jobId === jobId)
    const before = later.slice(0, again < 0 ? undefined : again).filter((other) => !taken.has(other.jobId))
    return {
      jobId,
      backAt: at,
      againAt: later[again]?.at ?? Number.POSITIVE_INFINITY,
      before: before.map((other) => other.jobId),
    }
  })
}
