import type { World, WorldFilter, WorldInstance } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID, VPC } from "../world/account.js"
import { exactText, type Filter, filtersOf, passes } from "../client/filters.js"
import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { nextToken, pageOf } from "../client/paging.js"
import type { Parameters } from "../client/query.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS } from "../client/shapes.js"
import { type Action, checkDryRun, type Habits, listOf, type Reply } from "../client/action.js"
import { reservation, stateXml } from "./instance.js"

/** "MaxResults ... between 5 and 1000 ... You cannot specify this parameter and the instance IDs" (EC2 API Reference). */
const PAGE = { least: 5, most: 1000 } as const

export const describeInstances: Action = {
  members: {
    InstanceId: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: (parameters) => ({ [isFiltered(parameters) ? "DescribeInstances" : "DescribeInstances.unfiltered"]: 1 }),
  answer(world, values, habits) {
    const ids = listOf(values.InstanceId)
    if (ids.length > 0 && values.MaxResults !== undefined) {
      throw new Refusal(
        "InvalidParameterCombination",
        "The parameter instancesSet cannot be used with the parameter maxResults",
      )
    }
    checkInstanceIds(ids)
    const filters = filtersOf(values.Filter)
    const page = pageOf(values, PAGE)
    checkDryRun(values)
    checkZones(world, ids, habits)
    const found = find(world, ids, filters)
    if (page === undefined) return { reservationSet: reservations(world, found) }
    const rest = found.filter((instance) => instance.order > page.after)
    const shown = rest.slice(0, page.limit)
    const last = shown.at(-1)
    const token = rest.length > page.limit && last !== undefined ? { nextToken: nextToken(values, last.order) } : {}
    return { reservationSet: reservations(world, shown), ...token }
  },
}

/**
 * "In the rare case where an Availability Zone is experiencing a service disruption and you specify instance IDs that are in
 * the affected zone, or do not specify any instance IDs at all, the call fails" (DescribeInstances, EC2 API Reference).
 */
function checkZones(world: World, ids: readonly string[], { impairedZones }: Habits): void {
  if (impairedZones.size === 0) return
  const isAffected = (id: string) => impairedZones.has(world.instance(id)?.zone ?? "")
  if (ids.length > 0 && !ids.some(isAffected)) return
  throw new Refusal("InternalError", "An internal error has occurred")
}

function isFiltered({ Filter, MaxResults, NextToken }: Parameters): boolean {
  return Filter !== undefined || MaxResults !== undefined || NextToken !== undefined
}

function find(world: World, ids: readonly string[], filters: readonly Filter[]): readonly WorldInstance[] {
  const visible = world.visible({ ...indexed(filters), ...(ids.length === 0 ? {} : { ids }) })
  if (ids.length > 0) {
    const known = new Set(world.visible({ ids }).map((instance) => instance.id))
    checkKnown(ids, (id) => known.has(id))
  }
  return visible.map((instance) => faded(world, instance)).filter((instance) => passes(instance, filters, textsOf))
}

/** Tags go before the instance does; when, is not documented (aws.tags-fade). */
const TAGS_FADE_MS = 20 * 60_000

function faded(world: World, instance: WorldInstance): WorldInstance {
  const { endedAt = Number.POSITIVE_INFINITY } = instance
  return world.clock.now() - endedAt > TAGS_FADE_MS ? { ...instance, tags: {} } : instance
}

/** Tags asked for by one exact value, which the world finds by an index. */
function indexed(filters: readonly Filter[]): WorldFilter {
  const tags: Record<string, string> = {}
  for (const { name, values } of filters) {
    const [value, ...others] = values
    const exact = value === undefined || others.length > 0 ? undefined : exactText(value)
    if (name.startsWith("tag:") && exact !== undefined) tags[name.slice(4)] = exact
  }
  return { tags }
}

/** The filters of DescribeInstances that this wire knows. */
const TEXTS: Readonly<Record<string, (instance: WorldInstance) => readonly string[]>> = {
  "instance-id": ({ id }) => [id],
  "instance-state-name": ({ state }) => [stateXml(state).name],
  "instance-state-code": ({ state }) => [String(stateXml(state).code)],
  "instance-type": ({ instanceType }) => [instanceType],
  "instance-lifecycle": ({ market }) => (market === "spot" ? ["spot"] : []),
  "availability-zone": ({ zone }) => [zone],
  "subnet-id": ({ attributes, state }) => (state === "terminated" ? [] : [String(attributes.subnetId)]),
  "vpc-id": ({ state }) => (state === "terminated" ? [] : [VPC]),
  "image-id": ({ attributes }) => [String(attributes.imageId)],
  "client-token": ({ attributes }) => listOf(attributes.clientToken === undefined ? [] : [attributes.clientToken]),
  "reservation-id": ({ attributes }) => [String(attributes.reservation)],
  "owner-id": () => [ACCOUNT_ID],
  "private-ip-address": ({ privateIp }) => [privateIp],
  "ip-address": ({ publicIp }) => (publicIp === undefined ? [] : [publicIp]),
  architecture: ({ offer }) => [offer.arch],
  "tag-key": ({ tags }) => Object.keys(tags),
}

function textsOf(instance: WorldInstance, name: string): readonly string[] | undefined {
  if (!name.startsWith("tag:")) return TEXTS[name]?.(instance)
  const value = instance.tags[name.slice(4)]
  return value === undefined ? [] : [value]
}

function reservations(world: World, instances: readonly WorldInstance[]): readonly Reply[] {
  const byReservation = new Map<string, WorldInstance[]>()
  for (const instance of instances) {
    const id = String(instance.attributes.reservation)
    const group = byReservation.get(id)
    if (group === undefined) byReservation.set(id, [instance])
    else group.push(instance)
  }
  return [...byReservation.values()].map((group) => reservation(world, group))
}
