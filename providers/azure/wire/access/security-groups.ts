/** Network security groups, whose rules are resources of their own as well ("Network Security Groups", "Security Rules"). */
import type { Json, JsonObject } from "../../../../src/provider.js"
import type { Resource } from "../../../../src/simulator/world/resources.js"
import { type Answered, type Asked, DELETE, inGroup, READ, type Route, WRITE } from "../client/route.js"
import { openGroup } from "../prepare/groups.js"
import { etagOf, type State } from "../world/state.js"
import { checkConditions, notFound } from "./conditions.js"
import { checkRule, type RestRule } from "./rule-check.js"

export const FILTERS = "networkSecurityGroups"
const TYPE = `Microsoft.Network/${FILTERS}`
const RULES = "securityRules"

interface RuleAttributes {
  readonly group: string
  /** `group/name` of the security group. */
  readonly filter: string
  readonly version: number
  readonly name: string
  readonly properties: JsonObject
  /** In force from then on, in milliseconds since 1970. */
  readonly readyAt: number
  readonly goneAt?: number
}

/** A rule as it is now: one that is on its way out still names what it named. */
export interface LiveRule {
  readonly id: string
  readonly rule: RestRule
  readonly version: number
  readonly state: "Updating" | "Succeeded" | "Deleting"
}

const attributesOf = ({ attributes }: Resource) => attributes as unknown as RuleAttributes

/** The rules of one security group, or of all. */
export function liveRules(state: State, filter?: string): readonly LiveRule[] {
  const now = state.world.clock.now()
  return state.world.resources.list({ kind: RULES }).flatMap((resource): readonly LiveRule[] => {
    const { filter: of, name, version, properties, readyAt, goneAt } = attributesOf(resource)
    if (goneAt !== undefined && now >= goneAt) state.world.resources.delete(RULES, resource.id)
    if ((filter !== undefined && of !== filter) || (goneAt !== undefined && now >= goneAt)) return []
    const step = goneAt !== undefined ? "Deleting" : now < readyAt ? "Updating" : "Succeeded"
    return [{ id: resource.id, rule: { name, properties }, version, state: step }]
  })
}

/** "Default security rules" ("Network security groups"). */
const DEFAULTS: readonly (readonly [name: string, priority: number, source: string, to: string, access: string])[] = [
  ["AllowVnetInBound", 65_000, "VirtualNetwork", "VirtualNetwork", "Allow"],
  ["AllowAzureLoadBalancerInBound", 65_001, "AzureLoadBalancer", "*", "Allow"],
  ["DenyAllInBound", 65_500, "*", "*", "Deny"],
]

export const DEFAULT_RULES: readonly RestRule[] = DEFAULTS.map(([name, priority, source, to, access]) => ({
  name,
  properties: {
    protocol: "*",
    sourcePortRange: "*",
    destinationPortRange: "*",
    sourceAddressPrefix: source,
    destinationAddressPrefix: to,
    access,
    priority,
    direction: "Inbound",
  },
}))

interface FilterBody {
  readonly tags?: Readonly<Record<string, string>>
  readonly properties?: { readonly securityRules?: readonly RestRule[] }
}

/** What is put is what it has afterwards: rules that the request does not name are gone. */
function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  openGroup(state, group)
  const key = `${group}/${name}`
  const known = state.world.resources.get(FILTERS, key)
  const version = Number(known?.attributes.version ?? 0)
  checkConditions(asked, known === undefined ? undefined : etagOf(version))
  const { tags = {}, properties = {} } = asked.body as FilterBody
  for (const { id } of liveRules(state, key)) state.world.resources.delete(RULES, id)
  state.world.resources.put({ kind: FILTERS, id: key, tags, attributes: { group, version: version + 1 } })
  for (const rule of properties.securityRules ?? []) putInto(state, key, rule.name ?? "", rule.properties ?? {})
  return { status: known === undefined ? 201 : 200, body: bodyOf(state, asked, key) }
}

function bodyOf(state: State, asked: Asked, key: string): unknown {
  const found = state.world.resources.get(FILTERS, key)
  const base = asked.path
  const securityRules = liveRules(state, key).map((live) => ruleBody(`${base}/${RULES}/${live.rule.name}`, live))
  const defaultSecurityRules = DEFAULT_RULES.map(({ name = "", properties }) => ({
    id: `${base}/defaultSecurityRules/${name}`,
    name,
    properties: { ...properties, provisioningState: "Succeeded" },
  }))
  return {
    id: base,
    name: key.split("/")[1],
    type: TYPE,
    location: state.world.settings.region,
    etag: etagOf(Number(found?.attributes.version ?? 0)),
    tags: found?.tags ?? {},
    properties: { securityRules, defaultSecurityRules, provisioningState: "Succeeded" },
  }
}

function get(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  checkFilter(state, group, name)
  return { status: 200, body: bodyOf(state, asked, `${group}/${name}`) }
}

function checkFilter(state: State, group: string, name: string): void {
  if (state.world.resources.get(FILTERS, `${group}/${name}`) === undefined) throw notFound(TYPE, group, name)
}

/** What was left out is an empty list, as in the examples of "Security Rules - Get". */
function ruleBody(id: string, { rule, version, state: step }: LiveRule): unknown {
  const lists = {
    sourceAddressPrefixes: [],
    destinationAddressPrefixes: [],
    sourcePortRanges: [],
    destinationPortRanges: [],
  }
  const properties = { ...lists, ...rule.properties, provisioningState: step }
  return { id, name: rule.name, type: `${TYPE}/${RULES}`, etag: etagOf(version), properties }
}

function putRule(state: State, asked: Asked): Answered {
  const [group = "", filter = ""] = asked.names
  const name = asked.path.slice(asked.path.lastIndexOf("/") + 1)
  openGroup(state, group)
  checkFilter(state, group, filter)
  const key = `${group}/${filter}`
  const known = liveRules(state, key).find(({ rule }) => rule.name?.toLowerCase() === name.toLowerCase())
  checkConditions(asked, known === undefined ? undefined : etagOf(known.version))
  const { properties = {} } = asked.body as RestRule
  const live = putInto(state, key, name, properties, known?.version)
  return { status: known === undefined ? 201 : 200, body: ruleBody(asked.path, live) }
}

function putInto(
  state: State,
  filter: string,
  name: string,
  properties: NonNullable<RestRule["properties"]>,
  before = 0,
): LiveRule {
  const others = liveRules(state, filter).filter(({ rule }) => rule.name?.toLowerCase() !== name.toLowerCase())
  checkRule(
    state,
    name,
    properties,
    others.map(({ rule }) => rule),
  )
  const id = `${filter}/${name.toLowerCase()}`
  const version = before + 1
  const readyAt = state.world.clock.now() + state.quirks.rulesMs
  const attributes: RuleAttributes = {
    group: filter.split("/")[0] ?? "",
    filter,
    version,
    name,
    properties: properties as unknown as JsonObject,
    readyAt,
  }
  state.world.resources.put({
    kind: RULES,
    id,
    tags: {},
    attributes: attributes as unknown as { readonly [key: string]: Json },
  })
  return { id, rule: { name, properties }, version, state: state.quirks.rulesMs > 0 ? "Updating" : "Succeeded" }
}

function listRules(state: State, asked: Asked): Answered {
  const [group = "", filter = ""] = asked.names
  checkFilter(state, group, filter)
  const rules = liveRules(state, `${group}/${filter}`)
  return { status: 200, body: { value: rules.map((live) => ruleBody(`${asked.path}/${live.rule.name}`, live)) } }
}

/** It stays for a moment, on its way out, and keeps what it names. */
function removeRule(state: State, asked: Asked): Answered {
  const [group = "", filter = "", name = ""] = asked.names
  const id = `${group}/${filter}/${name}`
  const found = state.world.resources.get(RULES, id)
  if (found === undefined || liveRules(state).every((live) => live.id !== id)) return { status: 204 }
  const goneAt = attributesOf(found).goneAt ?? state.world.clock.now() + state.quirks.rulesMs
  state.world.resources.put({ ...found, attributes: { ...found.attributes, goneAt } })
  return { status: 202 }
}

const FILTER_PATH = `/providers/microsoft.network/${FILTERS.toLowerCase()}/*`
const RULES_PATH = inGroup(`${FILTER_PATH}/${RULES.toLowerCase()}`)
const RULE_PATH = inGroup(`${FILTER_PATH}/${RULES.toLowerCase()}/*`)

export const securityGroupRoutes: readonly Route[] = [
  { api: "NetworkSecurityGroups_CreateOrUpdate", method: "PUT", path: inGroup(FILTER_PATH), cost: WRITE, answer: put },
  { api: "NetworkSecurityGroups_Get", method: "GET", path: inGroup(FILTER_PATH), cost: READ, answer: get },
  { api: "SecurityRules_List", method: "GET", path: RULES_PATH, cost: READ, answer: listRules },
  { api: "SecurityRules_CreateOrUpdate", method: "PUT", path: RULE_PATH, cost: WRITE, answer: putRule },
  { api: "SecurityRules_Delete", method: "DELETE", path: RULE_PATH, cost: DELETE, answer: removeRule },
]
