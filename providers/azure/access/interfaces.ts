/** The interfaces of living instances: a member of an application security group is an interface's address configuration. */
import { RejectedError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance } from "../../../src/provider.js"
import { groupPath, lastOf, placeOf } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import { arm, type Azure } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import { type Reference, refersTo } from "./rules.js"
import { networkPath } from "./names.js"

interface NativeConfiguration {
  readonly name?: string
  readonly properties?: {
    readonly subnet?: Reference
    readonly applicationSecurityGroups?: readonly Reference[]
    readonly [other: string]: unknown
  }
}

interface NativeInterface {
  readonly id?: string
  readonly name?: string
  readonly etag?: string
  readonly location?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly properties?: {
    readonly virtualMachine?: Reference
    readonly ipConfigurations?: readonly NativeConfiguration[]
    readonly [other: string]: unknown
  }
}

/**
 * Puts the instances' interfaces into an application security group; those that are in it are left alone. An interface is written
 * whole: it is sent back as it was read, and only if it is that still. Instances that end meanwhile are passed over.
 *
 * @throws RejectedError when instances are in a subnet of the user's, after all others have joined.
 */
export async function join(azure: Azure, id: string, instances: readonly Instance[], calls: Calls): Promise<void> {
  const wanted = new Map(instances.map((instance) => [instance.id.toLowerCase(), instance]))
  const elsewhere: string[] = []
  for (const group of groupsOf(azure, instances)) {
    const interfaces = await interfacesIn(azure, group, calls)
    const ours = interfaces.filter(({ properties }) => wanted.has(properties?.virtualMachine?.id?.toLowerCase() ?? ""))
    const inside = ours.filter(isInside(azure))
    elsewhere.push(...ours.filter((one) => !inside.includes(one)).map(({ name = "" }) => name))
    await Promise.all(inside.map((one) => joinOne(azure, id, { group, native: one }, calls)))
  }
  if (elsewhere.length > 0) throw inGivenSubnet(elsewhere)
}

function groupsOf({ options }: Azure, instances: readonly Instance[]): readonly string[] {
  const groups = instances.map(({ id }) => placeOf(id, options.subscriptionId)?.group.toLowerCase())
  return [...new Set(groups.filter((group) => group !== undefined))]
}

function interfacesIn(azure: Azure, group: string, calls: Calls): Promise<readonly NativeInterface[]> {
  const path = `${groupPath(azure.options.subscriptionId, group)}/providers/Microsoft.Network/networkInterfaces?api-version=${NETWORK}`
  return itemsOf<NativeInterface>(azure, calls, "NetworkInterfaces_List", path, {
    what: `listing the interfaces of ${group}`,
    accepts: [404],
  })
}

/** In the shared network. All members of an application security group must be in one network ("Application security groups"). */
function isInside(azure: Azure): (native: NativeInterface) => boolean {
  const network = `${networkPath(azure)}/virtualNetworks/`.toLowerCase()
  return ({ properties }) =>
    properties?.ipConfigurations?.every((one) => one.properties?.subnet?.id?.toLowerCase().startsWith(network)) ?? false
}

/** Each time another has changed the interface meanwhile. */
const MOST_TRIES = 5

async function joinOne(
  azure: Azure,
  id: string,
  { group, native }: { readonly group: string; readonly native: NativeInterface },
  calls: Calls,
): Promise<void> {
  const { name = "" } = native
  const path = `${groupPath(azure.options.subscriptionId, group)}/providers/Microsoft.Network/networkInterfaces/${encodeURIComponent(name)}?api-version=${NETWORK}`
  const what = `adding interface ${name} to application security group ${lastOf(id)}`
  let current: NativeInterface | undefined = native
  for (let tries = 0; current !== undefined && !isMember(current, id); tries += 1) {
    if (tries >= MOST_TRIES) throw new TransientError(`${what}: it was changed by others each time; try again`)
    const { etag } = current
    const condition = etag === undefined ? {} : { onlyAs: etag }
    const request = { method: "PUT", path, body: withGroup(current, id), ...condition } as const
    const { status } = await arm(azure, calls, "NetworkInterfaces_CreateOrUpdate", request, {
      what,
      accepts: [404, 412],
      member: "id",
    })
    if (status < 300) return
    current = await readInterface(azure, path, name, calls)
  }
}

async function readInterface(
  azure: Azure,
  path: string,
  name: string,
  calls: Calls,
): Promise<NativeInterface | undefined> {
  const info = { what: `reading interface ${name}`, accepts: [404], member: "id" }
  const reply = await arm(azure, calls, "NetworkInterfaces_Get", { method: "GET", path }, info)
  return reply.status > 299 ? undefined : (reply.body as NativeInterface)
}

function isMember({ properties }: NativeInterface, id: string): boolean {
  return properties?.ipConfigurations?.every((one) => refersTo(one.properties?.applicationSecurityGroups, id)) ?? true
}

/** All that it has, and the group beside those that it is in. */
function withGroup(native: NativeInterface, id: string): NativeInterface {
  const { properties = {} } = native
  const ipConfigurations = properties.ipConfigurations?.map((one) => {
    const groups = one.properties?.applicationSecurityGroups ?? []
    const all = refersTo(groups, id) ? groups : [...groups, { id }]
    return { ...one, properties: { ...one.properties, applicationSecurityGroups: all } }
  })
  return { ...native, properties: { ...properties, ...(ipConfigurations === undefined ? {} : { ipConfigurations }) } }
}

function inGivenSubnet(names: readonly string[]): RejectedError {
  const shown = names.slice(0, 3).join(", ")
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : ""
  return new RejectedError(
    `opening ssh to ${shown}${rest}: they are in a subnet of yours, whose rules Muster leaves alone; let port 22 in there yourself`,
    { code: "GivenSubnet" },
  )
}
