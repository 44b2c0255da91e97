/** Why a principal may not do something: EC2 encodes the reason, and STS decodes it for principals with that right. */
import { AuthError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { AwsDecoder, AwsOptions } from "../options.js"
import { clientSettings } from "./handler.js"
import { optionalPackage, STS } from "./packages.js"
import { REMEDY, decodingRemedy } from "./encoded.js"

/** Passes on what a verb comes to, a missing right with its reasons where they can be had. */
export type Explain = <T>(calls: Calls, verb: Promise<T>) => Promise<T>

/** @param options whose `clients.sts`, or else an installed "@aws-sdk/client-sts", decodes; without it nothing is asked. */
export function explaining(options: AwsOptions): Explain {
  return (calls, verb) =>
    verb.catch(async (error: unknown) => {
      throw await explained(options, calls, error)
    })
}

async function explained(options: AwsOptions, calls: Calls, error: unknown): Promise<unknown> {
  const encoded = error instanceof AuthError ? REMEDY.exec(error.message)?.[1] : undefined
  const decoder = encoded === undefined || calls.signal.aborted ? undefined : decoderOf(options)
  if (!(error instanceof AuthError) || encoded === undefined || decoder === undefined) return error
  try {
    // What STS allows a second is not documented (aws.decode-limit), and far more than this takes.
    const reply = await calls.send("DecodeAuthorizationMessage", {}, ({ signal }) =>
      decoder.decodeAuthorizationMessage({ EncodedMessage: encoded }, { abortSignal: signal }),
    )
    const message = error.message.replace(decodingRemedy(encoded), reasonsIn(reply.DecodedMessage ?? ""))
    const { code, requestId } = error
    return new AuthError(message, { code, cause: error, ...(requestId === undefined ? {} : { requestId }) })
  } catch {
    // Not allowed, or not reached: the command is in the message.
    return error
  }
}

interface Decoded {
  readonly explicitDeny?: boolean
  readonly context?: {
    readonly principal?: { readonly arn?: string }
    readonly action?: string
    readonly resource?: string
  }
}

/** "ec2:RunInstances on arn:… is allowed to arn:… by no policy" */
function reasonsIn(text: string): string {
  const { explicitDeny = false, context = {} } = JSON.parse(text) as Decoded
  const { principal, action = "it", resource = "*" } = context
  const who = principal?.arn ?? "the principal"
  return explicitDeny
    ? `a policy denies ${action} on ${resource} to ${who}: look for its Deny, also in boundaries and in the organization's policies`
    : `no policy allows ${action} on ${resource} to ${who}`
}

interface Sts {
  readonly STS: new (config: object) => AwsDecoder
}

/** A test's or a private endpoint of EC2 says nothing of STS: then only a client that was given is asked. */
function decoderOf(options: AwsOptions): AwsDecoder | undefined {
  const { clients, endpoint, client, region } = options
  if (clients?.sts !== undefined || endpoint !== undefined || client !== undefined) return clients?.sts
  const sdk = optionalPackage<Sts>(STS)
  if (sdk === undefined) return undefined
  return new sdk.STS({ region, ...clientSettings(options) })
}
