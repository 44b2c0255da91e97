/** Where instances may go. */
import { TransientError } from "../../../src/errors.js"
import type { Calls, OfferQuery } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import type { AwsOptions } from "../options.js"
import { chunks, sharedPages } from "../client/pages.js"
import { defaultSubnets, knownSubnets, placeOf, readSubnets } from "./subnets.js"
import { isOutOfReach } from "../client/errors.js"

const OFFERINGS_PAGE = 1000
/** Values of one filter; of 200 in all. */
const TYPES_BATCH = 100

/** The zones in which a type may be launched, as a function of the type. */
export async function placesOf(
  send: Send,
  options: AwsOptions,
  query: OfferQuery,
  calls: Calls,
): Promise<(instanceType: string) => readonly string[]> {
  if (options.subnetIds !== undefined) {
    const { subnets } = await readSubnets(send, knownSubnets(options.subnetIds), calls)
    const zones = [...new Set(subnets.map(placeOf))]
    return () => zones
  }
  const [read, subnets] = await Promise.allSettled([
    readOfferings(send, query.instanceTypes, calls),
    defaultSubnets(send, calls),
  ])
  if (subnets.status === "rejected") throw subnets.reason
  const known = subnets.value
  const isWanted = (zone: string) => isAtRegion(zone, options.region) || query.zones?.includes(zone) === true
  if (read.status === "rejected") {
    const isUnanswered = read.reason instanceof TransientError
    if (!(isUnanswered || isOutOfReach(read.reason)) || known === undefined) throw read.reason
    calls.signal.throwIfAborted()
    if (isUnanswered) calls.note?.(`which zones sell which types is not known: ${read.reason.message}`)
    // Every zone with a subnet is tried: EC2 refuses a launch where its type is not sold, and the launch goes on elsewhere.
    const zones = [...new Set(known.map(placeOf))].filter((place) => place.startsWith("subnet-") || isWanted(place))
    return () => zones
  }
  // A zone that was added to the region later may have no default subnet.
  const isOpen = (zone: string) => known === undefined || known.some((subnet) => subnet.zone === zone)
  return (instanceType) => (read.value.get(instanceType) ?? []).filter((zone) => isOpen(zone) && isWanted(zone))
}

/**
 * An Availability Zone is the region and a letter. Local and Wavelength Zones are elsewhere, at prices of their own ("AWS Local Zones
 * concepts"), and have longer names.
 */
export function isAtRegion(zone: string, region: string): boolean {
  return new RegExp(`^${region}[a-z]$`).test(zone)
}

async function readOfferings(
  send: Send,
  instanceTypes: readonly string[] | undefined,
  calls: Calls,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const sold = new Map<string, readonly string[]>()
  const batches = instanceTypes === undefined ? [undefined] : chunks([...new Set(instanceTypes)], TYPES_BATCH)
  for (const batch of batches) {
    const filters = batch === undefined ? {} : { Filters: [{ Name: "instance-type", Values: [...batch] }] }
    const input = { LocationType: "availability-zone" as const, MaxResults: OFFERINGS_PAGE, ...filters }
    const request = { input, what: "reading which zones have which types" }
    for (const page of await sharedPages(send, calls, "DescribeInstanceTypeOfferings", request)) {
      for (const { InstanceType: type = "", Location: zone = "" } of page.InstanceTypeOfferings ?? []) {
        sold.set(type, [...(sold.get(type) ?? []), zone])
      }
    }
  }
  return sold
}
