/** Lists of instances: filters, pages, field masks, the whole project. */
import { TAG } from "../../../../src/fleet/tags.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { hexOf } from "../../client/ids/names.js"
import { type Answer, answerIn, at, fieldsOf, isSuccess, itemsIn, listAt, textAt } from "../reading.js"
import { lastAnswer, type Probing, type Seen, tell, tries } from "./probing.js"

/** By the label of a launch that nobody made. */
export async function lookAtFilter({ send }: Probing, stage: WalkStage, { call, made }: WalkWorker): Promise<void> {
  const { zone } = made
  const filter = `(labels.${TAG.launch}=${hexOf(`${call.token}/${made.name}/nobody`, 32)})`
  const request = { what: `listing instances in ${zone}`, message: { zone, filter }, fields: "items(name)" }
  await tries(
    stage,
    "gcp.label-filter",
    (calls) => send(calls, "instances.list", request),
    (exchanges) => {
      const items = itemsIn(lastAnswer(exchanges))
      return items === undefined ? undefined : { held: items.length === 0, words: `${items.length} instances` }
    },
  )
}

/** More than there are of ours: who has other instances with these labels is not us. */
const MOST_PAGES = 8

/** One a page: each of those that run is there once. */
export async function lookAtPages({ send }: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { owner, made, wave } = worker
  const { zone } = made
  const expected = stage.workers
    .filter((one) => one.wave === wave && one.made.zone === zone)
    .filter((one) => one.goneAt === undefined && one.endedAt === undefined)
    .map((one) => one.made.name)
  const filter = `(labels.${TAG.uid}=${owner.uid})`
  const fields = "items(name),nextPageToken,warning(code,message)"
  const evidence: Exchange[] = []
  const names: string[] = []
  let pageToken: string | undefined
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const message = { zone, filter, maxResults: 1, ...(pageToken === undefined ? {} : { pageToken }) }
    const request = { what: `listing instances in ${zone}`, message, fields }
    const { exchanges } = await stage.watch((calls) => send(calls, "instances.list", request))
    evidence.push(...exchanges)
    const answer = lastAnswer(exchanges)
    const items = itemsIn(answer)
    if (items === undefined) return
    names.push(...items.flatMap((item) => textAt(item, "name") ?? []))
    pageToken = textAt(answer?.fields, "nextPageToken") || undefined
    if (pageToken === undefined) break
  }
  const seen = pagesSeen(names, expected)
  // A page may be empty and have another behind it: what is missing then may be on one that was not read.
  if (pageToken === undefined || new Set(names).size < names.length) tell(stage, "gcp.pages", seen, evidence)
}

function pagesSeen(names: readonly string[], expected: readonly string[]): Seen {
  const missing = expected.filter((name) => !names.includes(name))
  const isOnce = new Set(names).size === names.length
  const words = `${names.length} instances, ${missing.length} missing${isOnce ? "" : ", some twice"}`
  return { held: isOnce && missing.length === 0, words }
}

/** Of a machine its name alone. */
export async function lookAtFields({ send }: Probing, stage: WalkStage, { made }: WalkWorker): Promise<void> {
  const { zone, name } = made
  const request = { what: `reading the name of ${name}`, message: { zone, instance: name }, fields: "name" }
  await tries(
    stage,
    "gcp.field-masks",
    (calls) => send(calls, "instances.get", request),
    (exchanges) => {
      const answer = lastAnswer(exchanges)
      if (answer === undefined || !isSuccess(answer)) return undefined
      const others = Object.keys(answer.fields).filter((key) => key !== "kind" && key !== "name")
      return {
        held: others.length === 0,
        words: others.length === 0 ? "name alone" : `${others.length} fields beside it`,
      }
    },
  )
}

/** As a sweep lists, by the cluster's name alone. */
export async function lookAtProject({ provider }: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const { cluster } = worker.owner
  await tries(
    stage,
    "gcp.project-lists",
    (calls) => provider.list({ cluster }, calls),
    (exchanges) => {
      const answers = exchanges.flatMap((exchange) =>
        exchange.api === "instances.aggregatedList" ? (answerIn(exchange) ?? []) : [],
      )
      const last = answers.at(-1)
      const isWhole = last !== undefined && answers.every(isSuccess) && !textAt(last.fields, "nextPageToken")
      return isWhole ? projectSeen(answers, worker.made.zone) : undefined
    },
  )
}

/** A zone that did not answer says nothing of those that did. */
function projectSeen(answers: readonly Answer[], zone: string): Seen | undefined {
  if (answers.some(({ fields: { unreachables, warning } }) => unreachables !== undefined || warning !== undefined))
    return undefined
  const scopes = answers.flatMap(({ fields }) => Object.entries(fieldsOf(fields.items)))
  const empty = scopes.filter(([, scope]) => listAt(scope, "instances").length === 0)
  const other = empty.filter(([, scope]) => at(scope, "warning") !== undefined && !isEmpty(scope))
  const isListed = scopes.some(([name, scope]) => name === `zones/${zone}` && listAt(scope, "instances").length > 0)
  const words = `${scopes.length} entries, ${other.length} of the ${empty.length} empty ones with another warning${isListed ? "" : `; zones/${zone} has no instances`}`
  return { held: isListed && other.length === 0, words }
}

function isEmpty(scope: unknown): boolean {
  return textAt(scope, "warning", "code") === "NO_RESULTS_ON_PAGE"
}
