/** Sends one request with everything around it; all verbs go through this. */
import type { Attempt, Calls, Tap } from "../../../src/provider.js"
import { endpointOf } from "../clouds.js"
import { type Api, COSTS } from "../limits.js"
import type { AzureOptions } from "../options.js"
import { type ArmReply, refusalOf, thrownError, unreadable } from "./errors.js"
import type { RequestContext } from "./outcome.js"
import type { Pool } from "../../../src/tables/scopes.js"
import { type ArmRequest, connect, type Connection } from "./sdk.js"
import { tappedBy } from "./tapped.js"

export interface RequestInfo {
  /** "listing the VMs of muster-render-1" */
  readonly what: string
  /** The pool that was asked, of a launch. */
  readonly offer?: Pool
  /** The groups that Muster makes itself, of those that a launch names. */
  readonly made?: readonly string[]
  /** What it names is known to be there, since a moment ago or to another answer: that it is not found passes. */
  readonly isRecent?: true
  /** Of a launch: for how long its group may not be known everywhere, in milliseconds. */
  readonly graceMs?: number
  /** Statuses that are no errors here, 200 to 299 aside. */
  readonly accepts?: readonly number[]
  /** The member without which a 200 is not Azure's: a login page would else pass for an empty list. */
  readonly member?: string
}

export interface Claim {
  /** The claimant's nonce. */
  readonly nonce: string
  /** When it was made, or seen to be there, last; in milliseconds since 1970. */
  readonly at: number
}

type Wire = (connection: Connection, signal: AbortSignal) => Promise<ArmReply>

export interface Azure {
  readonly options: AzureOptions
  /** The groups that this object has claimed, by name: once a group is deleted nothing else says that it existed. */
  readonly claims: Map<string, Claim>
  /** The uids of clusters for which it has opened ports: lists may not tell of that yet. */
  readonly opened: Set<string>
  send(calls: Calls, api: Api, info: RequestInfo, wire: Wire): Promise<ArmReply>
  /** Without our token: of hosts that must not see it. */
  open(api: string, url: string, signal: AbortSignal): Promise<ArmReply>
  /** For what is asked of the SDK without a request. */
  connection(): Connection
}

/** The connection of one provider object, made at its first request. @param tap is told of each. */
export function azureOf(options: AzureOptions, sdkName?: string, tap?: Tap): Azure {
  const tapped = tappedBy(tap)
  let connected: Connection | undefined
  const connection = () => (connected ??= connect(options, sdkName, tapped))
  return {
    options,
    claims: new Map(),
    opened: new Set(),
    connection,
    open: (api, url, signal) => tapped.named(api, signal, (own) => connection().open(url, own)),
    send: (calls, api, info, wire) => {
      const named: Wire = (to, signal) => tapped.named(api, signal, (own) => wire(to, own))
      return calls.send(api, COSTS[api], (attempt) => sendOnce({ options, connection }, api, info, named, attempt))
    },
  }
}

async function sendOnce(
  { options, connection }: Pick<Azure, "options" | "connection">,
  api: Api,
  info: RequestInfo,
  wire: Wire,
  attempt: Attempt,
): Promise<ArmReply> {
  const { accepts = [], member } = info
  const context = contextOf(options, api, info)
  try {
    const reply = await wire(connection(), attempt.signal)
    attempt.observed(remainingOf(reply))
    attempt.dated?.(reply.headers.date)
    if (reply.status < 200 || reply.status > 299) {
      const refusal = refusalOf(reply, context, accepts)
      if (refusal !== undefined) throw refusal
      return reply
    }
    if (isPage(reply) || (member !== undefined && !hasMember(reply.body, member))) throw unreadable(reply, context)
    return reply
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw thrownError(error, context)
  }
}

/** What a request is about, for the message and the scope of its refusal. */
export function contextOf(
  options: AzureOptions,
  api: Api,
  { what, offer, made, isRecent, graceMs }: RequestInfo,
): RequestContext {
  return {
    what,
    location: options.location,
    url: endpointOf(options),
    cost: COSTS[api],
    ...(offer === undefined ? {} : { offer }),
    ...(made === undefined ? {} : { made }),
    ...(isRecent === undefined ? {} : { isRecent }),
    ...(graceMs === undefined ? {} : { graceMs }),
  }
}

/** A proxy's: a request to delete that it answers has deleted nothing. */
function isPage({ body }: ArmReply): boolean {
  return typeof body === "string" && body.trimStart().startsWith("<")
}

function hasMember(body: unknown, member: string): boolean {
  return typeof body === "object" && body !== null && member in body
}

/** Sends a request of ARM that the SDK has no method for. */
export function arm(azure: Azure, calls: Calls, api: Api, request: ArmRequest, info: RequestInfo): Promise<ArmReply> {
  return azure.send(calls, api, info, (connection, signal) => connection.arm(request, signal))
}

/** "Request limits and throttling": the remaining units of the buckets of this principal, after this request. */
const REMAINING: Readonly<Record<string, string>> = {
  "x-ms-ratelimit-remaining-subscription-reads": "arm.reads",
  "x-ms-ratelimit-remaining-subscription-writes": "arm.writes",
  "x-ms-ratelimit-remaining-subscription-deletes": "arm.deletes",
}

/** Compute's own, several in one header: "Microsoft.Compute/PutVM3Min;237,Microsoft.Compute/PutVM30Min;1196". */
const POLICIES_HEADER = "x-ms-ratelimit-remaining-resource"

/**
 * Policies of the whole subscription ("Troubleshooting API throttling errors"), by minutes or as a whole. What counts for
 * one VM alone ("PutVMResource") or for scale sets ("DeleteVMScaleSet3Min") says nothing of the next request.
 */
const POLICY = /^(?:Microsoft\.Compute\/)?(PutVM|DeleteVM|LowCostGet|HighCostGet)(?:\d+Min|Subscription\w*)?;(\d+)$/

const POLICY_BUCKETS: Readonly<Record<string, string>> = {
  PutVM: "compute.puts",
  DeleteVM: "compute.deletes",
  LowCostGet: "compute.gets",
  HighCostGet: "compute.lists",
}

/** What an answer's headers say is left, by bucket; of several policies on one bucket the scarcest. */
export function remainingOf({ headers }: Pick<ArmReply, "headers">): Record<string, number> {
  const remaining: Record<string, number> = {}
  for (const header in REMAINING) {
    const left = headers[header]
    const bucket = REMAINING[header]
    if (bucket !== undefined && left !== undefined && /^\d+$/.test(left)) remaining[bucket] = Number(left)
  }
  for (const policy of headers[POLICIES_HEADER]?.split(",") ?? []) {
    const [, name = "", left] = POLICY.exec(policy.trim()) ?? []
    const bucket = POLICY_BUCKETS[name]
    if (bucket !== undefined) remaining[bucket] = Math.min(Number(left), remaining[bucket] ?? Number(left))
  }
  return remaining
}
