/** What is sold, and where: instance types and their offerings. */
import type { Offer } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { filtersOf, passes } from "../client/filters.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS } from "../client/shapes.js"
import { gpuTraits, traitsOf } from "./types.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf } from "../client/action.js"

const TYPES_BATCH = 100

export const describeInstanceTypes: Action = {
  members: {
    InstanceType: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeInstanceTypes: 1 }),
  answer(world, values) {
    const names = listOf(values.InstanceType)
    if (names.length > TYPES_BATCH)
      throw new Refusal("InvalidParameterValue", `The number of instance types exceeds ${TYPES_BATCH}`)
    if (names.length > 0 && (values.MaxResults !== undefined || values.NextToken !== undefined)) {
      throw new Refusal(
        "InvalidParameterCombination",
        "The parameter InstanceTypes cannot be used with MaxResults or NextToken",
      )
    }
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const types = typesOf(world)
    const unknown = names.filter((name) => !types.has(name))
    if (unknown.length > 0) {
      throw new Refusal(
        "InvalidInstanceType",
        `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
      )
    }
    const asked = names.length === 0 ? [...types.keys()] : names
    const found = asked.flatMap((name) => types.get(name) ?? []).filter((sold) => passes(sold, filters, typeTexts))
    const { page, token } = slice(found, values, { least: 5, most: 100 })
    return { instanceTypeSet: page.map(typeXml), nextToken: token }
  },
}

/** A type with the markets that sell it. */
interface Sold {
  readonly offer: Offer
  readonly markets: readonly string[]
}

function typesOf(world: World): ReadonlyMap<string, Sold> {
  const types = new Map<string, Sold>()
  for (const offer of world.offers) {
    const markets = new Set([...(types.get(offer.instanceType)?.markets ?? []), offer.market])
    types.set(offer.instanceType, { offer, markets: [...markets] })
  }
  return types
}

function typeTexts({ offer, markets }: Sold, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "instance-type":
      return [offer.instanceType]
    case "processor-info.supported-architecture":
      return [offer.arch]
    case "vcpu-info.default-vcpus":
      return [String(offer.vcpus)]
    case "memory-info.size-in-mib":
      return [String((offer.memoryGiB ?? 0) * 1024)]
    case "supported-usage-class":
      return markets
    default:
      return undefined
  }
}

function typeXml({ offer, markets }: Sold): Xml {
  const { instanceType, vcpus, memoryGiB, arch, gpu, localDiskGiB } = offer
  const traits = traitsOf(instanceType, arch)
  return {
    instanceType,
    currentGeneration: true,
    supportedUsageClasses: traits.isOnlyInBlocks ? ["capacity-block"] : markets,
    supportedRootDeviceTypes: ["ebs"],
    supportedVirtualizationTypes: traits.virtualization,
    bareMetal: false,
    hypervisor: traits.hypervisor,
    processorInfo: { supportedArchitectures: [arch] },
    vCpuInfo: { defaultVCpus: vcpus },
    memoryInfo: { sizeInMiB: (memoryGiB ?? 0) * 1024 },
    instanceStorageSupported: localDiskGiB !== undefined,
    instanceStorageInfo:
      localDiskGiB === undefined ? undefined : { totalSizeInGB: Math.round((localDiskGiB * 2 ** 30) / 1e9) },
    ebsInfo: { encryptionSupport: traits.encryption },
    networkInfo: { enaSupport: traits.ena, efaSupported: traits.hasEfa },
    gpuInfo: gpu === undefined ? undefined : gpuXml(instanceType, gpu),
    supportedBootModes: traits.bootModes,
  }
}

function gpuXml(instanceType: string, { name, count, memoryGiB = 0 }: NonNullable<Offer["gpu"]>): Xml {
  const sizeInMiB = memoryGiB * 1024
  const { vendor, partition } = gpuTraits(instanceType, name)
  return {
    gpus: [{ name, manufacturer: vendor, count, gpuPartitionSize: partition, memoryInfo: { sizeInMiB } }],
    totalGpuMemoryInMiB: count * sizeInMiB,
  }
}

export const describeInstanceTypeOfferings: Action = {
  members: {
    LocationType: ["region", "availability-zone"],
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeInstanceTypeOfferings: 1 }),
  answer(world, values) {
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const { LocationType: kind = "region" } = values
    const found = offerings(world, String(kind)).filter((offering) => passes(offering, filters, offeringTexts))
    const { page, token } = slice(found, values, { least: 5, most: 1000 })
    return {
      instanceTypeOfferingSet: page.map(({ type, location }) => ({
        instanceType: type,
        locationType: String(kind),
        location,
      })),
      nextToken: token,
    }
  },
}

interface Offering {
  readonly type: string
  readonly location: string
}

function offerings(world: World, kind: string): readonly Offering[] {
  const found = new Map<string, Offering>()
  for (const { instanceType: type, zone } of world.offers) {
    const location = kind === "region" ? world.settings.region : zone
    found.set(`${type}/${location}`, { type, location })
  }
  return [...found.values()]
}

function offeringTexts({ type, location }: Offering, filter: string): readonly string[] | undefined {
  if (filter === "instance-type") return [type]
  return filter === "location" ? [location] : undefined
}
