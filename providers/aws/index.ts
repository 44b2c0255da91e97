/** The provider "aws": its factory and its public types. */
import { sshRoute } from "../../src/client/ssh-route.js"
import { plainOptions } from "../../src/input/parse.js"
import type { Calls, LaunchCall, Provider, Tap, Walk } from "../../src/provider.js"
import { accessControl } from "./observe/access/access-control.js"
import { peersSeen } from "./observe/access/peers-seen.js"
import { claim } from "./prepare/claim.js"
import { type Send, sender } from "./client/send.js"
import { consoleLog, consoleUrl } from "./observe/console.js"
import { explaining } from "./client/decode.js"
import { headroom } from "./offers/headroom.js"
import { interruptions } from "./observe/interruptions.js"
import { launch } from "./launch/launch.js"
import { settle } from "./launch/settle.js"
import { mark } from "./end/mark.js"
import { renew } from "./end/lease.js"
import { leftovers, remove } from "./end/leftovers.js"
import { limitsOf } from "./limits.js"
import { list } from "./observe/list.js"
import { offers } from "./offers/offers.js"
import type { AwsOptions } from "./options.js"
import { parseAwsOptions } from "./options-check.js"
import { prepare, refresh } from "./prepare/prepare.js"
import { recall } from "./observe/recall.js"
import type { Right } from "./launch/right.js"
import { rights } from "./launch/rights.js"
import { split } from "./launch/split.js"
import { terminate } from "./end/terminate.js"

export type {
  AwsClient,
  AwsClients,
  AwsCredentials,
  AwsDecoder,
  AwsImage,
  AwsOptions,
  AwsPrice,
  AwsReservation,
  AwsSubnet,
} from "./options.js"
export type { Right } from "./launch/right.js"

export interface AwsProvider extends Provider {
  /** Whether the principal may do what this launch call and its burst need, by DryRun: nothing is made. */
  rights(call: LaunchCall, calls: Calls): Promise<readonly Right[]>
}

/**
 * EC2 in one region, for `new Cluster({ provider: aws({ region: "eu-west-2", … }) })`. Nothing is loaded or sent before
 * it is used; the SDK is "@aws-sdk/client-ec2", installed beside Muster.
 *
 * @param options see `AwsOptions`; `region` is the only one that must be given.
 * @throws SpecError with all that is wrong with the options.
 */
export function aws(options: AwsOptions): AwsProvider {
  const parsed = parseAwsOptions(options)
  return providerOf({ options, parsed }, sender(parsed))
}

interface Given {
  readonly options: AwsOptions
  readonly parsed: AwsOptions
}

function providerOf(given: Given, send: Send): AwsProvider {
  const { options, parsed } = given
  const { region, skipOsShutdown = false } = parsed
  const limits = limitsOf(parsed)
  const context = { send, region, namedGroups: parsed.securityGroupIds ?? [] }
  const explain = explaining(parsed)
  const peers = peersSeen()
  const listing = { region, seen: peers.see }
  return {
    name: "aws",
    region,
    limits,
    recipe: () => plainOptions(options),
    whereabouts: () => (parsed.endpoint === undefined ? {} : { endpoint: parsed.endpoint }),
    offers: (query, calls) => explain(calls, offers(send, parsed, query, calls)),
    prepare: (owner, group, calls) => {
      if (group.peers === true) peers.note()
      return explain(calls, prepare(send, parsed, { owner, group }, calls))
    },
    refresh: (prepared, calls) => refresh(send, prepared, calls),
    split,
    launch: (call, calls) => explain(calls, launch(context, call, calls)),
    settle: (call, ref, calls) => explain(calls, settle(context, call, ref, calls)),
    list: (selector, calls) => explain(calls, list(send, listing, selector, calls)),
    terminate: (instances, calls) =>
      explain(calls, terminate(instances, { send, calls, consistencyMs: limits.consistencyMs, skipOsShutdown })),
    claim: (owner, calls) => explain(calls, claim(send, parsed, owner, calls)),
    mark: (owner, instances, calls) => explain(calls, mark(send, owner, instances, calls)),
    interruptions: (instances, calls) => interruptions(send, instances, calls),
    headroom: (wish, calls) => headroom(send, parsed, wish, calls),
    leftovers: (selector, calls) => leftovers({ send, calls, region, hasPeers: peers.areSeen() }, selector),
    remove: (found, calls) => explain(calls, remove({ send, calls }, found)),
    route: sshRoute,
    access: accessControl(send, parsed, explain),
    consoleLog: (instance, calls) => explain(calls, consoleLog(send, instance, calls)),
    recall: (instance, calls) => recall(send, instance, calls),
    renew: (instances, until, calls) => explain(calls, renew(send, instances, until, calls)),
    consoleUrl,
    examine: async () => (await import("./doctor/index.js")).examinationOf(send, parsed),
    walk: (tap) => walkOf(given, tap),
    rights: (call, calls) => rights(send, call, calls),
  }
}

/** Its exchanges, and the provider's, are those of one connection that is told of. */
async function walkOf(given: Given, tap: Tap): Promise<Walk> {
  const send = sender(given.parsed, tap)
  const { walkWith } = await import("./live/index.js")
  return walkWith({ provider: providerOf(given, send), send })
}
