/** How much more the account and the network can take: advice for a plan, never a reason not to launch. */
import type * as Quotas from "@aws-sdk/client-service-quotas"
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { Calls, Headroom, Market, Wish } from "../../src/provider.js"
import type { Send } from "./client.js"
import { toMusterError } from "./errors.js"
import { familyOf, quotaCodeOf } from "./families.js"
import { PAGE } from "./limits.js"
import type { AwsClient, AwsOptions } from "./options.js"
import { pages } from "./pages.js"
import { optionalPackage } from "./pricing.js"
import { defaultSubnets, describeSubnets, knownSubnets, type Subnet } from "./subnets.js"

/** Quotas of what comes with each instance ("Amazon EBS quotas", "Amazon VPC quotas"). */
const DISKS = { service: "ebs", code: "L-7A658B76", name: "gp3 storage", unit: "TiB" } as const
const INTERFACES = { service: "vpc", code: "L-DF5E4CA3", name: "network interfaces", unit: "interfaces" } as const

/**
 * What is known of: the vCPU quotas of the wish's families with what runs of them, the subnets' free addresses, and the quotas
 * on disks and interfaces. What may not be read, or has no client, is left out.
 */
export async function headroom(
  send: Send,
  options: AwsOptions,
  wish: Wish,
  calls: Calls,
): Promise<readonly Headroom[]> {
  const parts = [addresses(send, options, calls), vcpuQuotas(send, options, wish, calls), otherQuotas(options, calls)]
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
            unit: "vCPUs",
            limit,
            used: used.get(family) ?? 0,
          },
        ],
  )
}

/** "On-Demand Instances": running ones count, whoever started them; pending and stopped ones do not. */
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

/** What is used of them only a walk through the whole account would tell: 0 stands for not known. */
async function otherQuotas(options: AwsOptions, calls: Calls): Promise<readonly Headroom[]> {
  const rows = await Promise.all(
    [DISKS, INTERFACES].map(async ({ service, code, name, unit }) => {
      const limit = await quota(options, service, code, calls)
      const scope = { provider: "aws", region: options.region }
      return limit === undefined ? [] : [{ name: `${name} (quota ${code})`, scope, unit, limit, used: 0 }]
    }),
  )
  return rows.flat()
}

async function quota(options: AwsOptions, service: string, code: string, calls: Calls): Promise<number | undefined> {
  const given = options.clients?.serviceQuotas
  if (given === undefined && (options.endpoint !== undefined || options.client !== undefined)) return undefined
  const sdk = optionalPackage<typeof Quotas>("@aws-sdk/client-service-quotas")
  if (sdk === undefined) return undefined
  const client = given ?? makeClient(sdk, options)
  const input = { ServiceCode: service, QuotaCode: code }
  return calls.send("GetServiceQuota", { GetServiceQuota: 1 }, async ({ signal }) => {
    try {
      const reply = await client.send(new sdk.GetServiceQuotaCommand(input) as never, { abortSignal: signal })
      return (reply as Quotas.GetServiceQuotaCommandOutput).Quota?.Value
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw toMusterError(error, { what: `reading quota ${code}`, region: options.region })
    }
  })
}

function makeClient(sdk: typeof Quotas, { region, credentials }: AwsOptions): AwsClient {
  const own = credentials === undefined ? {} : { credentials }
  return new sdk.ServiceQuotasClient({ region, maxAttempts: 1, ...own }) as AwsClient
}
