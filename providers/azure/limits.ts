import type { Bucket, Cost, Limits, TokenBucket } from "../../src/provider.js"
import type { AzureOptions } from "./options.js"

/** "Custom data is limited to 65,535 bytes" once decoded ("osProfile.customData", Virtual Machines REST reference). */
export const CUSTOM_DATA_BYTES = 65_535

/** Compute's own policies refill by the minute ("Compute throttling limits"). */
function perMinute(capacity: number, refill: number): TokenBucket {
  return { kind: "token", capacity, perSecond: refill / 60 }
}

/** More requests at once only make ARM answer slower; node's agent opens a socket for each. */
const AT_ONCE = 128

/**
 * `arm.*`: "Understand how Azure Resource Manager throttles requests": for each subscription, principal and kind of
 * request. `compute.*`: "Compute throttling limits", for each subscription and region. `poll`: how often the adapter polls a
 * request that Azure takes its time for; its Retry-After is a few seconds.
 */
const BUCKETS: Readonly<Record<string, Bucket>> = {
  "arm.reads": { kind: "token", capacity: 250, perSecond: 25 },
  "arm.writes": { kind: "token", capacity: 200, perSecond: 10 },
  "arm.deletes": { kind: "token", capacity: 200, perSecond: 10 },
  "compute.puts": perMinute(1_500, 500),
  "compute.deletes": perMinute(1_500, 500),
  "compute.gets": perMinute(24_000, 8_000),
  "compute.lists": perMinute(900, 300),
  launches: { kind: "concurrency", max: AT_ONCE },
  terminations: { kind: "concurrency", max: AT_ONCE },
  poll: { kind: "token", capacity: 1, perSecond: 1 / 3 },
}

const read = { "arm.reads": 1 } as const
const write = { "arm.writes": 1 } as const
const remove = { "arm.deletes": 1 } as const

/** ARM's lists lag behind ("Troubleshoot resource not found errors"); a GET by id does not. */
export const CONSISTENCY_MS = 60_000

/** Every request of this adapter, by the operation id of its REST reference, and what it costs in each bucket. */
export const COSTS = {
  VirtualMachines_CreateOrUpdate: { ...write, "compute.puts": 1, launches: 1 },
  VirtualMachines_Delete: { ...remove, "compute.deletes": 1, terminations: 1 },
  VirtualMachines_Get: { ...read, "compute.gets": 1 },
  VirtualMachines_List: { ...read, "compute.lists": 1 },
  VirtualMachines_ListAll: { ...read, "compute.lists": 1 },
  /** ARM counts a POST as a write. */
  VirtualMachines_RetrieveBootDiagnosticsData: write,
  VirtualMachineScaleSets_Get: read,
  VirtualMachineScaleSets_CreateOrUpdate: write,
  VirtualMachineImages_List: read,
  VirtualMachineImages_Get: read,
  Images_Get: read,
  GalleryImages_Get: read,
  ResourceSkus_List: read,
  Usage_List: read,
  Disks_ListByResourceGroup: { ...read, "compute.lists": 1 },
  Disks_Delete: remove,
  ResourceGroups_List: read,
  ResourceGroups_Get: read,
  ResourceGroups_CreateOrUpdate: write,
  ResourceGroups_Delete: remove,
  NetworkInterfaces_List: read,
  NetworkInterfaces_Get: read,
  NetworkInterfaces_CreateOrUpdate: write,
  NetworkInterfaces_Delete: remove,
  PublicIPAddresses_List: read,
  PublicIPAddresses_Delete: remove,
  ApplicationSecurityGroups_Get: read,
  ApplicationSecurityGroups_List: read,
  ApplicationSecurityGroups_CreateOrUpdate: write,
  ApplicationSecurityGroups_Delete: remove,
  NetworkSecurityGroups_Get: read,
  NetworkSecurityGroups_CreateOrUpdate: write,
  SecurityRules_List: read,
  /** The same again, until it is done. */
  SecurityRules_Wait: { ...read, poll: 1 },
  SecurityRules_CreateOrUpdate: write,
  SecurityRules_Delete: remove,
  VirtualNetworks_CreateOrUpdate: write,
  VirtualNetworks_Get: read,
  /** The same again, until it is done. */
  VirtualNetworks_Wait: { ...read, poll: 1 },
  NetworkOperations_Get: read,
  Subnets_Get: read,
  Subscriptions_Get: read,
  Subscriptions_ListLocations: read,
  Permissions_List: read,
  RetailPrices: {},
} as const satisfies Readonly<Record<string, Cost>>

export type Api = keyof typeof COSTS

const NO_IDENTITY =
  "Azure goes on billing a VM that powers itself off, and without the option identity no VM can delete itself; give identity: a user-assigned identity that may delete it"

const OWN_END =
  "a worker that ends by whenDone deletes itself by its identity, three minutes after it has told why in a tag, also when no owner lives"

/** A longer startup has no chance, compressed or not; `prepare` tells exactly what fits. */
const MOST_STARTUP_BYTES = 16 * CUSTOM_DATA_BYTES

export function limitsOf(options: AzureOptions): Limits {
  const { subscriptionId, location, endpoint = "", pricesEndpoint, image, httpClient, identity } = options
  // Sizes that cannot boot the image are not offered.
  const deciding = [pricesEndpoint, image]
  return {
    account: `azure:${subscriptionId.toLowerCase()}:${location}:${endpoint}`,
    buckets: BUCKETS,
    userDataBytes: MOST_STARTUP_BYTES,
    launchBatch: 1,
    consistencyMs: CONSISTENCY_MS,
    takesKeys: true,
    // A deleted VM keeps its place and its bill until it is gone: only its absence counts.
    goneStates: ["terminated"],
    // VMs boot in 30 to 90 s; one list every 5 s is a fiftieth of what ARM lets through.
    look: { firstMs: 5_000, everyMs: 5_000 },
    attemptMs: 60_000,
    // The platform itself gives a guest 20 minutes before it reports OSProvisioningTimedOut.
    bootMs: 20 * 60_000,
    // Sizes change by the month; prices that could not be read are asked for again soon.
    ...(httpClient === undefined ? { offersFreshMs: 3_600_000 } : {}),
    ...(deciding.every((option) => option === undefined) ? {} : { offersKey: JSON.stringify(deciding) }),
    markets: ["on-demand", "spot"],
    // The watchdog in the guest needs the right to delete it.
    ...(identity === undefined ? { outlivesDeadline: true, keepsEnded: NO_IDENTITY } : { ownEnd: OWN_END }),
  }
}
