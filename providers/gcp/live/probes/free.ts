/** Refusals that cost nothing: what is asked for is not there, so that nothing can come of it. */
import type { Exchange, LaunchCall, WalkStage, Wish } from "../../../../src/provider.js"
import { type CodeRow, rowOf } from "../../client/codes.js"
import { hexOf, uuidOf } from "../../client/ids/names.js"
import { type ErrorDetails, detailsIn, detailsOf } from "../../client/refusals/details.js"
import { isSuccess, listAt, reasonsIn, refusalText, textAt } from "../reading.js"
import { awaitOperation, lastAnswer, operationIn, type Probing, type Seen, tell, tries } from "./probing.js"
import { imageless, type Insert, typeless } from "./requests.js"
import { send } from "./launched.js"

const TRIES = [1, 2, 3]

export async function free(probing: Probing, stage: WalkStage): Promise<void> {
  const call = someLaunch(probing, stage)
  if (call?.zone === undefined) return
  for (const nth of TRIES) {
    const mark = hexOf(`${stage.owner.uid}/${nth}`, 8)
    await lookAtImage(probing, stage, call, `projects/debian-cloud/global/images/nobodys-image-${mark}`)
    await lookAtType(probing, stage, call, typeBeside(call, nth))
    await lookAtZone(probing, stage, `${stage.offers[0]?.region ?? ""}-${"xyw"[nth - 1] ?? ""}`)
    await lookAtUnknown(probing, stage, call.zone, `nobodys-instance-${mark}`)
  }
}

/** A launch that is not sent: what others are made from. */
function someLaunch({ provider }: Probing, { owner, group, prepared, offers }: WalkStage): LaunchCall | undefined {
  const [best] = offers
  if (best === undefined) return undefined
  const { market, arch } = best
  const same = offers.filter((offer) => offer.market === market && offer.arch === arch)
  const id = hexOf(`${owner.uid}/free`, 16)
  const wish: Wish = { id, uid: owner.uid, group: group.name, count: 1, offers: same, market, arch, spread: "one-zone" }
  return provider.split(wish, prepared, { levels: {}, launches: [] })[0]
}

/** "e2-small" has no such sizes. */
function typeBeside({ offers }: LaunchCall, nth: number): string {
  const [series = "e2"] = (offers[0]?.instanceType ?? "").split("-")
  return `${series}-standard-99${nth}`
}

async function lookAtImage(probing: Probing, stage: WalkStage, call: LaunchCall, image: string): Promise<void> {
  const { words, row, exchanges } = await refusedAs(probing, stage, call, imageless(call, image))
  if (words === undefined) return
  const held = row?.verdict === "rejected" && row.codes.includes("RESOURCE_NOT_FOUND")
  tell(stage, "gcp.refusal-image", { held, words }, exchanges)
}

async function lookAtType(probing: Probing, stage: WalkStage, call: LaunchCall, type: string): Promise<void> {
  const { words, row, exchanges } = await refusedAs(probing, stage, call, typeless(call, type))
  if (words === undefined) return
  const held = row?.verdict === "capacity" && row.scope === "type-in-zone" && words.includes(type)
  tell(stage, "gcp.refusal-type", { held, words }, exchanges)
}

interface Refused {
  /** What was said, in short; undefined where nothing was. */
  readonly words?: string
  /** What the adapter takes it for. */
  readonly row?: CodeRow | undefined
  readonly exchanges: readonly Exchange[]
}

/** In the answer, or in the operation that it is. */
async function refusedAs(probing: Probing, stage: WalkStage, call: LaunchCall, insert: Insert): Promise<Refused> {
  const { exchanges } = await stage.watch((calls) => send(probing, calls, call, insert))
  const answer = lastAnswer(exchanges)
  if (answer === undefined) return { exchanges }
  if (!isSuccess(answer)) {
    const details = detailsIn(answer.exchange.answer?.body ?? "", answer.status)
    return { words: refusalText(answer), row: details === undefined ? undefined : rowOf(details), exchanges }
  }
  const operation = operationIn(answer)
  const done = operation === undefined ? undefined : await awaitOperation(probing, stage, call.zone ?? "", operation)
  if (done === undefined) return { exchanges }
  const all = listAt(done.fields, "error", "errors").flatMap(errorIn)
  const cause = all.find((one) => rowOf(one)?.verdict !== "summary")
  const words =
    cause === undefined ? "its operation has no error" : `its operation: ${cause.codes[0]}: ${cause.message}`
  return { words, row: cause === undefined ? undefined : rowOf(cause), exchanges: [...exchanges, done.exchange] }
}

function errorIn(error: unknown): readonly ErrorDetails[] {
  const [code, message] = [textAt(error, "code"), textAt(error, "message")]
  return code === undefined ? [] : [detailsOf({ code, ...(message === undefined ? {} : { message }) })]
}

async function lookAtZone({ send: sendTo }: Probing, stage: WalkStage, zone: string): Promise<void> {
  const request = { what: `listing instances in ${zone}`, message: { zone, maxResults: 1 }, fields: "items(name)" }
  await tries(
    stage,
    "gcp.refusal-zone",
    (calls) => sendTo(calls, "instances.list", request),
    (exchanges) => {
      const answer = lastAnswer(exchanges)
      if (answer === undefined) return undefined
      if (isSuccess(answer)) return { held: false, words: `${zone} was listed` }
      return { held: /unknown zone/i.test(textAt(answer.fields, "message") ?? ""), words: refusalText(answer) }
    },
  )
}

async function lookAtUnknown({ send: sendTo }: Probing, stage: WalkStage, zone: string, name: string): Promise<void> {
  const requestId = uuidOf(hexOf(`${stage.owner.uid}/${name}`, 32))
  const request = { what: `deleting ${name}`, message: { zone, instance: name, requestId }, fields: "name,status" }
  await tries(
    stage,
    "gcp.delete-unknown",
    (calls) => sendTo(calls, "instances.delete", request),
    (exchanges) => notFoundSeen(exchanges, `${name} could be deleted`),
  )
}

/** @param otherwise what it means that the request was carried out. */
export function notFoundSeen(exchanges: readonly Exchange[], otherwise: string): Seen | undefined {
  const answer = lastAnswer(exchanges)
  if (answer === undefined) return undefined
  if (isSuccess(answer)) return { held: false, words: otherwise }
  const held = answer.status === 404 && reasonsIn(answer).includes("notFound")
  return { held, words: refusalText(answer) }
}
