/** Which sizes can hold the OS disk on the host itself ("Ephemeral OS disks for Azure VMs"). */
import type { Calls } from "../../src/provider.js"
import type { Azure } from "./send.js"
import { capabilityOf, type NativeSku, readSkus } from "./skus.js"

/** Ubuntu's image has 30 GiB; a larger disk was asked for, or the image is larger. */
const IMAGE_GIB = 30

/** Size to placement; nothing when it was not asked for, which saves reading the sizes. */
export async function ephemeralSizes({ options, ...azure }: Azure, calls: Calls): Promise<Record<string, string>> {
  if (options.disk?.ephemeral !== true) return {}
  const leastGiB = options.disk.sizeGiB ?? IMAGE_GIB
  const skus = await readSkus({ options, ...azure }, calls)
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
