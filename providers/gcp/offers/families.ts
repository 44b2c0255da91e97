/** What a machine type's name tells of the machine: the disks that it boots from and takes, its GPUs, its architecture. */
import type { Arch, Offer } from "../../../src/provider.js"
import { seriesOf } from "../client/refusals/series.js"

/**
 * Series that boot only from Hyperdisk ("Hyperdisk", machine series support), and what is bare metal: of all others "pd-balanced
 * disk type cannot be used by c4-standard-8 machine type" is what users get to read.
 */
const HYPERDISK = /^(c4[adn]?|n4[ad]?|x4|m4n?|a[45]x?|h4d|z4[dm])-|-metal$/
/** Series of before Hyperdisk Balanced, which they refuse in the same words (openshift/installer, InstanceTypeToDiskTypeMap). */
const NO_HYPERDISK = /^(custom|f1|g1|n1|n2d?|e2|t2[ad]|c2d?|a2)-/
/** Series that take SSDs only (the same table). */
const NO_HARD_DISK = /^(c3d?|a3)-/
const ARM = /^(t2a|c4a|n4a|a[45]x)$/

export function diskTypeOf(instanceType: string): string {
  return HYPERDISK.test(instanceType) ? "hyperdisk-balanced" : "pd-balanced"
}

/**
 * Whether a machine of this type boots from such a disk; combinations that are documented nowhere are left for Compute Engine
 * to refuse.
 */
export function takesDisk(instanceType: string, diskType: string): boolean {
  if (HYPERDISK.test(instanceType)) return !diskType.startsWith("pd-")
  if (NO_HYPERDISK.test(instanceType)) return !diskType.startsWith("hyperdisk-balanced")
  return !(NO_HARD_DISK.test(instanceType) && diskType === "pd-standard")
}

/** "Each Local SSD disk ... provides 375 GiB" ("About Local SSD disks"). */
const LOCAL_SSD_GIB = 375
/**
 * Titanium SSDs of storage-optimized types and of what is bare metal, and of A4X, are 3 TiB each; of bare metal Z3 twice that
 * ("Storage-optimized machine family", "About Local SSD disks"). Of later Z series it is the least.
 */
const TITANIUM_GIB = 3_000

/** The size of one local SSD of this type, in GiB. The API gives their number, and not their size. */
export function localSsdGiB(instanceType: string): number {
  if (/^z3-.*-metal$/.test(instanceType)) return 2 * TITANIUM_GIB
  return /^z|^a4x|-metal$/.test(instanceType) ? TITANIUM_GIB : LOCAL_SSD_GIB
}

/**
 * Types that take as many local SSDs as one asks for. To all others "Compute Engine automatically attaches a specific number",
 * or none ("Add Local SSD disks to your VM").
 */
export function takesLocalSsds(instanceType: string): boolean {
  return /^(custom|n1|n2d?|c2d?|g[24]|m[13]|a2-(high|mega)gpu)-/.test(instanceType)
}

/** TPUs, bare metal, H3, H4D and Z3 with more than 18 TiB of local SSD are not live-migrated ("Live migration", limitations). */
export function cannotMigrate({
  instanceType,
  localDiskGiB = 0,
}: Pick<Offer, "instanceType" | "localDiskGiB">): boolean {
  return /^(h[34]d?|ct\w+|tpu\w+)-|-metal$/.test(instanceType) || (/^z/.test(instanceType) && localDiskGiB > 18_000)
}

export function archOf(instanceType: string): Arch {
  return ARM.test(seriesOf(instanceType)) ? "arm64" : "x86_64"
}

/** Types whose GPUs are built in name their series by a or g ("GPU machine types"). */
export function hasBuiltInGpu(instanceType: string): boolean {
  return /^(a[2-9]|g[2-9])/.test(seriesOf(instanceType))
}

/**
 * A part of a GPU is counted as one: of G4 a whole one has 48 vCPUs, and types with 24, 12 and 6 a half, a quarter and an eighth
 * ("GPU machine types", G4).
 */
export function gpuCountOf(instanceType: string, counted: number, vcpus: number): number {
  return /^g4-standard-/.test(instanceType) && vcpus < 48 ? vcpus / 48 : counted
}

/** TPUs are listed as accelerators too, and are none of NVIDIA's, whose all GPUs here are. */
export function isGpu(acceleratorType: string): boolean {
  return acceleratorType.startsWith("nvidia-")
}

/** "L4" of "nvidia-l4", "T4" of "nvidia-tesla-t4", "H100-80GB" of "nvidia-h100-80gb". */
export function gpuNameOf(acceleratorType: string): string {
  return acceleratorType.replace(/^nvidia-(tesla-)?/, "").toUpperCase()
}
