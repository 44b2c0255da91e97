/** Lies about launches: request ids, names, operations, refusals. */
import type { JsonObject } from "../../../../src/provider.js"
import {
  anotherId,
  isBulk,
  isOperationList,
  type MakeLie,
  refusal,
  routeOf,
  text,
  told,
  toldEach,
  waitedFor,
  without,
  withQuery,
} from "./rim.js"

/** Requests that come again with their request id. @param isSame whether with the same body. */
function repeated(isSame: boolean): MakeLie {
  return () => {
    const bodies = new Map<string, string>()
    return {
      about: (request) => {
        const route = routeOf(request)
        if (!isBulk(route)) return false
        const requestId = route.query.get("requestId") ?? ""
        const before = bodies.get(requestId)
        if (before === undefined) bodies.set(requestId, request.text)
        return before !== undefined && (before === request.text) === isSame
      },
      ask: (request, isBroken) => {
        const requestId = routeOf(request).query.get("requestId")
        return isBroken(requestId ?? "") ? withQuery(request, { requestId: anotherId(requestId) }) : request
      },
    }
  }
}

/** The names that a bulk insert asks for. */
function namesIn(body: string): readonly string[] {
  const { perInstanceProperties = {} } = JSON.parse(body) as { readonly perInstanceProperties?: object }
  return Object.keys(perInstanceProperties)
}

const namesTaken: MakeLie = () => {
  const ids = new Map<string, string>()
  const operations = new Set<string>()
  const isTaken = (requestId: string, names: readonly string[]) =>
    names.every((name) => ids.has(name) && ids.get(name) !== requestId)
  return {
    about: (request) => {
      const route = routeOf(request)
      if (!isBulk(route)) return operations.has(waitedFor(route) ?? "")
      const requestId = route.query.get("requestId") ?? ""
      const names = namesIn(request.text)
      if (isTaken(requestId, names)) return true
      for (const name of names) if (!ids.has(name)) ids.set(name, requestId)
      return false
    },
    tell: (reply, request, isBroken) => {
      if (isBulk(routeOf(request))) {
        return told(reply, (body) => {
          operations.add(text(body.name))
          return body
        })
      }
      return told(reply, (body) => (isBroken(text(body.name)) && body.error !== undefined ? renamed(body) : body))
    },
  }
}

function renamed(operation: JsonObject): JsonObject {
  const { errors = [] } = operation.error as { readonly errors?: readonly JsonObject[] }
  const code = "RESOURCE_IN_USE"
  const other = errors.map((error) => (error.code === "RESOURCE_ALREADY_EXISTS" ? { ...error, code } : error))
  return { ...operation, error: { errors: other } }
}

const causeOfOne: MakeLie = () => ({
  about: (request) => isOperationList(routeOf(request), `operationType="insert"`),
  tell: (reply, _request, isBroken) =>
    toldEach(reply, (item) =>
      item.error !== undefined && isBroken(text(item.targetLink)) ? without(item, "error") : item,
    ),
})

const NO_GROUP = "00000000-0000-4000-8000-000000000000"

const operationGroup: MakeLie = () => ({
  about: (request) => isOperationList(routeOf(request), `operationType="insert"`),
  tell: (reply, _request, isBroken) =>
    toldEach(reply, (item) =>
      item.error === undefined && isBroken(text(item.operationGroupId))
        ? { ...item, operationGroupId: NO_GROUP }
        : item,
    ),
})

const clientOperationId: MakeLie = () => ({
  about: (request) => isOperationList(routeOf(request), "clientOperationId="),
  tell: (reply, request, isBroken) =>
    isBroken(routeOf(request).query.get("filter") ?? "")
      ? toldEach(reply, (item) => without(item, "clientOperationId"))
      : reply,
})

const COUNTS = "instancesBulkInsertOperationMetadata"

const operationCounts: MakeLie = () => ({
  about: (request) => waitedFor(routeOf(request)) !== undefined,
  tell: (reply, _request, isBroken) =>
    told(reply, (body) => (hasMade(body) && isBroken(text(body.name)) ? without(body, COUNTS) : body)),
})

function hasMade(operation: JsonObject): boolean {
  return /"createdVmCount":[1-9]/.test(JSON.stringify(operation[COUNTS] ?? {}))
}

const operationWait: MakeLie = () => {
  const waits = new Map<string, number>()
  return {
    about: (request) => waitedFor(routeOf(request)) !== undefined,
    tell: (reply, _request, isBroken) =>
      told(reply, (body) => {
        const name = text(body.name)
        const number = (waits.get(name) ?? 0) + 1
        waits.set(name, number)
        return number <= 2 && isBroken(name) ? { ...without(body, "endTime"), status: "RUNNING" } : body
      }),
  }
}

/** What a refused launch is answered with instead. */
function refusedAs(what: RegExp, reason: string, message: string): MakeLie {
  return () => ({
    about: (request) => isBulk(routeOf(request)) && what.test(request.text),
    tell: (reply, request, isBroken) =>
      isBroken(routeOf(request).query.get("requestId") ?? "") ? refusal(reply, 400, reason, message) : reply,
  })
}

const refusalZone: MakeLie = () => ({
  about: (request) => /\/zones\/[^/]+-[xyw]\/instances$/.test(routeOf(request).path),
  tell: (reply, request, isBroken) =>
    isBroken(routeOf(request).path) ? refusal(reply, 400, "invalid", "Invalid value for field 'zone'.") : reply,
})

const FIELD = "resource.instanceProperties"

export const LAUNCHING: Readonly<Record<string, MakeLie>> = {
  "gcp.request-replay": repeated(true),
  "gcp.request-id-other-body": repeated(false),
  "gcp.names-taken": namesTaken,
  "gcp.cause-of-one": causeOfOne,
  "gcp.operation-group": operationGroup,
  "gcp.client-operation-id": clientOperationId,
  "gcp.operation-counts": operationCounts,
  "gcp.operation-wait": operationWait,
  "gcp.refusal-image": refusedAs(/nobodys-image-/, "invalid", `Invalid value for field '${FIELD}.disks[0]'.`),
  "gcp.refusal-type": refusedAs(
    /"[a-z0-9]+-standard-99\d"/,
    "invalid",
    `Invalid value for field '${FIELD}.machineType'.`,
  ),
  "gcp.refusal-zone": refusalZone,
}
