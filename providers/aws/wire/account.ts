/** What an account has before anything is launched: images, a default VPC with a subnet in each zone, its security group. */
import { createHash } from "node:crypto"
import type { Arch } from "../../../src/provider.js"
import type { World } from "../../../src/simulator/index.js"

export const ACCOUNT_ID = "123456789012"

export const IMAGES: { readonly [A in Arch]: string } = {
  x86_64: "ami-0864000000000864a",
  arm64: "ami-0a64000000000a64a",
}
export const SECURITY_GROUP = "sg-0def0000000000def"
export const VPC = "vpc-0def0000000000def"

/** A default subnet is a /20, of which AWS keeps five addresses (VPC User Guide). */
export const SUBNET_ADDRESSES = 4091

/** The default subnet of a zone: the same id in every run. */
export function subnetOf(zone: string): string {
  return `subnet-0${hexOf(zone, 16)}`
}

/** Fills the world with them; what is there already stays as it is. Deleting one in a test is losing it. */
export function furnish(world: World): void {
  const add = (kind: string, id: string, attributes: Readonly<Record<string, string | boolean>>) =>
    world.resources.add({ kind, id, attributes, tags: {} })
  for (const [arch, id] of Object.entries(IMAGES)) add("image", id, { arch })
  add("vpc", VPC, { cidr: "172.31.0.0/16", isDefault: true })
  add("security-group", SECURITY_GROUP, { vpc: VPC, name: "default" })
  world.settings.zones.forEach((zone, index) => {
    add("subnet", subnetOf(zone), { zone, vpc: VPC, cidr: `172.31.${index * 16}.0/20`, isDefault: true })
  })
}

/** Hex digits that a text always gives. */
export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits)
}
