/** Whose keys there are, where they are from, when they end, and whether EC2 accepts them in this region. */
import { AuthError, MusterError } from "../../../src/errors.js"
import type { Calls, Finding, Look } from "../../../src/provider.js"
import { isOutOfReach, toMusterError } from "../client/errors.js"
import { clientSettings } from "../client/handler.js"
import { optionalPackage, STS } from "../client/packages.js"
import { loadSdk, makeClient, quietly } from "../client/sdk.js"
import type { Send } from "../client/send.js"
import type { AwsDecoder, AwsOptions } from "../options.js"

export function credentialLook(send: Send, options: AwsOptions): Look {
  return {
    name: "credential",
    look: async (_examined, calls) => {
      const keys = await keysOf(options, calls)
      // STS may be out of reach where EC2 is not, and the other way round: EC2 alone decides.
      const caller = await callerOf(options, calls).catch((error: unknown) => {
        calls.signal.throwIfAborted()
        if (error instanceof MusterError) return undefined
        throw error
      })
      const refusal = await probe(send, calls)
      if (refusal !== undefined && caller === undefined) throw refusal
      if (refusal !== undefined) return [notHere(options, caller, refusal)]
      return [partitionProblem(options.region, caller) ?? found(keys, caller, calls.now())]
    },
  }
}

/** What EC2 accepts in this region the look before has shown. */
export function regionLook({ region }: AwsOptions): Look {
  return { name: "region", look: async () => [{ status: "ok", text: `${region} accepts the credentials` }] }
}

/** What the SDK keeps of keys ("AwsCredentialIdentity", @aws-sdk/types); the key's id is no secret, but is not for a bug report. */
interface Keys {
  readonly accessKeyId?: string
  readonly expiration?: Date
  /** Features of the SDK by which they came. */
  readonly $source?: Readonly<Record<string, string>>
}

interface Caller {
  readonly account?: string
  readonly arn?: string
}

/** In words; names of "CredentialsFeatureId" (@smithy/types, feature-ids). */
const SOURCES: readonly (readonly [feature: RegExp, words: string])[] = [
  [/SSO/, "SSO (aws sso login)"],
  [/LOGIN/, "aws login"],
  [/STS_ASSUME_ROLE_WEB_ID|ENV_VARS_STS_WEB_ID_TOKEN|PROFILE_STS_WEB_ID_TOKEN/, "a web identity token"],
  [/STS_ASSUME_ROLE/, "a role that is assumed"],
  [/PROCESS/, "a process of the shared config"],
  [/ENV_VARS/, "environment variables"],
  [/PROFILE/, "the shared files (profile)"],
  [/IMDS/, "instance metadata"],
  [/HTTP/, "the container"],
  [/CODE/, "the options (credentials)"],
]

/** @throws AuthError when there are none, with the ways that were tried. */
async function keysOf(options: AwsOptions, calls: Calls): Promise<Keys> {
  return calls.send("credentials", {}, async () => {
    try {
      const client = options.client ?? quietly(() => makeClient(loadSdk(), options))
      const { config } = client as { readonly config?: { readonly credentials?: unknown } }
      const source = config?.credentials
      return typeof source === "function" ? ((await (source as () => Promise<unknown>)()) as Keys) : {}
    } catch (error) {
      throw toMusterError(error, { what: "looking for AWS credentials", region: options.region })
    }
  })
}

interface Sts extends AwsDecoder {
  getCallerIdentity?(
    input: object,
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly Account?: string | undefined; readonly Arn?: string | undefined }>
}

/** Every principal may ask it. Undefined where nothing can be asked. */
async function callerOf(options: AwsOptions, calls: Calls): Promise<Caller | undefined> {
  const sts = stsOf(options)
  if (sts?.getCallerIdentity === undefined) return undefined
  return calls.send("GetCallerIdentity", {}, async ({ signal }) => {
    try {
      const { Account: account, Arn: arn } = (await sts.getCallerIdentity?.({}, { abortSignal: signal })) ?? {}
      return { ...(account === undefined ? {} : { account }), ...(arn === undefined ? {} : { arn }) }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw toMusterError(error, { what: "asking whose the credentials are (STS)", region: options.region })
    }
  })
}

/** Another endpoint of EC2 says nothing of STS: then only a client that was given is asked. */
function stsOf(options: AwsOptions): Sts | undefined {
  const { clients, endpoint, client, region } = options
  if (clients?.sts !== undefined || endpoint !== undefined || client !== undefined) return clients?.sts
  const sdk = optionalPackage<{ readonly STS: new (config: object) => Sts }>(STS)
  return sdk === undefined ? undefined : quietly(() => new sdk.STS({ region, ...clientSettings(options) }))
}

/** Why EC2 refuses the keys; undefined: it accepts them. A right that is missing is another matter. */
async function probe(send: Send, calls: Calls): Promise<AuthError | undefined> {
  const what = "asking whether the credentials are accepted"
  try {
    await send(calls, "DescribeInstances", { DescribeInstances: 1 }, { DryRun: true, MaxResults: 5 }, { what })
    return undefined
  } catch (error) {
    const isAnswer = error instanceof MusterError && error.code === "DryRunOperation"
    if (isAnswer || isOutOfReach(error)) return undefined
    if (error instanceof AuthError) return error
    throw error
  }
}

/** A region that is not enabled refuses every account's keys in the same words as a wrong key. */
function notHere({ region }: AwsOptions, caller: Caller | undefined, { message }: AuthError): Finding {
  const remedy = `enable it: aws account enable-region --region-name ${region}`
  return {
    status: "fail",
    text: `STS knows ${caller?.arn ?? "the credentials"}, but ${region} does not accept them: ${message}`,
    remedy,
  }
}

/** "arn:aws-cn:…" ("ARN format", AWS General Reference); keys of one partition mean nothing in another. */
function partitionProblem(region: string, caller: Caller | undefined): Finding | undefined {
  const own = caller?.arn?.split(":")[1]
  const needed = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws"
  if (own === undefined || own === needed || !own.startsWith("aws")) return undefined
  const text = `the credentials are of the partition ${own}, and ${region} is of ${needed}`
  return { status: "fail", text, remedy: `use credentials of an account of ${needed}, or a region of ${own}` }
}

/** Keys that end sooner than a burst takes. */
const SOON_MS = 15 * 60_000

function found(keys: Keys, caller: Caller | undefined, now: number): Finding {
  const { accessKeyId = "", expiration } = keys
  const features = Object.keys(keys.$source ?? {}).join(" ")
  const source = SOURCES.find(([feature]) => feature.test(features))?.[1]
  const parts = [
    caller?.account === undefined ? "accepted" : `account ${caller.account}`,
    ...(caller?.arn === undefined ? [] : [caller.arn]),
    ...(accessKeyId === "" ? [] : [`key ${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`]),
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(expiration === undefined ? [] : [`until ${expiration.toISOString()}`]),
  ]
  const data = {
    ...caller,
    ...(source === undefined ? {} : { source }),
    ...(expiration === undefined ? {} : { expires: expiration.getTime() }),
  }
  const text = parts.join(", ")
  if (expiration !== undefined && expiration.getTime() - now < SOON_MS) {
    return { status: "warn", text, remedy: "log in anew before a burst that takes longer", data }
  }
  return { status: "ok", text, data }
}
