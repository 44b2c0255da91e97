/** Resource groups. */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, DELETE, inGroup, READ, type Route, under, WRITE } from "../client/route.js"
import { type Group, guidOf, type State } from "../world/state.js"

/** The group, if anything may be made in it. */
export function openGroup(state: State, name: string): Group {
  const group = foundGroup(state, name)
  if (group.deletingUntil === undefined) return group
  throw new Refusal(
    409,
    "ResourceGroupBeingDeleted",
    `The resource group '${group.name}' is in deprovisioning state and cannot perform this operation.`,
  )
}

export function foundGroup(state: State, name: string): Group {
  const group = state.groups.get(name.toLowerCase())
  if (group !== undefined) return group
  throw new Refusal(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`)
}

/** @throws Refusal when a lock protects the group from deletion. */
export function checkUnlocked({ quirks }: State, { path }: Asked, group: string): void {
  if (!quirks.locked.has(group)) return
  throw new Refusal(
    409,
    "ScopeLocked",
    `The scope '${path}' cannot perform delete operation because following scope(s) are locked.`,
  )
}

/** For what is in a group: a new one is not known everywhere at once. */
export function checkReplicated(state: State, name: string): void {
  const group = state.groups.get(name.toLowerCase())
  if (group === undefined || isReplicated(state, group)) return
  throw new Refusal(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`)
}

function isReplicated({ world, quirks }: State, { createdAt }: Group): boolean {
  return world.clock.now() >= createdAt + quirks.replicationMs
}

function bodyOf(asked: Asked, { name, location, tags, deletingUntil }: Group): unknown {
  const subscription = asked.path.split("/")[2] ?? ""
  const provisioningState = deletingUntil === undefined ? "Succeeded" : "Deleting"
  const id = `/subscriptions/${subscription}/resourceGroups/${name}`
  return { id, name, type: "Microsoft.Resources/resourceGroups", location, tags, properties: { provisioningState } }
}

/** "Naming rules and restrictions for Azure resources". */
const GROUP_NAME = /^[\p{L}\p{N}_.()-]{0,89}[\p{L}\p{N}_()-]$/u

function put(state: State, asked: Asked): Answered {
  const [key = ""] = asked.names
  const { location = "", tags = {} } = asked.body as Partial<Group>
  if (location.toLowerCase() !== state.world.settings.region) {
    throw new Refusal(
      400,
      "LocationNotAvailableForResourceGroup",
      `The provided location '${location}' is not available for resource group.`,
    )
  }
  if (Object.keys(tags).length > 50) throw new Refusal(400, "TooManyTags", "The number of tags exceeds 50.")
  if (!GROUP_NAME.test(decodeURIComponent(key)))
    throw new Refusal(400, "InvalidParameter", `The provided resource group name '${key}' is not valid.`)
  const known = state.groups.get(key)
  if (known !== undefined) {
    openGroup(state, key)
    known.tags = tags
    return { status: 200, body: bodyOf(asked, known) }
  }
  const createdAt = state.world.clock.now()
  const group: Group = { name: asked.path.split("/")[4] ?? key, location, tags, createdAt }
  state.groups.set(key, group)
  return { status: 201, body: bodyOf(asked, group) }
}

/** The cascade: everything in it goes, and nothing more can be made there. */
function remove(state: State, asked: Asked): Answered {
  const [key = ""] = asked.names
  const group = foundGroup(state, key)
  checkUnlocked(state, asked, key)
  const { world } = state
  const now = world.clock.now()
  if (group.deletingUntil === undefined) {
    group.deletingUntil = now + world.draw(world.latency.stopMs)
    for (const vm of state.vms.values()) {
      if (vm.group !== key) continue
      vm.deletedAt ??= now
      if (vm.instanceId === undefined) vm.goneAt ??= group.deletingUntil
      else world.terminate([vm.instanceId])
      if (world.instance(vm.instanceId ?? "")?.state === "terminated") vm.goneAt ??= group.deletingUntil
    }
  }
  const subscription = asked.path.split("/")[2] ?? ""
  const location = `${asked.url}/subscriptions/${subscription}/operationresults/${guidOf(`${key}/${now}`)}?api-version=2025-04-01`
  return { status: 202, headers: { location, "retry-after": "15" } }
}

export const groupRoutes: readonly Route[] = [
  {
    api: "ResourceGroups_List",
    method: "GET",
    path: under("/resourcegroups"),
    cost: READ,
    answer: (state, asked) => ({
      status: 200,
      body: {
        value: [...state.groups.values()].flatMap((group) =>
          isReplicated(state, group) ? [bodyOf(asked, group)] : [],
        ),
      },
    }),
  },
  {
    api: "ResourceGroups_Get",
    method: "GET",
    path: inGroup(""),
    cost: READ,
    answer: (state, asked) => ({ status: 200, body: bodyOf(asked, foundGroup(state, asked.names[0] ?? "")) }),
  },
  { api: "ResourceGroups_CreateOrUpdate", method: "PUT", path: inGroup(""), cost: WRITE, answer: put },
  { api: "ResourceGroups_Delete", method: "DELETE", path: inGroup(""), cost: DELETE, answer: remove },
]
