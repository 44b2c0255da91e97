/** Which sizes can boot which image: what Azure would refuse is not offered ("Support for generation 2 VMs", "NVMe overview"). */
import type { SpecProblem } from "../../../src/errors.js"
import type { Arch, Calls, OfferQuery } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import { imageName, type ImageNeeds, imageNeeds } from "./images.js"
import { archOf, capabilityOf, type NativeSku } from "./skus.js"

export interface Bootable {
  readonly skus: readonly NativeSku[]
  /** Of those that are left out: why. */
  readonly problems: readonly SpecProblem[]
}

/** Images are read only where a size is choosy: most boot both generations, and from SCSI. */
export async function bootableOf(
  azure: Azure,
  { boots }: OfferQuery,
  skus: readonly NativeSku[],
  calls: Calls,
): Promise<Bootable> {
  if (boots === undefined) return { skus, problems: [] }
  const archs = [...new Set(skus.filter(isRestrictive).map(archOf))]
  const images = new Map(await Promise.all(archs.map((arch) => needsOf(azure, boots.image, arch, calls))))
  const judged = skus.map((sku) => ({ sku, problem: problemOf(sku, images.get(archOf(sku))) }))
  return {
    skus: judged.flatMap(({ sku, problem }) => (problem === undefined ? [sku] : [])),
    problems: judged.flatMap(({ problem }) => problem ?? []),
  }
}

interface Image extends ImageNeeds {
  readonly name: string
}

async function needsOf(
  azure: Azure,
  own: string | undefined,
  arch: Arch,
  calls: Calls,
): Promise<readonly [Arch, Image]> {
  const name = imageName(azure, own, arch)
  return [arch, { name, ...(await imageNeeds(azure, name, calls)) }]
}

function listOf(sku: NativeSku, capability: string): readonly string[] {
  return (capabilityOf(sku, capability) ?? "").split(",").flatMap((one) => (one.trim() === "" ? [] : [one.trim()]))
}

/** A size that says nothing of its disk controllers has SCSI (as Karpenter's Azure provider reads it). */
export function isNvmeOnly(sku: NativeSku): boolean {
  const controllers = listOf(sku, "DiskControllerTypes")
  return controllers.length > 0 && !controllers.includes("SCSI")
}

function isRestrictive(sku: NativeSku): boolean {
  return isNvmeOnly(sku) || listOf(sku, "HyperVGenerations").length === 1
}

function problemOf(sku: NativeSku, image: Image | undefined): SpecProblem | undefined {
  const why = image === undefined ? undefined : misfit(sku, image)
  if (why === undefined || image === undefined) return undefined
  const { name: value = "" } = sku
  return { option: "instanceType", value, message: `"${value}" cannot boot ${image.name}: ${why}` }
}

function misfit(sku: NativeSku, { generation, controllers }: ImageNeeds): string | undefined {
  const generations = listOf(sku, "HyperVGenerations")
  if (generation !== undefined && generations.length > 0 && !generations.includes(generation))
    return `it boots images of generation ${numbers(generations)}, and this one is of generation ${numbers([generation])}; name another size, or an image of that generation`
  if (controllers !== undefined && isNvmeOnly(sku) && !controllers.includes("NVMe"))
    return `its disks are NVMe, for which this image is not tagged (feature DiskControllerTypes); name an older size, or an image that is`
  return undefined
}

/** "V1" is generation 1. */
function numbers(generations: readonly string[]): string {
  return generations.map((one) => one.replace(/^V/i, "")).join(" and ")
}
