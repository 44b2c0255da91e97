/** EC2's documented limits: buckets, batches and times. */
import { createHash } from "node:crypto"
import type { Bucket, Limits, TokenBucket } from "../../src/provider.js"
import type { AwsOptions } from "./options.js"

/** RunInstances takes any number, but AWS advises several smaller calls; its own example is four of 250. */
export const LAUNCH_BATCH = 250

/** RunInstances' bucket has five tokens; one is kept for fail-over. */
export const RUN_REQUESTS = 4

/** A fleet takes up to 10,000; of a thousand its answer comes in one piece, and one lost answer is a thousand in doubt. */
export const FLEET_BATCH = 1000

/** TerminateInstances: "up to 1000 instances" (EC2 API Reference). */
export const TERMINATE_BATCH = 1000

/** CreateTags: "up to 1000 resources" (EC2 API Reference). */
export const RESOURCES_BATCH = 1000

/** The largest page of DescribeInstances (EC2 API Reference). */
export const PAGE = 1000

/** Filter values in one request (EC2 User Guide, "Find your Amazon EC2 resources"): 200, of which tags and states take some. */
export const FILTER_VALUES = 200

/** "Security groups per network interface: 5 ... up to a maximum of 16" (Amazon VPC quotas). */
export const USUAL_GROUPS = 5
export const MOST_GROUPS = 16

/** "User data is limited to 16 KB, in raw form, before it is base64-encoded" (EC2 User Guide). */
export const USER_DATA_BYTES = 16_384

/** EC2 Developer Guide, "Request throttling for the Amazon EC2 API": for each account, region and action. */
const describe: TokenBucket = { kind: "token", capacity: 100, perSecond: 20 }

/** "Mutating actions" in the same table, to which CreateFleet belongs as it is not listed by itself. */
const mutating: TokenBucket = { kind: "token", capacity: 50, perSecond: 5 }

const BUCKETS: Readonly<Record<string, Bucket>> = {
  // The first batch leaves one token, so that a launch can move on at once from a zone that has nothing.
  RunInstances: { kind: "token", capacity: 5, perSecond: 2, reserve: 1 },
  // A request consumes a token for every resource that it impacts: a launch that is refused impacts none.
  "RunInstances.resources": { kind: "token", capacity: 1000, perSecond: 2, byOutcome: true },
  TerminateInstances: { kind: "token", capacity: 100, perSecond: 5 },
  "TerminateInstances.resources": { kind: "token", capacity: 1000, perSecond: 20 },
  CreateFleet: mutating,
  CreateLaunchTemplate: mutating,
  DeleteLaunchTemplate: mutating,
  CreateSecurityGroup: mutating,
  AuthorizeSecurityGroupIngress: mutating,
  DeleteSecurityGroup: mutating,
  DeleteVolume: { kind: "token", capacity: 100, perSecond: 5 },
  DeleteNetworkInterface: { kind: "token", capacity: 100, perSecond: 5 },
  ModifyNetworkInterfaceAttribute: mutating,
  CreateTags: { kind: "token", capacity: 100, perSecond: 10 },
  GetConsoleOutput: describe,
  DescribeInstanceAttribute: describe,
  DescribeFleets: describe,
  DescribeImages: describe,
  DescribeInstances: describe,
  "DescribeInstances.unfiltered": { kind: "token", capacity: 50, perSecond: 10 },
  DescribeInstanceTypes: describe,
  DescribeInstanceTypeOfferings: describe,
  DescribeLaunchTemplates: describe,
  DescribeNetworkInterfaces: describe,
  DescribeRouteTables: describe,
  DescribeSecurityGroups: describe,
  DescribeSpotInstanceRequests: describe,
  DescribeSpotPriceHistory: describe,
  DescribeSubnets: describe,
  DescribeVolumes: describe,
}

/** A longer startup has no chance, compressed or not; `prepare` tells exactly what fits. */
const MOST_STARTUP_BYTES = 16 * USER_DATA_BYTES

export function limitsOf(options: AwsOptions): Limits {
  return {
    ownEnd:
      "a worker that ends by whenDone powers itself off, which terminates it: nothing of it is paid for after that, also when no owner lives",
    account: `aws:${options.region}:${options.endpoint ?? keyOf(options) ?? "default"}`,
    buckets: BUCKETS,
    userDataBytes: MOST_STARTUP_BYTES,
    launchBatch: LAUNCH_BATCH,
    // "Eventual consistency in the Amazon EC2 API": back off for up to about five minutes.
    consistencyMs: 5 * 60_000,
    takesKeys: true,
    // "In the rare case where an Availability Zone is experiencing a service disruption and you ... do not specify any instance
    // IDs at all, the call fails. If you ... specify only instance IDs that are in an unaffected zone, the call works normally."
    listsByZone: true,
    // "You are not billed while shutting-down", and nothing leads back from there (Instance state changes).
    goneStates: ["terminating", "terminated"],
    // Instances have run 5 to 18 s after the call in published measurements; with the half second that it takes to read a
    // thousand, 1.25 s keep confirmation within 2 s of it.
    look: { firstMs: 3_000, everyMs: 1_250 },
    // RunInstances of many takes tens of seconds at worst; a minute without a byte is a lost reply.
    attemptMs: 60_000,
    // Bare metal stays pending longest, some ten minutes.
    bootMs: 15 * 60_000,
    // Types and zones change by the week; spot prices by the hour.
    ...(isOwnClient(options) ? {} : { offersFreshMs: 3_600_000, offersKey: offersKeyOf(options) }),
    // "Each partial instance-hour consumed will be billed per-second ... with a minimum of 60 seconds" (EC2 pricing).
    leastBilledSeconds: 60,
    markets: ["on-demand", "spot"],
  }
}

/** A client that the user made may lead anywhere: its answers are not kept for another client. */
function isOwnClient({ client, clients }: AwsOptions): boolean {
  return client !== undefined || clients !== undefined
}

/** The options that decide what is offered, and for how much. */
function offersKeyOf(options: AwsOptions): string {
  const { subnetIds, prices, maxSpotPrice, imageId, efa = false, overrides, reservation } = options
  const table = Object.entries(prices ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const image = typeof imageId === "object" ? true : (imageId ?? false)
  const disks = overrides?.BlockDeviceMappings === undefined ? "encrypted" : "as given"
  const given = [
    subnetIds ?? null,
    table,
    maxSpotPrice ?? null,
    image,
    disks,
    efa,
    reservation?.kind === "capacity-block",
  ]
  return createHash("sha256").update(JSON.stringify(given)).digest("hex").slice(0, 16)
}

/** A key belongs to one account: two clusters with the same key share its buckets. */
function keyOf({ credentials }: AwsOptions): string | undefined {
  return typeof credentials === "object" ? credentials.accessKeyId : undefined
}
