/** How long a cloud asks to wait before the next request (RFC 9110, "Retry-After"). Pure. */
import { parseHttpDate } from "./times.js"

/**
 * @param headers of the answer, their names in lower case: "retry-after" in seconds, or as a moment, which counts from "date".
 * @returns milliseconds above 0; nothing where the answer does not say.
 */
export function retryAfterOf(headers: Readonly<Record<string, unknown>> = {}): { readonly retryAfterMs?: number } {
  const wait = String(headers["retry-after"] ?? "")
  const until = parseHttpDate(wait)
  const from = parseHttpDate(String(headers.date ?? ""))
  const ms = until === undefined || from === undefined ? Number(wait) * 1000 : until - from
  return Number.isFinite(ms) && ms > 0 ? { retryAfterMs: ms } : {}
}
