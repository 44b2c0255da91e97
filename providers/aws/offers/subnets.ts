/** The subnets that decide the zones of offers, and the free addresses in them. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { SpecError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import type { AwsSubnet } from "../options.js"
import { pages, sharedPages } from "../client/pages.js"
import { isOutOfReach } from "../client/errors.js"

/** What is not known of a subnet is absent. */
export type Subnet = {
  readonly id: string
  readonly zone?: string
  readonly vpc?: string
  /** Addresses that were free when it was read. */
  readonly free?: number
  /** Its default route is an internet gateway: without an address of its own an instance reaches nothing outside. */
  readonly needsAddress?: boolean
}

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
  if (subnets.every((subnet) => subnet.zone !== undefined)) return { subnets }
  const ids = subnets.map((subnet) => subnet.id)
  try {
    return { subnets: await describeSubnets(send, { SubnetIds: ids }, `reading subnets ${ids.join(", ")}`, calls) }
  } catch (error) {
    if (!isOutOfReach(error)) throw error
    const unknown = subnets.filter((subnet) => subnet.zone === undefined).map((subnet) => subnet.id)
    const note = `the zones of subnets ${unknown.join(", ")} could not be read (ec2:DescribeSubnets is not allowed); each counts as a zone of its own`
    return { subnets, note }
  }
}

/**
 * The default subnet of each zone; undefined when they may not be read: EC2 finds them itself then.
 *
 * @throws SpecError where the region has no default VPC.
 */
export async function defaultSubnets(send: Send, calls: Calls): Promise<readonly Subnet[] | undefined> {
  const input = { Filters: [{ Name: "default-for-az", Values: ["true"] }], MaxResults: SUBNETS_PAGE }
  const found = await describeSubnets(send, input, "looking for default subnets", calls).catch((error: unknown) => {
    if (!isOutOfReach(error)) throw error
    return undefined
  })
  if (found === undefined || found.length > 0) return found
  const message = "is missing, and this region has no default VPC; name subnets, or run: aws ec2 create-default-vpc"
  throw new SpecError([{ option: "aws.subnetIds", message }])
}

/** The largest page of DescribeSubnets (EC2 API Reference). */
const SUBNETS_PAGE = 1000

export async function describeSubnets(
  send: Send,
  input: Ec2.DescribeSubnetsCommandInput,
  what: string,
  calls: Calls,
): Promise<readonly Subnet[]> {
  return subnetsIn(await sharedPages(send, calls, "DescribeSubnets", { input, what }))
}

function subnetsIn(read: readonly Ec2.DescribeSubnetsCommandOutput[]): readonly Subnet[] {
  return read.flatMap((page) => page.Subnets ?? []).flatMap(subnetOf)
}

function subnetOf({ SubnetId: id, AvailabilityZone: zone, VpcId: vpc, ...rest }: Ec2.Subnet): readonly Subnet[] {
  if (id === undefined) return []
  const free = rest.AvailableIpAddressCount
  return [
    {
      id,
      ...(zone === undefined ? {} : { zone }),
      ...(vpc === undefined ? {} : { vpc }),
      ...(free === undefined ? {} : { free }),
    },
  ]
}

/**
 * How many of a minute's launches elsewhere a reading may miss: EC2's own count lags by seconds, and what this process has
 * under way is subtracted from it anyway.
 */
const FREE_FRESH_MS = 60_000

/** Until when the numbers of free addresses count; undefined where no zone has two subnets to choose from. */
export function freeUntil(subnets: readonly Subnet[], now: number): number | undefined {
  const counted = subnets.filter(({ free }) => free !== undefined)
  return new Set(counted.map(placeOf)).size < counted.length ? now + FREE_FRESH_MS : undefined
}

/** The same subnets with what is free in them now. */
export async function recounted(send: Send, subnets: readonly Subnet[], calls: Calls): Promise<readonly Subnet[]> {
  const ids = subnets.map(({ id }) => id)
  const what = "counting the free addresses of the subnets"
  // Never what was read before: it is asked because that is too old.
  const read = await pages(send, calls, "DescribeSubnets", { input: { SubnetIds: ids }, what })
  const now = new Map(subnetsIn(read).map(({ id, free }) => [id, free]))
  return subnets.map((subnet) => {
    const free = now.get(subnet.id) ?? subnet.free
    return free === undefined ? subnet : { ...subnet, free }
  })
}
