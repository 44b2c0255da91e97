/** Where the interfaces go: the given subnet, or one network for each location that is made once and kept. */
import { RejectedError, TimeoutError } from "../../../src/errors.js"
import type { Calls, GroupRequest } from "../../../src/provider.js"
import { type ArmError, armErrorOf, isForbidden, isRefused } from "../client/errors.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import { putGroup } from "./group.js"
import { SHARED_TAG, sharedName } from "./names.js"
import { outcomeOf } from "../client/outcome.js"
import { isOfArm } from "../client/pages.js"
import { arm, type Azure, contextOf, type RequestInfo } from "../client/send.js"
import { merged } from "./tags.js"
import { NETWORK } from "../client/versions.js"

/** 65,531 addresses: two for each of the most VMs that one run may have, since deleted ones keep theirs for minutes. */
const ADDRESSES = "10.60.0.0/16"

export interface Network {
  readonly subnetId: string
  readonly publicAddress: boolean
  readonly notes: readonly string[]
  /** How many requests make it, where it is not there yet and may only be read. */
  readonly writes: number
}

/** A group, a security group and the network itself: see `makeNetwork`. */
const WRITES = 3

interface NativeSubnet {
  readonly name?: string
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
  { publicAddress, access }: GroupRequest,
  calls: Calls,
): Promise<Network> {
  if (publicAddress !== "auto") return { subnetId, publicAddress, notes: [], writes: 0 }
  try {
    const needsAddress = !hasOutbound(await readSubnet(azure, subnetId, calls))
    return { subnetId, publicAddress: needsAddress, notes: needsAddress ? [addressNote(access)] : [], writes: 0 }
  } catch (error) {
    if (!isForbidden(error)) throw error
    const note =
      "the subnet may not be read, so instances get no public addresses; set publicAddress: true if it has no NAT gateway"
    return { subnetId, publicAddress: false, notes: [note], writes: 0 }
  }
}

const readSubnet = sharedRead(async (azure: Azure, subnetId: string, calls: Calls): Promise<NativeSubnet> => {
  const info = { what: `reading subnet ${subnetId}`, member: "id" }
  const request = { method: "GET", path: `${subnetId}?api-version=${NETWORK}` } as const
  return (await arm(azure, calls, "Subnets_Get", request, info)).body as NativeSubnet
})

function addressNote(access: GroupRequest["access"]): string {
  const opened = access === undefined ? "" : " but what access opens"
  return `the subnet has no NAT gateway, so each instance gets a public address (Standard, about USD 0.005 an hour); nothing can come in${opened}`
}

/** Without one a VM cannot reach anything outside ("Default outbound access in Azure" has ended for new networks). */
function hasOutbound({ properties }: NativeSubnet): boolean {
  return properties?.natGateway !== undefined || properties?.routeTable !== undefined
}

async function sharedNetwork(azure: Azure, { publicAddress, access }: GroupRequest, calls: Calls): Promise<Network> {
  const network = await findNetwork(azure, azure.options.location, calls)
  const subnet = workerSubnet(azure, network)
  const needsAddress = publicAddress === "auto" ? !hasOutbound(subnet) : publicAddress
  const notes = publicAddress === "auto" && needsAddress ? [addressNote(access)] : []
  return {
    subnetId: `${idOf(azure, "virtualNetworks")}/subnets/${SUBNET}`,
    publicAddress: needsAddress,
    notes,
    writes: network === undefined ? WRITES : 0,
  }
}

/** For all groups that ask at once; made, unless it may only be read. Whether it is there still is asked for by the next ones. */
const findNetwork = sharedRead(async (azure: Azure, _location: string, calls: Calls) => {
  const found = await readNetwork(azure, calls, "VirtualNetworks_Get")
  return calls.readOnly || isReady(found) ? found : makeReady(azure, found, calls)
}, 0)

const SUBNET = "workers"

/** A removed subnet is reported, and not made again: the network may have other users' subnets. */
function workerSubnet({ options }: Azure, network: NativeNetwork | undefined): NativeSubnet {
  const { subnets } = network?.properties ?? {}
  const found = subnets?.find(({ name = SUBNET }) => name.toLowerCase() === SUBNET)
  if (found !== undefined || subnets === undefined) return found ?? {}
  const name = sharedName(options.location)
  const message = `network ${name} has no subnet "${SUBNET}" any more; delete resource group ${name}, or give subnetId`
  throw new RejectedError(`reading network ${name}: ${message}`, { code: "SubnetMissing" })
}

/**
 * One whose making has failed is made again ("Troubleshoot Azure Microsoft.Network failed provisioning state"), unless
 * another user has put subnets into it, which that would remove.
 */
async function makeReady(azure: Azure, found: NativeNetwork | undefined, calls: Calls): Promise<NativeNetwork> {
  const { subnets = [], provisioningState: state = "" } = found?.properties ?? {}
  const isOurs = subnets.every(({ name = SUBNET }) => name.toLowerCase() === SUBNET)
  const isToMake = found === undefined || (FAILED.test(state) && isOurs)
  const operation = isToMake ? await makeNetwork(azure, found !== undefined, calls) : undefined
  return untilReady(azure, { state: isToMake ? "just made" : state, operation }, calls)
}

const FAILED = /^(failed|canceled)$/i

/** "provisioningState" is left out of some answers: one that is there and says nothing else is ready. */
function isReady(network: NativeNetwork | undefined): boolean {
  return network !== undefined && /^succeeded$/i.test(network.properties?.provisioningState ?? "Succeeded")
}

async function readNetwork(
  azure: Azure,
  calls: Calls,
  api: "VirtualNetworks_Get" | "VirtualNetworks_Wait",
): Promise<NativeNetwork | undefined> {
  const info = { what: `reading network ${sharedName(azure.options.location)}`, accepts: [404], member: "id" }
  const path = `${idOf(azure, "virtualNetworks")}?api-version=${NETWORK}`
  const reply = await arm(azure, calls, api, { method: "GET", path }, info)
  return reply.status > 299 ? undefined : (reply.body as NativeNetwork)
}

/**
 * Closed by default: an NSG without rules lets nothing in from outside, and everything out. Written again it would lose the rules that
 * clusters have put into it meanwhile, so it is made only where it is not.
 *
 * @param isAgain there was a network before.
 * @returns where the network's operation can be asked for.
 */
async function makeNetwork(azure: Azure, isAgain: boolean, calls: Calls): Promise<string | undefined> {
  const { location, tags: own = {} } = azure.options
  const tags = merged(own, { [SHARED_TAG]: "true" })
  await putGroup(azure, sharedName(location), tags, calls)
  const put = (
    api: "NetworkSecurityGroups_CreateOrUpdate" | "VirtualNetworks_CreateOrUpdate",
    id: string,
    properties: object,
    once: { readonly onlyNew?: true } = {},
  ) =>
    arm(
      azure,
      calls,
      api,
      { method: "PUT", path: `${id}?api-version=${NETWORK}`, body: { location, tags, properties }, ...once },
      { what: `making ${id}`, accepts: [412], member: "id", isRecent: true },
    )
  const securityGroup = idOf(azure, "networkSecurityGroups")
  const isThere = isAgain && (await hasSecurityGroup(azure, securityGroup, calls))
  if (!isThere) {
    await put("NetworkSecurityGroups_CreateOrUpdate", securityGroup, { securityRules: [] }, { onlyNew: true })
  }
  const subnet = { addressPrefix: ADDRESSES, networkSecurityGroup: { id: securityGroup } }
  const { headers } = await put("VirtualNetworks_CreateOrUpdate", idOf(azure, "virtualNetworks"), {
    addressSpace: { addressPrefixes: [ADDRESSES] },
    subnets: [{ name: SUBNET, properties: subnet }],
  })
  return headers["azure-asyncoperation"]
}

/** Who may not read it makes it anew, as a resource that must not be there yet. */
async function hasSecurityGroup(azure: Azure, id: string, calls: Calls): Promise<boolean> {
  const info = { what: `reading ${id}`, accepts: [404], member: "id" }
  const request = { method: "GET", path: `${id}?api-version=${NETWORK}` } as const
  try {
    return (await arm(azure, calls, "NetworkSecurityGroups_Get", request, info)).status < 300
  } catch (error) {
    if (!isForbidden(error)) throw error
    return false
  }
}

/** A network and its subnet are made within seconds (recorded: 3 s). What takes longer is asked for again, and said. */
const READY_MS = 60_000

/**
 * A bucket paces the polls; the caller's signal ends them.
 *
 * @param known the state that it was last seen in, and where its operation can be asked for, if we began it.
 */
async function untilReady(
  azure: Azure,
  known: { readonly state: string; readonly operation: string | undefined },
  calls: Calls,
): Promise<NativeNetwork> {
  const begunAt = calls.now()
  let { state } = known
  const timedOut = (cause?: unknown) => notReady(azure, state, calls.now() - begunAt, cause)
  do {
    const network = await readNetwork(azure, calls, "VirtualNetworks_Wait").catch((error: unknown) => {
      throw calls.signal.aborted ? timedOut(error) : error
    })
    if (network !== undefined && isReady(network)) return network
    state = network?.properties?.provisioningState ?? "not there yet"
    if (FAILED.test(state)) throw await unusable(azure, state, known.operation, calls)
  } while (calls.now() - begunAt < READY_MS)
  throw timedOut()
}

function notReady({ options }: Azure, state: string, ms: number, cause: unknown): TimeoutError {
  const name = sharedName(options.location)
  const message = `network ${name} in resource group ${name} is "${state}" after ${Math.round(ms / 1000)} s, and instances need it; look at it in the portal, or give subnetId`
  return new TimeoutError(`making network ${name}: ${message}`, { code: "NetworkNotReady", cause })
}

/** In the words of the operation that has failed, where we began it and may read it. */
async function unusable(azure: Azure, state: string, operation: string | undefined, calls: Calls): Promise<Error> {
  const name = sharedName(azure.options.location)
  const info: RequestInfo = { what: `making network ${name}`, isRecent: true }
  const details = operation === undefined ? undefined : await endOf(azure, operation, info, calls)
  if (details !== undefined) return outcomeOf(details, contextOf(azure.options, "NetworkOperations_Get", info))
  const message = `it ended as ${state}; delete resource group ${name}, and try again`
  return new RejectedError(`${info.what}: ${message}`, { code: state })
}

async function endOf(azure: Azure, operation: string, info: RequestInfo, calls: Calls): Promise<ArmError | undefined> {
  if (!isOfArm(azure, operation)) return undefined
  try {
    const request = { method: "GET", path: operation } as const
    return armErrorOf((await arm(azure, calls, "NetworkOperations_Get", request, info)).body)
  } catch (error) {
    if (!isRefused(error)) throw error
    return undefined
  }
}

function idOf({ options }: Azure, type: "virtualNetworks" | "networkSecurityGroups"): string {
  const name = sharedName(options.location)
  return `/subscriptions/${options.subscriptionId}/resourceGroups/${name}/providers/Microsoft.Network/${type}/${name}`
}
