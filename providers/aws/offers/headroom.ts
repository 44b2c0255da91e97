/** How much more the account and the network can take: advice for a plan, never a reason not to launch. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, Headroom, Market, Wish } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { familyOf } from "./families.js"
import { quotaCodeOf } from "../client/quota-codes.js"
import { PAGE } from "../limits.js"
import type { AwsOptions } from "../options.js"
import { pages } from "../client/pages.js"
import { quota } from "./quotas.js"
import { defaultSubnets, describeSubnets, knownSubnets, type Subnet } from "./subnets.js"

/** Codes of the quotas on what comes with each instance ("Amazon EBS quotas", in TiB; "Amazon VPC quotas"). */
const DISKS = "L-7A658B76"
const INTERFACES = "L-DF5E4CA3"

/** The root disk of Ubuntu's and of Amazon Linux's images. */
const LEAST_ROOT_GIB = 8

/**
 * What is known of: the vCPU quotas of the wish's families with what runs of them, the subnets' free addresses, and the quotas
 * on disks and interfaces with what there is of them. What may not be read, or has no client, is left out.
 */
export async function headroom(
  send: Send,
  options: AwsOptions,
  wish: Wish,
  calls: Calls,
): Promise<readonly Headroom[]> {
  const parts = [
    addresses(send, options, calls),
    vcpuQuotas(send, options, wish, calls),
    otherQuotas(send, options, wish, calls),
  ]
  const outcomes = await Promise.allSettled(parts)
  calls.signal.throwIfAborted()
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))
}

async function addresses(send: Send, options: AwsOptions, calls: Calls): Promise<readonly Headroom[]> {
  const named = knownSubnets(options.subnetIds ?? []).map(({ id }) => id)
  const what = "reading the subnets' free addresses"
  const found =
    named.length === 0
      ? await defaultSubnets(send, calls)
      : await describeSubnets(send, { SubnetIds: named }, what, calls)
  return (found ?? []).map(({ id, zone, free = 0 }: Subnet) => ({
    name: `free addresses of ${id}`,
    scope: { provider: "aws", region: options.region, ...(zone === undefined ? {} : { zone }) },
    unit: "addresses",
    limit: free,
    used: 0,
  }))
}

async function vcpuQuotas(send: Send, options: AwsOptions, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const { market } = wish
  const families = [...new Set(wish.offers.map(({ family }) => family))]
  const limits = await Promise.all(
    families.map(async (family) => {
      const code = quotaCodeOf(family, market)
      return { family, code, limit: code === undefined ? undefined : await quota(options, "ec2", code, calls) }
    }),
  )
  if (limits.every(({ limit }) => limit === undefined)) return []
  const used = await runningVcpus(send, market, calls)
  return limits.flatMap(({ family, code, limit }) =>
    limit === undefined
      ? []
      : [
          {
            name: `vCPU quota ${code ?? ""}`,
            scope: { provider: "aws", region: options.region, family, market },
            unit: "vCPU",
            limit,
            used: used.get(family) ?? 0,
          },
        ],
  )
}

/** "On-Demand Instances": running ones count, also those that Muster did not start; pending and stopped ones do not. */
async function runningVcpus(send: Send, market: Market, calls: Calls): Promise<ReadonlyMap<string, number>> {
  const input = { Filters: [{ Name: "instance-state-name", Values: ["running"] }], MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeInstances", { input, what: "counting the vCPUs that run" })
  const used = new Map<string, number>()
  const instances = read.flatMap((page) => page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances)
  for (const instance of instances) {
    if ((instance.InstanceLifecycle === "spot") !== (market === "spot")) continue
    const family = familyOf(instance.InstanceType ?? "")
    used.set(family, (used.get(family) ?? 0) + vcpusOf(instance))
  }
  return used
}

function vcpusOf({ CpuOptions }: Ec2.Instance): number {
  return (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 1)
}

async function otherQuotas(send: Send, options: AwsOptions, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const rows = await Promise.all([diskQuota(send, options, calls), interfaceQuota(send, options, wish, calls)])
  return rows.flat()
}

/** In root disks of a size, as that is what an instance takes of it; the images that are looked up have 8 GiB and more. */
async function diskQuota(send: Send, options: AwsOptions, calls: Calls): Promise<readonly Headroom[]> {
  const tebibytes = await quota(options, "ebs", DISKS, calls)
  if (tebibytes === undefined) return []
  const { rootGiB = LEAST_ROOT_GIB, region } = options
  const gibibytes = await orUnknown(gp3InUse(send, calls), calls)
  const name = named(`gp3 storage in disks of ${rootGiB} GiB (quota ${DISKS})`, gibibytes)
  const limit = Math.floor((tebibytes * 1024) / rootGiB)
  const used = Math.ceil((gibibytes ?? 0) / rootGiB)
  return [{ name, scope: { provider: "aws", region }, unit: "disks", limit, used }]
}

async function gp3InUse(send: Send, calls: Calls): Promise<number> {
  const input = { Filters: [{ Name: "volume-type", Values: ["gp3"] }], MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeVolumes", { input, what: "counting the disks that there are" })
  return read.flatMap((page) => page.Volumes ?? []).reduce((sum, { Size = 0 }) => sum + Size, 0)
}

/** "Network interfaces per Region ... enforced per Availability Zone" (Amazon VPC quotas). */
async function interfaceQuota(send: Send, options: AwsOptions, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const limit = await quota(options, "vpc", INTERFACES, calls)
  if (limit === undefined) return []
  const used = await orUnknown(interfacesInUse(send, calls), calls)
  const zones = [...new Set(wish.offers.map(({ zone }) => zone))]
  return zones.map((zone) => ({
    name: named(`network interfaces in ${zone} (quota ${INTERFACES})`, used),
    scope: { provider: "aws", region: options.region, zone },
    unit: "interfaces",
    limit,
    used: used?.get(zone) ?? 0,
  }))
}

async function interfacesInUse(send: Send, calls: Calls): Promise<ReadonlyMap<string, number>> {
  const asking = { input: { MaxResults: PAGE }, what: "counting the network interfaces that there are" }
  const read = await pages(send, calls, "DescribeNetworkInterfaces", asking)
  const used = new Map<string, number>()
  for (const { AvailabilityZone: zone = "" } of read.flatMap((page) => page.NetworkInterfaces ?? [])) {
    used.set(zone, (used.get(zone) ?? 0) + 1)
  }
  return used
}

/** What may not be counted is not known, which is not the same as none. */
function orUnknown<T>(counting: Promise<T>, calls: Calls): Promise<T | undefined> {
  return counting.catch((error: unknown) => {
    calls.signal.throwIfAborted()
    void error
    return undefined
  })
}

function named(name: string, used: unknown): string {
  return used === undefined ? `${name}; how much of it is in use is not known` : name
}
