/** From EC2's words for an instance to ours. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { TransientError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Failure, FailureReason, Instance, InstanceState, Scope } from "../../src/provider.js"
import { COLD_MS, type ScopeKind } from "./codes.js"
import { scopeOf } from "./errors.js"
import { familyOf } from "./families.js"

/** EC2 User Guide, "Instance state changes". `stopping` ends in `stopped`, and both are paid for in part. */
const STATES: Readonly<Record<string, InstanceState>> = {
  pending: "pending",
  running: "running",
  stopping: "stopped",
  stopped: "stopped",
  "shutting-down": "terminating",
  terminated: "terminated",
}

/** EC2's names for our states, for filters. */
export function ec2States(states: readonly InstanceState[]): string[] {
  return Object.entries(STATES).flatMap(([name, state]) => (states.includes(state) ? [name] : []))
}

/** @throws TransientError when EC2 gives none of the states it documents: nothing may be concluded from such a reply. */
export function stateOf(state: Ec2.InstanceState | undefined, id: string): InstanceState {
  const known = STATES[state?.Name ?? ""]
  if (known === undefined)
    throw new TransientError(`EC2's reply gives ${id} the unknown state "${state?.Name ?? "none"}"`)
  return known
}

/** @throws TransientError when the reply lacks an id. */
export function idOf(id: string | undefined, api: string): string {
  if (id === undefined || id === "") throw new TransientError(`EC2's reply to ${api} has an instance without an id`)
  return id
}

/** Where a description of an instance comes from. */
export interface Source {
  readonly api: string
  readonly region: string
  /** For an instance so new that its launch time is not shown yet. */
  readonly now: number
}

export function toInstance(native: Ec2.Instance, { api, region, now }: Source): Instance {
  const id = idOf(native.InstanceId, api)
  const tags = Object.fromEntries((native.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]))
  const group = tags[TAG.group]
  const instance = {
    id,
    provider: "aws",
    // The guest derives the same one, from its metadata.
    name: group === undefined ? id : `${group}-${id.slice(-8)}`,
    state: stateOf(native.State, id),
    region,
    zone: native.Placement?.AvailabilityZone ?? "",
    instanceType: native.InstanceType ?? "",
    market: native.InstanceLifecycle === "spot" ? "spot" : "on-demand",
    ...(native.PrivateIpAddress ? { privateIp: native.PrivateIpAddress } : {}),
    ...(native.PublicIpAddress ? { publicIp: native.PublicIpAddress } : {}),
    launchedAt: native.LaunchTime?.getTime() ?? now,
    tags,
  } as const satisfies Instance
  const failure = failureOf(native, instance)
  return {
    ...instance,
    ...(failure === undefined ? {} : { failure }),
    ...(isEndedByRequest(native, instance) ? { endedBy: "request" } : {}),
  }
}

/** "Client.UserInitiatedShutdown: The instance was shut down using the Amazon EC2 API" ("StateReason"). */
function isEndedByRequest({ StateReason }: Ec2.Instance, { state }: Instance): boolean {
  return StateReason?.Code === "Client.UserInitiatedShutdown" && (state === "terminating" || state === "terminated")
}

interface ReasonRow {
  readonly code: string
  readonly reason: FailureReason
  readonly scope: ScopeKind
  readonly ttlMs: number
}

/**
 * StateReason codes (EC2 API Reference, "StateReason"). Those of an end that a user or the guest asked for are no
 * failure and have no row. The last row is what EC2 says when the real code is only in the message.
 */
const REASONS: readonly ReasonRow[] = [
  { code: "Server.InsufficientInstanceCapacity", reason: "capacity", scope: "pool", ttlMs: COLD_MS },
  { code: "Client.VolumeLimitExceeded", reason: "quota", scope: "region", ttlMs: 10 * 60_000 },
  { code: "Server.SpotInstanceTermination", reason: "interrupted", scope: "pool", ttlMs: COLD_MS },
  { code: "Server.SpotInstanceShutdown", reason: "interrupted", scope: "pool", ttlMs: COLD_MS },
  { code: "Server.ScheduledStop", reason: "interrupted", scope: "pool", ttlMs: 0 },
  // A missing snapshot or a key that may not be used is the same everywhere.
  { code: "Client.InvalidSnapshot.NotFound", reason: "boot", scope: "region", ttlMs: 0 },
  { code: "Client.InternalError", reason: "boot", scope: "region", ttlMs: 0 },
  { code: "Server.InternalError", reason: "boot", scope: "pool", ttlMs: 0 },
]

function failureOf(native: Ec2.Instance, instance: Instance): Failure | undefined {
  const code = native.StateReason?.Code ?? ""
  const message = native.StateReason?.Message ?? ""
  const isEnding = instance.state !== "pending" && instance.state !== "running"
  const row = REASONS.find((row) => message.startsWith(row.code)) ?? REASONS.find((row) => row.code === code)
  if (!isEnding || row === undefined) return undefined
  return {
    reason: row.reason,
    count: 1,
    scope: reasonScope(row.scope, instance),
    ttlMs: row.ttlMs,
    code: row.code,
    message: message || code,
  }
}

function reasonScope(kind: ScopeKind, { region, zone, instanceType, market }: Instance): Scope {
  const family = familyOf(instanceType)
  const offer = {
    provider: "aws",
    region,
    zone,
    instanceType,
    market,
    family,
    vcpus: 0,
    memoryGiB: 0,
    arch: "x86_64",
  } as const
  return scopeOf(kind, { region, offer })
}
