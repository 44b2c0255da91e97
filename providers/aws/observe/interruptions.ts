/** Notices of interruptions, by the status of spot requests. */
import { MusterError, RejectedError, ThrottledError } from "../../../src/errors.js"
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, Instance, Interruptions } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { pages } from "../client/pages.js"

/** "Spot Instance interruption notices": two minutes before the end, best effort. */
const NOTICE_MS = 120_000
const REQUESTS_PAGE = 1000

/** "Spot request status codes": those that say the end is near, of terminate and of stop behaviour. */
const MARKED = ["marked-for-termination", "marked-for-stop"]

/**
 * The notices in force. Requests that fleets make carry no tag of ours, so all marked ones of the region are asked for, which
 * are few, and ours are picked out. Why an instance that went did, lists say themselves (StateReason).
 *
 * Where spot requests cannot be read there are no notices; lists are read all the same.
 */
export async function interruptions(send: Send, instances: readonly Instance[], calls: Calls): Promise<Interruptions> {
  const ours = new Set(instances.filter(({ market }) => market === "spot").map(({ id }) => id))
  if (ours.size === 0) return { notices: [], reasons: [] }
  const input = { Filters: [{ Name: "status-code", Values: MARKED }], MaxResults: REQUESTS_PAGE }
  try {
    const asking = { input, what: "reading spot interruptions" }
    const read = await pages(send, onceEach(calls), "DescribeSpotInstanceRequests", asking)
    const notices = read
      .flatMap((page) => page.SpotInstanceRequests ?? [])
      .flatMap(({ InstanceId: id, Status }) =>
        id !== undefined && ours.has(id) && isMarked(Status)
          ? [{ id, at: (Status?.UpdateTime?.getTime() ?? calls.now()) + NOTICE_MS }]
          : [],
      )
    return { notices, reasons: [] }
  } catch (error) {
    calls.signal.throwIfAborted()
    if (!(error instanceof MusterError)) throw error
    return { notices: [], reasons: [] }
  }
}

/** Read again in what came back: a filter that is passed over elsewhere would end every spot instance. */
function isMarked(status: Ec2.SpotInstanceStatus | undefined): boolean {
  return MARKED.includes(status?.Code ?? "")
}

/** A read that fails is repeated by the next poll, in seconds, and not before: other readers wait for this one. */
function onceEach(calls: Calls): Calls {
  return {
    ...calls,
    send: (api, cost, fn) =>
      calls.send(api, cost, (attempt) =>
        fn(attempt).catch((error: unknown) => {
          if (!(error instanceof MusterError) || error instanceof ThrottledError) throw error
          throw new RejectedError(error.message, { code: error.code, cause: error })
        }),
      ),
  }
}
