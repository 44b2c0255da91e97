/** The Instance Metadata Service of Azure, as a VM reads it: its own data, its identity's tokens, its scheduled events. */
import { createServer } from "node:http"
import type { WorldInstance } from "../../../../src/simulator/index.js"
import { httpDate } from "../../../../src/simulator/index.js"
import {
  type MetadataReply,
  type MetadataRequest,
  type MetadataService,
  serveMetadata,
} from "../../../../src/simulator/metadata/service.js"
import { isoTime } from "../../../../src/tables/times.js"
import { guestToken, identitiesOf, TOKEN_S } from "../client/principals.js"
import { guidOf, type State, type Vm } from "../world/state.js"
import { NO_ZONE } from "../world/world.js"

/** Starts the metadata service of all VMs. */
export function azureMetadata(state: State): Promise<MetadataService> {
  const firstAsked = new Map<string, number>()
  return serveMetadata(state.world, createServer, async (instance, request) => {
    const vm = [...state.vms.values()].find(({ instanceId }) => instanceId === instance.id)
    if (vm === undefined) return refused(404, "Not found")
    const { path, query, headers, method } = request
    if (method !== "GET") return refused(405, "Method not allowed")
    if (headers.metadata !== "true") return refused(400, "Bad request. Required metadata header not specified")
    if (query.get("api-version") === null)
      return refused(400, "Bad request. api-version was not specified in the request")
    if (path === "/metadata/identity/oauth2/token") return tokenFor(state, vm, request)
    if (path === "/metadata/scheduledevents") {
      const since = firstAsked.get(instance.id) ?? state.world.clock.now()
      firstAsked.set(instance.id, since)
      await activated(state, since)
      return events(state, instance, vm)
    }
    return instanceData(vm, instance, request)
  })
}

function refused(status: number, error: string): MetadataReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify({ error }) }
}

function json(value: unknown): MetadataReply {
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(value) }
}

function tokenFor(state: State, vm: Vm, { query }: MetadataRequest): MetadataReply {
  const resource = query.get("resource")
  if (resource === null) return json400("invalid_request", "Required query variable 'resource' is missing")
  const wanted = query.get("msi_res_id")?.toLowerCase()
  const identities = identitiesOf(vm)
  const isFound = wanted === undefined ? identities.length === 1 : identities.includes(wanted)
  if (!isFound) return json400("invalid_request", "Identity not found")
  const now = state.world.clock.now()
  const expires_on = String(Math.floor(now / 1000) + TOKEN_S)
  return json({
    access_token: guestToken(vm, now),
    expires_in: String(TOKEN_S),
    expires_on,
    resource,
    token_type: "Bearer",
  })
}

function json400(error: string, error_description: string): MetadataReply {
  return { ...json({ error, error_description }), status: 400 }
}

/** "The service is enabled ... the first time you make a request ... you can expect a delay of up to two minutes." */
async function activated({ world, quirks }: State, since: number): Promise<void> {
  const left = since + quirks.eventsActivationMs - world.clock.now()
  if (left > 0) await world.clock.serve(left)
}

function events({ world }: State, { id }: WorldInstance, { name }: Vm): MetadataReply {
  const notice = world.notices().find((one) => one.id === id)
  if (notice === undefined) return json({ DocumentIncarnation: 1, Events: [] })
  const event = {
    EventId: guidOf(`event/${id}`).toUpperCase(),
    EventStatus: "Scheduled",
    EventType: "Preempt",
    ResourceType: "VirtualMachine",
    Resources: [name],
    NotBefore: httpDate(notice.at, isoTime(notice.at)),
    Description: "",
    EventSource: "Platform",
    DurationInSeconds: -1,
  }
  return json({ DocumentIncarnation: 2, Events: [event] })
}

function instanceData(vm: Vm, instance: WorldInstance, { path, query }: MetadataRequest): MetadataReply {
  const compute = computeOf(vm, instance)
  if (path === "/metadata/instance") return json({ compute })
  if (path === "/metadata/instance/compute") return json(compute)
  const [, field = ""] = /^\/metadata\/instance\/compute\/(\w+)$/.exec(path) ?? []
  const value = compute[field]
  if (value === undefined) return refused(404, "Not found")
  if (query.get("format") !== "text") return refused(400, "Bad request. api-version is invalid or format is not text")
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: value }
}

function computeOf({ subscription, group, name, request, vmId }: Vm, { instanceType, zone }: WorldInstance) {
  const compute: Readonly<Record<string, string>> = {
    azEnvironment: "AzurePublicCloud",
    location: request.location ?? "",
    name,
    osType: "Linux",
    priority: request.properties?.priority ?? "Regular",
    resourceGroupName: group,
    resourceId: `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachines/${name}`,
    subscriptionId: subscription,
    tags: Object.entries(request.tags ?? {})
      .map((pair) => pair.join(":"))
      .join(";"),
    userData: request.properties?.userData ?? "",
    vmId,
    vmSize: instanceType,
    zone: zone === NO_ZONE ? "" : zone,
  }
  return compute
}
