/** What is tried of launches while their instances are there. */
import type { Exchange, LaunchCall, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { idOf, uuidOf } from "../../client/ids/names.js"
import { type Answer, answerIn, isSuccess, refusalText } from "../reading.js"
import { lookAtOperations } from "./operations.js"
import { insertsUnder, operationIn, operationUnder, type Probing, type Seen, tell } from "./probing.js"
import { type Insert, otherBodyOf, partialOf, replayOf, takenOf } from "./requests.js"

/**
 * Sends each launch once more, and what else a name that is taken shows: all at once, because a machine that is to be ended while it is
 * made does not wait. What came of that is read when its end was asked for.
 */
export async function launched(probing: Probing, stage: WalkStage, workers: readonly WalkWorker[]): Promise<void> {
  const [first] = workers
  const zone = first?.call.zone
  if (first === undefined || zone === undefined) return
  const { call, wave } = first
  const isBrief = wave === "brief"
  const inserts = isBrief ? [replayOf, otherBodyOf, takenOf, partialOf].map((of) => of(call)) : [replayOf(call)]
  for (const { extra } of inserts) if (extra !== undefined) stage.makes(idOf(zone, extra))
  const { exchanges } = await stage.watch((calls) =>
    Promise.allSettled(inserts.map((insert) => send(probing, calls, call, insert))),
  )
  for (const insert of inserts) noteRefused(stage, call, insert, exchanges)
  judgeReplay(stage, call, exchanges)
  if (isBrief) judgeOtherBody(stage, call, exchanges)
  else await lookAtOperations(probing, stage, call, workers)
}

/** What is refused, or answered with the operation of the launch itself, makes nothing. Of what has no answer nobody knows. */
function noteRefused(stage: WalkStage, call: LaunchCall, { requestId, extra }: Insert, all: readonly Exchange[]): void {
  if (extra === undefined) return
  const own = insertsUnder(all, requestId).filter(({ request }) => request.body.includes(extra))
  const first = firstOperation(stage, call)
  const isNothing = (answer: Answer | undefined) =>
    answer !== undefined && (!isSuccess(answer) || (first !== undefined && operationIn(answer) === first))
  if (own.length > 0 && own.map(answerIn).every(isNothing)) stage.settled(idOf(call.zone ?? "", extra))
}

/** One bulk insert to the zone of a launch. */
export function send(probing: Probing, calls: WalkStage["calls"], { zone = "" }: LaunchCall, insert: Insert) {
  const { requestId, body } = insert
  return probing.send(calls, "instances.bulkInsert", {
    what: "asking Compute Engine what it does with such a launch",
    message: { zone, requestId, bulkInsertInstanceResourceResource: body },
  })
}

function judgeReplay(stage: WalkStage, call: LaunchCall, exchanges: readonly Exchange[]): void {
  const { extra = "" } = otherBodyOf(call)
  const own = insertsUnder(exchanges, uuidOf(call.token)).filter(({ request }) => !request.body.includes(extra))
  const first = firstOperation(stage, call)
  tell(stage, "gcp.request-replay", seenOf(own, first, false), own)
}

function judgeOtherBody(stage: WalkStage, call: LaunchCall, exchanges: readonly Exchange[]): void {
  const { extra = "" } = otherBodyOf(call)
  const own = insertsUnder(exchanges, uuidOf(call.token)).filter(({ request }) => request.body.includes(extra))
  tell(stage, "gcp.request-id-other-body", seenOf(own, firstOperation(stage, call), true), own)
}

/** The operation of the launch itself: the first that its request id was answered with. */
export function firstOperation({ exchanges }: Pick<WalkStage, "exchanges">, { token }: LaunchCall): string | undefined {
  return operationUnder(exchanges, uuidOf(token))
}

/** Where the launch's own answer was lost nothing can be compared. */
function seenOf(exchanges: readonly Exchange[], first: string | undefined, mayBeRefused: boolean): Seen | undefined {
  const answer = exchanges.map(answerIn).findLast((one) => one !== undefined)
  if (answer === undefined) return undefined
  if (!isSuccess(answer)) return { held: mayBeRefused, words: `refused: ${refusalText(answer)}` }
  return first === undefined ? undefined : compared(answer, first)
}

function compared(answer: Answer, first: string): Seen | undefined {
  const operation = operationIn(answer)
  if (operation === undefined) return undefined
  const held = operation === first
  return { held, words: held ? `the operation of the first, ${first}` : `${operation}, where the first was ${first}` }
}
