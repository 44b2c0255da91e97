/** Delayed jobs whose time has come: they stand among the delayed until a worker looks, so with no worker there they would wait for ever. */
import { MusterError } from "../../errors.js"
import type { BullQueue } from "./types.js"

/** BullMQ orders delayed jobs by the millisecond of their time, and within it by 12 bits more. */
const SCORE_OF_A_MS = 0x1000

/** What a Queue of BullMQ 5 has besides, where Redis is what it is kept in. */
interface Older {
  readonly client?: Promise<{ zcount(key: string, from: string, to: number): Promise<number> }>
  readonly toKey?: (type: string) => string
}

/**
 * @param now milliseconds since 1970.
 * @throws MusterError where this BullMQ cannot tell: 6.0 to 6.6.
 */
export async function countDue(queue: BullQueue, now: number): Promise<number> {
  // It counts what is strictly before. Before 6.7 it takes no moment, and counts all delayed jobs.
  if (queue.getDelayedCount.length > 0) return await queue.getDelayedCount(now + 1)
  const { client, toKey } = queue as Older
  if (client === undefined || toKey === undefined) {
    throw new MusterError(
      `reading the queue ${JSON.stringify(queue.name)}: this BullMQ does not tell which delayed jobs are due; install 6.7 or later`,
    )
  }
  return await (await client).zcount(toKey.call(queue, "delayed"), "-inf", (now + 1) * SCORE_OF_A_MS - 1)
}
