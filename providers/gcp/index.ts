import { sshRoute } from "../../src/client/ssh-route.js"
import { plainOptions } from "../../src/input/parse.js"
import type { Provider, Tap } from "../../src/provider.js"
import { type Send, sender } from "./client/send.js"
import { identityOf } from "./client/credentials.js"
import { guestScript } from "./prepare/guest.js"
import { headroom } from "./offers/headroom.js"
import { exchanger } from "./client/http.js"
import { tapped } from "./client/tapped.js"
import { interruptions } from "./observe/interruptions.js"
import { launch } from "./launch/launch.js"
import { find } from "./launch/lookup.js"
import { settle } from "./launch/settle.js"
import { leftovers, remove } from "./end/leftovers.js"
import { limitsOf } from "./limits.js"
import { list } from "./observe/list.js"
import { consoleLog, consoleUrl } from "./observe/console.js"
import { recall } from "./observe/recall.js"
import { type OfferContext, offers } from "./offers/offers.js"
import { licensedArchs } from "./prepare/images.js"
import { type GcpOptions, namedProject } from "./options.js"
import { parseGcpOptions } from "./options-check.js"
import { prepare } from "./prepare/prepare.js"
import { firewallProjectOf } from "./prepare/network.js"
import { KnownRules } from "./prepare/firewall/known-rules.js"
import { accessControl } from "./access/control.js"
import { hostKeys } from "./observe/host-keys.js"
import { authorized } from "./client/authorization.js"
import { split } from "./launch/split.js"
import { mark } from "./end/mark.js"
import { terminate } from "./end/terminate.js"
import { zonesOf as zonesFor } from "./offers/zones.js"

export type { GcpAuth, GcpOptions } from "./options.js"

/**
 * Compute Engine in one region, for `new Cluster({ provider: gcp({ region: "europe-west2", … }) })`. Nothing is loaded or
 * sent before it is used; the client is "@google-cloud/compute", installed beside Muster.
 *
 * @param options see `GcpOptions`; `region` is the only one that must be given.
 * @throws SpecError with all that is wrong with the options.
 */
export function gcp(options: GcpOptions): Provider {
  return adapterOf(options, parseGcpOptions(options)).provider
}

/** @param tap is told of every exchange; left out: nobody is. */
function adapterOf(
  options: GcpOptions,
  parsed: GcpOptions,
  tap?: Tap,
): { readonly provider: Provider; readonly send: Send } {
  const { limits, connection, send, context, known, ends, licensed } = partsOf(parsed, tap)
  const { region } = parsed
  const provider: Provider = {
    name: "gcp",
    region,
    limits,
    recipe: () => plainOptions(options),
    whereabouts: () => whereaboutsOf(parsed),
    offers: (query, calls) =>
      offers({ ...context, connection, options: parsed, licensedArchs: licensed }, query, calls),
    prepare: (owner, group, calls) => prepare(send, parsed, { owner, group, known }, calls),
    split,
    launch: (call, calls) => launch(context, call, calls),
    settle: (call, ref, calls) => settle(context, call, ref, calls),
    find: (call, calls) => find(context, call, calls),
    list: async (selector, calls) => known.seen(await list(context, selector, calls)),
    terminate: (instances, calls) => terminate(context, instances, calls),
    mark: (owner, instances, calls) => mark(send, owner, instances, calls),
    interruptions: (instances, calls) => interruptions(send, region, instances, calls),
    headroom: (wish, calls) => headroom(send, region, wish, calls),
    leftovers: (selector, calls) => leftovers(ends, selector, calls),
    remove: (found, calls) => remove(ends, found, calls),
    route: sshRoute,
    access: accessControl(send, parsed, known),
    hostKeys: (instance, calls) => hostKeys(send, instance, calls),
    consoleLog: (instance, calls) => consoleLog(send, instance, calls),
    consoleUrl: (instance) => consoleUrl(instance, namedProject(parsed)),
    recall: (instance, calls) => recall(send, instance, calls),
    examine: async () => (await import("./doctor/index.js")).examinationOf({ send, options: parsed, connection }),
    walk: async (heard) => (await import("./live/index.js")).walkOf(adapterOf(options, parsed, heard)),
  }
  return { provider, send }
}

/** What the verbs of one provider object share. */
function partsOf(parsed: GcpOptions, tap: Tap | undefined) {
  const { region } = parsed
  const limits = limitsOf(parsed, preambleBytes(region))
  const identity = identityOf(parsed)
  const connection = { identity, exchange: tapped(authorized(identity, exchanger()), tap) }
  const send = sender(parsed, connection)
  const zonesOf = zonesFor(send, parsed)
  const { zones: named } = parsed
  const { consistencyMs } = limits
  const licensed: OfferContext["licensedArchs"] = (image, calls) => licensedArchs(send, parsed, image, calls)
  const context = { send, region, zonesOf, consistencyMs, ...(named === undefined ? {} : { named }) }
  const known = new KnownRules()
  const ends = { ...context, known, firewall: { send, region, ...firewallProjectOf(parsed) } }
  return { limits, connection, send, context, known, ends, licensed }
}

function whereaboutsOf({ project, apiEndpoint }: GcpOptions): Readonly<Record<string, string>> {
  return { ...(project === undefined ? {} : { project }), ...(apiEndpoint === undefined ? {} : { apiEndpoint }) }
}

/** What our own part of the startup script takes, with names of the lengths that are allowed. */
function preambleBytes(region: string): number {
  const name = "x".repeat(63)
  const owner = { cluster: name, uid: name, owner: name, generation: 1, deadline: "1767225600", claim: "" }
  const group = { name, startup: "x", environment: {}, publicAddress: "auto", tags: {}, archs: [] } as const
  return Buffer.byteLength(guestScript(owner, group, region))
}
