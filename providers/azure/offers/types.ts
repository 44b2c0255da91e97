/** What of Azure's list of VM sizes may be offered. */
import { SpecError } from "../../../src/errors.js"
import { nearest } from "../../../src/input/parse.js"
import type { Arch, Calls, Offer, OfferQuery } from "../../../src/provider.js"
import { isForbidden } from "../client/errors.js"
import { REGIONAL } from "../client/ids.js"
import type { Azure } from "../client/send.js"
import { type Bootable, bootableOf } from "./bootable.js"
import { familyOf } from "./families.js"
import { gpuOf } from "./gpus.js"
import { archOf, capabilityOf, type NativeSku, readSkus } from "./skus.js"

export interface SizeFacts
  extends Pick<Offer, "instanceType" | "family" | "vcpus" | "memoryGiB" | "arch" | "gpu" | "localDiskGiB"> {
  /** The zones that have it and that the subscription may use, and "regional" last. */
  readonly zones: readonly string[]
  readonly isSpot: boolean
  /** Its price is that of this many vCPUs: constrained sizes are paid for in full. */
  readonly paidVcpus: number
}

/**
 * The sizes of the location, or those that are named. Without the right to read them, what the names say: vCPUs and
 * memory are then unknown, and so are zones, unless the query asks for some.
 *
 * @throws SpecError when a named size does not exist, or is not for this subscription; when none of those that are named can
 * boot the image; when the location sells none.
 */
export async function sizesOf(azure: Azure, query: OfferQuery, calls: Calls): Promise<readonly SizeFacts[]> {
  const { instanceTypes } = query
  try {
    const skus = await readSkus(azure, calls)
    if (instanceTypes !== undefined) checkNamed(azure, skus, instanceTypes)
    const wanted = instanceTypes === undefined ? undefined : new Set(instanceTypes.map((name) => name.toLowerCase()))
    const named = skus.filter(({ name = "" }) => wanted?.has(name.toLowerCase()) ?? true)
    const bootable = await bootableOf(azure, query, named, calls)
    if (wanted !== undefined) noteOmitted(bootable, calls)
    return bootable.skus.flatMap(factsOf)
  } catch (error) {
    if (!isForbidden(error) || instanceTypes === undefined || asksForFacts(query)) throw error
    return instanceTypes.map((name) => sizeFromName(name, query.arch))
  }
}

/** Reports the sizes that the user named and that are left out. */
function noteOmitted({ skus, problems }: Bootable, calls: Calls): void {
  if (skus.length === 0) throw new SpecError(problems)
  for (const { message } of problems) calls.note?.(`${message}; the other sizes are used`)
}

function checkNamed({ options }: Azure, skus: readonly NativeSku[], names: readonly string[]): void {
  const byName = new Map(skus.map((sku) => [(sku.name ?? "").toLowerCase(), sku]))
  const problems = names.flatMap((value) => {
    const sku = byName.get(value.toLowerCase())
    if (sku === undefined) {
      const near = nearest(
        value,
        skus.flatMap(({ name }) => name ?? []),
      )
      const hint = near === undefined ? "check its name (az vm list-skus)" : `did you mean "${near}"?`
      return [{ option: "instanceType", value, message: `"${value}" is not sold in ${options.location}; ${hint}` }]
    }
    const restricted = restrictionOf(sku)
    if (restricted === undefined) return []
    const message = `"${value}" is not for this subscription in ${options.location} (${restricted}); choose another size or location, or ask Azure's support for access`
    return [{ option: "instanceType", value, message }]
  })
  if (problems.length > 0) throw new SpecError(problems)
}

/** Why the subscription may not have it anywhere in the location. */
function restrictionOf({ restrictions = [] }: NativeSku): string | undefined {
  return restrictions.find(({ type }) => type === "Location")?.reasonCode
}

function factsOf(sku: NativeSku): readonly SizeFacts[] {
  const { name, family } = sku
  const vcpus = Number(capabilityOf(sku, "vCPUs") ?? 0)
  const arch = archOf(sku)
  if (name === undefined || vcpus === 0 || restrictionOf(sku) !== undefined) return []
  const gpu = gpuOf(name, Number(capabilityOf(sku, "GPUs") ?? 0))
  const diskGiB = localDisk(sku)
  return [
    {
      instanceType: name,
      family: family ?? familyOf(name),
      vcpus: Number(capabilityOf(sku, "vCPUsAvailable") ?? vcpus),
      memoryGiB: Number(capabilityOf(sku, "MemoryGB") ?? 0),
      arch,
      zones: zonesOf(sku),
      isSpot: capabilityOf(sku, "LowPriorityCapable") === "True",
      paidVcpus: vcpus,
      ...(gpu === undefined ? {} : { gpu }),
      ...(diskGiB === undefined ? {} : { localDiskGiB: diskGiB }),
    },
  ]
}

function zonesOf({ locationInfo = [], restrictions = [] }: NativeSku): readonly string[] {
  const barred = new Set(
    restrictions.flatMap(({ type, restrictionInfo }) => (type === "Zone" ? (restrictionInfo?.zones ?? []) : [])),
  )
  const zones = locationInfo.flatMap((info) => info.zones ?? []).filter((zone) => !barred.has(zone))
  return [...new Set(zones.sort()), REGIONAL]
}

/** NVMe disks of newer sizes, else the temporary disk of older ones; both are counted in MiB. */
function localDisk(sku: NativeSku): number | undefined {
  const miB = Number(capabilityOf(sku, "NvmeDiskSizeInMiB") ?? capabilityOf(sku, "MaxResourceVolumeMB") ?? 0)
  return miB > 0 ? Math.floor(miB / 1024) : undefined
}

/** By the naming convention a `p` among the features is Arm. Only the placement that every size has is offered. */
function sizeFromName(instanceType: string, asked: Arch | undefined): SizeFacts {
  const arch = asked ?? (/^Standard_[A-Z]+\d+(-\d+)?[a-z]*p/.test(instanceType) ? "arm64" : "x86_64")
  return { instanceType, family: familyOf(instanceType), arch, zones: [REGIONAL], isSpot: true, paidVcpus: 1 }
}

/** Whether the query asks for facts that no name contains, zones among them. */
function asksForFacts({ vcpus, memoryGiB, gpu, localDiskGiB, zones }: OfferQuery): boolean {
  const isPlaced = zones?.includes(REGIONAL) === false
  return isPlaced || [vcpus, memoryGiB, gpu, localDiskGiB].some((asked) => asked !== undefined)
}
