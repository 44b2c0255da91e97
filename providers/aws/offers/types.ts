/** What EC2 says of its instance types. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError, SpecError } from "../../../src/errors.js"
import type { Arch, Calls, Gpu, Market, Offer, OfferQuery } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { familyOf } from "./families.js"
import { misfitOf, type Needs } from "./misfits.js"
import type { AwsOptions } from "../options.js"
import { chunks, sharedPages } from "../client/pages.js"
import { isOutOfReach } from "../client/errors.js"

/** Types in one request, by name or as a page (EC2 API Reference, "DescribeInstanceTypes"). */
const TYPES_BATCH = 100

const MARKETS = ["on-demand", "spot"] as const satisfies readonly Market[]

export type TypeFacts = Pick<
  Offer,
  "instanceType" | "family" | "vcpus" | "memoryGiB" | "arch" | "gpu" | "localDiskGiB"
> & { readonly markets: readonly Market[] }

/** Whether image and subnets are given with all that a launch needs to know of them: then nothing is read. */
export function hasAllFacts({ imageId, subnetIds = [] }: AwsOptions): boolean {
  const isZoned = subnetIds.length > 0 && subnetIds.every((subnet) => typeof subnet !== "string")
  return isZoned && typeof imageId === "object"
}

/** What is asked of types: the query, and what launches and image need of each. */
export interface TypeQuery {
  readonly query: OfferQuery
  /** Nothing is to be read. */
  readonly hasFacts: boolean
  readonly needs: Promise<Needs>
}

/**
 * The named types, or all there are that can take what is sent. Without the right to read them, what the names say: vCPUs and
 * memory are then unknown, unless the query asks for a range of them.
 *
 * @throws SpecError when a named type does not exist, and when EC2 would refuse all of them.
 */
export async function typesOf(
  send: Send,
  { query, hasFacts, needs }: TypeQuery,
  calls: Calls,
): Promise<readonly TypeFacts[]> {
  const { instanceTypes } = query
  if (instanceTypes === undefined) {
    const [all, wanted] = await Promise.all([readTypes(send, narrowed(query), calls), needs])
    const facts = (types: readonly Ec2.InstanceTypeInfo[]) => types.flatMap((type) => typeFacts(type, wanted))
    // A GPU that is named is the user's choice.
    const named = all.filter((type) => isNamedGpu(type, query))
    if (named.length > 0) return facts(takingIt(named, wanted, calls))
    return facts(all.filter((type) => misfitOf(type, wanted) === undefined))
  }
  if (hasFacts && !asksForFacts(query)) return instanceTypes.map((name) => unreadType(name, query.arch))
  try {
    const batches = chunks([...new Set(instanceTypes)], TYPES_BATCH)
    const found = await Promise.all(
      batches.map((batch) => readTypes(send, { InstanceTypes: batch as Ec2._InstanceType[] }, calls)),
    )
    const wanted = await needs
    return takingIt(found.flat(), wanted, calls).flatMap((type) => typeFacts(type, wanted))
  } catch (error) {
    if (isOutOfReach(error) && !asksForFacts(query)) return instanceTypes.map((name) => unreadType(name, query.arch))
    if (error instanceof MusterError && error.code === "InvalidInstanceType") throw unknownTypes(instanceTypes, error)
    throw error
  }
}

/** In pages when nothing is named; EC2 allows either names or pages. */
async function readTypes(
  send: Send,
  asked: Pick<Ec2.DescribeInstanceTypesCommandInput, "InstanceTypes" | "Filters">,
  calls: Calls,
): Promise<readonly Ec2.InstanceTypeInfo[]> {
  const input = asked.InstanceTypes === undefined ? { ...asked, MaxResults: TYPES_BATCH } : asked
  const read = await sharedPages(send, calls, "DescribeInstanceTypes", { input, what: "reading instance types" })
  return read.flatMap((page) => page.InstanceTypes ?? [])
}

/** Types that the user chose are left out with a note. @throws SpecError when none of the types that are named can take what is sent. */
function takingIt(types: readonly Ec2.InstanceTypeInfo[], needs: Needs, calls: Calls): readonly Ec2.InstanceTypeInfo[] {
  const misfits = types.flatMap((type) => {
    const why = misfitOf(type, needs)
    return why === undefined ? [] : [{ value: type.InstanceType ?? "", message: `${type.InstanceType} ${why}` }]
  })
  if (misfits.length > 0 && misfits.length === types.length) {
    throw new SpecError(misfits.map((misfit) => ({ option: "instanceType", ...misfit })))
  }
  for (const { message } of misfits) calls.note?.(`${message}, and is left out`)
  return types.filter((type) => misfitOf(type, needs) === undefined)
}

/** EC2 filters by exact values only; ranges and GPUs are matched here. */
function narrowed({ arch }: OfferQuery): Pick<Ec2.DescribeInstanceTypesCommandInput, "Filters"> {
  return arch === undefined ? {} : { Filters: [{ Name: "processor-info.supported-architecture", Values: [arch] }] }
}

function isNamedGpu({ GpuInfo }: Ec2.InstanceTypeInfo, { gpu }: OfferQuery): boolean {
  const wanted = gpu?.name?.toLowerCase()
  return wanted !== undefined && GpuInfo?.Gpus?.[0]?.Name?.toLowerCase() === wanted
}

/**
 * Types that are not sold by the hour, or on no architecture of ours (Mac), are not for us. A type without usage classes is sold on demand; what is in a
 * capacity block is launched like it.
 */
function typeFacts(native: Ec2.InstanceTypeInfo, { hasBlock }: Needs): readonly TypeFacts[] {
  const arch = archOf(native.ProcessorInfo?.SupportedArchitectures ?? [])
  const { InstanceType: instanceType, VCpuInfo, MemoryInfo } = native
  const usage = native.SupportedUsageClasses ?? ["on-demand"]
  const isReserved = hasBlock && usage.includes("capacity-block")
  const markets = MARKETS.filter((market) => usage.includes(market) || (market === "on-demand" && isReserved))
  if (instanceType === undefined || arch === undefined || markets.length === 0) return []
  const gpu = gpuOf(native)
  const diskGB = native.InstanceStorageInfo?.TotalSizeInGB
  return [
    {
      instanceType,
      family: familyOf(instanceType),
      markets,
      vcpus: VCpuInfo?.DefaultVCpus ?? 0,
      memoryGiB: (MemoryInfo?.SizeInMiB ?? 0) / 1024,
      arch,
      ...(gpu === undefined ? {} : { gpu }),
      // EC2 counts disks in decimal gigabytes.
      ...(diskGB === undefined ? {} : { localDiskGiB: Math.floor((diskGB * 1e9) / 2 ** 30) }),
    },
  ]
}

function archOf(supported: readonly string[]): Arch | undefined {
  return (["arm64", "x86_64"] as const).find((arch) => supported.includes(arch))
}

function gpuOf({ GpuInfo }: Ec2.InstanceTypeInfo): Gpu | undefined {
  const first = GpuInfo?.Gpus?.[0]
  if (first?.Name === undefined) return undefined
  const miB = first.MemoryInfo?.SizeInMiB
  const memory = miB === undefined ? {} : { memoryGiB: Math.round((miB / 1024) * 10) / 10 }
  // Of types with a part of a GPU EC2 says which; one is a whole one.
  return { name: first.Name, count: (first.Count ?? 1) * (first.GpuPartitionSize ?? 1), ...memory }
}

/**
 * What the name alone says: the quota family, and the architecture by the naming convention (a `g` after the
 * generation's digit is Graviton; so is the first of them, `a1`).
 */
function unreadType(instanceType: string, asked: Arch | undefined): TypeFacts {
  const arch = asked ?? (/^(a1|[a-z]+\d+g[a-z0-9-]*)\./.test(instanceType) ? "arm64" : "x86_64")
  return { instanceType, family: familyOf(instanceType), arch, markets: MARKETS }
}

function asksForFacts({ vcpus, memoryGiB, gpu, localDiskGiB }: OfferQuery): boolean {
  return [vcpus, memoryGiB, gpu, localDiskGiB].some((asked) => asked !== undefined)
}

function unknownTypes(instanceTypes: readonly string[], error: MusterError): SpecError {
  const message = `${error.message}; check the name, such as "m7i.large", and that the region has it`
  return new SpecError([{ option: "instanceType", value: instanceTypes, message }], { code: error.code, cause: error })
}
