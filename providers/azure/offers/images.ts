/** What an image asks of the size that boots it, and whether it is paid for beside the machine. */
import { sharedRead } from "../../../src/client/shared-read.js"
import { RejectedError, SpecError, TransientError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Arch, Calls, JsonObject } from "../../../src/provider.js"
import { isRefused } from "../client/errors.js"
import { arm, type Azure } from "../client/send.js"
import { COMPUTE, GALLERIES } from "../client/versions.js"
import { URN } from "../options-check.js"

/** "Find Azure Marketplace image information": Canonical's own offers. */
const UBUNTU: { readonly [A in Arch]: string } = {
  x86_64: "Canonical:ubuntu-24_04-lts:server:latest",
  arm64: "Canonical:ubuntu-24_04-lts:server-arm64:latest",
}

/**
 * The architectures whose image is paid for beside the machine: no price list here has what that costs.
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

export interface Kind {
  readonly plan?: JsonObject
  /** Paid for beside the machine. */
  readonly isLicensed: boolean
}

/** Ubuntu's own is known to be neither Windows nor sold, and is not read for it. */
export async function kindFor(azure: Azure, name: string, option: string, calls: Calls): Promise<Kind> {
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

/** What a group boots: its own image, the provider's, or Ubuntu. */
export function imageName({ options }: Azure, own: string | undefined, arch: Arch): string {
  const given = typeof options.image === "object" ? options.image[arch] : options.image
  return own ?? given ?? UBUNTU[arch]
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

export const newest = sharedRead(async (azure: Azure, image: Marketplace, calls: Calls): Promise<string> => {
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
 * Of a marketplace image and of a gallery's the features say which disk controllers it is tagged for; without a tag it is for
 * SCSI ("How do I use a base image that supports NVMe", "FAQ for remote NVMe disks"). Of a managed image nothing does. One that
 * may not be read, or is not there, is reported by the launch.
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
