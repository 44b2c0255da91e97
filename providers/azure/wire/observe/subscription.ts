/** The subscription itself, its locations, and what the caller may do in it. */
import { type Answered, type Asked, inGroup, READ, type Route, under } from "../client/route.js"
import type { State } from "../world/state.js"

function subscription({ quirks }: State, { path }: Asked): Answered {
  const [, , id = ""] = path.split("/")
  const state = quirks.subscriptionState ?? "Enabled"
  const body = { id: path, subscriptionId: id, tenantId: TENANT, displayName: "Rendering", state }
  return { status: 200, body }
}

export const TENANT = "99999999-8888-7777-6666-555555555555"

function locations({ world }: State): Answered {
  const names = [world.settings.region, "northeurope"]
  return { status: 200, body: { value: names.map((name) => ({ name, displayName: name })) } }
}

/** "Permissions - List": one entry for each role that is assigned. */
function permissions({ quirks }: State): Answered {
  const actions = quirks.role === undefined ? ["*"] : [...quirks.role]
  const notActions = quirks.role === undefined ? ["Microsoft.Authorization/*/Delete"] : []
  return { status: 200, body: { value: [{ actions, notActions, dataActions: [], notDataActions: [] }] } }
}

const PERMISSIONS = "/providers/microsoft.authorization/permissions"

export const subscriptionRoutes: readonly Route[] = [
  { api: "Subscriptions_Get", method: "GET", path: under(""), cost: READ, answer: subscription },
  { api: "Subscriptions_ListLocations", method: "GET", path: under("/locations"), cost: READ, answer: locations },
  { api: "Permissions_List", method: "GET", path: under(PERMISSIONS), cost: READ, answer: permissions },
  { api: "Permissions_List", method: "GET", path: inGroup(PERMISSIONS), cost: READ, answer: permissions },
]
