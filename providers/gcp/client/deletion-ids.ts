/** The ids of requests that delete instances: whoever reads an operation later can tell by its id that Muster asked for it. */
import { hexOf, uuidOf } from "./names.js"
import type { NativeOperation } from "./native.js"

/** For so long asking again is the same request, and shows what became of it. Compute Engine keeps operations for an hour. */
const SAME_REQUEST_MS = 10 * 60_000
/** How far apart two clocks may be that tell when a deletion was asked for, in periods of `SAME_REQUEST_MS`. */
const MOST_APART = 1

/**
 * The id of a request to delete this instance at that moment, in milliseconds since 1970: who sees it in an operation knows
 * whose it was. After an operation that ended badly, whose name is `failed`, it is another one.
 */
export function deletionId(id: string, at: number, failed = ""): string {
  return uuidOf(hexOf(`delete/${id}/${Math.floor(at / SAME_REQUEST_MS)}/${failed}`, 32))
}

/** Whether it is the id of a request that Muster made at about that moment, the first or one after any of these operations. */
export function isDeletionId(
  requestId: string | undefined,
  id: string,
  at: number,
  operations: readonly NativeOperation[],
): boolean {
  const apart = Array.from({ length: 2 * MOST_APART + 1 }, (_, index) => (index - MOST_APART) * SAME_REQUEST_MS)
  const failed = ["", ...operations.map(({ name = "" }) => name)]
  return apart.some((ms) => failed.some((name) => deletionId(id, at + ms, name) === requestId))
}
