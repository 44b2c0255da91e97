/** What operations show of a launch that is done: its counts, its group, its request's id, the causes of what is missing. */
import type { Exchange, LaunchCall, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { rowOf } from "../../client/codes.js"
import { uuidOf } from "../../client/ids/names.js"
import { lastPart } from "../../client/native.js"
import { pages } from "../../client/pages.js"
import { detailsOf } from "../../client/refusals/details.js"
import {
  type Answer,
  answerIn,
  at,
  type Fields,
  fieldsOf,
  isSuccess,
  itemsIn,
  listAt,
  numberAt,
  pathOf,
  textAt,
} from "../reading.js"
import {
  awaitOperation,
  doneOperation,
  insertsUnder,
  operationUnder,
  type Probing,
  type Seen,
  tell,
  tries,
} from "./probing.js"
import { partialOf, takenOf } from "./requests.js"

const TAKEN = "RESOURCE_ALREADY_EXISTS"

/** Of a launch that is settled: how many it says it has made, and the operations of its instances. */
export async function lookAtOperations(
  probing: Probing,
  stage: WalkStage,
  call: LaunchCall,
  workers: readonly WalkWorker[],
): Promise<void> {
  await lookForOperation(probing, stage, call)
  const operation = operationUnder(stage.exchanges, uuidOf(call.token))
  const done = operation === undefined ? undefined : doneOperation(stage.exchanges, operation)
  if (done === undefined) return
  tell(stage, "gcp.operation-counts", countsSeen(done, workers.length), [done.exchange])
  const { items, exchanges } = await insertsSince(probing, stage, call, done)
  const names = workers.map(({ made }) => made.name)
  tell(stage, "gcp.operation-group", groupSeen(done, items, names), [done.exchange, ...exchanges])
}

/** Looks for it as a launch does whose answer was lost. */
export async function lookForOperation({ provider }: Probing, stage: WalkStage, call: LaunchCall): Promise<void> {
  const requestId = uuidOf(call.token)
  await tries(
    stage,
    "gcp.client-operation-id",
    (calls) => provider.find?.(call, calls) ?? Promise.resolve(),
    (exchanges) => {
      const items = allItems(exchanges)
      if (items === undefined) return undefined
      const held = items.some((item) => textAt(item, "clientOperationId") === requestId)
      return { held, words: `${items.length} operations in the list, ${held ? "it" : "none"} with the request's id` }
    },
  )
}

/** Of the launches beside one whose name they took: what they were refused with. */
export async function lookAtTaken(probing: Probing, stage: WalkStage, call: LaunchCall): Promise<void> {
  const { zone = "" } = call
  const { requestId } = takenOf(call)
  const own = insertsUnder(stage.exchanges, requestId)
  const refusal = own.flatMap((exchange) => answerIn(exchange) ?? []).find((answer) => !isSuccess(answer))
  if (refusal !== undefined) {
    const reasons = listAt(refusal.fields, "errors").flatMap((one) => textAt(one, "reason") ?? [])
    const held = reasons.includes("alreadyExists")
    tell(stage, "gcp.names-taken", { held, words: `HTTP ${refusal.status} ${reasons.join(", ")}` }, own)
    return
  }
  const operation = operationUnder(stage.exchanges, requestId)
  const done = operation === undefined ? undefined : await awaitOperation(probing, stage, zone, operation)
  if (done === undefined) return
  const codes = causesIn(done.fields)
  if (codes.length > 0) {
    tell(stage, "gcp.names-taken", takenSeen(codes, "the operation"), [...own, done.exchange])
    return
  }
  const { items, exchanges } = await insertsSince(probing, stage, call, done)
  if (items === undefined) return
  const inner = items.filter((item) => isOf(item, call.names ?? [])).flatMap(causesIn)
  tell(stage, "gcp.names-taken", takenSeen(inner, "the operations of its instances"), [...own, ...exchanges])
}

/** Of a launch of which one name was taken: the causes, and the operations. */
export async function lookAtPartial(probing: Probing, stage: WalkStage, call: LaunchCall): Promise<void> {
  const { zone = "", names: [taken = ""] = [] } = call
  const { requestId, extra = "" } = partialOf(call)
  const own = insertsUnder(stage.exchanges, requestId)
  const refusal = own.flatMap((exchange) => answerIn(exchange) ?? []).find((answer) => !isSuccess(answer))
  if (refusal !== undefined) {
    const words = `refused as a whole: HTTP ${refusal.status}`
    tell(stage, "gcp.cause-of-one", { held: false, words }, own)
    return
  }
  const operation = operationUnder(stage.exchanges, requestId)
  const done = operation === undefined ? undefined : await awaitOperation(probing, stage, zone, operation)
  if (done === undefined) return
  const { items, exchanges } = await insertsSince(probing, stage, call, done)
  if (items === undefined) return
  const evidence = [done.exchange, ...exchanges]
  tell(stage, "gcp.operation-counts", countsOfPartial(extra, items, done), evidence)
  tell(stage, "gcp.operation-group", groupSeen(done, items, [extra]), evidence)
  const about = items.filter((item) => isOf(item, [taken]))
  const group = textAt(done.fields, "operationGroupId")
  const grouped = about.filter((item) => textAt(item, "operationGroupId") === group)
  const codes = (grouped.length > 0 ? grouped : about).flatMap(causesIn)
  tell(stage, "gcp.cause-of-one", takenSeen(codes, `${about.length} operations of the name that is taken`), evidence)
}

/** That it counts none, and nothing says why the one was not made, does not tell which of both is so. */
function countsOfPartial(extra: string, items: readonly Fields[], done: Answer): Seen | undefined {
  const ofNone = countsSeen(done, 0)
  if (isRefused(extra, items, done)) return ofNone
  return ofNone.held ? undefined : countsSeen(done, 1)
}

/** Whether there was no room for an instance, or no quota: by its own operation, or by the whole where it has none. */
function isRefused(name: string, items: readonly Fields[], { fields }: Answer): boolean {
  const own = items.filter((item) => isOf(item, [name]))
  if (own.length > 0) return own.some((item) => causesIn(item).length > 0)
  return causesIn(fields).some((code) => code !== TAKEN)
}

/** Every wait of the walk: what it was answered with, and how long it took. One may come back at once: a server may be loaded. */
export function judgeWaits(stage: WalkStage): void {
  const early = new Map<string, Exchange>()
  for (const exchange of stage.exchanges.filter(({ api }) => api === "zoneOperations.wait")) {
    const answer = answerIn(exchange)
    const status = textAt(answer?.fields, "status")
    if (answer === undefined || !isSuccess(answer) || status === undefined) continue
    const path = pathOf(exchange)
    const before = early.get(path)
    const seconds = Math.round(exchange.ms / 1000)
    const isHeld = status === "DONE" || exchange.ms >= HELD_MS
    if (isHeld) tell(stage, "gcp.operation-wait", { held: true, words: `${status} after ${seconds} s` }, [exchange])
    else if (before !== undefined) {
      const words = `${status} after ${seconds} s, for the second time`
      tell(stage, "gcp.operation-wait", { held: false, words }, [before, exchange])
    }
    if (isHeld) early.delete(path)
    else early.set(path, exchange)
  }
}

/** A wait for what is not done takes two minutes; one that has taken half of that was held. */
const HELD_MS = 60_000

function countsSeen({ fields }: Answer, made: number): Seen {
  const places = Object.values(fieldsOf(at(fields, "instancesBulkInsertOperationMetadata", "perLocationStatus"))).map(
    (place) => (numberAt(place, "createdVmCount") ?? 0) - (numberAt(place, "deletedVmCount") ?? 0),
  )
  const counted = places.reduce((sum, count) => sum + count, 0)
  const words = places.length === 0 ? "it has no counts" : `it counts ${counted} where ${made} were made`
  return { held: places.length > 0 && counted === made, words }
}

function groupSeen(
  { fields }: Answer,
  items: readonly Fields[] | undefined,
  names: readonly string[],
): Seen | undefined {
  if (items === undefined) return undefined
  const group = textAt(fields, "operationGroupId")
  if (group === undefined) return { held: false, words: "the bulk operation has no group" }
  const own = items.filter((item) => textAt(item, "operationGroupId") === group)
  const missing = names.filter((name) => !own.some((item) => isOf(item, [name])))
  const words = `${own.length} of ${items.length} insert operations are of the group ${group}`
  return { held: missing.length === 0, words: missing.length === 0 ? words : `${words}; of ${missing.join()} none` }
}

function takenSeen(codes: readonly string[], where: string): Seen {
  return { held: codes.includes(TAKEN), words: `${where}: ${codes.length === 0 ? "no error" : codes.join(", ")}` }
}

/** The codes of an operation's errors that are no summary. */
function causesIn(operation: Fields): readonly string[] {
  return listAt(operation, "error", "errors").flatMap((error) => {
    const code = textAt(error, "code")
    return code === undefined || rowOf(detailsOf({ code }))?.verdict === "summary" ? [] : [code]
  })
}

function isOf(operation: Fields, names: readonly string[]): boolean {
  return names.includes(lastPart(textAt(operation, "targetLink")))
}

/** The insert operations of the zone since a bulk operation began. `items` is undefined where they could not be read whole. */
async function insertsSince(probing: Probing, stage: WalkStage, { zone = "" }: LaunchCall, { fields }: Answer) {
  const since = textAt(fields, "insertTime")
  const filter = `(operationType="insert")${since === undefined ? "" : ` AND (creationTimestamp >= "${since}")`}`
  const request = {
    what: `listing insert operations in ${zone}`,
    message: { zone, filter },
    fields: "items(name,operationType,targetLink,operationGroupId,error),nextPageToken",
  }
  const { exchanges } = await stage.watch(async (calls) => {
    for await (const _page of pages(probing.send, calls, "zoneOperations.list", request));
  })
  return { items: allItems(exchanges), exchanges }
}

/** Of all pages; undefined where one could not be read. */
function allItems(exchanges: readonly Exchange[]): readonly Fields[] | undefined {
  const lists = exchanges.flatMap((exchange) => {
    const items = itemsIn(answerIn(exchange))
    return items === undefined ? [] : [{ items, next: answerIn(exchange)?.fields.nextPageToken }]
  })
  const last = lists.at(-1)
  if (last === undefined || (last.next !== undefined && last.next !== "")) return undefined
  return lists.flatMap(({ items }) => items)
}
