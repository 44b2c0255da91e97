/** What only the list of sizes says of the disk that a VM boots from. */
import type { Calls, GroupRequest } from "../../../src/provider.js"
import { isNvmeOnly } from "./bootable.js"
import { isForbidden } from "../client/errors.js"
import type { AzureOptions } from "../options.js"
import type { Azure } from "../client/send.js"
import { capabilityOf, type NativeSku, readSkus } from "./skus.js"

export interface BootDisks {
  /** Size to placement: those that can hold the disk on the host itself ("Ephemeral OS disks for Azure VMs"). */
  readonly ephemeral: { readonly [size: string]: string }
  /** The sizes that boot from NVMe only, which must be said of the VM: Azure may take SCSI for granted. */
  readonly nvme: readonly string[]
}

/** Ubuntu's image has 30 GiB; a larger disk was asked for, or the image is larger. */
const IMAGE_GIB = 30

/** No size has been NVMe only before its series' sixth version ("FAQ for remote NVMe disks"). */
const MAYBE_NVME = /_v([6-9]|\d\d)$/i

/** The sizes are read only where something of them is needed: it is a long list. */
export async function bootDisks(azure: Azure, { instanceTypes = [] }: GroupRequest, calls: Calls): Promise<BootDisks> {
  const { disk = {} } = azure.options
  const maybe = instanceTypes.filter((size) => MAYBE_NVME.test(size))
  if (disk.ephemeral !== true && maybe.length === 0) return { ephemeral: {}, nvme: [] }
  const skus = await readSkus(azure, calls).catch((error: unknown) => {
    if (!isForbidden(error) || disk.ephemeral === true) throw error
    return []
  })
  const nvme = new Set(skus.flatMap((sku) => (sku.name !== undefined && isNvmeOnly(sku) ? [sku.name] : [])))
  return { ephemeral: ephemeralSizes(disk, skus), nvme: maybe.filter((size) => nvme.has(size)) }
}

function ephemeralSizes(disk: NonNullable<AzureOptions["disk"]>, skus: readonly NativeSku[]): Record<string, string> {
  if (disk.ephemeral !== true) return {}
  const leastGiB = disk.sizeGiB ?? IMAGE_GIB
  return Object.fromEntries(
    skus.flatMap((sku) => {
      const placement = placementOf(sku, leastGiB)
      return placement === undefined || sku.name === undefined ? [] : [[sku.name, placement]]
    }),
  )
}

function placementOf(sku: NativeSku, leastGiB: number): string | undefined {
  if (capabilityOf(sku, "EphemeralOSDiskSupported") !== "True") return undefined
  const bytes = Number(capabilityOf(sku, "CachedDiskBytes") ?? 0)
  const temporaryMiB = Number(capabilityOf(sku, "MaxResourceVolumeMB") ?? 0)
  const nvmeMiB = Number(capabilityOf(sku, "NvmeDiskSizeInMiB") ?? 0)
  if (bytes >= leastGiB * 2 ** 30) return "CacheDisk"
  if (temporaryMiB >= leastGiB * 1024) return "ResourceDisk"
  return nvmeMiB >= leastGiB * 1024 ? "NvmeDisk" : undefined
}
