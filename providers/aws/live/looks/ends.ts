/** Ends: what EC2 says of those that have ended, and what goes with them. */
import { sightsOf } from "../../../../src/live/judges.js"
import type { Exchange, WalkStage, WalkWorker } from "../../../../src/provider.js"
import { elements, fieldsOf, idIn, textIn } from "../reading.js"
import { described, type Site } from "../site.js"
import { lookAtRemains } from "./remains.js"

export async function lookAtEnds(site: Site, stage: WalkStage): Promise<void> {
  judgeEarlyEnds(stage)
  await lookAtReasons(site, stage)
  await lookAtRemains(site, stage)
}

/** One instance's part of an answer to TerminateInstances. */
interface Change {
  readonly before: string
  readonly after: string
  readonly exchange: Exchange
}

/** The first answer that names it. */
function changeOf({ exchanges }: WalkStage, id: string): Change | undefined {
  for (const exchange of exchanges) {
    const { api, answer } = exchange
    if (api !== "TerminateInstances" || answer?.status !== 200) continue
    for (const item of answer.body.split("<item>").filter((one) => one.includes(`<instanceId>${id}</instanceId>`))) {
      const before = stateIn(item, "previousState")
      const after = stateIn(item, "currentState")
      if (before !== undefined && after !== undefined) return { before, after, exchange }
    }
  }
  return undefined
}

function stateIn(item: string, element: string): string | undefined {
  const [, inside = ""] = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(item) ?? []
  return elements(inside, "name")[0]
}

/** Those that were told to end while they were made. */
function judgeEarlyEnds(stage: WalkStage): void {
  for (const worker of stage.workers) {
    const { made, goneAt } = worker
    const change = changeOf(stage, made.id)
    if (change?.before !== "pending") continue
    const isAccepted = change.after === "shutting-down" || change.after === "terminated"
    const last = sightsOf(stage, worker).at(-1)?.instance.state
    // Where lists have failed nobody knows whether it has gone.
    if (isAccepted && goneAt === undefined && last !== "running") continue
    const words = `from pending to ${change.after}${goneAt === undefined ? ", and it runs" : ""}`
    stage.saw("aws.ends-while-pending", isAccepted && goneAt !== undefined, words, [change.exchange])
  }
}

const BY_REQUEST = "Client.UserInitiatedShutdown"
const BY_GUEST = "Client.InstanceInitiatedShutdown"

async function lookAtReasons(site: Site, stage: WalkStage): Promise<void> {
  const { workers } = stage
  if (workers.length === 0) return
  const asked = await described(
    site,
    stage,
    workers.map(({ made }) => made.id),
  )
  for (const worker of workers) {
    const instance = (asked.value ?? []).find((one) => idIn(one) === worker.made.id)
    const code = textIn(fieldsOf(instance?.StateReason), "Code")
    const wanted = reasonOf(worker)
    // What EC2 itself has ended says nothing of these.
    if (code === undefined || wanted === undefined || code.startsWith("Server.")) continue
    stage.saw(wanted.assumption, code === wanted.code, `${worker.made.id}: ${code}`, asked.exchanges)
  }
}

function reasonOf({
  wave,
  endedAt,
  goneAt,
  runningAt,
  deadlineAt,
}: WalkWorker): { readonly assumption: string; readonly code: string } | undefined {
  if (goneAt === undefined) return undefined
  // From its deadline on its guest may have been first.
  if (endedAt !== undefined && endedAt >= deadlineAt) return undefined
  if (endedAt !== undefined) return { assumption: "aws.reason-by-request", code: BY_REQUEST }
  const isByGuest = wave === "timed" && runningAt !== undefined
  return isByGuest ? { assumption: "aws.reason-by-guest", code: BY_GUEST } : undefined
}
