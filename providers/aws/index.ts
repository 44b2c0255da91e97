import type { Provider } from "../../src/provider.js"
import { sender } from "./client.js"
import { guestScript } from "./guest.js"
import { launch, settle } from "./launch.js"
import { limitsOf } from "./limits.js"
import { list } from "./list.js"
import { offers } from "./offers.js"
import { type AwsOptions, parseAwsOptions } from "./options.js"
import { prepare } from "./prepare.js"
import { split } from "./split.js"
import { terminate } from "./terminate.js"

export type { AwsClient, AwsCredentials, AwsOptions, AwsSubnet } from "./options.js"

/**
 * EC2 in one region, for `new Cluster({ provider: aws({ region: "eu-west-2", … }) })`. Nothing is loaded or sent before
 * it is used; the SDK is "@aws-sdk/client-ec2", installed beside Muster.
 *
 * @param options see `AwsOptions`; `region` is the only one that must be given.
 * @throws SpecError with all that is wrong with the options.
 */
export function aws(options: AwsOptions): Provider {
  const parsed = parseAwsOptions(options)
  const { region } = parsed
  const limits = limitsOf(parsed, preambleBytes(region))
  const send = sender(parsed)
  return {
    name: "aws",
    region,
    limits,
    offers: (query, calls) => offers(send, parsed, query, calls),
    prepare: (owner, group, calls) => prepare(send, parsed, { owner, group }, calls),
    split,
    launch: (call, calls) => launch(send, region, call, calls),
    settle: (call, _ref, calls) => settle(send, region, call, calls),
    list: (selector, calls) => list(send, region, selector, calls),
    terminate: (instances, calls) => terminate(instances, { send, calls, consistencyMs: limits.consistencyMs }),
  }
}

/** What our own part of the user data takes, with names of the lengths that are allowed. */
function preambleBytes(region: string): number {
  const name = "x".repeat(63)
  const owner = { cluster: name, uid: name, owner: name, generation: 1, deadline: "1767225600", claim: "" }
  const group = { name, startup: "x", environment: {}, publicAddress: "auto", tags: {}, archs: [] } as const
  return Buffer.byteLength(guestScript(owner, group, region))
}
