import type { Calls, Instance, Interruptions } from "../../src/provider.js"
import type { Send } from "./client.js"
import { pages } from "./pages.js"
import { isForbidden } from "./subnets.js"

/** "Spot Instance interruption notices": two minutes before the end, best effort. */
const NOTICE_MS = 120_000
const REQUESTS_PAGE = 1000

/** "Spot request status codes": those that say the end is near, of terminate and of stop behaviour. */
const MARKED = ["marked-for-termination", "marked-for-stop"]

/**
 * The notices in force. Requests that fleets make carry no tag of ours, so all marked ones of the region are asked for, which
 * are few, and ours are picked out. Why an instance that went did, lists say themselves (StateReason).
 *
 * Without the right to read spot requests there are no notices.
 */
export async function interruptions(send: Send, instances: readonly Instance[], calls: Calls): Promise<Interruptions> {
  const ours = new Set(instances.filter(({ market }) => market === "spot").map(({ id }) => id))
  if (ours.size === 0) return { notices: [], reasons: [] }
  const input = { Filters: [{ Name: "status-code", Values: MARKED }], MaxResults: REQUESTS_PAGE }
  try {
    const asking = { input, what: "reading spot interruptions" }
    const read = await pages(send, calls, "DescribeSpotInstanceRequests", asking)
    const notices = read
      .flatMap((page) => page.SpotInstanceRequests ?? [])
      .flatMap(({ InstanceId: id, Status }) =>
        id !== undefined && ours.has(id)
          ? [{ id, at: (Status?.UpdateTime?.getTime() ?? calls.now()) + NOTICE_MS }]
          : [],
      )
    return { notices, reasons: [] }
  } catch (error) {
    if (!isForbidden(error)) throw error
    return { notices: [], reasons: [] }
  }
}
