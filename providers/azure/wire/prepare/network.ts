/** Networks with their subnets. */
import type { JsonObject } from "../../../../src/provider.js"
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, READ, type Route, under, WRITE } from "../client/route.js"
import type { State } from "../world/state.js"
import { openGroup } from "./groups.js"

interface NetworkAttributes {
  /** In milliseconds since 1970; null: never. */
  readonly readyAt?: number | null
  readonly properties?: JsonObject
  /** How its making ends. */
  readonly failure?: { readonly code: string; readonly message: string }
}

function bodyOf(state: State, asked: Asked, type: string, id: string): unknown {
  const subscription = asked.path.split("/")[2] ?? ""
  const [group = "", name = ""] = id.split("/")
  const kind = type.split("/")[1] ?? ""
  const resource = state.world.resources.get(kind, id)
  const { readyAt, properties = {}, failure } = (resource?.attributes ?? {}) as NetworkAttributes
  const isMade = readyAt === undefined || (readyAt !== null && state.world.clock.now() >= readyAt)
  const provisioningState = !isMade ? "Updating" : failure === undefined ? "Succeeded" : "Failed"
  const base = `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`
  return {
    id: base,
    name,
    type,
    location: state.world.settings.region,
    tags: resource?.tags ?? {},
    properties: { ...properties, provisioningState },
  }
}

function put(type: string): Route["answer"] {
  return (state, asked) => {
    const [group = "", name = ""] = asked.names
    openGroup(state, group)
    const { tags = {}, properties = {} } = asked.body as { tags?: Record<string, string>; properties?: JsonObject }
    const kind = type.split("/")[1] ?? ""
    const id = `${group}/${name}`
    const isKnown = state.world.resources.get(kind, id) !== undefined
    const now = state.world.clock.now()
    const isNetwork = kind === "virtualNetworks"
    const readyMs = now + (isNetwork ? state.quirks.networkMs : 0)
    const readyAt = Number.isFinite(readyMs) ? readyMs : null
    const failure = isNetwork ? failureOf(state) : {}
    state.world.resources.put({ kind, id, tags, attributes: { group, properties, readyAt, ...failure } })
    const headers = isNetwork ? operationHeaders(state, asked, id) : {}
    return { status: isKnown ? 200 : 201, body: bodyOf(state, asked, type, id), headers }
  }
}

function failureOf({ answers }: State): Pick<NetworkAttributes, "failure"> {
  const answer = answers.next("VirtualNetworks_CreateOrUpdate", "operation")
  return answer === undefined ? {} : { failure: { code: answer.code, message: answer.message } }
}

function operationHeaders({ world }: State, asked: Asked, id: string): Record<string, string> {
  const subscription = asked.path.split("/")[2] ?? ""
  const path = `/subscriptions/${subscription}/providers/Microsoft.Network/locations/${world.settings.region}/operations`
  const operation = `${asked.url}${path}/${Buffer.from(id).toString("hex")}?api-version=2024-05-01`
  return { "azure-asyncoperation": operation, "retry-after": "3" }
}

/** Network's operations say no more than their status, and an error where there is one. */
function operation(state: State, asked: Asked): Answered {
  const id = Buffer.from(asked.names.at(-1) ?? "", "hex").toString()
  const attributes = state.world.resources.get("virtualNetworks", id)?.attributes as NetworkAttributes | undefined
  const { readyAt, failure } = attributes ?? {}
  const isOpen = readyAt === null || state.world.clock.now() < (readyAt ?? 0)
  if (isOpen) return { status: 200, body: { status: "InProgress" }, headers: { "retry-after": "3" } }
  if (failure === undefined) return { status: 200, body: { status: "Succeeded" } }
  return { status: 200, body: { status: "Failed", error: { ...failure, details: [] } } }
}

function get(type: string): Route["answer"] {
  return (state, asked) => {
    const [group = "", name = ""] = asked.names
    const id = `${group}/${name}`
    if (state.world.resources.get(type.split("/")[1] ?? "", id) === undefined) throw notFound(type, group, name)
    return { status: 200, body: bodyOf(state, asked, type, id) }
  }
}

function notFound(type: string, group: string, name: string): Refusal {
  return new Refusal(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${group}' was not found.`,
  )
}

function getSubnet(state: State, asked: Asked): Answered {
  const [group = "", network = "", name = ""] = asked.names
  const found = subnetOf(state, group, network, name)
  if (found === undefined) throw notFound("Microsoft.Network/virtualNetworks", group, `${network}/${name}`)
  return {
    status: 200,
    body: { id: asked.path, name, properties: { ...found.properties, provisioningState: "Succeeded" } },
  }
}

interface Subnet {
  readonly name?: string
  readonly properties?: JsonObject
}

function subnetOf(state: State, group: string, network: string, name: string): Subnet | undefined {
  const attributes = state.world.resources.get("virtualNetworks", `${group}/${network}`)?.attributes
  const { properties } = (attributes ?? {}) as { properties?: { subnets?: readonly Subnet[] } }
  return properties?.subnets?.find((subnet) => subnet.name?.toLowerCase() === name)
}

/** What stands before a subnet: its security group, and the addresses of its network. */
export function networkOf(
  state: State,
  id: string,
): { readonly filter?: string; readonly prefixes: readonly string[] } {
  const [, group = "", network = "", name = ""] = SUBNET_ID.exec(id.toLowerCase()) ?? []
  const attributes = state.world.resources.get("virtualNetworks", `${group}/${network}`)?.attributes
  const { properties = {} } = (attributes ?? {}) as { properties?: RestNetwork }
  const filter = (subnetOf(state, group, network, name)?.properties as RestSubnet | undefined)?.networkSecurityGroup?.id
  return { ...(filter === undefined ? {} : { filter }), prefixes: properties.addressSpace?.addressPrefixes ?? [] }
}

interface RestNetwork {
  readonly addressSpace?: { readonly addressPrefixes?: readonly string[] }
}

interface RestSubnet {
  readonly networkSecurityGroup?: { readonly id?: string }
}

const SUBNET_ID =
  /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)\/providers\/microsoft\.network\/virtualnetworks\/([^/]+)\/subnets\/([^/]+)$/

/** @throws Refusal when the subnet does not exist, or its network is still being made. */
export function checkSubnet(state: State, id: string): void {
  const [, group = "", network = "", name = ""] = SUBNET_ID.exec(id.toLowerCase()) ?? []
  if (subnetOf(state, group, network, name) === undefined) {
    throw new Refusal(
      400,
      "InvalidResourceReference",
      `Resource ${id} referenced by resource was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    )
  }
  const attributes = state.world.resources.get("virtualNetworks", `${group}/${network}`)?.attributes
  const { readyAt } = (attributes ?? {}) as NetworkAttributes
  if (readyAt === null || state.world.clock.now() < (readyAt ?? 0)) {
    throw new Refusal(
      429,
      "ReferencedResourceNotProvisioned",
      `Cannot proceed with operation because resource ${id} is not in Succeeded state.`,
    )
  }
}

const NETWORK = "Microsoft.Network/virtualNetworks"
const typed = (type: string) => inGroup(`/providers/${type.toLowerCase()}/*`)

export const networkRoutes: readonly Route[] = [
  { api: "VirtualNetworks_CreateOrUpdate", method: "PUT", path: typed(NETWORK), cost: WRITE, answer: put(NETWORK) },
  {
    api: "NetworkOperations_Get",
    method: "GET",
    path: under("/providers/microsoft.network/locations/*/operations/*"),
    cost: READ,
    answer: operation,
  },
  { api: "VirtualNetworks_Get", method: "GET", path: typed(NETWORK), cost: READ, answer: get(NETWORK) },
  {
    api: "Subnets_Get",
    method: "GET",
    path: inGroup("/providers/microsoft.network/virtualnetworks/*/subnets/*"),
    cost: READ,
    answer: getSubnet,
  },
]
