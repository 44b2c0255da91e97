/** Where the interfaces go: the given subnet, or one network for each location that is made once and kept. */
import { RejectedError } from "../../src/errors.js"
import type { Calls, GroupRequest } from "../../src/provider.js"
import { isForbidden } from "./errors.js"
import { putGroup } from "./group.js"
import { SHARED_TAG, sharedName } from "./names.js"
import { arm, type Azure } from "./send.js"
import { NETWORK } from "./versions.js"

/** 65,531 addresses: two for each of the most VMs that one run may have, since deleted ones hold theirs for minutes. */
const ADDRESSES = "10.60.0.0/16"

export interface Network {
  readonly subnetId: string
  readonly publicAddress: boolean
  readonly notes: readonly string[]
}

interface NativeSubnet {
  readonly id?: string
  readonly properties?: { readonly natGateway?: unknown; readonly routeTable?: unknown }
}

interface NativeNetwork {
  readonly properties?: { readonly provisioningState?: string; readonly subnets?: readonly NativeSubnet[] }
}

/** Finds or makes the network (unless `calls.readOnly`), and decides whether instances need public addresses. */
export async function networkOf(azure: Azure, group: GroupRequest, calls: Calls): Promise<Network> {
  const { subnetId } = azure.options
  return subnetId === undefined ? sharedNetwork(azure, group, calls) : givenSubnet(azure, subnetId, group, calls)
}

async function givenSubnet(
  azure: Azure,
  subnetId: string,
  { publicAddress }: GroupRequest,
  calls: Calls,
): Promise<Network> {
  if (publicAddress !== "auto") return { subnetId, publicAddress, notes: [] }
  const sending = { what: `reading subnet ${subnetId}`, member: "id" }
  const request = { method: "GET", path: `${subnetId}?api-version=${NETWORK}` } as const
  try {
    const reply = await arm(azure, calls, "Subnets_Get", request, sending)
    const needsAddress = !hasWayOut(reply.body as NativeSubnet)
    return { subnetId, publicAddress: needsAddress, notes: needsAddress ? [ADDRESS_NOTE] : [] }
  } catch (error) {
    if (!isForbidden(error)) throw error
    const note =
      "the subnet may not be read, so instances get no public addresses; set publicAddress: true if it has no NAT gateway"
    return { subnetId, publicAddress: false, notes: [note] }
  }
}

const ADDRESS_NOTE =
  "the subnet has no NAT gateway, so each instance gets a public address (Standard, about USD 0.005 an hour); nothing can come in"

/** Without one a VM cannot reach anything outside ("Default outbound access in Azure" has ended for new networks). */
function hasWayOut({ properties }: NativeSubnet): boolean {
  return properties?.natGateway !== undefined || properties?.routeTable !== undefined
}

async function sharedNetwork(azure: Azure, { publicAddress }: GroupRequest, calls: Calls): Promise<Network> {
  const found = await readNetwork(azure, calls, "VirtualNetworks_Get")
  if (!calls.readOnly) {
    if (found === undefined) await makeNetwork(azure, calls)
    if (!isReady(found)) await untilReady(azure, calls)
  }
  const [subnet = {}] = found?.properties?.subnets ?? []
  const needsAddress = publicAddress === "auto" ? !hasWayOut(subnet) : publicAddress
  const notes = publicAddress === "auto" && needsAddress ? [ADDRESS_NOTE] : []
  return { subnetId: `${idOf(azure, "virtualNetworks")}/subnets/workers`, publicAddress: needsAddress, notes }
}

/** "provisioningState" is left out of some answers: one that is there and says nothing else is ready. */
function isReady(network: NativeNetwork | undefined): boolean {
  return network !== undefined && /^succeeded$/i.test(network.properties?.provisioningState ?? "Succeeded")
}

async function readNetwork(
  azure: Azure,
  calls: Calls,
  api: "VirtualNetworks_Get" | "VirtualNetworks_Wait",
): Promise<NativeNetwork | undefined> {
  const sending = { what: `reading network ${sharedName(azure.options.location)}`, accepts: [404], member: "id" }
  const path = `${idOf(azure, "virtualNetworks")}?api-version=${NETWORK}`
  const reply = await arm(azure, calls, api, { method: "GET", path }, sending)
  return reply.status > 299 ? undefined : (reply.body as NativeNetwork)
}

/** Closed by default: an NSG without rules lets nothing in from outside, and everything out. */
async function makeNetwork(azure: Azure, calls: Calls): Promise<void> {
  const { location } = azure.options
  const tags = { [SHARED_TAG]: "true" }
  await putGroup(azure, sharedName(location), tags, calls)
  const put = (
    api: "NetworkSecurityGroups_CreateOrUpdate" | "VirtualNetworks_CreateOrUpdate",
    id: string,
    properties: object,
  ) =>
    arm(
      azure,
      calls,
      api,
      { method: "PUT", path: `${id}?api-version=${NETWORK}`, body: { location, tags, properties } },
      { what: `making ${id}`, member: "id" },
    )
  const securityGroup = idOf(azure, "networkSecurityGroups")
  await put("NetworkSecurityGroups_CreateOrUpdate", securityGroup, { securityRules: [] })
  const subnet = { addressPrefix: ADDRESSES, networkSecurityGroup: { id: securityGroup } }
  await put("VirtualNetworks_CreateOrUpdate", idOf(azure, "virtualNetworks"), {
    addressSpace: { addressPrefixes: [ADDRESSES] },
    subnets: [{ name: "workers", properties: subnet }],
  })
}

/** A bucket paces the looks; the caller's signal ends them. */
async function untilReady(azure: Azure, calls: Calls): Promise<void> {
  let network: NativeNetwork | undefined
  do {
    network = await readNetwork(azure, calls, "VirtualNetworks_Wait")
    const state = network?.properties?.provisioningState
    if (/^(failed|canceled)$/i.test(state ?? "")) throw unusable(azure, state ?? "")
  } while (!isReady(network))
}

function unusable({ options }: Azure, state: string): RejectedError {
  const name = sharedName(options.location)
  return new RejectedError(
    `making network ${name}: it ended as ${state}; delete resource group ${name}, and try again`,
    { code: state },
  )
}

function idOf({ options }: Azure, type: "virtualNetworks" | "networkSecurityGroups"): string {
  const name = sharedName(options.location)
  return `/subscriptions/${options.subscriptionId}/resourceGroups/${name}/providers/Microsoft.Network/${type}/${name}`
}
