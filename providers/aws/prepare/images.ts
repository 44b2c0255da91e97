/** Which image a group boots from, for each processor: found once and pinned. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { type MusterError, SpecError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Arch, Calls, GroupRequest } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import type { AwsImage, AwsOptions } from "../options.js"
import { IMAGE_ID, IMAGE_RULE, IMAGE_WORDS, type ImageWord } from "../options-check.js"
import { isOutOfReach } from "../client/errors.js"
import { readImages } from "../offers/image-traits.js"

/** An image and the devices of its disks, the root's first; no devices: they could not be read. */
export type PinnedImage = {
  readonly id: string
  readonly devices: readonly string[]
  /** The sizes of these disks in GiB, as far as they could be read. */
  readonly gib?: Readonly<Record<string, number>>
}
export type Images = { readonly [A in Arch]?: PinnedImage }

export interface FoundImages {
  readonly images: Images
  readonly notes: readonly string[]
}

interface Publisher {
  readonly owner: string
  readonly name: (arch: Arch) => string
  /** The name that is used, with a note, where the publisher has none of the first name. */
  readonly otherwise?: (arch: Arch) => string
}

/** Names as their publishers document them; `*` stands for the date. Canonical writes "amd64" where AWS writes "x86_64". */
const PUBLISHERS: { readonly [W in ImageWord]: Publisher } = {
  ubuntu: {
    owner: "099720109477",
    name: (arch) => `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${debian(arch)}-server-*`,
    // What imitates EC2 has the images of the year in which it was written.
    otherwise: (arch) => `ubuntu/images/hvm-ssd*/ubuntu-*-${debian(arch)}-server-*`,
  },
  "amazon-linux": { owner: "amazon", name: (arch) => `al2023-ami-2023.*-kernel-*-${arch}` },
  gpu: {
    owner: "amazon",
    name: (arch) => `Deep Learning ${arch === "arm64" ? "ARM64 " : ""}Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *`,
  },
}

function debian(arch: Arch): string {
  return arch === "arm64" ? "arm64" : "amd64"
}

/**
 * The images of a group: by name the newest of its publisher for each processor that is asked for, by id that one.
 *
 * @throws SpecError for a name that is none, for one that its publisher does not have here, and for an image whose
 *   processor is not that of the types.
 */
export async function imagesOf(
  send: Send,
  options: AwsOptions,
  group: GroupRequest,
  calls: Calls,
): Promise<FoundImages> {
  const { images, notes } = await findImages(send, options, group, calls)
  return { images, notes: [...notes, ...loadNotes(images, options)] }
}

async function findImages(send: Send, options: AwsOptions, group: GroupRequest, calls: Calls): Promise<FoundImages> {
  const asked = askedImage(options, group)
  if (typeof asked !== "string") return { images: forArchs(group, asked.arch, pinned(asked)), notes: [] }
  if (IMAGE_ID.test(asked)) return imageById(send, asked, group, calls)
  const found = await Promise.all(
    group.archs.map(async (arch) => ({ arch, ...(await published(send, asked as ImageWord, arch, calls)) })),
  )
  return {
    images: Object.fromEntries(found.map(({ arch, image }) => [arch, image])),
    notes: found.flatMap(({ note }) => note ?? []),
  }
}

/** Above the images of systems alone, which Muster takes by default; in GiB. */
const LARGE_ROOT_GIB = 16

/** "The default volume initialization rate fluctuates" ("Initialize Amazon EBS volumes"). */
function loadNotes(images: Images, { volumeInitializationRate: rate }: AwsOptions): readonly string[] {
  if (rate !== undefined) return []
  const large = Object.values(images).filter(({ devices: [root = ""], gib = {} }) => (gib[root] ?? 0) > LARGE_ROOT_GIB)
  return large.map(({ id, devices: [root = ""], gib = {} }) => {
    const size = `${String(gib[root])} GiB`
    return `image ${id} has a root disk of ${size}, which EBS loads when it is first read, some MiB a second: aws({ volumeInitializationRate: 300 }) loads it ahead, at a price per GiB`
  })
}

/** What the group asks for, or the options, or what suits it. */
function askedImage({ imageId }: AwsOptions, group: GroupRequest): AwsImage {
  const asked = group.image ?? imageId ?? (group.gpu === undefined ? "ubuntu" : "gpu")
  const isKnown =
    typeof asked !== "string" || IMAGE_ID.test(asked) || (IMAGE_WORDS as readonly string[]).includes(asked)
  if (isKnown) return asked
  const message = `is ${show(asked)}; ${IMAGE_RULE.charAt(0).toLowerCase()}${IMAGE_RULE.slice(1)}`
  throw new SpecError([{ option: optionOf(group), value: asked, message }])
}

function optionOf(group: GroupRequest): string {
  return group.image === undefined ? "aws.imageId" : `groups.${group.name}.image`
}

function pinned({ id, devices }: Exclude<AwsImage, string>): PinnedImage {
  return { id, devices }
}

function forArchs(group: GroupRequest, arch: Arch, image: PinnedImage): Images {
  const others = group.archs.filter((wanted) => wanted !== arch)
  if (others.length === 0) return { [arch]: image }
  const way = others.length < group.archs.length ? `ask for arch ${show(arch)}` : "name an image for that"
  const message = `is ${image.id}, an image for ${arch}, and the types that fit need ${others.join(", ")}; ${way}, or name an image by word`
  throw new SpecError([{ option: optionOf(group), value: image.id, message }])
}

/** Without the right to read images the id is used as it is: EC2 refuses a wrong processor before it launches anything. */
async function imageById(send: Send, id: string, group: GroupRequest, calls: Calls): Promise<FoundImages> {
  try {
    const [image] = await readImages(send, { ImageIds: [id] }, `reading image ${id}`, calls)
    if (image?.Platform?.toLowerCase() === "windows") throw windowsImage(id, group)
    const arch = image?.Architecture === "arm64" ? "arm64" : "x86_64"
    return { images: forArchs(group, arch, { id, ...disksOf(image) }), notes: [] }
  } catch (error) {
    if (!isOutOfReach(error)) throw error
    const note = `image ${id} could not be read (ec2:DescribeImages is not allowed): its disks are as it says itself, encrypted or not`
    const image = { id, devices: [] }
    return { images: { x86_64: image, arm64: image }, notes: [note] }
  }
}

/** "Platform: windows for Windows AMIs; otherwise blank"; ours of the user data is a script for `sh`. */
function windowsImage(id: string, group: GroupRequest): SpecError {
  const message = `is ${id}, an image of Windows, which does not run a startup that begins with #!/bin/sh, nor Muster's own part of it, by which it ends at the deadline; name an image of Linux`
  return new SpecError([{ option: optionOf(group), value: id, message }])
}

async function published(
  send: Send,
  word: ImageWord,
  arch: Arch,
  calls: Calls,
): Promise<{ readonly image: PinnedImage; readonly note?: string }> {
  const { owner, name, otherwise } = PUBLISHERS[word]
  const query = { send, what: `looking for the newest ${word} image for ${arch}`, owner, arch, calls }
  const usual = await newest(query, name(arch))
  if (usual?.ImageId !== undefined) return { image: { id: usual.ImageId, ...disksOf(usual) } }
  const other = otherwise === undefined ? undefined : await newest(query, otherwise(arch))
  if (other?.ImageId !== undefined) {
    const note = `image ${show(word)} for ${arch} is ${other.Name ?? other.ImageId}: ${owner} publishes no ${name(arch)} here`
    return { image: { id: other.ImageId, ...disksOf(other) }, note }
  }
  const message = `is "${word}", and ${owner} publishes none for ${arch} here (${name(arch)}); name an image by its id`
  throw new SpecError([{ option: "image", value: word, message }])
}

interface ImageQuery {
  readonly send: Send
  readonly what: string
  readonly owner: string
  readonly arch: Arch
  readonly calls: Calls
}

/** The latest of a name with wildcards; of the same second the last by name. */
async function newest({ send, what, owner, arch, calls }: ImageQuery, name: string): Promise<Ec2.Image | undefined> {
  const filters = { name, architecture: arch, state: "available" }
  const input = {
    Owners: [owner],
    Filters: Object.entries(filters).map(([Name, value]) => ({ Name, Values: [value] })),
  }
  const found = await readImages(send, input, what, calls).catch(unreadable)
  const order = ({ CreationDate = "", Name = "" }: Ec2.Image) => `${CreationDate}/${Name}`
  return [...found].sort((a, b) => (order(a) < order(b) ? 1 : -1))[0]
}

function unreadable(error: MusterError): never {
  if (!isOutOfReach(error)) throw error
  const message = `cannot be looked up (ec2:DescribeImages is not allowed); name an image by its id, or allow it; ${error.message}`
  throw new SpecError([{ option: "image", message }], { code: error.code, cause: error })
}

function disksOf(image: Ec2.Image | undefined): Omit<PinnedImage, "id"> {
  const root = image?.RootDeviceName
  const disks = (image?.BlockDeviceMappings ?? []).flatMap(({ DeviceName: name, Ebs: disk }) =>
    name === undefined || disk === undefined ? [] : [{ name, gib: disk.VolumeSize }],
  )
  const names = disks.map(({ name }) => name)
  const gib = Object.fromEntries(disks.flatMap(({ name, gib }) => (gib === undefined ? [] : [[name, gib]])))
  const devices = root === undefined ? names : [root, ...names.filter((name) => name !== root)]
  return { devices, ...(Object.keys(gib).length === 0 ? {} : { gib }) }
}
