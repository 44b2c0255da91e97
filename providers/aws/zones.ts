/** Where instances may go. */
import type { Calls, OfferQuery } from "../../src/provider.js"
import type { Send } from "./client.js"
import type { AwsOptions } from "./options.js"
import { chunks, pages } from "./pages.js"
import { defaultSubnets, knownSubnets, placeOf, readSubnets } from "./subnets.js"

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
  const [sold, subnets] = await Promise.all([
    readOfferings(send, query.instanceTypes, calls),
    defaultSubnets(send, calls),
  ])
  // A zone that was added to the region later may have no default subnet.
  const isOpen = (zone: string) => subnets === undefined || subnets.some((subnet) => subnet.zone === zone)
  return (instanceType) => (sold.get(instanceType) ?? []).filter(isOpen)
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
    for (const page of await pages(send, calls, "DescribeInstanceTypeOfferings", request)) {
      for (const { InstanceType: type = "", Location: zone = "" } of page.InstanceTypeOfferings ?? []) {
        sold.set(type, [...(sold.get(type) ?? []), zone])
      }
    }
  }
  return sold
}
