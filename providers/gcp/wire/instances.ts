/** instances.get, list, aggregatedList and delete. */
import type { JsonObject } from "../../../src/provider.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"
import { remember, remembered } from "./bulk.js"
import { filterOf } from "./filter.js"
import type { Asked, Handler } from "./handler.js"
import { instanceJson, noticed } from "./instance-json.js"
import { byName } from "./names.js"
import { operationJson, startOperation } from "./operations.js"
import { listReply, pageOf } from "./paging.js"
import { notFound, Refusal } from "./refusals.js"

/** What is gone is in no list, and every other reader is told that it was not found. */
function shown(world: World, filter: string | undefined, zones: readonly string[]): readonly WorldInstance[] {
  const found = world.visible({ tags: filterOf(filter).labels, zones })
  return found.filter(({ state }) => state !== "terminated")
}

function instancesPage(asked: Asked, zones: readonly string[]) {
  const { world, project, parameters } = asked
  const preempted = noticed(world)
  const { isLabels } = filterOf(parameters.filter)
  const write = (instance: WorldInstance) => instanceJson(instance, project, preempted)
  return pageOf(asked, shown(world, parameters.filter, zones), write, isLabels && parameters.orderBy === undefined)
}

const list: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const zone = asked.parameters.zone ?? ""
    // A zonal list has no half answers.
    if (asked.settings.unreachable.has(zone)) throw new Refusal(503, "backendError", `The zone ${zone} is unreachable.`)
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
    const unreachables = world.settings.zones
      .filter((zone) => settings.unreachable.has(zone))
      .map((zone) => `zones/${zone}`)
    const missing = unreachables.length === 0 ? {} : { unreachables }
    return {
      kind: "compute#instanceAggregatedList",
      id: `projects/${project}/aggregated/instances`,
      items: Object.fromEntries(scopes) as JsonObject,
      ...next,
      ...missing,
    }
  },
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
  answer: (asked) => instanceJson(find(asked), asked.project, noticed(asked.world)),
}

/** A shutdown takes up to two minutes; the operation ends with it. */
const DELETION_MS = 30_000

const remove: Handler = {
  cost: () => ({ writes: 1 }),
  answer(asked) {
    const { world, project, parameters } = asked
    const { zone = "", instance: name = "", requestId } = parameters
    const scope = `delete/${zone}/${name}`
    const before = remembered(asked, scope)
    if (before !== undefined) return operationJson(before, project)
    const { id } = find(asked)
    world.terminate([id])
    const outcome = { scope: `zones/${zone}`, type: "delete", target: `zones/${zone}/instances/${name}`, targetId: id }
    const named = requestId === undefined ? {} : { requestId }
    const operation = startOperation(world, `${scope}/${requestId ?? world.ledger.count()}`, DELETION_MS, {
      ...outcome,
      ...named,
    })
    remember(asked, scope, operation)
    return operationJson(operation, project)
  },
}

export const INSTANCES: Readonly<Record<string, Handler>> = {
  "instances.list": list,
  "instances.aggregatedList": aggregatedList,
  "instances.get": get,
  "instances.delete": remove,
}
