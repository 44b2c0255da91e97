/** Azure's list of VM sizes, as it is ("Resource Skus - List"). */
import { SpecError } from "../../../src/errors.js"
import type { Arch, Calls } from "../../../src/provider.js"
import { itemsOf } from "../client/pages.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Azure } from "../client/send.js"
import { SKUS } from "../client/versions.js"

export interface NativeSku {
  readonly resourceType?: string
  readonly name?: string
  readonly family?: string
  readonly locations?: readonly string[]
  readonly locationInfo?: readonly { readonly location?: string; readonly zones?: readonly string[] }[]
  readonly capabilities?: readonly { readonly name?: string; readonly value?: string }[]
  readonly restrictions?: readonly {
    readonly type?: string
    readonly reasonCode?: string
    readonly restrictionInfo?: { readonly zones?: readonly string[] }
  }[]
}

/** The only filter there is, is the location ("Resource Skus - List", $filter). */
export function readSkus(azure: Azure, calls: Calls): Promise<readonly NativeSku[]> {
  return sharedSkus(azure, azure.options.location, calls)
}

const sharedSkus = sharedRead(async (azure: Azure, location: string, calls: Calls): Promise<readonly NativeSku[]> => {
  const { subscriptionId } = azure.options
  const filter = encodeURIComponent(`location eq '${location}'`)
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/skus?$filter=${filter}&api-version=${SKUS}`
  const skus = await itemsOf<NativeSku>(azure, calls, "ResourceSkus_List", path, {
    what: `reading the VM sizes of ${location}`,
  })
  // It is not said what an unknown filter does.
  const isHere = ({ locations }: NativeSku) => locations?.some((name) => name.toLowerCase() === location) ?? true
  const sizes = skus.filter((sku) => sku.resourceType === "virtualMachines" && isHere(sku))
  if (sizes.length > 0) return sizes
  const message = `is "${location}", which sells no VMs; check its name (az account list-locations), and that Microsoft.Compute is registered`
  throw new SpecError([{ option: "azure.location", value: location, message }])
})

export function capabilityOf(sku: NativeSku, name: string): string | undefined {
  return sku.capabilities?.find((capability) => capability.name === name)?.value
}

export function archOf(sku: NativeSku): Arch {
  return capabilityOf(sku, "CpuArchitectureType") === "Arm64" ? "arm64" : "x86_64"
}
