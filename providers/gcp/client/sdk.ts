/**
 * The package's clients, loaded as cheaply as possible. The package's index reads a 30 MB file of message classes that
 * this adapter does not use. A client by itself builds all 2,100 message types of the API: two seconds and 200 MB. A
 * client's file alone, with a root of only the types that our services reach, takes a quarter of that. The paths in the
 * package are no promised interface, so any failure here falls back to the index.
 */
import { createRequire } from "node:module"
import { loadClient } from "../../../src/client/package.js"
import { SpecError } from "../../../src/errors.js"
import { COMPUTE } from "./packages.js"

/** The clients that this adapter uses, and the files of the package that hold them. */
const CLIENT_FILES = {
  InstancesClient: "instances_client",
  RegionInstancesClient: "region_instances_client",
  ZoneOperationsClient: "zone_operations_client",
  RegionOperationsClient: "region_operations_client",
  GlobalOperationsClient: "global_operations_client",
  FirewallsClient: "firewalls_client",
  MachineTypesClient: "machine_types_client",
  RegionsClient: "regions_client",
  ImagesClient: "images_client",
  DisksClient: "disks_client",
  RoutersClient: "routers_client",
  SubnetworksClient: "subnetworks_client",
} as const

export type ClientName = keyof typeof CLIENT_FILES

/** What we need of a client of the package. */
export interface SdkClient {
  initialize(): Promise<unknown>
  readonly innerApiCalls: Readonly<Record<string, (request: unknown, options: unknown) => Promise<unknown>>>
}

type ClientClass = new (options: unknown, gax?: unknown) => SdkClient
type Clients = { readonly [K in ClientName]?: ClientClass }

/** Makes one client; the same options for all. */
export type MakeClient = (name: ClientName, options: unknown) => SdkClient

/**
 * @param sdk what the user gave instead: a function that imports a version of the package.
 * @throws SpecError when the package is not installed, or what was given is not it.
 */
export async function loadSdk(sdk: (() => Promise<unknown>) | undefined): Promise<MakeClient> {
  if (sdk !== undefined) return fromIndex(await sdk(), "gcp.sdk")
  return loadClient(COMPUTE, (require) => {
    try {
      return fromFiles(require)
    } catch {
      return fromIndex(require(COMPUTE.name), "provider")
    }
  })
}

/** google-auth-library is a dependency of the client's own library. @throws SpecError when that is not installed. */
export function loadAuthLibrary<T>(): T {
  return loadClient(COMPUTE, (require) => {
    const own = createRequire(require.resolve(`${COMPUTE.name}/package.json`))
    return createRequire(own.resolve("google-gax"))("google-auth-library") as T
  })
}

function fromIndex(loaded: unknown, option: string): MakeClient {
  const given = loaded as Clients & { readonly default?: Clients }
  const clients = given.InstancesClient === undefined ? (given.default ?? {}) : given
  const missing = (Object.keys(CLIENT_FILES) as ClientName[]).filter((name) => typeof clients[name] !== "function")
  if (missing.length > 0) {
    const message = `has no ${missing.join(", ")}; give () => import("${COMPUTE.name}"), version 6.15 or 7`
    throw new SpecError([{ option, message }])
  }
  return (name, options) => new (clients[name] as ClientClass)(options)
}

function fromFiles(require: NodeJS.Require): MakeClient {
  const root = require.resolve(`${COMPUTE.name}/package.json`).replace(/package\.json$/, "")
  const own = createRequire(`${root}package.json`)
  const gax = lightGax(own, own("./build/protos/protos.json") as Namespace)
  return (name, options) => {
    const file = own(`./build/src/v1/${CLIENT_FILES[name]}.js`) as Clients
    return new (file[name] as ClientClass)(options, gax)
  }
}

interface Gax {
  readonly GrpcClient: new (options?: unknown) => object
  readonly protobuf: { readonly Root: { fromJSON(json: unknown): unknown } }
}

/** The types that were read out of a package's file, by that file: a second provider takes what the first one read. */
const roots = new WeakMap<Namespace, unknown>()

/** The REST half of google-gax, with one root for all clients instead of one that each looks up by hashing 12 MB. */
function lightGax(own: NodeJS.Require, protos: Namespace): unknown {
  const fallback = own("google-gax/fallback") as Gax
  const root = roots.get(protos) ?? fallback.protobuf.Root.fromJSON(pruned(protos))
  roots.set(protos, root)
  class LightClient extends fallback.GrpcClient {
    loadProtoJSON(): unknown {
      return root
    }
  }
  return { fallback: { ...fallback, GrpcClient: LightClient } }
}

interface Namespace {
  readonly nested: Readonly<Record<string, Namespace>>
}

interface Type {
  readonly fields?: Readonly<Record<string, { readonly type: string }>>
  readonly methods?: Readonly<Record<string, { readonly requestType: string; readonly responseType: string }>>
}

/** The package's types without those that none of our services reaches. */
export function pruned(protos: Namespace): unknown {
  const google = protos.nested.google as Namespace
  const cloud = google.nested.cloud as Namespace
  const compute = cloud.nested.compute as Namespace
  const v1 = compute.nested.v1 as Namespace
  const types = reached(v1.nested as Readonly<Record<string, Type>>)
  const nested = {
    ...google.nested,
    cloud: { nested: { ...cloud.nested, compute: { nested: { v1: { ...v1, nested: types } } } } },
  }
  return { ...protos, nested: { ...protos.nested, google: { ...google, nested } } }
}

function reached(all: Readonly<Record<string, Type>>): Record<string, Type> {
  const kept: Record<string, Type> = {}
  const queue = Object.keys(CLIENT_FILES).map((name) => name.replace(/Client$/, ""))
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const type = all[name]
    if (type === undefined || kept[name] !== undefined) continue
    kept[name] = type
    for (const field of Object.values(type.fields ?? {})) queue.push(field.type)
    for (const method of Object.values(type.methods ?? {})) queue.push(method.requestType, method.responseType)
  }
  return kept
}
