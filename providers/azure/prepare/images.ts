/** From an image's name to a reference with an exact version, the same for all VMs of a group. */
import { RejectedError, SpecError, TransientError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Arch, Calls, GroupRequest, JsonObject } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import { isForbidden, isRefused } from "../client/errors.js"
import { IMAGE_ID, URN } from "../options.js"
import { arm, type Azure } from "../client/send.js"
import { COMPUTE, GALLERIES } from "../client/versions.js"

/** "Find Azure Marketplace image information": Canonical's own offers. */
const UBUNTU: { readonly [A in Arch]: string } = {
  x86_64: "Canonical:ubuntu-24_04-lts:server:latest",
  arm64: "Canonical:ubuntu-24_04-lts:server-arm64:latest",
}

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

/**
 * The architectures whose image is paid for beside the machine: what that comes to, no list of prices here tells.
 *
 * @throws SpecError when one is Windows.
 */
export async function licensedArchs(
  azure: Azure,
  own: string | undefined,
  archs: readonly Arch[],
  calls: Calls,
): Promise<ReadonlySet<Arch>> {
  const option = own === undefined ? "azure.image" : "image"
  const kinds = await Promise.all(
    archs.map(async (arch) => ({ arch, ...(await kindFor(azure, imageName(azure, own, arch), option, calls)) })),
  )
  return new Set(kinds.flatMap(({ arch, isLicensed }) => (isLicensed ? [arch] : [])))
}

interface Kind {
  readonly plan?: JsonObject
  /** Paid for beside the machine. */
  readonly isLicensed: boolean
}

/** Ubuntu's own is known to be neither Windows nor sold, and is not read for it. */
async function kindFor(azure: Azure, name: string, option: string, calls: Calls): Promise<Kind> {
  if (Object.values(UBUNTU).includes(name)) return { isLicensed: false }
  const { os = "Linux", plan } = await imageNeeds(azure, name, calls)
  if (/^windows$/i.test(os)) {
    const message = `is ${show(name)}, a Windows image, and startup scripts here are for Linux; name an image of Linux`
    throw new SpecError([{ option, value: name, message }])
  }
  return { isLicensed: plan !== undefined || isPaid(name), ...(plan === undefined ? {} : { plan }) }
}

/** Publishers whose systems are billed by the hour with the VM, unless the subscription is one's own ("Azure Marketplace images"). */
function isPaid(name: string): boolean {
  const [publisher = "", offer = "", sku = ""] = name.toLowerCase().split(":")
  if (/byos|opensuse/.test(`${offer} ${sku}`)) return false
  return (
    publisher === "redhat" ||
    publisher === "suse" ||
    (publisher === "canonical" && /(^|-)pro(-|$)/.test(`${offer}-${sku}`))
  )
}

function soldNotes(name: string, { plan, isLicensed }: Kind): readonly string[] {
  if (!isLicensed) return []
  const price = `image ${name} is paid for beside the machine: what it costs is not known here, so offers with it have no price`
  if (plan === undefined) return [price]
  const { publisher, product, name: sku } = plan
  const terms = `az vm image terms accept --publisher ${String(publisher)} --offer ${String(product)} --plan ${String(sku)}`
  return [`${price}; its terms must be accepted once: ${terms}`]
}

/** What a group boots: its own image, the provider's, or Ubuntu. */
export function imageName({ options }: Azure, own: string | undefined, arch: Arch): string {
  const given = typeof options.image === "object" ? options.image[arch] : options.image
  return own ?? given ?? UBUNTU[arch]
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

interface Marketplace {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
}

function versionsPath({ options }: Azure, { publisher, offer, sku }: Marketplace): string {
  const { subscriptionId, location } = options
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}/publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${sku}/versions`
}

const newest = sharedRead(async (azure: Azure, image: Marketplace, calls: Calls): Promise<string> => {
  const { publisher, offer, sku } = image
  const what = `looking for the newest ${publisher}:${offer}:${sku} in ${azure.options.location}`
  const path = `${versionsPath(azure, image)}?$top=1&$orderby=name%20desc&api-version=${COMPUTE}`
  const reply = await arm(azure, calls, "VirtualMachineImages_List", { method: "GET", path }, { what })
  if (!Array.isArray(reply.body)) throw new TransientError(`${what}: the answer is no list`)
  const [version] = reply.body as readonly { readonly name?: string }[]
  if (version?.name === undefined) throw new RejectedError(`${what}: there is none; check the image and the location`)
  return version.name
})

/** What an image asks of the size that boots it. What is not known rules nothing out. */
export interface ImageNeeds {
  /** "V1" or "V2". */
  readonly generation?: string
  /** "SCSI", "NVMe". */
  readonly controllers?: readonly string[]
  /** "Linux" or "Windows". */
  readonly os?: string
  readonly plan?: JsonObject
}

interface NativePlan {
  readonly name?: string
  readonly publisher?: string
  readonly product?: string
}

/** Of the Marketplace ("Virtual Machine Images - Get"), a gallery's definition ("Gallery Images - Get"), or a managed image. */
interface NativeImage {
  readonly properties?: {
    readonly hyperVGeneration?: string
    readonly features?: readonly { readonly name?: string; readonly value?: string }[]
    readonly osDiskImage?: { readonly operatingSystem?: string }
    readonly osType?: string
    readonly storageProfile?: { readonly osDisk?: { readonly osType?: string } }
    readonly plan?: NativePlan
    readonly purchasePlan?: NativePlan
  }
}

/**
 * Of a marketplace image and of a gallery's the features tell which disk controllers it is tagged for; without a tag it is for
 * SCSI ("How do I use a base image that supports NVMe", "FAQ for remote NVMe disks"). Of a managed image nothing does. One that
 * may not be read, or is not there, is left for the launch to tell of.
 */
export const imageNeeds = sharedRead(async (azure: Azure, name: string, calls: Calls): Promise<ImageNeeds> => {
  const sending = { what: `reading what image ${name} needs`, member: "properties" }
  try {
    const { api, path, isTagged } = await placeOf(azure, name, calls)
    const reply = await arm(azure, calls, api, { method: "GET", path }, sending)
    const { properties = {} } = reply.body as NativeImage
    const { hyperVGeneration, features = [] } = properties
    const { value = "SCSI" } = features.find((feature) => feature.name === "DiskControllerTypes") ?? {}
    return {
      ...(hyperVGeneration === undefined ? {} : { generation: hyperVGeneration }),
      ...(isTagged ? { controllers: value.split(",").map((one) => one.trim()) } : {}),
      ...soldAs(properties),
    }
  } catch (error) {
    if (!isRefused(error)) throw error
    return {}
  }
})

function soldAs(properties: NonNullable<NativeImage["properties"]>): Pick<ImageNeeds, "os" | "plan"> {
  const { osDiskImage, osType, storageProfile, plan, purchasePlan } = properties
  const os = osDiskImage?.operatingSystem ?? osType ?? storageProfile?.osDisk?.osType
  const { name, publisher, product } = plan ?? purchasePlan ?? {}
  const isWhole = name !== undefined && publisher !== undefined && product !== undefined
  return { ...(os === undefined ? {} : { os }), ...(isWhole ? { plan: { name, publisher, product } } : {}) }
}

interface ImagePlace {
  readonly api: "VirtualMachineImages_Get" | "Images_Get" | "GalleryImages_Get"
  readonly path: string
  readonly isTagged: boolean
}

async function placeOf(azure: Azure, name: string, calls: Calls): Promise<ImagePlace> {
  if (URN.test(name)) {
    const [publisher = "", offer = "", sku = "", version = ""] = name.split(":")
    const image = { publisher, offer, sku }
    const exact = version === "latest" ? await newest(azure, image, calls) : version
    const path = `${versionsPath(azure, image)}/${exact}?api-version=${COMPUTE}`
    return { api: "VirtualMachineImages_Get", path, isTagged: true }
  }
  if (!/\/galleries\//i.test(name))
    return { api: "Images_Get", path: `${name}?api-version=${COMPUTE}`, isTagged: false }
  // All versions of a definition share these.
  const path = `${name.replace(/\/versions\/[^/]+$/i, "")}?api-version=${GALLERIES}`
  return { api: "GalleryImages_Get", path, isTagged: true }
}
