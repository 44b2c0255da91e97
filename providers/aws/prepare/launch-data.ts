/** What every launch says of its instances, whichever call makes them: a request to RunInstances, or a template's content. Pure. */
import type { Arch, JsonObject } from "../../../src/provider.js"
import type { Blueprint } from "./blueprint.js"
import type { PinnedImage } from "./images.js"
import type { Subnet } from "../offers/subnets.js"
import { areInMetadata } from "../tag-rules.js"

/** The parts that RunInstances and a launch template call by the same names, for one processor in one kind of subnet. */
export function launchBody(blueprint: Blueprint, arch: Arch, address: boolean | undefined): JsonObject {
  const { images, userData, options, securityGroupIds } = blueprint
  const image = images[arch]
  return {
    ImageId: image?.id ?? "",
    UserData: userData,
    // The deadline's timer powers the guest off; with EC2's default it would only stop, and its disks cost on.
    InstanceInitiatedShutdownBehavior: "terminate",
    MetadataOptions: {
      HttpEndpoint: "enabled",
      HttpTokens: "required",
      // Each container network is one hop more ("Configure the Instance Metadata Service options").
      HttpPutResponseHopLimit: options.containers === true ? 2 : 1,
      // EC2 refuses to show tags whose keys have a space or a slash.
      InstanceMetadataTags: areInMetadata(blueprint.tags) ? "enabled" : "disabled",
    },
    ...disks(image, options),
    ...(options.keyName === undefined ? {} : { KeyName: options.keyName }),
    ...(options.instanceProfile === undefined ? {} : { IamInstanceProfile: profile(options.instanceProfile) }),
    ...network(securityGroupIds, address, options.efa === true),
  }
}

/**
 * Every disk of the image ends with its instance, whatever the image says; the root comes first. EC2 takes a size that is not
 * named from the image's snapshot; what speaks EC2's language elsewhere may refuse a disk without one, so it is named where known.
 * A rate is for disks that come of a snapshot, as the root does.
 */
function disks(
  { devices, gib = {} }: PinnedImage = { id: "", devices: [] },
  { rootGiB, volumeInitializationRate: rate }: Blueprint["options"],
): JsonObject {
  if (devices.length === 0) return {}
  const mappings = devices.map((DeviceName, index) => {
    const size = (index === 0 ? rootGiB : undefined) ?? gib[DeviceName]
    return {
      DeviceName,
      Ebs: {
        VolumeType: "gp3",
        Encrypted: true,
        DeleteOnTermination: true,
        ...(size === undefined ? {} : { VolumeSize: size }),
        ...(index > 0 || rate === undefined ? {} : { VolumeInitializationRate: rate }),
      },
    }
  })
  return { BlockDeviceMappings: mappings }
}

function profile(nameOrArn: string): JsonObject {
  return nameOrArn.startsWith("arn:") ? { Arn: nameOrArn } : { Name: nameOrArn }
}

/** The interface decides about an address and a fabric adapter; then it has the groups too. */
function network(groups: readonly string[], address: boolean | undefined, efa: boolean): JsonObject {
  if (address === undefined && !efa) return groups.length === 0 ? {} : { SecurityGroupIds: groups }
  const nic = {
    DeviceIndex: 0,
    DeleteOnTermination: true,
    ...(address === undefined ? {} : { AssociatePublicIpAddress: address }),
    ...(efa ? { InterfaceType: "efa" } : {}),
    ...(groups.length === 0 ? {} : { Groups: groups }),
  }
  return { NetworkInterfaces: [nic] }
}

/** Whether an instance in this subnet gets an address of its own; undefined: as the subnet says. */
export function addressIn({ publicAddress }: Blueprint, subnet: Subnet | undefined): boolean | undefined {
  return publicAddress === "auto" ? subnet?.needsAddress : publicAddress
}
