/** Whole: what lists and exchanges of a walk show together. */
import { judgeDeadlines, judgeStates, judgeTags, sightsOf } from "../../../../src/live/judges.js"
import { TAG } from "../../../../src/fleet/tags.js"
import type { Exchange, Instance, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { isOwnAnswer } from "../reading.js"
import { tagsOf } from "./boots.js"

/** A guest that has not ended its machine so long after its deadline does not, in milliseconds: systemd alone may take 90 s to stop. */
const DEADLINE_SLACK_MS = 180_000

/** Until such a machine is told to end, so that a list shows it meanwhile, in milliseconds. */
export const ENDED_AFTER_MS = DEADLINE_SLACK_MS + 10_000

/** So many of one kind are said, of what may be hundreds. */
const MOST_SAID = 3

/** "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, "Date/Time Formats"). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

export function judgeWhole(stage: WalkStage): void {
  for (const worker of stage.workers) {
    const sights = sightsOf(stage, worker)
    judgeTags(withEvidence(stage, worker, sights.slice(0, 1)), "aws.tags-in-first-list", tagsOf)
    const changes = sights.filter(({ instance }, at) => instance.state !== sights[at - 1]?.instance.state)
    judgeStates(withEvidence(stage, worker, changes), "aws.states-in-order")
    const last = withEvidence(stage, worker, sights.slice(-1), worker.call.api)
    judgeDeadlines(last, "aws.guest-deadline", DEADLINE_SLACK_MS)
    const running = sights.find(({ instance }) => instance.state === "running")
    if (running === undefined) continue
    judgeAddress(withEvidence(stage, worker, [running]), running.instance)
    judgeMarket(stage, worker, running)
  }
  judgeHeader(stage, { assumption: "aws.request-id", header: "x-amzn-requestid", isGood: (text) => text !== "" })
  judgeHeader(stage, { assumption: "aws.date", header: "date", isGood: (text) => HTTP_DATE.test(text) })
}

/** The same of one machine, with the lists that show it as evidence. @param kind of what it is seen. */
function withEvidence(
  stage: WalkStage,
  worker: WalkWorker,
  sights: readonly { readonly at: number }[],
  kind?: string,
): WalkStage {
  const lists = sights.flatMap(({ at }) => listAt(stage, at) ?? [])
  return {
    ...stage,
    workers: [worker],
    saw: (assumption, held, words) => stage.saw(assumption, held, words, lists, kind),
  }
}

type Seen = ReturnType<typeof sightsOf>[number]

/** The list of the cluster that was begun then. */
function listAt({ exchanges }: WalkStage, at: number): Exchange | undefined {
  return exchanges.find(
    (one) => one.at >= at && one.api === "DescribeInstances" && one.request.body.includes(TAG.uid) && isOwnAnswer(one),
  )
}

function judgeAddress(stage: WalkStage, { privateIp }: Instance): void {
  const words = `the first list that shows it running has ${privateIp ?? "no address"}`
  stage.saw("aws.address-when-running", privateIp !== undefined, words)
}

function judgeMarket(stage: WalkStage, worker: WalkWorker, running: Seen): void {
  const { market } = running.instance
  const [wanted, ...others] = new Set(worker.call.offers.map((offer) => offer.market))
  if (wanted === undefined || others.length > 0) return
  const shown = withEvidence(stage, worker, [running], wanted)
  shown.saw("aws.spot-is-listed", market === wanted, `${wanted} is listed as ${market}`)
}

interface Headed {
  readonly assumption: string
  readonly header: string
  readonly isGood: (text: string) => boolean
}

function judgeHeader(stage: WalkStage, { assumption, header, isGood }: Headed): void {
  const answers = stage.exchanges.filter(isOwnAnswer)
  const isBroken = ({ answer }: Exchange) => !isGood(answer?.headers[header] ?? "")
  const broken = answers.filter(isBroken)
  for (const one of broken.slice(0, MOST_SAID))
    stage.saw(assumption, false, `${one.api} had ${one.answer?.headers[header] ?? "none"}`, [one])
  for (const one of answers.filter((answer) => !isBroken(answer)).slice(0, MOST_SAID))
    stage.saw(assumption, true, `${answers.length - broken.length} of ${answers.length} answers have it`, [one])
}
