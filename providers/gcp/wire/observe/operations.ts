/** Operations as they are read: one by its name, one that is waited for, and lists. */
import type { Json, JsonObject } from "../../../../src/provider.js"
import type { Operation, World } from "../../../../src/simulator/index.js"
import type { Asked, Handler } from "../client/handler.js"
import { hexOf } from "../account.js"
import { asItIs, operationJson, type Outcome } from "../client/operations.js"
import { listReply, plainPage } from "../client/paging.js"
import { notFound } from "../client/refusals.js"

/** "Completed operations are kept at least one hour." */
const KEPT_MS = 3_600_000

/** @throws Refusal for one that never was, is of another place, or is too old. */
function operationOf({ world, project, parameters }: Asked): Operation {
  const { operation: name = "", zone, region } = parameters
  const scope = zone !== undefined ? `zones/${zone}` : region !== undefined ? `regions/${region}` : "global"
  const stored = world.operations.get(name)
  const operation = stored === undefined ? undefined : asItIs(world, stored)
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

const wait = (bucket: "heavy" | "heavy-global"): Handler => ({
  cost: () => ({ [bucket]: 1 }),
  // "waits for no more than the 2 minutes and then returns the current state of the operation", and may return at once.
  holdMs: ({ world, settings, parameters }) => {
    const operation = world.operations.get(parameters.operation ?? "")
    return operation === undefined ? 0 : Math.min(settings.waitMs, Math.max(0, operation.doneAt - world.clock.now()))
  },
  answer: get.answer,
})

const list: Handler = {
  cost: () => ({ reads: 1 }),
  answer(asked) {
    const { world, project, parameters } = asked
    const { zone, region } = parameters
    const scope = zone === undefined ? `regions/${region}` : `zones/${zone}`
    const all = world.operations.list().map((operation) => asItIs(world, operation))
    const stored = all.filter((operation) => {
      return (operation.outcome as unknown as Outcome).scope === scope && !isForgotten(world, operation)
    })
    const written = [
      ...stored.map((operation) => operationJson(operation, project)),
      ...(zone === undefined ? [] : preemptions(world, project, zone)),
      ...(zone === undefined || !mayBe(parameters.filter, "insert") ? [] : inserted(asked, zone)),
    ]
    return listReply(asked, "operationList", `${scope}/operations`, plainPage(asked, written))
  },
}

/** Thousands of VMs have an operation each: they are written only for requests that ask for them. */
function mayBe(filter: string | undefined, type: string): boolean {
  const [, wanted = type] = /operationType\s*=\s*"?(\w+)"?/.exec(filter ?? "") ?? []
  return wanted === type
}

function inserted({ world, project }: Asked, zone: string): readonly JsonObject[] {
  const bulks = world.operations.list("bulkInsert").filter((operation) => !isForgotten(world, operation))
  return succeeded(bulks, project, zone)
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

/** The insert operations of VMs that were made in this zone. */
function succeeded(bulks: readonly Operation[], project: string, zone: string): readonly JsonObject[] {
  return bulks.flatMap((bulk) => {
    const { made = {}, group } = bulk.outcome as unknown as Outcome
    return (made[zone] ?? []).map((name) => {
      const target = `zones/${zone}/instances/${name}`
      const outcome = { scope: `zones/${zone}`, type: "insert", target, ...(group === undefined ? {} : { group }) }
      const id = `operation-${bulk.startedAt}-${hexOf(target, 13)}-${hexOf(`${target}/`, 8)}`
      return operationJson({ ...bulk, id, kind: "insert", outcome }, project)
    })
  })
}

export const OPERATIONS: Readonly<Record<string, Handler>> = {
  "zoneOperations.get": get,
  "zoneOperations.wait": wait("heavy"),
  "zoneOperations.list": list,
  "regionOperations.get": get,
  "regionOperations.wait": wait("heavy"),
  "regionOperations.list": list,
  "globalOperations.wait": wait("heavy-global"),
}
