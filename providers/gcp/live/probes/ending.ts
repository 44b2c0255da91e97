/** What is tried of machines whose end was asked for, and of those that are gone. */
import type { Exchange, Instance, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { sightsOf } from "../../../../src/live/judges.js"
import { idOf, uuidOf } from "../../client/ids/names.js"
import { answerIn, isSuccess, parameterOf, pathOf, refusalText } from "../reading.js"
import { lookWhetherDiskWent } from "./disks.js"
import { notFoundSeen } from "./free.js"
import { firstOperation } from "./launched.js"
import { lookAtPartial, lookAtTaken, lookForOperation } from "./operations.js"
import { awaitOperation, doneOperation, operationIn, operationUnder, type Probing, tell } from "./probing.js"
import { otherBodyOf, partialOf } from "./requests.js"

export async function ended(probing: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  await replayDeletion(probing, stage, worker)
  if (worker.wave !== "brief") return
  const { call } = worker
  await lookAtTaken(probing, stage, call)
  await lookAtPartial(probing, stage, call)
  await endExtras(probing, stage, worker)
  await lookForOperation(probing, stage, call)
}

/** Deletions of a machine, in their order. */
function deletionsOf({ exchanges }: WalkStage, { made: { name } }: WalkWorker): readonly Exchange[] {
  return exchanges.filter(
    (exchange) => exchange.api === "instances.delete" && pathOf(exchange).endsWith(`/instances/${name}`),
  )
}

async function replayDeletion({ send }: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { zone, name } = worker.made
  const first = deletionsOf(stage, worker).find((exchange) => operationIn(answerIn(exchange)) !== undefined)
  const operation = operationIn(answerIn(first))
  const requestId = first === undefined ? undefined : parameterOf(first, "requestId")
  if (first === undefined || operation === undefined || requestId === undefined) return
  const message = { zone, instance: name, requestId }
  const request = { what: `deleting ${name} once more`, message, fields: "name,status,insertTime,error" }
  const { exchanges } = await stage.watch((calls) => send(calls, "instances.delete", request))
  const answer = exchanges.flatMap((exchange) => answerIn(exchange) ?? []).at(-1)
  if (answer === undefined) return
  const again = operationIn(answer)
  const words = isSuccess(answer) ? `${again ?? "no operation"}, the first was ${operation}` : refusalText(answer)
  tell(stage, "gcp.delete-replay", { held: again === operation, words }, [first, ...exchanges])
}

/**
 * What was made beside the launch: the name that was not taken, and what a request id with another body made, if it did. Where it is not
 * known whether they were made they are deleted all the same.
 */
async function endExtras(probing: Probing, stage: WalkStage, { call, made }: WalkWorker): Promise<void> {
  const { zone } = made
  const first = firstOperation(stage, call)
  const own = stage.exchanges.filter((exchange) => parameterOf(exchange, "requestId") === uuidOf(call.token))
  const others = own.flatMap((exchange) => operationIn(answerIn(exchange)) ?? []).filter((name) => name !== first)
  const partial = operationUnder(stage.exchanges, partialOf(call).requestId)
  for (const operation of new Set([...others, ...(partial === undefined ? [] : [partial])]))
    await awaitOperation(probing, stage, zone, operation)
  const extras = [partialOf(call).extra, ...(others.length > 0 ? [otherBodyOf(call).extra] : [])]
  const instances = extras.flatMap((name): Instance[] =>
    name === undefined ? [] : [{ ...made, id: idOf(zone, name), name, state: "pending" }],
  )
  const { value } = await stage.watch((calls) => probing.provider.terminate(instances, calls))
  // What is deleted before its operation is done may still come.
  const isDone = [...others, ...(partial === undefined ? [""] : [partial])].every(
    (operation) => doneOperation(stage.exchanges, operation) !== undefined,
  )
  if (isDone) for (const { id } of value?.accepted ?? []) stage.settled(id)
}

/** A list may still show an instance that is gone elsewhere, or the other way round: so often it is looked at. */
const LOOKS = 3
const PAUSE_MS = 4_000

export async function gone(probing: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { endedAt, goneAt = 0, deadlineAt, made } = worker
  // It has left the lists, and nothing has ended it.
  if (endedAt === undefined && goneAt < deadlineAt) return
  const { zone, name } = made
  const request = { what: `reading ${name}`, message: { zone, instance: name }, fields: "name,status" }
  for (let look = 1; look <= LOOKS; look += 1) {
    const { exchanges } = await stage.watch((calls) => probing.send(calls, "instances.get", request))
    const seen = notFoundSeen(exchanges, `${name} can still be read`)
    const isThere = exchanges.some((exchange) => answerIn(exchange)?.status === 200)
    if (!isThere || look === LOOKS) {
      tell(stage, "gcp.gone-not-found", seen, exchanges)
      break
    }
    await stage.wait(PAUSE_MS)
  }
  await lookWhetherDiskWent(probing, stage, worker)
}

/** What is made or runs so long after its deletion was accepted stays, in milliseconds. */
const STAYS_AFTER_MS = 120_000

/** Of the machines that were deleted while the last list before showed them as being made. */
export function judgeDeletions(stage: WalkStage): void {
  for (const worker of stage.workers) {
    const { endedAt, goneAt, wave } = worker
    const deletions = deletionsOf(stage, worker)
    const [first] = deletions
    if (wave !== "brief" || first === undefined) continue
    const before = sightsOf(stage, worker).findLast(({ at }) => at <= first.at)
    if (before?.instance.state !== "pending") continue
    const refused = deletions.map(answerIn).find((answer) => answer !== undefined && !isSuccess(answer))
    if (refused !== undefined && refused.status !== 404)
      tell(stage, "gcp.delete-while-made", { held: false, words: refusalText(refused) }, deletions)
    else if (endedAt !== undefined && goneAt !== undefined) {
      const words = `gone ${Math.round((goneAt - endedAt) / 1000)} s later`
      tell(stage, "gcp.delete-while-made", { held: true, words }, deletions)
    } else if (endedAt !== undefined) {
      // On its way out, or by lists that failed, it is neither.
      const late = sightsOf(stage, worker).findLast(({ at }) => at >= endedAt + STAYS_AFTER_MS)
      if (late === undefined || !["pending", "running"].includes(late.instance.state)) continue
      const words = `${late.instance.state} ${Math.round((late.at - endedAt) / 1000)} s later`
      tell(stage, "gcp.delete-while-made", { held: false, words }, deletions)
    }
  }
}
