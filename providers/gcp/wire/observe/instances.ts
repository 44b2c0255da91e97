/** instances.get, list and aggregatedList. */
import type { JsonObject } from "../../../../src/provider.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { filterOf } from "../client/filter.js"
import type { Asked, Handler } from "../client/handler.js"
import { instanceJson, lookAt } from "./instance-json.js"
import { byName } from "./names.js"
import { listReply, pageOf } from "../client/paging.js"
import { notFound } from "../client/refusals.js"

/** A terminated instance is in no list, and every other read of it is answered with "not found". */
function shown(world: World, filter: string | undefined, zones: readonly string[]): readonly WorldInstance[] {
  const found = world.visible({ tags: filterOf(filter).labels, zones })
  return found.filter(({ state }) => state !== "terminated")
}

function instancesPage(asked: Asked, zones: readonly string[]) {
  const { world, project, parameters } = asked
  const look = lookAt(world)
  const { isLabels } = filterOf(parameters.filter)
  const write = (instance: WorldInstance) => instanceJson(instance, project, look)
  return pageOf(asked, shown(world, parameters.filter, zones), write, isLabels && parameters.orderBy === undefined)
}

const list: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const zone = asked.parameters.zone ?? ""
    return listReply(asked, "instanceList", `zones/${zone}/instances`, instancesPage(asked, [zone]))
  },
}

const aggregatedList: Handler = {
  cost: () => ({ "heavy-global": 1 }),
  answer(asked) {
    const { world, project, settings } = asked
    const reachable = world.settings.zones.filter((zone) => !settings.unreachable.has(zone))
    const { items, next } = instancesPage(asked, reachable)
    const scopes = reachable.map((zone) => [
      `zones/${zone}`,
      scopeJson(
        items.filter((item) => String(item.zone).endsWith(`/${zone}`)),
        zone,
      ),
    ])
    const missing = partOf(asked)
    return {
      kind: "compute#instanceAggregatedList",
      id: `projects/${project}/aggregated/instances`,
      items: { ...(Object.fromEntries(scopes) as JsonObject), ...missing.items },
      ...next,
      ...missing.rest,
    }
  },
}

/** The part of a list of the whole project for zones that did not answer: their names, and a warning in place of their items. */
export function partOf({ world, settings }: Asked): { readonly items: JsonObject; readonly rest: JsonObject } {
  const scopes = world.settings.zones.filter((zone) => settings.unreachable.has(zone)).map((zone) => `zones/${zone}`)
  const items = scopes.map((scope) => {
    const data = [{ key: "scope", value: scope }]
    return [scope, { warning: { code: "UNREACHABLE", message: `The scope '${scope}' is unreachable.`, data } }] as const
  })
  return { items: Object.fromEntries(items), rest: scopes.length === 0 ? {} : { unreachables: scopes } }
}

function scopeJson(instances: readonly JsonObject[], zone: string): JsonObject {
  if (instances.length > 0) return { instances }
  const message = `There are no results for scope 'zones/${zone}' on this page.`
  return { warning: { code: "NO_RESULTS_ON_PAGE", message, data: [{ key: "scope", value: `zones/${zone}` }] } }
}

/** By name, as everything of Compute Engine is. @throws Refusal when there is none, or none any more. */
export function find({ world, project, parameters }: Asked): WorldInstance {
  const { zone = "", instance: name = "" } = parameters
  const found = byName(world, zone, name)
  if (found === undefined || found.state === "terminated")
    throw notFound(`projects/${project}/zones/${zone}/instances/${name}`)
  return found
}

const get: Handler = {
  cost: () => ({ reads: 1 }),
  answer: (asked) => instanceJson(find(asked), asked.project, lookAt(asked.world)),
}

export const INSTANCES: Readonly<Record<string, Handler>> = {
  "instances.list": list,
  "instances.aggregatedList": aggregatedList,
  "instances.get": get,
}
