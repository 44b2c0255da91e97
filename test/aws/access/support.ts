/** What the tests of `access` and `peers` have in common: workers that are launched by the adapter's verbs, and who reaches them. */
import type { AwsOptions } from "../../../providers/aws/index.js"
import { launchTags } from "../../../src/fleet/tags.js"
import type { GroupRequest, Instance, Leftover, Owner, Selector } from "../../../src/provider.js"
import { type Cloud, NO_ROOM, offersOf, OWNER, prepareOf, wishFor } from "../support/cloud.js"
import { launchAll } from "../../support/cloud.js"
import { anywhere } from "../support/found.js"

export const HERE = "203.0.113.7"
export const OFFICE = "198.51.100.0/24"

export const OTHER: Owner = { ...OWNER, cluster: "other", uid: "fedcba9876543210" }

export function access(...from: readonly string[]): Pick<GroupRequest, "access"> {
  return { access: { from, port: 22, isPrivate: false } }
}

export const SSH = access(`${HERE}/32`)
export const PEERS = { peers: true } as const

/** Running workers of a cluster that asks so. */
export async function workers(
  cloud: Cloud,
  group: Partial<GroupRequest>,
  count = 1,
  owner = OWNER,
): Promise<readonly Instance[]> {
  const prepared = await prepareOf(cloud, group, cloud.bare(), owner)
  const wish = wishFor(await offersOf(cloud), count, { uid: owner.uid })
  const made = await launchAll(cloud, cloud.provider.split(wish, prepared, NO_ROOM), cloud.bare())
  await cloud.run(cloud.clock.sleep(10_000))
  const ids = made.map(({ id }) => id)
  return cloud.run(cloud.provider.list({ ids }, cloud.bare()))
}

export async function cloudWith(aws: Partial<AwsOptions> = {}): Promise<Cloud> {
  return anywhere(aws)
}

export function groupNames(cloud: Cloud): readonly string[] {
  return cloud.world.resources
    .list({ kind: "security-group" })
    .map(({ attributes }) => String(attributes.name))
    .sort()
}

export function groupNamed(cloud: Cloud, name: string) {
  return cloud.world.resources.list({ kind: "security-group" }).find(({ attributes }) => attributes.name === name)
}

export const SSH_GROUP = "muster-shared-ssh-203-0-113-7-32"
export const PEERS_GROUP = `muster-peers-${OWNER.cluster}-${OWNER.uid}`

/** From which of these addresses a port is open. */
export function openFrom(
  cloud: Cloud,
  { id }: Pick<Instance, "id">,
  port: number,
  addresses: readonly string[],
): readonly string[] {
  return addresses.filter((address) => cloud.wire.isOpen(id, port, address))
}

export function leftGroups(cloud: Cloud, selector: Selector): Promise<readonly Leftover[]> {
  const found = cloud.run(cloud.provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))
  return found.then((all) => all.filter(({ kind }) => kind === "security-group"))
}

/** An instance that the user has started by other means, in the default group. */
export function foreignInstance(cloud: Cloud): Instance {
  const attributes = { imageId: "ami-1", subnetId: "subnet-1", securityGroupIds: [], reservation: "r-1", request: {} }
  const pool = { zone: "us-east-1a", instanceType: "m7i.large", market: "on-demand" } as const
  const creation = cloud.world.create({ ...pool, min: 1, max: 1, tags: { Name: "database" }, attributes })
  if (creation.kind !== "created") throw new Error("it was not made")
  const [made] = creation.instances
  if (made === undefined) throw new Error("it was not made")
  return { ...made, tags: launchTags(OWNER, "default", "0".repeat(32)), launchedAt: 0 } as unknown as Instance
}
