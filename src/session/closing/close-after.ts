/** Close after: a cluster is closed after what was done with it, whatever came of that. */
import type { Receipt } from "../../fleet/reports/receipt-types.js"

/**
 * @param failure what was done has failed: what closing throws then becomes the `closeError` of its error.
 * @throws what closing throws, where nothing failed before.
 */
export async function closeAfter(
  cluster: { close(): Promise<Receipt> },
  failure: { readonly error: unknown } | undefined,
): Promise<void> {
  const [closed] = await Promise.allSettled([cluster.close()])
  if (closed.status === "fulfilled") return
  if (failure === undefined) throw closed.reason as Error
  if (failure.error instanceof Error) Object.defineProperty(failure.error, "closeError", { value: closed.reason })
}
