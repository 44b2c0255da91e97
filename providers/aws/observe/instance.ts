/** From EC2's description of an instance to the seam's. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { TransientError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Instance, InstanceState } from "../../../src/provider.js"
import { failureIn, USER_SHUTDOWN } from "./state-reasons.js"

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
  const failure = failureIn(native.StateReason, instance)
  return {
    ...instance,
    ...(failure === undefined ? {} : { failure }),
    ...(isEndedByRequest(native, instance) ? { endedBy: "request" } : {}),
  }
}

function isEndedByRequest({ StateReason }: Ec2.Instance, { state }: Instance): boolean {
  return StateReason?.Code === USER_SHUTDOWN && (state === "terminating" || state === "terminated")
}
