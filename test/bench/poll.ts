/** Polls a cloud without Muster, at the times at which Muster does. */
import { setTimeout as sleep } from "node:timers/promises"

/**
 * @param since by `performance.now()`.
 * @param poll whether it was the last poll.
 */
export async function pollUntil(
  { firstMs, everyMs }: { readonly firstMs: number; readonly everyMs: number },
  since: number,
  poll: () => Promise<boolean>,
): Promise<void> {
  let at = since + firstMs
  do {
    await sleep(Math.max(0, at - performance.now()))
    at = performance.now() + everyMs
  } while (!(await poll()))
}
