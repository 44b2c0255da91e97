/** Operations: accepted now, done later, kept for an hour at least. */
import type { Json, JsonObject } from "../../../src/provider.js"
import type { Operation, World } from "../../../src/simulator/index.js"
import { isoTime } from "../time.js"
import { hexOf, link, numberOf } from "./account.js"
import type { Asked, Handler } from "./handler.js"
import { listReply, plainPage } from "./paging.js"
import { notFound } from "./refusals.js"

/** "Completed operations are kept at least one hour." */
const KEPT_MS = 3_600_000

export interface Outcome {
  /** "zones/us-central1-a" or "regions/us-central1" */
  readonly scope: string
  readonly type: string
  readonly target: string
  readonly targetId?: string
  readonly requestId?: string
  readonly error?: { readonly status: number; readonly errors: readonly JsonObject[] }
  /** By "zones/Z": of a bulk operation. */
  readonly counts?: Readonly<Record<string, { readonly target: number; readonly created: number }>>
}

/** Starts one. The same request gets the same operation: its name is made of what identifies it. */
export function startOperation(world: World, identity: string, doneInMs: number, outcome: Outcome): Operation {
  const id = `operation-${world.clock.now()}-${hexOf(identity, 13)}-${hexOf(`${identity}/`, 8)}`
  return world.operations.start({ id, kind: outcome.type, doneInMs, outcome: outcome as unknown as JsonObject })
}

export function operationJson({ id, startedAt, doneAt, done, kind, outcome }: Operation, project: string): JsonObject {
  const { scope, target, targetId, requestId, error, counts } = outcome as unknown as Outcome
  const path = `projects/${project}/${scope}`
  const [place = ""] = scope.split("/")
  return {
    kind: "compute#operation",
    id: numberOf(id),
    name: id,
    ...(requestId === undefined ? {} : { clientOperationId: requestId }),
    [place.replace(/s$/, "")]: link(path),
    operationType: kind,
    targetLink: link(`projects/${project}/${target}`),
    ...(targetId === undefined ? {} : { targetId }),
    status: done ? "DONE" : "RUNNING",
    user: "worker@muster-test.iam.gserviceaccount.com",
    progress: done ? 100 : 0,
    insertTime: isoTime(startedAt),
    startTime: isoTime(startedAt),
    ...(done ? { endTime: isoTime(doneAt) } : {}),
    ...(done && error !== undefined ? failed(error) : {}),
    selfLink: link(`${path}/operations/${id}`),
    ...(counts === undefined ? {} : bulkJson(id, counts, done)),
  }
}

function failed({ status, errors }: NonNullable<Outcome["error"]>): JsonObject {
  return { error: { errors }, httpErrorStatusCode: status, httpErrorMessage: MESSAGES[status] ?? "BAD REQUEST" }
}

const MESSAGES: Readonly<Record<number, string>> = { 403: "FORBIDDEN", 409: "CONFLICT", 503: "SERVICE UNAVAILABLE" }

function bulkJson(id: string, counts: NonNullable<Outcome["counts"]>, done: boolean): JsonObject {
  const perLocationStatus = Object.fromEntries(
    Object.entries(counts).map(([location, { target, created }]) => {
      const made = done ? { createdVmCount: created, failedToCreateVmCount: target - created } : {}
      return [location, { targetVmCount: target, ...made, status: done ? "DONE" : "CREATING" }]
    }),
  )
  return { operationGroupId: numberOf(`${id}/group`), instancesBulkInsertOperationMetadata: { perLocationStatus } }
}

/** @throws Refusal for one that never was, is of another place, or is too old. */
function operationOf({ world, project, parameters }: Asked): Operation {
  const { operation: name = "", zone, region } = parameters
  const scope = zone === undefined ? `regions/${region}` : `zones/${zone}`
  const operation = world.operations.get(name)
  const isHere = (operation?.outcome as unknown as Outcome | undefined)?.scope === scope
  if (operation === undefined || !isHere || isForgotten(world, operation)) {
    throw notFound(`projects/${project}/${scope}/operations/${name}`)
  }
  return operation
}

function isForgotten(world: World, { doneAt }: Operation): boolean {
  return world.clock.now() - doneAt > KEPT_MS
}

const get: Handler = {
  cost: () => ({ reads: 1 }),
  answer: (asked) => operationJson(operationOf(asked), asked.project),
}

const wait: Handler = {
  cost: () => ({ heavy: 1 }),
  // "waits for no more than the 2 minutes and then returns the current state of the operation", and may return at once.
  holdMs: ({ world, settings, parameters }) => {
    const operation = world.operations.get(parameters.operation ?? "")
    return operation === undefined ? 0 : Math.min(settings.waitMs, Math.max(0, operation.doneAt - world.clock.now()))
  },
  answer: get.answer,
}

const list: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const { world, project, parameters } = asked
    const { zone, region } = parameters
    const scope = zone === undefined ? `regions/${region}` : `zones/${zone}`
    const stored = world.operations.list().filter((operation) => {
      return (operation.outcome as unknown as Outcome).scope === scope && !isForgotten(world, operation)
    })
    const all = [
      ...stored.map((operation) => operationJson(operation, project)),
      ...(zone === undefined ? [] : preemptions(world, project, zone)),
    ]
    return listReply(asked, "operationList", `${scope}/operations`, plainPage(asked, all))
  },
}

/** What Compute Engine itself notes when it takes an instance away; the name begins so, and the user is "system". */
function preemptions(world: World, project: string, zone: string): readonly JsonObject[] {
  const { noticeMs } = world.settings
  const coming = new Map(world.notices().map(({ id, at }) => [id, at - noticeMs]))
  return world.truth({ zones: [zone], market: "spot" }).flatMap((instance) => {
    const { id, name = `vm-${id}`, leftAt, endReason } = instance
    const at = coming.get(id) ?? (endReason?.reason === "interrupted" ? (leftAt ?? 0) - noticeMs : undefined)
    if (at === undefined) return []
    const outcome: Readonly<Record<string, Json>> = {
      scope: `zones/${zone}`,
      type: "",
      target: `zones/${zone}/instances/${name}`,
      targetId: id,
    }
    const operation = {
      id: `systemevent-${at}-${id}`,
      kind: "compute.instances.preempted",
      startedAt: at,
      doneAt: at,
      done: true,
      outcome,
    }
    return [{ ...operationJson(operation, project), user: "system", statusMessage: "Instance was preempted." }]
  })
}

export const OPERATIONS: Readonly<Record<string, Handler>> = {
  "zoneOperations.get": get,
  "zoneOperations.wait": wait,
  "zoneOperations.list": list,
  "regionOperations.get": get,
  "regionOperations.wait": wait,
  "regionOperations.list": list,
}
