/** Resource ids and the paths of requests: how they are made, compared and taken apart. */
/** The zone of an instance that is bound to none: Azure places it in the region where it likes. */
export const REGIONAL = "regional"

/** Resource ids are compared in lower case: Azure returns them in any ("Azure Resource Graph" returns several). */
export function vmId(subscriptionId: string, group: string, name: string): string {
  return `${groupId(subscriptionId, group)}/providers/microsoft.compute/virtualmachines/${name.toLowerCase()}`
}

export function groupId(subscriptionId: string, group: string): string {
  return `/subscriptions/${subscriptionId.toLowerCase()}/resourcegroups/${group.toLowerCase()}`
}

/** The path of a request: whatever the name is, it stays one segment. */
export function groupPath(subscriptionId: string, group: string): string {
  return `${subscriptionPath(subscriptionId)}/resourceGroups/${encodeURIComponent(group)}`
}

export function subscriptionPath(subscriptionId: string): string {
  return `/subscriptions/${encodeURIComponent(subscriptionId)}`
}

/** A resource of a group, taken apart. */
export interface ResourcePlace {
  readonly group: string
  /** "Microsoft.Compute/disks" */
  readonly type: string
  readonly name: string
}

const RESOURCE_ID = /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)$/i

/** Undefined when this is no such resource's id, or one of another subscription. */
export function resourceOf(id: string, subscriptionId: string): ResourcePlace | undefined {
  const [, subscription = "", group = "", type = "", name = ""] = RESOURCE_ID.exec(id) ?? []
  if (subscription.toLowerCase() !== subscriptionId.toLowerCase()) return undefined
  return isSegment(group) && isSegment(name) ? { group, type, name } : undefined
}

/** "." and ".." would be taken out of a URL, and the segment before with them. */
function isSegment(name: string): boolean {
  return name !== "" && name !== "." && name !== ".."
}

export interface VmPlace {
  readonly group: string
  readonly name: string
}

/** Where a VM is; undefined when this is no VM's id, or one of another subscription. */
export function placeOf(id: string, subscriptionId: string): VmPlace | undefined {
  const place = resourceOf(id, subscriptionId)
  return place?.type.toLowerCase() === "microsoft.compute/virtualmachines" ? place : undefined
}

/** The last segment of a resource id. */
export function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1)
}
