/** What an account has before anything is launched: images, a default VPC with a subnet in each zone, its security group. */
import { createHash } from "node:crypto"
import type { Arch, JsonObject } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"

export const ACCOUNT_ID = "123456789012"
const CANONICAL = "099720109477"
/** The alias "amazon" is several accounts; this is one of them. */
export const AMAZON = "137112412989"

export const IMAGES: { readonly [A in Arch]: string } = {
  x86_64: "ami-0864000000000864a",
  arm64: "ami-0a64000000000a64a",
}
/** Newer and older ones of the publishers whose images are looked up by name. */
const PUBLISHED: readonly (readonly [owner: string, name: string, arch: Arch, root: string])[] = (
  ["x86_64", "arm64"] as const
).flatMap((arch) => {
  const canonical = arch === "arm64" ? "arm64" : "amd64"
  const learning = arch === "arm64" ? "Deep Learning ARM64 Base" : "Deep Learning Base"
  return ["20251101", "20251215"].flatMap((date): (readonly [string, string, Arch, string])[] => [
    [CANONICAL, `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${canonical}-server-${date}`, arch, "/dev/sda1"],
    [AMAZON, `al2023-ami-2023.9.${date}.0-kernel-6.1-${arch}`, arch, "/dev/xvda"],
    [AMAZON, `${learning} OSS Nvidia Driver GPU AMI (Ubuntu 24.04) ${date}`, arch, "/dev/sda1"],
  ])
})

export const SECURITY_GROUP = "sg-0def0000000000def"
export const INTERNET_GATEWAY = "igw-0def0000000000def"
export const VPC = "vpc-0def0000000000def"

/** A default subnet is a /20, of which AWS keeps five addresses (VPC User Guide). */
export const SUBNET_ADDRESSES = 4091

const CREATED = "2025-06-01T00:00:00.000Z"

/** The default subnet of a zone: the same id in every run. */
export function subnetOf(zone: string): string {
  return `subnet-0${hexOf(zone, 16)}`
}

/** Fills the world with them; what is there already stays as it is. Deleting one in a test is losing it. */
export function furnish(world: World): void {
  const add = (kind: string, id: string, attributes: JsonObject) =>
    world.resources.add({ kind, id, attributes, tags: {} })
  for (const [arch, id] of Object.entries(IMAGES)) {
    add("image", id, { arch, name: `own-${arch}`, owner: ACCOUNT_ID, root: "/dev/xvda", created: CREATED })
  }
  for (const [owner, name, arch, root] of PUBLISHED) {
    const day = /(\d{4})(\d\d)(\d\d)/.exec(name)?.slice(1).join("-") ?? "2025-01-01"
    add("image", `ami-0${hexOf(name, 16)}`, { arch, name, owner, root, created: `${day}T00:00:00.000Z` })
  }
  add("route-table", "rtb-0def0000000000def", { vpc: VPC, main: true, gateway: INTERNET_GATEWAY })
  add("key-pair", "ops", {})
  // EC2 makes it with the first request for a spot instance; an account without it may lack the right to make it.
  add("service-linked-role", "AWSServiceRoleForEC2Spot", {})
  add("spot-market", "since", { at: world.clock.now() })
  add("vpc", VPC, { cidr: "172.31.0.0/16", isDefault: true })
  // "A default security group ... allows inbound traffic from all resources assigned to the group" (VPC User Guide).
  const rules = [{ IpProtocol: "-1", Groups: [{ GroupId: SECURITY_GROUP }] }]
  add("security-group", SECURITY_GROUP, { vpc: VPC, name: "default", rules })
  world.settings.zones.forEach((zone, index) => {
    add("subnet", subnetOf(zone), { zone, vpc: VPC, cidr: `172.31.${index * 16}.0/20`, isDefault: true })
  })
}

/** Hex digits that a text always gives. */
export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits)
}
