/**
 * Reads that all groups of a cluster ask alike, each with the same input within seconds of the others: types, zones, subnets, routes,
 * images. They are asked once, and the others wait for that answer.
 */
import type { Calls } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Output } from "./actions.js"
import type { Send } from "./send.js"
import { type Asking, type Paged, pages } from "./pages.js"

/** Longer than the groups of a new cluster take to look everything up, and shorter than anybody takes to change it and try again. */
const SHARED_MS = 5_000

const read = sharedRead(
  (send: Send, { api, asking }: { readonly api: Paged; readonly asking: Asking<Paged> }, calls) =>
    pages(send, calls, api, asking),
  SHARED_MS,
  false,
)

/** As `pages`, but for what was read a moment ago, or is being read. What fails for one is asked anew by the others. */
export async function sharedPages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  asking: Asking<A>,
): Promise<readonly Output<A>[]> {
  return (await read(send, { api, asking }, { ...calls, readOnly: true })) as readonly Output<A>[]
}
