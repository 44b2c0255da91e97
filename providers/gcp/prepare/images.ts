/** From the image that was asked for to the one that all instances of a group boot from. */
import { AuthError, type CloudWords, RejectedError, SpecError } from "../../../src/errors.js"
import type { Arch, Calls, GroupRequest } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Send } from "../client/send.js"
import { FREE, type ImageKind, kindByProject, kindOf } from "./licenses.js"
import type { GcpOptions } from "../options.js"
import { IMAGE, IMAGE_RULE } from "../options-check.js"

/** Runs startup scripts, and is free. */
const DEFAULTS: { readonly [A in Arch]: string } = {
  x86_64: "projects/debian-cloud/global/images/family/debian-12",
  arm64: "projects/debian-cloud/global/images/family/debian-12-arm64",
}

export type Images = { readonly [A in Arch]?: string }

/** What decides on the images of a group. */
type ImageRequest = Pick<GroupRequest, "name" | "archs" | "image">

/**
 * One image for each architecture. A family is resolved now, so that all instances of a group boot the same image however
 * long it grows; without the right to read it, Compute Engine resolves it at each launch, and a note says so.
 *
 * @throws SpecError when there is no such image, or it is Windows.
 */
export async function imagesOf(
  send: Send,
  options: GcpOptions,
  group: ImageRequest,
  calls: Calls,
): Promise<{ readonly images: Images; readonly notes: readonly string[] }> {
  const resolved = await resolveAll(send, options, group, calls)
  const images = Object.fromEntries(resolved.map(({ arch, image }) => [arch, image]))
  return { images, notes: resolved.flatMap(({ notes }) => notes) }
}

/**
 * The architectures whose image is paid for beside the machine: no list of prices here has that cost.
 *
 * @throws SpecError as `imagesOf`.
 */
export async function licensedArchs(
  send: Send,
  options: GcpOptions,
  group: ImageRequest,
  calls: Calls,
): Promise<ReadonlySet<Arch>> {
  // What Google's own projects have is known by their names.
  const archs = group.archs.filter(
    (arch) => kindByProject(partsOf(wanted(options, group, arch).image).project) !== FREE,
  )
  const resolved = await resolveAll(send, options, { ...group, archs }, calls)
  return new Set(resolved.flatMap(({ arch, isLicensed }) => (isLicensed ? [arch] : [])))
}

async function resolveAll(send: Send, options: GcpOptions, group: ImageRequest, calls: Calls) {
  return Promise.all(
    [...new Set(group.archs)].map(async (arch) => {
      const { option, image: value } = wanted(options, group, arch)
      const { problem, ...resolved } = await resolve(send, value, calls)
      if (problem === undefined) return { arch, ...resolved }
      throw new SpecError([{ option, value, message: problem.message }], problem.words)
    }),
  )
}

interface Wanted {
  readonly option: string
  readonly image: string
}

function wanted({ image }: GcpOptions, group: ImageRequest, arch: Arch): Wanted {
  if (group.image !== undefined) {
    const option = `groups.${group.name}.image`
    if (!IMAGE.test(group.image))
      throw new SpecError([{ option, value: group.image, message: `is "${group.image}"; ${IMAGE_RULE}` }])
    return { option, image: pathOf(group.image) }
  }
  return { option: "gcp.image", image: pathOf((typeof image === "string" ? image : image?.[arch]) ?? DEFAULTS[arch]) }
}

/** A bare name is one of the cluster's own project. */
function pathOf(image: string): string {
  return image.includes("global/images/") ? image : `global/images/${image}`
}

function partsOf(image: string) {
  const [, project, family, name = ""] = /^(?:projects\/([^/]+)\/)?global\/images\/(family\/)?(.+)$/.exec(image) ?? []
  return { project, isFamily: family !== undefined, name }
}

interface Resolved extends ImageKind {
  readonly image: string
  readonly notes: readonly string[]
  /** Why it cannot be used. */
  readonly problem?: { readonly message: string; readonly words?: CloudWords }
}

const WINDOWS =
  "is a Windows image, and startup scripts here are for Linux: name an image of Linux, or launch Windows with other tools"

const resolve = sharedRead(async (send: Send, image: string, calls: Calls): Promise<Resolved> => {
  const { project, isFamily, name } = partsOf(image)
  const known = kindByProject(project)
  if (known?.isWindows === true) return { image, notes: [], ...known, problem: { message: WINDOWS } }
  if (known !== undefined && !isFamily) return { image, notes: [], ...known }
  const owner = project === undefined ? {} : { project }
  const what = isFamily ? `reading the newest image of ${image}` : `reading image ${image}`
  try {
    const found = isFamily
      ? await send(calls, "images.getFromFamily", { what, fields: FIELDS, message: { family: name, ...owner } })
      : await send(calls, "images.get", { what, fields: FIELDS, message: { image: name, ...owner } })
    const exact = `${project === undefined ? "" : `projects/${project}/`}global/images/${found.name ?? name}`
    const kind = known ?? kindOf(found)
    if (kind.isWindows) return { image: exact, notes: [], ...kind, problem: { message: WINDOWS } }
    return { image: exact, notes: kind.isLicensed ? [licensedNote(exact)] : [], ...kind }
  } catch (error) {
    // An image that may not be read is checked by the launch itself.
    if (error instanceof AuthError) return { image, notes: isFamily ? [unreadNote(image, error.code)] : [], ...FREE }
    if (!(error instanceof RejectedError)) throw error
    const problem = { message: `${error.message}; ${IMAGE_RULE}`, words: { code: error.code, cause: error } }
    return { image, notes: [], ...FREE, problem }
  }
})

const FIELDS = "name,selfLink,licenses,guestOsFeatures(type)"

function unreadNote(image: string, code: string): string {
  return `the newest image of ${image} may not be read: each launch takes the newest then (${code})`
}

function licensedNote(image: string): string {
  return `${image} has licenses that are paid for beside the machine: what they cost is not known here, so offers with it have no price`
}
