import { createHash } from "node:crypto"
import { Refusal } from "./refusals.js"
import type { Values } from "./shapes.js"

export interface PageLimits {
  readonly least: number
  readonly most: number
}

/**
 * Where this page begins and how many it may hold; undefined for a request that is not paged. A token belongs to the
 * request that it came from: with other parameters it is refused.
 */
export function pageOf(
  values: Values,
  limits: PageLimits,
): { readonly after: number; readonly limit: number } | undefined {
  const { MaxResults: limit, NextToken: token } = values as { MaxResults?: number; NextToken?: string }
  if (limit !== undefined && (limit < limits.least || limit > limits.most)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Value ( ${limit} ) for parameter maxResults is invalid. Expecting a value greater than ${limits.least} and less than ${limits.most}.`,
    )
  }
  if (limit === undefined && token === undefined) return undefined
  return { after: token === undefined ? 0 : positionOf(token, values), limit: limit ?? limits.most }
}

export function nextToken(values: Values, after: number): string {
  return Buffer.from(`${after}.${digestOf(values)}`).toString("base64url")
}

function positionOf(token: string, values: Values): number {
  const [after = "", digest] = Buffer.from(token, "base64url").toString().split(".")
  if (digest === digestOf(values) && /^\d+$/.test(after)) return Number(after)
  throw new Refusal("InvalidNextToken", "The specified NextToken is not valid.")
}

function digestOf({ NextToken, ...values }: Values): string {
  void NextToken
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 16)
}

/** One page of a list whose order does not change. */
export function slice<T>(
  things: readonly T[],
  values: Values,
  limits: PageLimits,
): { readonly page: readonly T[]; readonly token?: string } {
  const at = pageOf(values, limits)
  if (at === undefined) return { page: things }
  const end = at.after + at.limit
  const page = things.slice(at.after, end)
  return end < things.length ? { page, token: nextToken(values, end) } : { page }
}
