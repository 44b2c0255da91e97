import { TransientError } from "../../src/errors.js"
import type { Calls } from "../../src/provider.js"
import type { Input, Output, Send } from "./client.js"

/** Actions that answer in pages. */
type Paged = "DescribeInstances" | "DescribeInstanceTypes" | "DescribeInstanceTypeOfferings"

/** Every page of an answer, each a request of its own. One that cannot be read ends it with its error. */
export async function* pages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  request: { readonly input: Input<A>; readonly what: string },
): AsyncGenerator<Output<A>> {
  const { input, what } = request
  let token: string | undefined
  do {
    const next = token === undefined ? input : { ...input, NextToken: token }
    const page = await send(calls, api, { [api]: 1 }, next, { what })
    yield page
    if (token !== undefined && page.NextToken === token) {
      throw new TransientError(`${what}: EC2 gave the same page token twice; the list cannot be completed`)
    }
    token = page.NextToken || undefined
  } while (token !== undefined)
}

/** The items in runs of `size`, the last one shorter. */
export function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
