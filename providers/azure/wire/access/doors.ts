/** Application security groups ("Application Security Groups"): names for sets of interfaces, for rules to speak of. */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, DELETE, inGroup, READ, type Route, WRITE } from "../client/route.js"
import { openGroup } from "../prepare/groups.js"
import type { PartAttributes } from "../prepare/parts.js"
import { etagOf, type State } from "../world/state.js"
import { checkConditions, keyIn, notFound } from "./conditions.js"
import { DOOR_TYPE, DOORS } from "./rule-check.js"
import { liveRules } from "./security-groups.js"

const PATH = `/providers/${DOOR_TYPE.toLowerCase()}`

function bodyOf(state: State, id: string, key: string): unknown {
  const found = state.world.resources.get(DOORS, key)
  return {
    id,
    name: id.slice(id.lastIndexOf("/") + 1),
    type: DOOR_TYPE,
    location: state.world.settings.region,
    etag: etagOf(Number(found?.attributes.version ?? 0)),
    tags: found?.tags ?? {},
    properties: { provisioningState: "Succeeded" },
  }
}

function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  openGroup(state, group)
  const { location = "", tags = {} } = asked.body as {
    readonly location?: string
    readonly tags?: Record<string, string>
  }
  if (location.toLowerCase() !== state.world.settings.region)
    throw new Refusal(400, "LocationNotAvailableForResourceType", `'${location}' is not available for ${DOOR_TYPE}.`)
  if (!/^[a-z0-9]([\w.-]{0,78}\w)?$/i.test(name))
    throw new Refusal(400, "InvalidResourceName", `Resource name ${name} is invalid.`)
  const key = `${group}/${name}`
  const known = state.world.resources.get(DOORS, key)
  const version = Number(known?.attributes.version ?? 0)
  checkConditions(asked, known === undefined ? undefined : etagOf(version))
  state.world.resources.put({ kind: DOORS, id: key, tags, attributes: { group, version: version + 1 } })
  return { status: known === undefined ? 201 : 200, body: bodyOf(state, asked.path, key) }
}

function get(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  if (state.world.resources.get(DOORS, `${group}/${name}`) === undefined) throw notFound(DOOR_TYPE, group, name)
  return { status: 200, body: bodyOf(state, asked.path, `${group}/${name}`) }
}

function list(state: State, asked: Asked): Answered {
  const [group = ""] = asked.names
  const found = state.world.resources.list({ kind: DOORS }).filter(({ attributes }) => attributes.group === group)
  return { status: 200, body: { value: found.map(({ id }) => bodyOf(state, `${asked.path}/${id.split("/")[1]}`, id)) } }
}

/** The words are Azure's (Azure/azure-cli#12591); its code is not documented (azure.referenced-doors). */
function remove(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const key = `${group}/${name}`
  if (state.world.resources.get(DOORS, key) === undefined) return { status: 204 }
  const user = userOf(state, key)
  if (user !== undefined)
    throw new Refusal(
      400,
      "ApplicationSecurityGroupIsReferenced",
      `Application Security Group ${name} cannot be deleted because it is referenced by ${user}.`,
    )
  state.world.resources.delete(DOORS, key)
  return { status: 202 }
}

function userOf(state: State, key: string): string | undefined {
  const isNamed = ({ id = "" }: { readonly id?: string }) => keyIn(id, DOOR_TYPE) === key
  const rule = liveRules(state).find(({ rule: { properties = {} } }) =>
    [
      ...(properties.sourceApplicationSecurityGroups ?? []),
      ...(properties.destinationApplicationSecurityGroups ?? []),
    ].some(isNamed),
  )
  if (rule !== undefined) return `Security Rule(s) ${rule.rule.name ?? ""}`
  const nics = state.world.resources.list({ kind: "nic" })
  const nic = nics.find(({ attributes }) => doorsIn(attributes as unknown as PartAttributes).includes(key))
  return nic === undefined ? undefined : "IpConfiguration(s) primary"
}

/** The application security groups of an interface, by `group/name`. */
export function doorsIn({ doors = "" }: PartAttributes): readonly string[] {
  return doors
    .split(" ")
    .filter((id) => id !== "")
    .map((id) => keyIn(id, DOOR_TYPE))
}

export const doorRoutes: readonly Route[] = [
  {
    api: "ApplicationSecurityGroups_CreateOrUpdate",
    method: "PUT",
    path: inGroup(`${PATH}/*`),
    cost: WRITE,
    answer: put,
  },
  { api: "ApplicationSecurityGroups_Get", method: "GET", path: inGroup(`${PATH}/*`), cost: READ, answer: get },
  { api: "ApplicationSecurityGroups_List", method: "GET", path: inGroup(PATH), cost: READ, answer: list },
  {
    api: "ApplicationSecurityGroups_Delete",
    method: "DELETE",
    path: inGroup(`${PATH}/*`),
    cost: DELETE,
    answer: remove,
  },
]
