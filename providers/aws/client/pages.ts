/** Reads every page of a list. Reads that all groups of a cluster have in common are shared. */
import { sharedRead } from "../../../src/client/shared-read.js"
import { MusterError, TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { Input, Output } from "./actions.js"
import type { Send } from "./send.js"

/** Actions that answer in pages. */
export type Paged =
  | "DescribeInstances"
  | "DescribeInstanceTypes"
  | "DescribeInstanceTypeOfferings"
  | "DescribeSpotPriceHistory"
  | "DescribeImages"
  | "DescribeSubnets"
  | "DescribeRouteTables"
  | "DescribeSecurityGroups"
  | "DescribeLaunchTemplates"
  | "DescribeVolumes"
  | "DescribeNetworkInterfaces"
  | "DescribeSpotInstanceRequests"

export interface Asking<A extends Paged> {
  readonly input: Input<A>
  readonly what: string
}

/** A token that has expired in the middle of a list says nothing of the list; twice in a row something else is wrong. */
const MOST_RESTARTS = 2

/**
 * Every page of an answer, each a request of its own. One that cannot be read ends it with its error; a page token that EC2
 * has forgotten begins the list again from its first page.
 */
export async function pages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  asking: Asking<A>,
): Promise<readonly Output<A>[]> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await readPages(send, calls, api, asking)
    } catch (error) {
      if (!isForgottenToken(error) || restarts >= MOST_RESTARTS) throw error
    }
  }
}

async function readPages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  { input, what }: Asking<A>,
): Promise<readonly Output<A>[]> {
  const read: Output<A>[] = []
  let token: string | undefined
  do {
    const next = token === undefined ? input : { ...input, NextToken: token }
    const page = await send(calls, api, { [api]: 1 }, next, { what })
    read.push(page)
    if (token !== undefined && page.NextToken === token) {
      throw new TransientError(`${what}: EC2 gave the same page token twice; the list cannot be completed`)
    }
    token = page.NextToken || undefined
  } while (token !== undefined)
  return read
}

function isForgottenToken(error: unknown): boolean {
  return error instanceof MusterError && ["InvalidNextToken", "InvalidPaginationToken"].includes(error.code)
}

/** The items in runs of `size`, the last one shorter. */
export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

/** Longer than the groups of a new cluster take to look everything up, and shorter than a user takes to change something and try again. */
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
