/** Which types EC2 would refuse for what every launch of ours says, or for the image. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { AwsOptions } from "../options.js"

/** What an image asks of a type; what is not known of it asks nothing. */
export interface ImageTraits {
  readonly id: string
  /** Its software costs more by the hour, by prices that are not read. */
  readonly isLicensed: boolean
  readonly bootMode?: Ec2.BootModeValues
  readonly hasEna?: boolean
  readonly virtualization?: Ec2.VirtualizationType
}

export interface Needs {
  readonly hasEncryptedDisks: boolean
  readonly hasEfa: boolean
  /** A capacity block is reserved: then also types that are sold in no other way. */
  readonly hasBlock: boolean
  readonly image?: ImageTraits
  /** The image is the one that is looked up for GPUs, whose driver is NVIDIA's. */
  readonly isForNvidia?: boolean
}

/** Disks are always encrypted, unless the user says himself what they are. */
export function needsOf({ efa = false, overrides = {}, reservation }: AwsOptions, image?: ImageTraits): Needs {
  const hasEncryptedDisks = overrides.BlockDeviceMappings === undefined
  const hasBlock = reservation?.kind === "capacity-block"
  return { hasEncryptedDisks, hasEfa: efa, hasBlock, ...(image === undefined ? {} : { image }) }
}

/**
 * NVIDIA's GPUs before Turing, which open kernel modules do not drive: "Use the open kernel modules only for Turing or newer" ("NVIDIA
 * Open GPU Kernel Modules", driver's README); the image of AWS has those ("OSS Nvidia Driver"), and for P3 another one of theirs.
 */
const BEFORE_TURING = /^(K520|K80|M60|V100)\b/i

/** Why the driver of the GPU image does not serve a type; types without a GPU have none to serve. */
function undriven({ GpuInfo }: Ec2.InstanceTypeInfo): string | undefined {
  const [{ Manufacturer: vendor, Name: name = "" } = {}] = GpuInfo?.Gpus ?? []
  const remedy = "name an image with a driver for it (imageId)"
  if (vendor !== undefined && vendor.toLowerCase() !== "nvidia")
    return `has a GPU of ${vendor} (${name}), and the image "gpu" has NVIDIA's driver; ${remedy}`
  return BEFORE_TURING.test(name)
    ? `has a ${name}, which the driver of the image "gpu" does not serve (NVIDIA's open modules begin with Turing); ${remedy}`
    : undefined
}

/** Why EC2 would refuse this type ("InstanceTypeInfo", EC2 API Reference); undefined where nothing is known against it. */
export function misfitOf(type: Ec2.InstanceTypeInfo, needs: Needs): string | undefined {
  const { hasEncryptedDisks, hasEfa, hasBlock, image } = needs
  const { EbsInfo, NetworkInfo, SupportedVirtualizationTypes, SupportedBootModes } = type
  const virtualization = image?.virtualization ?? "hvm"
  if (hasEncryptedDisks && EbsInfo?.EncryptionSupport === "unsupported") return "takes no encrypted disk"
  if (hasEfa && NetworkInfo?.EfaSupported === false) return "has no Elastic Fabric Adapter"
  if (SupportedVirtualizationTypes?.includes(virtualization) === false) return `boots no ${virtualization} image`
  if (!hasBlock && isOnlyInBlocks(type))
    return "is sold in capacity blocks only: reserve one, and name it in reservation"
  const driverless = needs.isForNvidia === true ? undriven(type) : undefined
  if (image === undefined || driverless !== undefined) return driverless
  const { id, bootMode, hasEna } = image
  // "uefi-preferred" boots either way, and so does an image that names none ("Instance launch behavior with EC2 boot modes").
  const isOneWay = bootMode === "uefi" || bootMode === "legacy-bios"
  if (isOneWay && SupportedBootModes?.includes(bootMode) === false)
    return `does not boot ${id}, which boots by ${bootMode}`
  // "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 'T' instance type."
  if (NetworkInfo?.EnaSupport === "required" && hasEna === false) return `needs an image with ENA, which ${id} has not`
  return undefined
}

/** A type without usage classes is sold on demand ("SupportedUsageClasses"). */
export function isOnlyInBlocks({ SupportedUsageClasses: usage = ["on-demand"] }: Ec2.InstanceTypeInfo): boolean {
  return usage.includes("capacity-block") && !usage.includes("on-demand") && !usage.includes("spot")
}
