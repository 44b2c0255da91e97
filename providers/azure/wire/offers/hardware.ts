/** What sizes and images ask of each other. */
import type { TypeSpec } from "../../../../src/simulator/index.js"
import { Refusal } from "../client/refusals.js"

/** Sizes of these series boot generation 1 only ("Support for generation 2 VMs": Av2, Dv2, Dv3). */
const FIRST_ONLY = /^Standard_(A\d+m?_v2|D\d+_v[23])$/
/** From the sixth version on disks are NVMe only, and generation 2 is a must ("NVMe overview"). */
const NEWEST = /_v[67]$/

export function generationsOf({ name, arch }: TypeSpec): string {
  if (FIRST_ONLY.test(name)) return "V1"
  return arch === "arm64" || NEWEST.test(name) ? "V2" : "V1,V2"
}

/** Sizes without the capability have SCSI. */
export function controllersOf({ name }: TypeSpec): string | undefined {
  return NEWEST.test(name) ? "NVMe" : undefined
}

export interface ImageFacts {
  readonly generation: "V1" | "V2"
  readonly controllers: string
  readonly architecture: "x64" | "Arm64"
  readonly os?: "Windows"
  /** The plan under which it is sold; its publisher, product and name are those of the image. */
  readonly isSold?: true
}

const UBUNTU = { generation: "V2", controllers: "SCSI, NVMe", architecture: "x64" } as const

/** "publisher/offer/sku" */
export const IMAGES: Readonly<Record<string, ImageFacts>> = {
  "canonical/ubuntu-24_04-lts/server": UBUNTU,
  "canonical/ubuntu-24_04-lts/server-gen1": { ...UBUNTU, generation: "V1", controllers: "SCSI" },
  "canonical/ubuntu-24_04-lts/server-arm64": { ...UBUNTU, architecture: "Arm64" },
  "microsoftwindowsserver/windowsserver/2025-datacenter-g2": { ...UBUNTU, os: "Windows" },
  "redhat/rhel/9-lvm-gen2": UBUNTU,
  "redhat/rhel-byos/rhel-lvm9-gen2": { ...UBUNTU, isSold: true },
  "vendor/product/plan-a": { ...UBUNTU, isSold: true },
}

const SKUS_API =
  "Please query sku api at https://aka.ms/azure-compute-skus to determine supported disk controller types"

/** @throws Refusal in Azure's words where the size cannot boot the image. */
export function checkBoot(type: TypeSpec, image: ImageFacts, controller: string | undefined): void {
  const { name } = type
  const [size, wanted] = [type.arch === "arm64" ? "Arm64" : "x64", image.architecture]
  if (size !== wanted)
    throw new Refusal(
      400,
      "BadRequest",
      `Cannot create a VM of size '${name}' because this VM size only supports a CPU Architecture of '${size}', but an image or disk with CPU Architecture '${wanted}' was given. Please check that the CPU Architecture of the image or disk is compatible with that of the VM size.`,
    )
  const number = image.generation.slice(1)
  if (!generationsOf(type).includes(image.generation))
    throw new Refusal(
      400,
      "BadRequest",
      `The selected VM size '${name}' cannot boot Hypervisor Generation '${number}'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size. If this was an Update operation please select a Hypervisor Generation '${number}' VM Size.`,
    )
  const ofSize = controllersOf(type) ?? "SCSI"
  if (controller !== undefined && !ofSize.includes(controller))
    throw new Refusal(
      400,
      "InvalidParameter",
      `The VM size '${name}' cannot boot with DiskControllerType '${controller}'. Please check that the disk controller type provided is one of the supported disk controller types for the VM size '${name}'. ${SKUS_API} for the VM size.`,
    )
  if (!image.controllers.includes(controller ?? ofSize))
    throw new Refusal(
      400,
      "InvalidParameter",
      `The VM size '${name}' cannot boot with OS image or disk. Please check that disk controller types supported by the OS image or disk is one of the supported disk controller types for the VM size '${name}'. ${SKUS_API} for the VM size.`,
    )
}
