import type { Bucket, Limits } from "../../src/provider.js"
import { accountOf, type GcpOptions } from "./options.js"

/** "You can create up to 5,000 VMs in a single request" ("About bulk creation of VMs"). */
export const LAUNCH_BATCH = 5_000

/** The largest page of every list of the Compute Engine API. */
export const PAGE = 500

/** "metadata: ... values must be less than or equal to 262144 bytes"; all of them together 512 KB. */
export const METADATA_VALUE_BYTES = 262_144
export const METADATA_BYTES = 512 * 1024

/** Scheduling: a run time is between 30 seconds and 120 days ("Limit the run time of a VM"). */
export const LONGEST_RUN_DAYS = 120

/**
 * For each project, region and minute, all refilled when the next minute begins ("Compute Engine API quota"). The page
 * prints no numbers any more; the last it printed were 1,500, heavy reads half of that. A fifth is left for others.
 */
const PER_MINUTE = { writes: 1_200, reads: 1_200, waits: 600 }

/** Buckets that count requests by the minute, and those whose units a request keeps until its operation is over. */
export const WINDOWS = ["writes", "reads", "heavy", "heavy-global", "reads-global", "writes-global", "billing"] as const
export const UNDER_WAY = ["bulk", "deletions"] as const

const window = (count: number): Bucket => ({ kind: "window", count, perMinute: 1, aligned: true })

/** A project's own numbers stand in its quota page, and in each refusal. A user who knows them gives them as options. */
function bucketsOf({ requestsPerMinute }: GcpOptions): Readonly<Record<string, Bucket>> {
  const { writes, reads, waits } = { ...PER_MINUTE, ...requestsPerMinute }
  return {
    writes: window(writes),
    reads: window(reads),
    // operations.wait
    heavy: window(waits),
    // aggregatedList; of the project, not of the region
    "heavy-global": window(waits),
    // Firewall rules are of the project too.
    "reads-global": window(reads),
    "writes-global": window(writes),
    // "Each project can make 300 API calls per minute to the Cloud Billing API" ("Quotas and limits")
    billing: window(240),
    // "a maximum of 10 bulk operations at once" ("Troubleshooting bulk VM creation"); held until an operation is done
    bulk: { kind: "concurrency", max: 10 },
    // "up to 8,000 VMs being created simultaneously" (the same page); held as well
    creating: { kind: "concurrency", max: 8_000 },
    // What a project may have under way at once is not printed either; 200 take 1,000 deletions in some seconds.
    deletions: { kind: "concurrency", max: 200 },
  }
}

/** Offers depend on nothing but project, region and query: only then may they be kept under those. */
function isPlain({
  zones,
  accelerator,
  localSsds,
  disk,
  prices,
  apiEndpoint,
  billingEndpoint,
  auth,
  sdk,
}: GcpOptions): boolean {
  return [zones, accelerator, localSsds, disk?.type, prices, apiEndpoint, billingEndpoint, auth, sdk].every(
    (option) => option === undefined,
  )
}

const OWN_STOP =
  "a worker that ends by whenDone powers itself off: while no owner lives it is stopped and its disk is paid for, until an owner or a sweep deletes it; with the option serviceAccount it deletes itself"

const OWN_END =
  "a worker that ends by whenDone deletes itself by its service account, three minutes after it has told why in a label, also when no owner lives; where that account may not, it powers itself off, and its disk is paid for until an owner or a sweep deletes it"

/** @param preambleBytes what our own part of the startup script takes. */
export function limitsOf(options: GcpOptions, preambleBytes: number): Limits {
  return {
    ownEnd: options.serviceAccount === undefined ? OWN_STOP : OWN_END,
    account: `gcp:${options.apiEndpoint ?? ""}:${accountOf(options)}:${options.region}`,
    buckets: bucketsOf(options),
    userDataBytes: METADATA_VALUE_BYTES - preambleBytes,
    launchBatch: LAUNCH_BATCH,
    // Nothing is promised for lists after a create; what is seen in practice are seconds (gcp.lists-consistent).
    consistencyMs: 60_000,
    takesKeys: true,
    // A deleted instance leaves the list; STOPPING still has a shutdown script and a disk to pay, STOPPED and TERMINATED a disk.
    goneStates: ["terminated"],
    // PROVISIONING and STAGING take 10 to 40 s; a list a zone and 2 s is 30 of 1,200 a minute.
    look: { firstMs: 3_000, everyMs: 2_000 },
    // operations.wait holds a request for two minutes ("or when the request approaches the 2 minute deadline").
    attemptMs: 135_000,
    bootMs: 10 * 60_000,
    // Machine types and prices change from one month to the next; what is wanted of a new one is asked for by its name.
    ...(isPlain(options) ? { offersFreshMs: 24 * 3_600_000 } : {}),
    // Images that are paid for take the prices away.
    ...(options.image === undefined ? {} : { offersKey: JSON.stringify(options.image) }),
    // "All vCPUs, GPUs, and GB of memory are charged a minimum of 1 minute" ("VM instance pricing")
    leastBilledSeconds: 60,
    markets: ["on-demand", "spot"],
  }
}
