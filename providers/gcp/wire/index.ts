/**
 * A small Compute Engine on a loopback port: its REST API (v1) over a simulated world, so that the unmodified client can be
 * used against it. Every message is compared with the client package's own description of the API; what that does not
 * know is refused here, where the real service would drop it silently.
 */
import { createServer } from "node:http"
import type { Span, World } from "../../../src/simulator/index.js"
import { type HttpProtocol, listen, listenerOf } from "../../../src/simulator/requests/http-server.js"
import { type MetadataService, onDemand } from "../../../src/simulator/metadata/service.js"
import { gceMetadata } from "./guest/metadata.js"
import { furnish, PROJECT } from "./account.js"
import { isOpen } from "./observe/is-open.js"
import { furnishRules } from "./prepare/firewalls.js"
import { Answers } from "./client/answers.js"
import { type GceLie, lyingAs } from "./lies/index.js"
import { contractOf } from "./client/contract.js"
import { type Exchange, protocolOf, type Wire } from "./serve.js"

export { PROJECT } from "./account.js"
export type { AnswerPlace, ScriptedAnswer } from "./client/answers.js"
export { type Contract, contractOf } from "./client/contract.js"
export { LIES } from "./lies/index.js"
export { putRule } from "./prepare/firewalls.js"
export { leaveDisk } from "./end/disks.js"
export { publishHostKeys } from "./observe/guest-attributes.js"
export { permissionsOf } from "./client/permissions.js"
export { type Exchange, sampled } from "./serve.js"
export { GCE_BUCKETS, GCE_TYPES, gceWorld } from "./world.js"

export interface GceWireOptions {
  readonly world: World
  /** Any free port by default. */
  readonly port?: number
  /** "127.0.0.1" by default. */
  readonly host?: string
  /** "muster-test" by default; every other is not found. */
  readonly project?: string
  /** From the acceptance of a bulk request to the end of its operation; 3 to 15 s by default. */
  readonly operationMs?: Span
  /** For how long operations.wait holds a request; two minutes by default, and less under load. */
  readonly waitMs?: number
  /** The most SKUs of one page of the billing catalogue, which is at the same address; 5,000 by default. */
  readonly skusPerPage?: number
  /** The only permissions that are granted ("compute.instances.create"); all by default. */
  readonly permissions?: readonly string[]
  /** The only permissions that the service accounts of instances have; all by default. */
  readonly guestPermissions?: readonly string[]
  /** How a zone says that it has none; "details" by default. */
  readonly exhausted?: "details" | "plain" | "request"
  /** The only access token that is accepted; without it requests need none. */
  readonly token?: string
  readonly onExchange?: (exchange: Exchange) => void
  /** An assumption of the adapter's that it breaks; none by default. */
  readonly lie?: GceLie
  /** What stands between its API and its socket; nothing by default. */
  readonly rim?: (protocol: HttpProtocol, world: World) => HttpProtocol
}

export interface GceWire {
  readonly url: string
  readonly world: World
  /** Zones that do not answer: add them and take them away. */
  readonly unreachable: Set<string>
  /** What it is made to answer by a script. */
  readonly answers: Answers
  /** What the wire wrote that the API's description does not allow; always empty, or the wire is wrong. */
  readonly mistakes: readonly string[]
  /**
   * Whether the firewall rules of its network let a connection from this IPv4 address in to a TCP port of an instance.
   *
   * @param id "us-central1-a/worker-1"
   */
  isOpen(id: string, port: number, from: string): boolean
  /** From now on only this token is accepted. */
  accept(token: string): void
  /** The metadata service of its instances, which starts when it is first asked for, and ends with the wire. */
  metadata(): Promise<MetadataService>
  close(): Promise<void>
}

/** Starts it, and furnishes the world with images, a network and its subnetwork. */
export async function gceWire(options: GceWireOptions): Promise<GceWire> {
  const {
    world,
    port = 0,
    host = "127.0.0.1",
    project = PROJECT,
    operationMs = [3_000, 15_000],
    exhausted = "details",
    waitMs = 120_000,
    skusPerPage = 5_000,
  } = options
  const unreachable = new Set<string>()
  const answers = new Answers(() => world.clock.now())
  const wire: Wire = {
    world,
    project,
    contract: contractOf(),
    settings: {
      ...{ operationMs, exhausted, waitMs, skusPerPage, unreachable, answers },
      ...(options.permissions === undefined ? {} : { permissions: new Set(options.permissions) }),
      ...(options.guestPermissions === undefined ? {} : { guestPermissions: new Set(options.guestPermissions) }),
    },
    mistakes: [],
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.onExchange === undefined ? {} : { onExchange: options.onExchange }),
  }
  furnish(world, project)
  furnishRules(world, project)
  const { url, close } = await listen(createServer(listenerOf(rimOf(wire, options))), { host, port })
  return {
    url,
    world,
    unreachable,
    answers,
    mistakes: wire.mistakes,
    isOpen: (id, port, from) => isOpen(world, project, id, { port, from }),
    accept: (token) => {
      wire.token = token
    },
    ...onDemand(() => gceMetadata(world, project), close),
  }
}

function rimOf(wire: Wire, { lie, rim }: GceWireOptions): HttpProtocol {
  const protocol = lyingAs(protocolOf(wire), lie)
  return rim?.(protocol, wire.world) ?? protocol
}
