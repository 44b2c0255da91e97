/** From an image's name to a reference with an exact version, the same for all VMs of a group. */
import { RejectedError, SpecError, TransientError } from "../../src/errors.js"
import { show } from "../../src/parse.js"
import type { Arch, Calls, GroupRequest, JsonObject } from "../../src/provider.js"
import { isForbidden } from "./errors.js"
import { IMAGE_ID, URN } from "./options.js"
import { arm, type Azure } from "./send.js"
import { COMPUTE } from "./versions.js"

/** "Find Azure Marketplace image information": Canonical's own offers. */
const UBUNTU: { readonly [A in Arch]: string } = {
  x86_64: "Canonical:ubuntu-24_04-lts:server:latest",
  arm64: "Canonical:ubuntu-24_04-lts:server-arm64:latest",
}

export interface Images {
  readonly images: { readonly [A in Arch]?: JsonObject }
  readonly notes: readonly string[]
}

/** @throws SpecError when a group's image is neither a URN nor a resource id. */
export async function imagesOf(azure: Azure, group: GroupRequest, calls: Calls): Promise<Images> {
  const archs = group.archs.length > 0 ? group.archs : (["x86_64"] as const)
  const found = await Promise.all(
    archs.map(async (arch) => [arch, await referenceOf(azure, nameOf(azure, group, arch), calls)] as const),
  )
  return {
    images: Object.fromEntries(found.map(([arch, { reference }]) => [arch, reference])),
    notes: [...new Set(found.flatMap(([, { note }]) => note ?? []))],
  }
}

function nameOf({ options }: Azure, group: GroupRequest, arch: Arch): string {
  const given = typeof options.image === "object" ? options.image[arch] : options.image
  const name = group.image ?? given ?? UBUNTU[arch]
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

async function newest(
  azure: Azure,
  image: { readonly publisher: string; readonly offer: string; readonly sku: string },
  calls: Calls,
): Promise<string> {
  const { subscriptionId, location } = azure.options
  const { publisher, offer, sku } = image
  const what = `looking for the newest ${publisher}:${offer}:${sku} in ${location}`
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${sku}/versions?$top=1&$orderby=name%20desc&api-version=${COMPUTE}`
  const reply = await arm(azure, calls, "VirtualMachineImages_List", { method: "GET", path }, { what })
  if (!Array.isArray(reply.body)) throw new TransientError(`${what}: the answer is no list`)
  const [version] = reply.body as readonly { readonly name?: string }[]
  if (version?.name === undefined) throw new RejectedError(`${what}: there is none; check the image and the location`)
  return version.name
}
