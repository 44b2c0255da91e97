/** The ids of requests that delete instances: a later reader of an operation can tell by the id that Muster requested it. */
import { hexOf, uuidOf } from "./names.js"
import type { NativeOperation } from "../native.js"

/**
 * A request that is repeated within this time is the same request, and is answered with the operation of the first. Compute
 * Engine keeps operations for an hour.
 */
const SAME_REQUEST_MS = 10 * 60_000
/** The allowed clock skew between two processes, in periods of `SAME_REQUEST_MS`. */
const MOST_APART = 1

/**
 * The id of a request to delete this instance at that moment, in milliseconds since 1970: an operation that shows it
 * was requested by Muster. After an operation that ended badly, whose name is `failed`, it is another one.
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
