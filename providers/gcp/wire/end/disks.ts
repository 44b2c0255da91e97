/**
 * disks.list, aggregatedList and delete. Disks of instances are read off their instances, with which they end; a disk that
 * stayed behind is a resource of the world, put there by the user who detached it.
 */
import type { JsonObject } from "../../../../src/provider.js"
import type { Resource, World, WorldInstance } from "../../../../src/simulator/index.js"
import { pacificTime } from "../client/pacific.js"
import { link, numberOf } from "../account.js"
import type { Disk, Properties } from "../client/messages.js"
import { filterOf } from "../client/filter.js"
import type { Asked, Handler } from "../client/handler.js"
import { partOf } from "../observe/instances.js"
import { remember, remembered } from "../client/request-ids.js"
import { operationJson, scriptedFailure, startOperation } from "../client/operations.js"
import { listReply, plainPage } from "../client/paging.js"
import { notFound, Refusal } from "../client/refusals.js"

/** Leaves a disk behind, as a user who detaches one does. `id` is "zones/Z/disks/NAME" of the wire's project. */
export function leaveDisk(world: World, project: string, zone: string, name: string, tags: Resource["tags"]): void {
  const attributes = { at: world.clock.now() }
  world.resources.put({ kind: "disk", id: pathOf(project, zone, name), tags, attributes })
}

function pathOf(project: string, zone: string, name: string): string {
  return `projects/${project}/zones/${zone}/disks/${name}`
}

/** The fields that every disk has, attached or not. */
function diskJson(project: string, zone: string, name: string, rest: JsonObject): JsonObject {
  const path = pathOf(project, zone, name)
  return {
    kind: "compute#disk",
    id: numberOf(path),
    name,
    sizeGb: "10",
    status: "READY",
    type: link(`projects/${project}/zones/${zone}/diskTypes/pd-balanced`),
    zone: link(`projects/${project}/zones/${zone}`),
    selfLink: link(path),
    ...rest,
  }
}

function attached(project: string, instance: WorldInstance): readonly JsonObject[] {
  const { id, zone, name = `vm-${id}`, createdAt, attributes } = instance
  const { disks = [] } = (attributes.properties ?? {}) as Properties
  return disks
    .filter(({ type }) => type !== "SCRATCH")
    .map(({ initializeParams }: Disk, index) =>
      diskJson(project, zone, index === 0 ? name : `${name}-${index}`, {
        labels: initializeParams?.labels ?? {},
        creationTimestamp: pacificTime(createdAt),
        lastAttachTimestamp: pacificTime(createdAt),
        users: [link(`projects/${project}/zones/${zone}/instances/${name}`)],
      }),
    )
}

/** One that stayed was attached once. */
function left(project: string, { id, tags, attributes }: Resource): JsonObject {
  const [, , , zone = "", , name = ""] = id.split("/")
  const at = pacificTime(Number(attributes.at ?? 0))
  return diskJson(project, zone, name, { labels: tags, creationTimestamp: at, lastAttachTimestamp: at })
}

function disksIn({ world, project, parameters }: Asked, zones: readonly string[]): readonly JsonObject[] {
  const tags = filterOf(parameters.filter).labels
  const instances = world.visible({ tags, zones }).filter(({ state }) => state !== "terminated")
  const stayed = world.resources
    .list({ kind: "disk" })
    .filter(({ id }) => zones.some((zone) => id.startsWith(pathOf(project, zone, ""))))
  return [...instances.flatMap((instance) => attached(project, instance)), ...stayed.map((disk) => left(project, disk))]
}

const list: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const zone = asked.parameters.zone ?? ""
    return listReply(asked, "diskList", `zones/${zone}/disks`, plainPage(asked, disksIn(asked, [zone])))
  },
}

const aggregatedList: Handler = {
  cost: () => ({ "heavy-global": 1 }),
  answer(asked) {
    const { world, project, settings } = asked
    const reachable = world.settings.zones.filter((zone) => !settings.unreachable.has(zone))
    const { items, next } = plainPage(asked, disksIn(asked, reachable))
    const scopes = reachable.map((zone) => [
      `zones/${zone}`,
      { disks: items.filter((item) => String(item.zone).endsWith(`/${zone}`)) },
    ])
    const missing = partOf(asked)
    return {
      kind: "compute#diskAggregatedList",
      id: `projects/${project}/aggregated/disks`,
      items: { ...(Object.fromEntries(scopes) as JsonObject), ...missing.items },
      ...next,
      ...missing.rest,
    }
  },
}

const DELETION_MS = 5_000

const remove: Handler = {
  cost: () => ({ writes: 1 }),
  answer(asked) {
    const { world, project, parameters, settings } = asked
    const { zone = "", disk: name = "", requestId } = parameters
    const scope = `delete-disk/${zone}/${name}`
    const before = remembered(asked, scope)
    if (before !== undefined) return operationJson(before, project)
    const attachedDisk = world
      .visible({ zones: [zone] })
      .flatMap((instance) => attached(project, instance))
      .find((disk) => disk.name === name)
    const path = pathOf(project, zone, name)
    if (attachedDisk !== undefined) {
      const message = `The disk resource '${path}' is already being used by '${String((attachedDisk.users as readonly string[])[0])}'`
      throw new Refusal(400, "resourceInUseByAnotherResource", message)
    }
    if (world.resources.get("disk", path) === undefined) throw notFound(path)
    const failing = settings.answers.next("disks.delete", "operation", { zone })
    if (failing === undefined) world.resources.delete("disk", path)
    const outcome = { scope: `zones/${zone}`, type: "delete", target: `zones/${zone}/disks/${name}` }
    const named = requestId === undefined ? {} : { requestId }
    const identity = `${scope}/${requestId ?? world.ledger.count()}`
    const operation = startOperation(world, identity, DELETION_MS, {
      ...outcome,
      ...named,
      ...(failing === undefined ? {} : scriptedFailure(failing)),
    })
    remember(asked, scope, operation)
    return operationJson(operation, project)
  },
}

export const DISKS: Readonly<Record<string, Handler>> = {
  "disks.list": list,
  "disks.aggregatedList": aggregatedList,
  "disks.delete": remove,
}
