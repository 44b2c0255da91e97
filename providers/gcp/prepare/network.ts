/** The network of instances, and whether they need public addresses: only where their subnetwork has no other way out. */
import { AuthError } from "../../../src/errors.js"
import type { Calls, GroupRequest } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Send } from "../client/send.js"
import { lastPart, type NativeRouter } from "../client/native.js"
import { type GcpOptions, namedProject } from "../options.js"
import type { Blueprint } from "./blueprint.js"
import { pages } from "../client/pages.js"

export interface AddressChoice {
  readonly given: boolean
  readonly notes: readonly string[]
}

/** "External IP address pricing": in use by a standard VM, and by a Spot VM. */
const PRICE = "about 0.005 USD an hour each (0.0025 on spot), and a new project may have 8 in use"

/**
 * Without an address the way out is Cloud NAT, which is a part of a router of the region. Private Google Access leads to Google
 * only. A route of the user's own (an appliance, a VPN) cannot be seen from here: the user sets `publicAddress: false`.
 */
export async function addressOf(
  send: Send,
  options: GcpOptions,
  { publicAddress, access }: GroupRequest,
  calls: Calls,
): Promise<AddressChoice> {
  if (publicAddress !== "auto") return { given: publicAddress, notes: [] }
  if (access?.isPrivate === false)
    return { given: true, notes: [`each instance gets a public address, for access: ${PRICE}`] }
  const where = placeIn(options)
  try {
    const nat = await natFor(send, { region: options.region, where }, calls)
    if (nat !== undefined) return { given: false, notes: [`instances get no public address: ${nat} is their way out`] }
    const note = `each instance gets a public address, because ${where.shown} has no Cloud NAT in ${options.region}: ${PRICE}; publicAddress: false if there is another way out`
    return { given: true, notes: [note] }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return unread(options, where)
  }
}

/** The network that instances are in: "global/networks/N". */
export async function networkPathOf(send: Send, options: GcpOptions, calls: Calls): Promise<string> {
  const where = placeIn(options)
  return `global/networks/${where.network ?? (await networkOf(send, options.region, where, calls))}`
}

/** The host project of a shared VPC, where firewall rules are; none where they are the cluster's own. */
export function firewallProjectOf(options: GcpOptions): { readonly project?: string } {
  const { project } = placeIn(options)
  return project === undefined || project === namedProject(options) ? {} : { project }
}

interface Where {
  /** Of a shared VPC; the cluster's own when left out. */
  readonly project?: string
  readonly network?: string
  readonly subnetwork?: string
  readonly shown: string
}

/** As a request for instances names it. */
export function placeOf({ network = "default", subnetwork, region }: GcpOptions): Blueprint["place"] {
  if (subnetwork !== undefined) {
    return { subnetwork: subnetwork.includes("/") ? subnetwork : `regions/${region}/subnetworks/${subnetwork}` }
  }
  return { network: network.includes("/") ? network : `global/networks/${network}` }
}

function placeIn({ network = "default", subnetwork }: GcpOptions): Where {
  const path = subnetwork ?? network
  const project = /^projects\/([^/]+)\//.exec(path)?.[1]
  const owner = project === undefined ? {} : { project }
  const name = lastPart(path)
  // In a network of auto mode each region's subnetwork has the network's name.
  if (subnetwork === undefined) return { ...owner, network: name, subnetwork: name, shown: `network ${name}` }
  return { ...owner, subnetwork: name, shown: `subnetwork ${name}` }
}

interface Asked {
  readonly region: string
  readonly where: Where
}

const natFor = sharedRead(async (send: Send, { region, where }: Asked, calls: Calls): Promise<string | undefined> => {
  const [network, routers] = await Promise.all([
    where.network ?? networkOf(send, region, where, calls),
    readRouters(send, region, where, calls),
  ])
  for (const { name = "", network: of, nats = [] } of routers) {
    const nat = lastPart(of) === network ? nats.find((one) => serves(one, where.subnetwork ?? "")) : undefined
    if (nat !== undefined) return `Cloud NAT ${nat.name ?? ""} of router ${name}`
  }
  return undefined
})

type Nat = NonNullable<NativeRouter["nats"]>[number]

function serves(
  { type, sourceSubnetworkIpRangesToNat: ranges = "", subnetworks = [] }: Nat,
  subnetwork: string,
): boolean {
  if (type === "PRIVATE") return false
  return ranges.startsWith("ALL_SUBNETWORKS") || subnetworks.some(({ name }) => lastPart(name) === subnetwork)
}

function ownerOf({ project }: Where): { readonly project?: string } {
  return project === undefined ? {} : { project }
}

async function networkOf(send: Send, region: string, where: Where, calls: Calls): Promise<string> {
  const { subnetwork = "" } = where
  const request = {
    what: `reading the network of subnetwork ${subnetwork}`,
    message: { region, subnetwork, ...ownerOf(where) },
    fields: "network",
  }
  return lastPart((await send(calls, "subnetworks.get", request)).network)
}

async function readRouters(send: Send, region: string, where: Where, calls: Calls): Promise<readonly NativeRouter[]> {
  const request = {
    what: `looking for Cloud NAT in ${region}`,
    message: { region, ...ownerOf(where) },
    fields: "items(name,network,nats(name,type,sourceSubnetworkIpRangesToNat,subnetworks(name))),nextPageToken",
  }
  const found: NativeRouter[] = []
  for await (const page of pages(send, calls, "routers.list", request)) found.push(...(page.items ?? []))
  return found
}

/** The default network comes without a way out; a network that the user set up has the way out that the user gave it. */
function unread({ network, subnetwork }: GcpOptions, { shown }: Where): AddressChoice {
  const given = network === undefined && subnetwork === undefined
  const note = given
    ? `each instance gets a public address: ${PRICE}; routers may not be read here: publicAddress: false if Cloud NAT is there`
    : `instances get no public address: ${shown} must have Cloud NAT, which may not be looked for here; else publicAddress: true`
  return { given, notes: [note] }
}
