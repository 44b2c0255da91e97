import { AuthError } from "../../src/errors.js"
import type { Calls } from "../../src/provider.js"
import type { Send } from "./client.js"
import type { AwsSubnet } from "./options.js"

export type Subnet = { readonly id: string; readonly zone?: string }

export function knownSubnets(subnets: readonly AwsSubnet[]): readonly Subnet[] {
  return subnets.map((subnet) => (typeof subnet === "string" ? { id: subnet } : subnet))
}

/**
 * Where an offer stands that goes into this subnet. A zone that may not be read is called by the subnet's id: that names
 * the same place, and nothing but a launch needs it before the first instance says where it is.
 */
export function placeOf(subnet: Subnet): string {
  return subnet.zone ?? subnet.id
}

/** The subnets with their zones, or as they are with a note when they may not be read. */
export async function readSubnets(
  send: Send,
  subnets: readonly Subnet[],
  calls: Calls,
): Promise<{ readonly subnets: readonly Subnet[]; readonly note?: string }> {
  const unknown = subnets.filter((subnet) => subnet.zone === undefined).map((subnet) => subnet.id)
  if (unknown.length === 0) return { subnets }
  try {
    const doing = { what: `reading subnets ${unknown.join(", ")}` }
    const reply = await send(calls, "DescribeSubnets", { DescribeSubnets: 1 }, { SubnetIds: unknown }, doing)
    const zones = new Map((reply.Subnets ?? []).map((subnet) => [subnet.SubnetId, subnet.AvailabilityZone]))
    return { subnets: subnets.map((subnet) => withZone(subnet, zones.get(subnet.id))) }
  } catch (error) {
    if (!isForbidden(error)) throw error
    const note = `the zones of subnets ${unknown.join(", ")} could not be read (ec2:DescribeSubnets is not allowed); each counts as a zone of its own`
    return { subnets, note }
  }
}

function withZone(subnet: Subnet, zone: string | undefined): Subnet {
  return zone === undefined ? subnet : { id: subnet.id, zone }
}

/** Not allowed to read; wrong credentials are another matter. */
export function isForbidden(error: unknown): boolean {
  return error instanceof AuthError && error.code === "UnauthorizedOperation"
}
