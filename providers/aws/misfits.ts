/** Which types EC2 would refuse for what every launch of ours says, or for the image. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { AwsOptions } from "./options.js"

/** What an image asks of a type; what is not known of it asks nothing. */
export interface ImageTraits {
  readonly id: string
  readonly bootMode?: Ec2.BootModeValues
  readonly hasEna?: boolean
  readonly virtualization?: Ec2.VirtualizationType
}

export interface Needs {
  readonly hasEncryptedDisks: boolean
  readonly hasEfa: boolean
  readonly image?: ImageTraits
}

/** Disks are always encrypted, unless the user says himself what they are. */
export function needsOf({ efa = false, overrides = {} }: AwsOptions, image?: ImageTraits): Needs {
  const hasEncryptedDisks = overrides.BlockDeviceMappings === undefined
  return { hasEncryptedDisks, hasEfa: efa, ...(image === undefined ? {} : { image }) }
}

/** Why EC2 would refuse this type ("InstanceTypeInfo", EC2 API Reference); undefined where nothing is known against it. */
export function misfitOf(type: Ec2.InstanceTypeInfo, { hasEncryptedDisks, hasEfa, image }: Needs): string | undefined {
  const { EbsInfo, NetworkInfo, SupportedVirtualizationTypes, SupportedBootModes } = type
  const virtualization = image?.virtualization ?? "hvm"
  if (hasEncryptedDisks && EbsInfo?.EncryptionSupport === "unsupported") return "takes no encrypted disk"
  if (hasEfa && NetworkInfo?.EfaSupported === false) return "has no Elastic Fabric Adapter"
  if (SupportedVirtualizationTypes?.includes(virtualization) === false) return `boots no ${virtualization} image`
  if (image === undefined) return undefined
  const { id, bootMode, hasEna } = image
  // "uefi-preferred" boots either way, and so does an image that names none ("Instance launch behavior with EC2 boot modes").
  const isOneWay = bootMode === "uefi" || bootMode === "legacy-bios"
  if (isOneWay && SupportedBootModes?.includes(bootMode) === false)
    return `does not boot ${id}, which boots by ${bootMode}`
  // "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 'T' instance type."
  if (NetworkInfo?.EnaSupport === "required" && hasEna === false) return `needs an image with ENA, which ${id} has not`
  return undefined
}
