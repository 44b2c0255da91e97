/**
 * Every message of every test is compared with both versions of the API's description: what the adapter sent and what the
 * wire answered. The wire itself compares with the first one only.
 */
import { afterAll, expect } from "vitest"
import { COMPUTE, installed, missingOf } from "../../support/newer-sdks.js"
import { type Contract, contractOf, type Exchange, sampled } from "../../../providers/gcp/wire/index.js"

/** Both, where the second one is installed. */
export const VERSIONS = installed(COMPUTE)

const counts = { requests: 0, replies: 0 }
const problems = new Set<string>()

/** Checks an exchange against every version. */
export function recordExchange(exchange: Exchange): void {
  // The billing catalogue and Cloud Resource Manager are other services, which the package does not describe.
  if (/^\/v1\/(services|projects)\//.test(exchange.url)) return
  counts.requests += 1
  if (exchange.status === 200) counts.replies += 1
  for (const name of VERSIONS) for (const problem of checkExchange(contractOf(name), exchange)) problems.add(problem)
}

export interface Checked {
  readonly requests: number
  readonly replies: number
  readonly problems: readonly string[]
}

/** What was checked so far, which is then forgotten. */
export function checkRecorded(): Checked {
  const checked = { ...counts, problems: [...problems] }
  Object.assign(counts, { requests: 0, replies: 0 })
  problems.clear()
  return checked
}

/** What was refused may have been wrong on purpose; what was accepted must be right everywhere. */
export function checkExchange(
  contract: Contract,
  { types, method, url, body, status, reply }: Exchange,
): readonly string[] {
  if (status !== 200) return checkError(reply)
  const { pathname, searchParams } = new URL(url, "http://wire")
  const found = contract.route(method, pathname)
  if (found === undefined) return [`${contract.source}: no route for ${method} ${pathname}`]
  const problems = [
    ...contract.checkParameters(found.route, Object.fromEntries(searchParams)),
    ...(types.body === undefined ? [] : contract.check(types.body, body)),
    ...contract.check(types.reply, sampled(reply)),
  ]
  return problems.map((problem) => `${contract.source}: ${problem}`)
}

/** `{ error: { code, message, errors: [{ message, domain, reason }], details? } }` */
function checkError(reply: Exchange["reply"]): readonly string[] {
  const { error } = reply as {
    readonly error?: {
      readonly code?: unknown
      readonly message?: unknown
      readonly errors?: readonly { readonly reason?: unknown }[]
    }
  }
  const isWhole =
    typeof error?.code === "number" &&
    typeof error.message === "string" &&
    typeof error.errors?.[0]?.reason === "string"
  return isWhole ? [] : [`an error reply of another form: ${JSON.stringify(reply).slice(0, 120)}`]
}

afterAll(() => {
  const { requests, replies, problems } = checkRecorded()
  if (requests === 0) return
  const sources = VERSIONS.map((name) => contractOf(name).source)
  console.log(
    `contract: ${requests} requests and ${replies} replies checked against ${sources.join(" and ")}${missingOf(COMPUTE)}`,
  )
  expect(problems).toEqual([])
})
