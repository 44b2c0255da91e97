/** Whole: what lists and exchanges of a walk show together. */
import { judgeDeadlines, judgeStates, judgeTags, sightsOf } from "../../../../src/live/judges.js"
import type { Exchange, Instance, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { isOwnAnswer } from "../reading.js"
import { tagsOf } from "./boots.js"

/** A guest that has not ended its machine so long after its deadline does not, in milliseconds. */
const DEADLINE_SLACK_MS = 90_000

/** So many of one kind are said, of what may be hundreds. */
const MOST_SAID = 3

/** "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, "Date/Time Formats"). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

export function judgeWhole(stage: WalkStage): void {
  judgeTags(stage, "aws.tags-in-first-list", tagsOf)
  judgeStates(stage, "aws.states-in-order")
  judgeDeadlines(stage, "aws.guest-deadline", DEADLINE_SLACK_MS)
  for (const worker of stage.workers) {
    judgeAddress(stage, worker)
    judgeMarket(stage, worker)
  }
  judgeHeader(stage, { assumption: "aws.request-id", header: "x-amzn-requestid", isGood: (text) => text !== "" })
  judgeHeader(stage, { assumption: "aws.date", header: "date", isGood: (text) => HTTP_DATE.test(text) })
}

function judgeAddress(stage: WalkStage, worker: WalkWorker): void {
  const first = firstRunning(stage, worker)
  if (first === undefined) return
  const { privateIp } = first
  const held = privateIp !== undefined
  stage.saw("aws.address-when-running", held, `the first list that shows it running has ${privateIp ?? "no address"}`)
}

function judgeMarket(stage: WalkStage, worker: WalkWorker): void {
  const first = firstRunning(stage, worker)
  const markets = new Set(worker.call.offers.map(({ market }) => market))
  if (first === undefined || markets.size !== 1) return
  stage.saw("aws.spot-is-listed", markets.has(first.market), `${[...markets].join()} is listed as ${first.market}`)
}

function firstRunning(stage: WalkStage, worker: WalkWorker): Instance | undefined {
  return sightsOf(stage, worker).find(({ instance }) => instance.state === "running")?.instance
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
