/** From the image that was asked for to the one that all instances of a group boot from. */
import { AuthError, RejectedError, SpecError } from "../../src/errors.js"
import type { Arch, Calls, GroupRequest } from "../../src/provider.js"
import type { Send } from "./client.js"
import { type GcpOptions, IMAGE, IMAGE_RULE } from "./options.js"

/** Runs startup scripts, and is free. */
const DEFAULTS: { readonly [A in Arch]: string } = {
  x86_64: "projects/debian-cloud/global/images/family/debian-12",
  arm64: "projects/debian-cloud/global/images/family/debian-12-arm64",
}

export type Images = { readonly [A in Arch]?: string }

/**
 * One image for each architecture. A family is resolved now, so that all instances of a group boot the same image however
 * long it grows; without the right to read it, Compute Engine resolves it at each launch, and a note says so.
 *
 * @throws SpecError when there is no such image.
 */
export async function imagesOf(
  send: Send,
  options: GcpOptions,
  group: GroupRequest,
  calls: Calls,
): Promise<{ readonly images: Images; readonly notes: readonly string[] }> {
  const resolved = await Promise.all(
    [...new Set(group.archs)].map(async (arch) => ({
      arch,
      ...(await resolve(send, wanted(options, group, arch), calls)),
    })),
  )
  const images = Object.fromEntries(resolved.map(({ arch, image }) => [arch, image]))
  return { images, notes: resolved.flatMap(({ note }) => note ?? []) }
}

interface Wanted {
  readonly option: string
  readonly image: string
}

function wanted({ image }: GcpOptions, group: GroupRequest, arch: Arch): Wanted {
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

async function resolve(
  send: Send,
  { option, image }: Wanted,
  calls: Calls,
): Promise<{ readonly image: string; readonly note?: string }> {
  const match = /^(?:projects\/([^/]+)\/)?global\/images\/family\/(.+)$/.exec(image)
  if (match === null) return { image }
  const [, project, family = ""] = match
  const message = { family, ...(project === undefined ? {} : { project }) }
  try {
    const found = await send(calls, "images.getFromFamily", {
      what: `reading the newest image of ${image}`,
      message,
      fields: "name,selfLink",
    })
    return { image: `${project === undefined ? "" : `projects/${project}/`}global/images/${found.name ?? ""}` }
  } catch (error) {
    if (error instanceof AuthError) {
      return {
        image,
        note: `the newest image of ${image} may not be read: each launch takes the newest then (${error.code})`,
      }
    }
    if (!(error instanceof RejectedError)) throw error
    throw new SpecError([{ option, value: image, message: `${error.message}; ${IMAGE_RULE}` }], {
      code: error.code,
      cause: error,
    })
  }
}
