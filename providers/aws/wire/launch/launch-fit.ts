/** Whether a type can take what a launch says: its image, encrypted disks, a fabric adapter. */
import type { Arch } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { traitsOf } from "../offers/types.js"
import { listOf } from "../client/action.js"

interface Disk {
  readonly DeviceName: string
  readonly Ebs?: { readonly Encrypted?: boolean }
}

/** @throws Refusal for the first thing that it cannot take, in the wording that users have reported. */
export function checkFit(world: World, values: Values, imageId: string, instanceType: string): void {
  const { arch = "x86_64", bootMode, ena } = world.resources.get("image", imageId)?.attributes ?? {}
  const traits = traitsOf(instanceType, arch as Arch)
  if (bootMode === "uefi" && !traits.bootModes.includes("uefi")) {
    throw new Refusal(
      "InvalidParameterValue",
      `The ${instanceType} instance type does not support an AMI with a boot mode of UEFI. Only instance types built on the Nitro System support UEFI. Specify an instance type that supports UEFI, and try again.`,
    )
  }
  if (bootMode === "legacy-bios" && !traits.bootModes.includes("legacy-bios")) {
    throw new Refusal(
      "InvalidParameterValue",
      `The ${instanceType} instance type does not support an AMI with a boot mode of LEGACY-BIOS.`,
    )
  }
  if (traits.ena === "required" && ena === false) {
    throw new Refusal(
      "InvalidParameterCombination",
      `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${instanceType}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    )
  }
  const encrypted = listOf<Disk>(values.BlockDeviceMapping).find(({ Ebs }) => Ebs?.Encrypted === true)
  if (encrypted !== undefined && traits.encryption === "unsupported") {
    throw new Refusal(
      "EncryptedVolumesNotSupported",
      `'${encrypted.DeviceName}' is encrypted and '${instanceType}' does not support encrypted volumes.`,
    )
  }
  const isEfa = listOf<{ InterfaceType?: string }>(values.NetworkInterface).some((nic) => nic.InterfaceType === "efa")
  if (isEfa && !traits.hasEfa) {
    throw new Refusal("Unsupported", `EFA interfaces are not supported on ${instanceType}.`)
  }
}
