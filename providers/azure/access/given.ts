/** A subnet of the user's: nothing of it is changed. What its security group lets in is read, where it may be, and said. */
import type { AccessRequest, Calls, GroupRequest } from "../../../src/provider.js"
import { isRefused } from "../client/errors.js"
import { lastOf, resourceOf } from "../client/ids.js"
import { arm, type Azure } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import { type Verdict, verdictOn } from "./filters.js"
import type { NativeRule, Reference } from "./rules.js"

interface Filter {
  /** Its id; left out: the subnet has none. */
  readonly id?: string
  readonly rules: readonly NativeRule[]
}

interface NativeGroup {
  readonly properties?: {
    readonly securityRules?: readonly NativeRule[]
    readonly defaultSecurityRules?: readonly NativeRule[]
  }
}

/** The security group of the given subnet; undefined where the role may not read it. */
async function filterOf(azure: Azure, subnetId: string, calls: Calls): Promise<Filter | undefined> {
  const read = async (api: "Subnets_Get" | "NetworkSecurityGroups_Get", id: string) => {
    const request = { method: "GET", path: `${id}?api-version=${NETWORK}` } as const
    return (await arm(azure, calls, api, request, { what: `reading ${id}`, member: "id" })).body
  }
  try {
    const subnet = (await read("Subnets_Get", subnetId)) as {
      readonly properties?: { readonly networkSecurityGroup?: Reference }
    }
    const id = subnet.properties?.networkSecurityGroup?.id
    if (id === undefined) return { rules: [] }
    const { properties = {} } = (await read("NetworkSecurityGroups_Get", id)) as NativeGroup
    return { id, rules: [...(properties.securityRules ?? []), ...(properties.defaultSecurityRules ?? [])] }
  } catch (error) {
    if (!isRefused(error)) throw error
    return undefined
  }
}

/** What is said of a group that asks for access or peers in a subnet of the user's. */
export async function givenNotes(
  azure: Azure,
  subnetId: string,
  { access, peers }: Pick<GroupRequest, "access" | "peers">,
  calls: Calls,
): Promise<readonly string[]> {
  const name = lastOf(subnetId)
  const notes = peers === true ? [PEERS_NOTE(name)] : []
  if (access === undefined) return notes
  const filter = await filterOf(azure, subnetId, calls)
  if (filter === undefined) {
    const ranges = access.from.join(", ")
    return [
      ...notes,
      `the security group of subnet ${name} may not be read: port ${access.port} must be open there from ${ranges}, which Muster leaves to you`,
    ]
  }
  return [...notes, ...access.from.map((range) => rangeNote(azure, filter, name, range, access))]
}

const PEERS_NOTE = (subnet: string) =>
  `subnet ${subnet} is yours, and Muster changes none of its rules: who reaches the workers there is for its security group to say, and by default all its neighbours do`

function rangeNote(azure: Azure, filter: Filter, subnet: string, range: string, access: AccessRequest): string {
  const { is, rule } = verdictIn(filter, range, access)
  const by = rule === undefined ? "" : ` by rule ${rule}`
  if (is === "open") return `port ${access.port} of subnet ${subnet} is open to ${range}${by}`
  if (is === "unsure")
    return `whether port ${access.port} of subnet ${subnet} is open to ${range} depends on its rule ${rule}, which names addresses: check it`
  return `port ${access.port} of subnet ${subnet} is not open to ${range}, and Muster changes no rule there; ${additionFor(azure, filter, [range], access)}`
}

/**
 * Without a security group everything comes in from the network, and nothing at a Standard public address ("Public IP addresses":
 * "Secure by default model and be closed to inbound traffic").
 */
function verdictIn({ id, rules }: Filter, range: string, { port, isPrivate }: AccessRequest): Verdict {
  if (id === undefined) return { is: isPrivate ? "open" : "closed" }
  return verdictOn(range, port, rules)
}

/** What the user can do, as a command where there is a security group. */
function additionFor({ options }: Azure, { id }: Filter, ranges: readonly string[], { port }: AccessRequest): string {
  const place = id === undefined ? undefined : resourceOf(id, options.subscriptionId)
  if (place === undefined) return "give the subnet a security group with a rule that lets it in"
  return `add one: az network nsg rule create -g ${place.group} --nsg-name ${place.name} -n muster-ssh --priority 1000 --access Allow --protocol Tcp --destination-port-ranges ${port} --source-address-prefixes ${ranges.join(" ")}`
}
