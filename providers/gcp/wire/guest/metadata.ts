/** The metadata server of Compute Engine, as an instance reads it ("About VM metadata"). */
import { createServer } from "node:http"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import {
  type MetadataReply,
  type MetadataRequest,
  type MetadataService,
  serveMetadata,
} from "../../../../src/simulator/metadata/service.js"
import { hexOf, numberOf } from "../account.js"
import { accountOf, guestToken, TOKEN_S } from "../client/principals.js"
import type { Properties } from "../client/messages.js"

const FLAVOR = { "metadata-flavor": "Google", server: "Metadata Server for VM", "content-type": "application/text" }

/** How often a request that waits for a change is looked at, in milliseconds. */
const WAIT_STEP_MS = 100

/** Starts the metadata server of all instances of a world. */
export function gceMetadata(world: World, project: string): Promise<MetadataService> {
  return serveMetadata(world, createServer, (instance, request) => answer(world, project, instance, request))
}

async function answer(
  world: World,
  project: string,
  { id }: WorldInstance,
  { method, path, query, headers }: MetadataRequest,
): Promise<MetadataReply> {
  if (method !== "GET") return { status: 405, headers: FLAVOR }
  if (headers["metadata-flavor"] !== "Google") {
    return { status: 403, headers: FLAVOR, body: "Missing Metadata-Flavor:Google header." }
  }
  const read = () => {
    const instance = world.instance(id)
    return instance === undefined
      ? undefined
      : plainValue(world, project, instance, path.replace(/^\/computeMetadata\/v1\//, ""))
  }
  const value = query.get("wait_for_change") === "true" ? await changed(world, query, read) : read()
  if (value === undefined) return { status: 404, headers: FLAVOR, body: "The requested URL was not found." }
  return { status: 200, headers: { ...FLAVOR, etag: etagOf(value) }, body: value }
}

const etagOf = (value: string) => hexOf(value, 16)

/** Waits until the value is another than the caller's last one, or its time is over ("Wait for changes to metadata values"). */
async function changed(world: World, query: URLSearchParams, read: () => string | undefined) {
  const last = query.get("last_etag") ?? etagOf(read() ?? "")
  const seconds = query.get("timeout_sec")
  const until = seconds === null ? Number.POSITIVE_INFINITY : world.clock.now() + Number(seconds) * 1000
  for (;;) {
    const value = read()
    if (value === undefined || etagOf(value) !== last || world.clock.now() >= until) return value
    await world.clock.serve(WAIT_STEP_MS)
  }
}

function plainValue(world: World, project: string, instance: WorldInstance, key: string): string | undefined {
  const { id, name = `vm-${id}`, zone, instanceType, market } = instance
  const number = numberOf(project)
  const values: Readonly<Record<string, string>> = {
    "project/project-id": project,
    "project/numeric-project-id": number,
    "instance/id": numberOf(id),
    "instance/name": name,
    "instance/hostname": `${name}.${zone}.c.${project}.internal`,
    "instance/zone": `projects/${number}/zones/${zone}`,
    "instance/machine-type": `projects/${number}/machineTypes/${instanceType}`,
    "instance/preempted": isPreempted(world, id) ? "TRUE" : "FALSE",
    "instance/maintenance-event": "NONE",
    "instance/scheduling/preemptible": market === "spot" ? "TRUE" : "FALSE",
    "instance/network-interfaces/0/ip": instance.privateIp,
  }
  const attribute = /^instance\/attributes\/([^/]+)$/.exec(key)?.[1]
  if (attribute !== undefined) return attributeOf(instance, attribute)
  const account = /^instance\/service-accounts\/(?:default|[^/]+@[^/]+)\/(\w+)$/.exec(key)?.[1]
  return account === undefined ? values[key] : accountValue(world, id, account)
}

function isPreempted(world: World, id: string): boolean {
  return world.notices().some((notice) => notice.id === id)
}

function attributeOf({ attributes }: WorldInstance, key: string): string | undefined {
  const { metadata } = (attributes.properties ?? {}) as unknown as Properties
  return metadata?.items?.find((item) => item.key === key)?.value
}

function accountValue(world: World, id: string, key: string): string | undefined {
  const email = accountOf(world, id)
  if (email === undefined) return undefined
  if (key === "email") return email
  if (key === "scopes") return "https://www.googleapis.com/auth/cloud-platform\n"
  if (key !== "token") return undefined
  const access_token = guestToken(id, world.clock.now())
  return JSON.stringify({ access_token, expires_in: TOKEN_S, token_type: "Bearer" })
}
