/**
 * Which actions the principal may take: its permissions in the subscription, or in a resource group that is named ("Permissions - List").
 * Locks, policies and deny assignments are not among them.
 */
import type { Calls, SeenRight } from "../../../src/provider.js"
import { rightsFor } from "../../../src/rights.js"
import { isForbidden } from "../client/errors.js"
import { itemsOf } from "../client/pages.js"
import type { Azure } from "../client/send.js"
import { AUTHORIZATION } from "../client/versions.js"
import { RIGHTS } from "../rights/rights.js"

/** Of one role that is assigned. Patterns have "*" for any letters, and no case. */
interface Permission {
  readonly actions?: readonly string[]
  readonly notActions?: readonly string[]
}

export async function rights(azure: Azure, purposes: readonly string[], calls: Calls): Promise<readonly SeenRight[]> {
  const wanted = rightsFor(RIGHTS, new Set(purposes))
  const roles = await rolesOf(azure, calls)
  return wanted.map(({ name, for: own }): SeenRight => {
    const right = { name, for: own }
    if (roles === undefined) return { ...right, why: "the principal may not read its own permissions: --with doctor" }
    return { ...right, isAllowed: roles.some((role) => allows(role, name)) }
  })
}

async function rolesOf(azure: Azure, calls: Calls): Promise<readonly Permission[] | undefined> {
  const { subscriptionId, resourceGroup } = azure.options
  const scope = `/subscriptions/${subscriptionId}${resourceGroup === undefined ? "" : `/resourcegroups/${resourceGroup}`}`
  const path = `${scope}/providers/Microsoft.Authorization/permissions?api-version=${AUTHORIZATION}`
  try {
    return await itemsOf<Permission>(azure, calls, "Permissions_List", path, {
      what: "reading the principal's permissions",
    })
  } catch (error) {
    if (!isForbidden(error)) throw error
    return undefined
  }
}

function allows({ actions = [], notActions = [] }: Permission, action: string): boolean {
  return actions.some((pattern) => fits(pattern, action)) && !notActions.some((pattern) => fits(pattern, action))
}

function fits(pattern: string, action: string): boolean {
  const parts = pattern
    .toLowerCase()
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${parts.join(".*")}$`).test(action.toLowerCase())
}
