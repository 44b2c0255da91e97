/** Looks up what an earlier launch made: by the id of its fleet, and by the tag of its token. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, Instance, LaunchCall } from "../../../src/provider.js"
import { type LaunchContext, describeLaunch } from "./context.js"
import { RejectedError } from "../../../src/errors.js"
import { isOutOfReach } from "../client/errors.js"
import { list } from "../observe/list.js"

export type Fleet = Pick<Ec2.CreateFleetResult, "Instances" | "Errors">

/**
 * "DescribeFleets ... returns an instant fleet only when its id is given"; undefined when it cannot be had, for whatever reason
 * EC2 gives: lists show the instances as well.
 */
export async function readFleet(
  { send }: LaunchContext,
  fleetId: string,
  call: LaunchCall,
  calls: Calls,
): Promise<Fleet | undefined> {
  if (fleetId === "") return undefined
  try {
    const request = { what: `${describeLaunch(call)}: reading ${fleetId}` }
    const reply = await send(calls, "DescribeFleets", { DescribeFleets: 1 }, { FleetIds: [fleetId] }, request)
    const [fleet] = reply.Fleets ?? []
    const hasResult = (fleet?.Instances ?? []).length > 0 || (fleet?.Errors ?? []).length > 0
    return hasResult ? (fleet as Fleet) : undefined
  } catch (error) {
    if (isOutOfReach(error) || error instanceof RejectedError) return undefined
    throw error
  }
}

export function launched(
  { send, region }: LaunchContext,
  call: LaunchCall,
  calls: Calls,
): Promise<readonly Instance[]> {
  return list(send, { region }, { launch: call.token }, calls)
}
