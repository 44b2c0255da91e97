/** Image: the name of a container's image, read as docker reads it. Pure. */
import type { Arch, Container } from "../provider.js"

/** The registry that is meant where a name has none. */
export const DOCKER_HUB = "docker.io"

export interface ImageName {
  /** The registry's host, with a port where the name has one. */
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}

/** Docker's rule: what stands before the first "/" is a host where it has a "." or a ":", or is "localhost". */
export function imageName(image: string): ImageName {
  const [name = "", digest] = image.split("@", 2)
  const slash = name.indexOf("/")
  const first = name.slice(0, Math.max(0, slash))
  const hasHost = /[.:]/.test(first) || first === "localhost"
  const rest = hasHost ? name.slice(slash + 1) : name
  const [, repository = rest, tag] = /^(.*?):([^:/]*)$/.exec(rest) ?? []
  return {
    registry: hasHost ? first : DOCKER_HUB,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

const DOCKER_ARCH: Readonly<Record<Arch, string>> = { x86_64: "amd64", arm64: "arm64" }

/** The architecture that a tag or a repository names, as people write it: "3.12-arm64", "arm64v8/python". */
export function archNamed(image: string): Arch | undefined {
  const { repository, tag = "" } = imageName(image)
  const words = [...repository.split("/").slice(0, 1), tag].flatMap((part) => part.toLowerCase().split(/[._-]/))
  if (words.some((word) => /^(?:arm64(?:v8)?|arm64v8|aarch64)$/.test(word))) return "arm64"
  return words.some((word) => /^(?:amd64|x64)$/.test(word)) || /x86[_-]64/i.test(tag) ? "x86_64" : undefined
}

/** Why an image is not for these architectures, by its name alone; undefined where the name tells nothing. */
export function archNote(image: string, archs: readonly Arch[]): string | undefined {
  const named = archNamed(image)
  const others = archs.filter((arch) => arch !== named)
  if (named === undefined || others.length === 0) return undefined
  return `the container's image "${image}" is for ${DOCKER_ARCH[named]} by its name, and the group may get ${others.map((arch) => DOCKER_ARCH[arch]).join(", ")}: say \`arch: "${named}"\`, or name an image of both`
}

/** A cloud's own registries, and what an instance needs to log in to them. */
export interface OwnRegistries {
  /** "Artifact Registry (europe-west2-docker.pkg.dev/…)". */
  readonly name: string
  readonly isOwn: (registry: string) => boolean
  /** The adapter's option that gives instances an identity, and whether it was given. */
  readonly option: string
  readonly hasIdentity: boolean
}

/** What is wrong with logging in to the registry of a group's image, before anything is launched. */
export function loginProblems(
  { name, container }: { readonly name: string; readonly container?: Container },
  own: OwnRegistries,
): readonly { readonly option: string; readonly value: string; readonly message: string }[] {
  if (container?.login === undefined) return []
  const { registry } = imageName(container.image)
  const problem = (message: string) => [
    { option: `groups.${name}.container.login`, value: container.login ?? "", message },
  ]
  if (!own.isOwn(registry)) {
    return problem(
      `is "instance", and the image is in ${registry}: an instance can log in to ${own.name} alone; leave login out for a public image`,
    )
  }
  if (own.hasIdentity) return []
  return problem(`is "instance", and instances have no identity: give ${own.option}, which may read the registry`)
}

/** What the plan says of a group's container. */
export function containerNotes({
  container,
  archs,
}: {
  readonly container?: Container
  readonly archs: readonly Arch[]
}): readonly string[] {
  const note = container === undefined ? undefined : archNote(container.image, archs)
  return note === undefined ? [] : [note]
}

/** "100 pulls per 6 hours per IPv4 address" without a login ("Docker Hub usage and limits"). */
const HUB_PULLS = 100

/** What the plan says of so many workers that pull an image at once. */
export function pullNotes(
  { container }: { readonly container: Container | undefined },
  count: number,
): readonly string[] {
  if (container === undefined || count <= HUB_PULLS || imageName(container.image).registry !== DOCKER_HUB) return []
  return [
    `${count} workers pull "${container.image}" from Docker Hub without a login, which allows ${HUB_PULLS} pulls in 6 hours of one address: where they share one (NAT), put the image into the cloud's registry, or into the machine's image`,
  ]
}
