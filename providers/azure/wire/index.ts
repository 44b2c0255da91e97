/**
 * A small Azure Resource Manager on a loopback port, over HTTPS with a certificate of its own, in front of a simulated
 * world: the unmodified SDK can be used against it, which refuses to send tokens over plain http. It refuses what Azure
 * refuses; what it does not know, it refuses too.
 */
import { createServer } from "node:https"
import type { World } from "../../../src/simulator/index.js"
import { type HttpProtocol, listen, listenerOf } from "../../../src/simulator/requests/http-server.js"
import { type LieMode, lying } from "../../../src/simulator/requests/lies.js"
import { type MetadataService, onDemand } from "../../../src/simulator/metadata/service.js"
import { isOpen } from "./access/is-open.js"
import { azureMetadata } from "./guest/metadata.js"
import type { ScriptedAnswer } from "./world/answers.js"
import { type Certificate, makeCertificate } from "./client/certificate.js"
import { FAILURE, lieAbout } from "./lies/index.js"
import { type Exchange, protocolOf, type Wire } from "./serve.js"
import { catchUp, newState, type Quirks } from "./world/state.js"

export { LIES } from "./lies/index.js"
export type { AnswerPlace, ScriptedAnswer } from "./world/answers.js"
export { VERSION } from "./offers/catalogue.js"
export type { Exchange } from "./serve.js"
export type { Quirks } from "./world/state.js"
export { AZURE_BUCKETS, AZURE_TYPES, AZURE_WORLD, NO_ZONE } from "./world/world.js"

export interface AzureWireOptions {
  readonly world: World
  /** Any free port by default. */
  readonly port?: number
  /** A new one by default. */
  readonly certificate?: Certificate
  readonly onExchange?: (exchange: Exchange) => void
  /** It answers otherwise than its cloud in one thing, by the id of the assumption that this breaks. */
  readonly lie?: { readonly breaks: string; readonly mode: LieMode }
  /** What a test puts between the server and this Resource Manager: it may change requests and answers. */
  readonly rim?: (protocol: HttpProtocol, world: World) => HttpProtocol
}

/** What there is, by kind and name: for tests that look for what was left behind. */
export interface Remains {
  readonly kind: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
}

export interface AzureWire {
  readonly url: string
  /** PEM: what a client must trust, as the option `ca`. */
  readonly ca: string
  readonly world: World
  /** What tests can make happen that the world has no word for. */
  readonly quirks: Quirks
  /** From now on the cloud says this instead. */
  answer(answer: ScriptedAnswer): void
  /** Everything in the subscription now: groups, VMs and their parts, networks. */
  remains(): readonly Remains[]
  /**
   * Whether the rules that are in force let TCP through to an instance, by its id: by priority, with Azure's default rules behind them.
   * An address that is an instance's own is a neighbour's.
   */
  isOpen(instanceId: string, port: number, from: string): boolean
  /** The metadata service of its instances, which starts when it is first asked for, and ends with the wire. */
  metadata(): Promise<MetadataService>
  close(): Promise<void>
}

/** Starts it; the subscription is empty. */
export async function azureWire(options: AzureWireOptions): Promise<AzureWire> {
  const { world, port = 0, certificate = makeCertificate(), onExchange, lie, rim = (protocol) => protocol } = options
  const state = newState(world)
  const wire: Wire = { state, url: "", requests: 0, ...(onExchange === undefined ? {} : { onExchange }) }
  const honest = protocolOf(wire)
  const protocol =
    lie === undefined ? honest : lying(honest, lieAbout(lie.breaks), { mode: lie.mode, failure: FAILURE })
  const server = createServer({ key: certificate.key, cert: certificate.cert }, listenerOf(rim(protocol, world)))
  const { url, close } = await listen(server, { protocol: "https", port })
  wire.url = url
  return {
    url,
    ca: certificate.cert,
    world,
    quirks: state.quirks,
    answer: (answer) => state.answers.give(answer),
    ...onDemand(() => azureMetadata(state), close),
    isOpen: (instanceId, port, from) => {
      catchUp(state)
      return isOpen(state, instanceId, port, from)
    },
    remains: () => {
      catchUp(state)
      return [
        ...[...state.groups.values()].map(({ name, tags }) => ({ kind: "group", id: name, tags })),
        ...[...state.vms.values()].map(({ group, name, request }) => ({
          kind: "vm",
          id: `${group}/${name}`,
          tags: request.tags ?? {},
        })),
        ...world.resources.list().map(({ kind, id, tags }) => ({ kind, id, tags })),
      ]
    },
  }
}
