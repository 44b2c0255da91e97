/** Operations: accepted now, done later, kept for an hour at least. */
import type { JsonObject } from "../../../../src/provider.js"
import type { Operation, World } from "../../../../src/simulator/index.js"
import { errorOf, type ScriptedAnswer } from "./answers.js"
import { pacificTime } from "./pacific.js"
import { hexOf, link, numberOf } from "../account.js"

export interface Outcome {
  /** "zones/us-central1-a", "regions/us-central1" or "global" */
  readonly scope: string
  readonly type: string
  readonly target: string
  readonly targetId?: string
  readonly requestId?: string
  /** Who asked for it; whoever runs the cluster when left out. */
  readonly user?: string
  readonly error?: { readonly status: number; readonly errors: readonly JsonObject[] }
  /** By "zones/Z": of a bulk operation. */
  readonly counts?: Readonly<Record<string, { readonly target: number; readonly created: number }>>
  /** By zone: the names of the VMs that a bulk operation made. */
  readonly made?: Readonly<Record<string, readonly string[]>>
  /** What a bulk operation and the insert operations of its VMs have in common. */
  readonly group?: string
}

/** Starts one. The same request gets the same operation: its name is made of what identifies it. */
export function startOperation(world: World, identity: string, doneInMs: number, outcome: Outcome): Operation {
  const id = `operation-${world.clock.now()}-${hexOf(identity, 13)}-${hexOf(`${identity}/`, 8)}`
  return world.operations.start({ id, kind: outcome.type, doneInMs, outcome: outcome as unknown as JsonObject })
}

/** A deletion is done when its instance is terminated, which a shutdown delays. */
export function asItIs(world: World, operation: Operation): Operation {
  const { targetId, error } = operation.outcome as unknown as Outcome
  if (operation.kind !== "delete" || targetId === undefined || error !== undefined) return operation
  const endedAt = world.instance(targetId)?.endedAt
  return endedAt === undefined ? operation : { ...operation, done: true, doneAt: endedAt }
}

export function operationJson({ id, startedAt, doneAt, done, kind, outcome }: Operation, project: string): JsonObject {
  const { scope, target, targetId, requestId, error, counts, group, user } = outcome as unknown as Outcome
  const path = `projects/${project}/${scope}`
  const [place = ""] = scope.split("/")
  return {
    kind: "compute#operation",
    id: numberOf(id),
    name: id,
    ...(requestId === undefined ? {} : { clientOperationId: requestId }),
    // One of the project says of no place where it is.
    ...(place === "global" ? {} : { [place.replace(/s$/, "")]: link(path) }),
    operationType: kind,
    targetLink: link(`projects/${project}/${target}`),
    ...(targetId === undefined ? {} : { targetId }),
    status: done ? "DONE" : "RUNNING",
    user: user ?? "worker@muster-test.iam.gserviceaccount.com",
    progress: done ? 100 : 0,
    insertTime: pacificTime(startedAt),
    startTime: pacificTime(startedAt),
    ...(done ? { endTime: pacificTime(doneAt) } : {}),
    ...(done && error !== undefined ? failed(error) : {}),
    selfLink: link(`${path}/operations/${id}`),
    ...(group === undefined ? {} : { operationGroupId: group }),
    ...(counts === undefined ? {} : bulkJson(counts, done)),
  }
}

function failed({ status, errors }: NonNullable<Outcome["error"]>): JsonObject {
  return { error: { errors }, httpErrorStatusCode: status, httpErrorMessage: MESSAGES[status] ?? "BAD REQUEST" }
}

const MESSAGES: Readonly<Record<number, string>> = {
  403: "FORBIDDEN",
  404: "NOT FOUND",
  409: "CONFLICT",
  412: "PRECONDITION FAILED",
  500: "INTERNAL SERVER ERROR",
  503: "SERVICE UNAVAILABLE",
}

function bulkJson(counts: NonNullable<Outcome["counts"]>, done: boolean): JsonObject {
  const perLocationStatus = Object.fromEntries(
    Object.entries(counts).map(([location, { target, created }]) => {
      const made = done ? { createdVmCount: created, failedToCreateVmCount: target - created } : {}
      return [location, { targetVmCount: target, ...made, status: done ? "DONE" : "CREATING" }]
    }),
  )
  return { instancesBulkInsertOperationMetadata: { perLocationStatus } }
}

const ERROR_STATUS: Readonly<Record<string, number>> = {
  QUOTA_EXCEEDED: 403,
  PERMISSIONS_ERROR: 403,
  RESOURCE_NOT_FOUND: 404,
  RESOURCE_ALREADY_EXISTS: 409,
  CONDITION_NOT_MET: 412,
  INTERNAL_ERROR: 500,
}

export function statusOf({ code }: JsonObject): number {
  return ERROR_STATUS[String(code)] ?? (String(code).startsWith("INVALID_") ? 400 : 503)
}

/** The end of an operation that a script makes fail: it did nothing. */
export function scriptedFailure(answer: ScriptedAnswer): Pick<Outcome, "error"> {
  const error = errorOf(answer)
  return { error: { status: answer.status ?? statusOf(error), errors: [error] } }
}
