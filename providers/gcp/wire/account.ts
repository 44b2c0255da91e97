/** A project before anything is launched: public images, a network with a subnetwork. And how resources are named. */
import { createHash } from "node:crypto"
import type { World } from "../../../src/simulator/index.js"

export const PROJECT = "muster-test"

/** The newest of each family, with the architecture it is for. */
const IMAGES: readonly (readonly [project: string, family: string, name: string, arch: "X86_64" | "ARM64"])[] = [
  ["debian-cloud", "debian-12", "debian-12-bookworm-v20260114", "X86_64"],
  ["debian-cloud", "debian-12-arm64", "debian-12-bookworm-arm64-v20260114", "ARM64"],
  ["cos-cloud", "cos-stable", "cos-stable-121-18867-294-1", "X86_64"],
  ["cos-cloud", "cos-arm64-stable", "cos-arm64-stable-121-18867-294-1", "ARM64"],
]

const BASE = "https://www.googleapis.com/compute/v1/"

export function link(path: string): string {
  return `${BASE}${path}`
}

/** Fills the world with images, a network and its subnetwork. Those that exist already stay as they are. */
export function furnish(world: World, project: string): void {
  const { region } = world.settings
  const add = (kind: string, id: string, attributes: Readonly<Record<string, string>>) =>
    world.resources.add({ kind, id, attributes, tags: {} })
  for (const [owner, family, name, arch] of IMAGES) {
    add("image", `projects/${owner}/global/images/${name}`, {
      family: `projects/${owner}/global/images/family/${family}`,
      arch,
      name,
    })
  }
  add("network", `projects/${project}/global/networks/default`, {})
  add("subnetwork", `projects/${project}/regions/${region}/subnetworks/default`, {
    network: "default",
    // Auto mode begins with a /20; a project that starts thousands has made it larger ("Expand the primary IPv4 range").
    range: "10.128.0.0/16",
  })
}

/** What an image is, by its own path or by its family's; undefined where there is none. */
export function imageOf(world: World, path: string): Readonly<Record<string, string>> | undefined {
  const found = world.resources.get("image", path)
  const attributes = found ?? world.resources.list({ kind: "image" }).find((image) => image.attributes.family === path)
  return attributes?.attributes as Readonly<Record<string, string>> | undefined
}

/** "global/networks/default" is one of the project; URLs and paths with a project stay what they name. */
export function pathIn(project: string, name: string): string {
  const path = name.replace(/^https:\/\/[^/]+\/compute\/v1\//, "")
  return path.startsWith("projects/") ? path : `projects/${project}/${path}`
}

/** Hex digits that a text always gives. */
export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits)
}

/** A decimal id that a text always gives. */
export function numberOf(text: string): string {
  return BigInt(`0x${hexOf(text, 15)}`).toString()
}
