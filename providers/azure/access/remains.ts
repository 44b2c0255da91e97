/** What is left of clusters in the shared network: their rules, and the application security groups that those name. */
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import { isForbidden } from "../client/errors.js"
import { lastOf } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import { arm, type Azure } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import type { Group, Tags } from "../prepare/group.js"
import { ACCESS_TAG, SHARED_TAG } from "../prepare/names.js"
import { networkPath } from "./names.js"
import { deleteRule, listRules, untilGone } from "./rules.js"
import { describedTags } from "./wanted.js"

export const RULE_KIND = "security-rule"
export const DOOR_KIND = "application-security-group"

interface NativeDoor {
  readonly id?: string
  readonly tags?: Tags
}

/**
 * Asked for only where the shared group says that somebody has opened something, or this process has. Who may not ask has opened
 * nothing: others in the location have.
 */
export async function doorLeftovers(
  azure: Azure,
  groups: readonly Group[],
  selector: Selector,
  calls: Calls,
): Promise<readonly Leftover[]> {
  const isOpened = groups.some(({ tags }) => tags[SHARED_TAG] !== undefined && tags[ACCESS_TAG] !== undefined)
  if (!isOpened && azure.opened.size === 0) return []
  try {
    return await listDoors(azure, selector, calls)
  } catch (error) {
    if (!isForbidden(error) || azure.opened.size > 0) throw error
    calls.note?.(
      "the role may not read the rules of the shared security group: what clusters have opened there is not shown",
    )
    return []
  }
}

/**
 * A rule has no tags: those of the group that it names are its own, and where that is missing its description has them.
 */
async function listDoors(azure: Azure, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const path = `${networkPath(azure)}/applicationSecurityGroups?api-version=${NETWORK}`
  const info = { what: "listing application security groups", accepts: [404] }
  const doors = await itemsOf<NativeDoor>(azure, calls, "ApplicationSecurityGroups_List", path, info)
  const rules = await listRules(azure, calls)
  const tagsById = new Map(doors.map(({ id = "", tags = {} }) => [id.toLowerCase(), tags]))
  const { location } = azure.options
  const left = (kind: string, id: string, tags: Tags): readonly Leftover[] =>
    tags[TAG.uid] !== undefined && tagsMatch(tags, selector)
      ? [{ kind, id, region: location, tags, shared: false }]
      : []
  return [
    ...rules.flatMap(({ id = "", properties = {} }) => {
      const named = properties.destinationApplicationSecurityGroups?.[0]?.id?.toLowerCase() ?? ""
      return left(RULE_KIND, id, tagsById.get(named) ?? describedTags(properties.description ?? ""))
    }),
    ...doors.flatMap(({ id = "", tags = {} }) => left(DOOR_KIND, id, tags)),
  ]
}

/** All rules, and until they are gone: no group that one of them names can be deleted, nor the network's member of it. */
export async function removeRules(azure: Azure, found: readonly Leftover[], calls: Calls): Promise<void> {
  const names = found.map(({ id }) => lastOf(id).toLowerCase())
  if (names.length === 0) return
  // One after the other: they are parts of one security group, which is changed by one request at a time.
  for (const name of names) await deleteRule(azure, name, calls)
  await untilGone(azure, names, calls)
}

/**
 * Refused while an interface is in it ("Application Security Group … cannot be deleted because it is referenced by IpConfiguration(s)",
 * Azure/azure-cli#12591), which passes when its VM is gone.
 */
export async function removeDoor(azure: Azure, { id }: Leftover, calls: Calls): Promise<void> {
  const name = lastOf(id)
  const path = `${networkPath(azure)}/applicationSecurityGroups/${encodeURIComponent(name)}?api-version=${NETWORK}`
  const info = { what: `deleting application security group ${name}`, accepts: [404] }
  await arm(azure, calls, "ApplicationSecurityGroups_Delete", { method: "DELETE", path }, info)
}
