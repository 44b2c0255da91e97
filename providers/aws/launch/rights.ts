/** Whether the principal may do what a burst needs: EC2 is asked with DryRun, which checks rights and does nothing. */
import { AuthError, MusterError } from "../../../src/errors.js"
import type { Calls, LaunchCall } from "../../../src/provider.js"
import type { Api, Input } from "../client/actions.js"
import type { Send } from "../client/send.js"
import type { FleetBody } from "./fleet-bodies.js"
import type { Right } from "./right.js"

/**
 * Asks for each action of a burst. It costs a request of each bucket, RunInstances' five among them.
 *
 * @param call a launch call of `split`, whose request is checked as it would be sent.
 */
export async function rights(send: Send, call: LaunchCall, calls: Calls): Promise<readonly Right[]> {
  const DryRun = true
  const asks = [
    () =>
      call.api === "CreateFleet"
        ? ask(send, calls, "CreateFleet", { ...(call.body as unknown as FleetBody).fleet, DryRun } as never)
        : ask(send, calls, "RunInstances", { ...call.body, DryRun } as never),
    () => ask(send, calls, "DescribeInstances", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeInstanceTypes", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeInstanceTypeOfferings", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeSubnets", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeImages", { DryRun, Owners: ["self"] }),
    () => ask(send, calls, "DescribeSecurityGroups", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeRouteTables", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeSpotPriceHistory", { DryRun, MaxResults: 1 }),
    () => ask(send, calls, "DescribeSpotInstanceRequests", { DryRun, MaxResults: 5 }),
    () => ask(send, calls, "DescribeLaunchTemplates", { DryRun, MaxResults: 1 }),
  ]
  const found: Right[] = []
  for (const one of asks) found.push(await one())
  return found
}

async function ask<A extends Api>(send: Send, calls: Calls, api: A, input: Input<A>): Promise<Right> {
  const action = `ec2:${api}`
  try {
    await send(calls, api, { [api]: 1 }, input, { what: `asking whether ${action} is allowed` })
    return { action, allowed: true }
  } catch (error) {
    if (!(error instanceof MusterError)) throw error
    // "DryRunOperation: the request would have succeeded"; what else it refuses it refuses after the rights.
    if (!(error instanceof AuthError)) return { action, allowed: true }
    if (error.code !== "UnauthorizedOperation") throw error
    return { action, allowed: false, message: error.message }
  }
}
