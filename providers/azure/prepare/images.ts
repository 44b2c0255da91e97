/** From an image's name to a reference with an exact version, the same for all VMs of a group. */
import { SpecError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Arch, Calls, GroupRequest, JsonObject } from "../../../src/provider.js"
import { isForbidden } from "../client/errors.js"
import type { Azure } from "../client/send.js"
import { imageName, type Kind, kindFor, newest } from "../offers/images.js"
import { IMAGE_ID, URN } from "../options-check.js"

export interface Images {
  readonly images: { readonly [A in Arch]?: JsonObject }
  /** The purchase plans of images that are sold with one: a VM must name it. */
  readonly plans: { readonly [A in Arch]?: JsonObject }
  readonly notes: readonly string[]
}

/** @throws SpecError when a group's image is neither a URN nor a resource id, or is Windows. */
export async function imagesOf(azure: Azure, group: GroupRequest, calls: Calls): Promise<Images> {
  const archs = group.archs.length > 0 ? group.archs : (["x86_64"] as const)
  const found = await Promise.all(
    archs.map(async (arch) => {
      const name = checkedName(azure, group, arch)
      const [{ reference, note }, kind] = await Promise.all([
        referenceOf(azure, name, calls),
        kindFor(azure, name, `groups.${group.name}.image`, calls),
      ])
      return {
        arch,
        reference,
        plan: kind.plan,
        notes: [...(note === undefined ? [] : [note]), ...soldNotes(name, kind)],
      }
    }),
  )
  return {
    images: Object.fromEntries(found.map(({ arch, reference }) => [arch, reference])),
    plans: Object.fromEntries(found.flatMap(({ arch, plan }) => (plan === undefined ? [] : [[arch, plan]]))),
    notes: [...new Set(found.flatMap(({ notes }) => notes))],
  }
}

function soldNotes(name: string, { plan, isLicensed }: Kind): readonly string[] {
  if (!isLicensed) return []
  const price = `image ${name} is paid for beside the machine: what it costs is not known here, so offers with it have no price`
  if (plan === undefined) return [price]
  const { publisher, product, name: sku } = plan
  const terms = `az vm image terms accept --publisher ${String(publisher)} --offer ${String(product)} --plan ${String(sku)}`
  return [`${price}; its terms must be accepted once: ${terms}`]
}

function checkedName(azure: Azure, group: GroupRequest, arch: Arch): string {
  const name = imageName(azure, group.image, arch)
  if (URN.test(name) || IMAGE_ID.test(name)) return name
  const message = `is ${show(name)}; give "publisher:offer:sku:version" or an image's resource id`
  throw new SpecError([{ option: `groups.${group.name}.image`, value: name, message }])
}

interface Found {
  readonly reference: JsonObject
  readonly note?: string
}

async function referenceOf(azure: Azure, name: string, calls: Calls): Promise<Found> {
  if (!URN.test(name)) return { reference: { id: name } }
  const [publisher = "", offer = "", sku = "", version = ""] = name.split(":")
  if (version !== "latest") return { reference: { publisher, offer, sku, version } }
  try {
    return { reference: { publisher, offer, sku, version: await newest(azure, { publisher, offer, sku }, calls) } }
  } catch (error) {
    if (!isForbidden(error)) throw error
    const note = `the versions of ${name} may not be read: each VM takes the newest at its creation, and they may differ`
    return { reference: { publisher, offer, sku, version }, note }
  }
}
