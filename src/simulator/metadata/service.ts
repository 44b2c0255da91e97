/**
 * The metadata service of a wire's instances: each has an address of its own below one loopback port, which stands for the
 * link-local address that all of them know. Only an instance that runs is answered. Loaded by wires only.
 */
import type { RequestListener, Server } from "node:http"
import { isoTime } from "../../tables/times.js"
import { httpDate } from "../requests/http-date.js"
import { type HttpProtocol, type HttpReply, listen, listenerOf } from "../requests/http-server.js"
import type { WorldInstance } from "../world/life.js"
import type { World } from "../world/world.js"
import { WorldError } from "../requests/world-error.js"

/** What a guest asks, as it asks it. */
export interface MetadataRequest {
  readonly method: string
  /** Without query: "/latest/meta-data/instance-id". */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export type MetadataReply = Partial<HttpReply> & Pick<HttpReply, "status">

export interface MetadataService {
  /** The base address of one instance's metadata: what its guest takes for the link-local one. */
  url(id: string): string
  /** Instances whose service does not answer: add their ids and take them away; "*" is all. */
  readonly silent: Set<string>
  /** Every request so far, with its instance. */
  readonly requests: readonly {
    readonly id: string
    readonly method: string
    readonly path: string
    readonly status: number
  }[]
  close(): Promise<void>
}

/** What a cloud answers to a request of an instance that runs. */
export type Metadata = (instance: WorldInstance, request: MetadataRequest) => MetadataReply | Promise<MetadataReply>

/** Starts it on any free port. @param createServer node:http's: what is loaded with the core loads no server. */
export async function serveMetadata(
  world: World,
  createServer: (listener: RequestListener) => Server,
  answer: Metadata,
): Promise<MetadataService> {
  const silent = new Set<string>()
  const requests: { id: string; method: string; path: string; status: number }[] = []
  const protocol: HttpProtocol = {
    date: () => httpDate(world.clock.now(), isoTime(world.clock.now())),
    begin: ({ method, target, headers }) => {
      const { pathname, searchParams: query } = new URL(target, "http://metadata")
      const [, id = "", path = "/"] = /^\/([^/]+)(\/.*)?$/.exec(pathname) ?? []
      return {
        answer: async () => {
          const instance = world.instance(id)
          if (instance?.state !== "running" || silent.has(id) || silent.has("*")) throw unanswered(id)
          const reply = await answer(instance, { method, path, query, headers })
          requests.push({
            id,
            method,
            path: `${path}${query.size === 0 ? "" : `?${query.toString()}`}`,
            status: reply.status,
          })
          return { headers: {}, ...reply }
        },
        refuse: (error) => ({ status: 500, headers: {}, body: String(error) }),
        whole: () => ({ headers: {}, body: "" }),
      }
    },
  }
  const { url, close } = await listen(createServer(listenerOf(protocol)))
  return { url: (id) => `${url}/${id}`, silent, requests, close }
}

/** A service that starts when it is first asked for, and ends with what it belongs to. */
export function onDemand(
  start: () => Promise<MetadataService>,
  close: () => Promise<void>,
): { readonly metadata: () => Promise<MetadataService>; readonly close: () => Promise<void> } {
  let service: Promise<MetadataService> | undefined
  return {
    metadata: () => (service ??= start()),
    close: async () => {
      await (await service)?.close()
      await close()
    },
  }
}

/** The connection breaks. */
function unanswered(id: string): WorldError {
  return new WorldError("lost", { code: "Unanswered", message: `the metadata of ${id} is not answered` })
}
