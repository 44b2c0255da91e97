/** What lists, answers and headers of a whole walk show together; and groups that are made to be deleted. */
import { judgeConsistency, judgeDeadlines, judgeStates, judgeTags } from "../../../src/live/judges.js"
import type { WalkStage, WalkWorker } from "../../../src/provider.js"
import { parseHttpDate } from "../../../src/tables/times.js"
import { type Azure, remainingOf } from "../client/send.js"
import type { VmBody } from "../launch/bodies.js"
import { CONSISTENCY_MS } from "../limits.js"
import { claimTags } from "../prepare/claim.js"
import { deleteGroup, putGroup, readGroup } from "../prepare/group.js"
import { generationGroup, NAME_TAG } from "../prepare/names.js"
import { merged } from "../prepare/tags.js"
import { codeOf, isDone, lastReading, type Reading, readingsOf, textAt, wordsOf } from "./reading.js"

const PUT = "VirtualMachines_CreateOrUpdate"
const DELETE = "VirtualMachines_Delete"

/** A guest's first try is spread over two minutes (see `prepare/guest.ts`), and a VM takes one or two to be gone. */
export const ENDS_WITHIN_MS = 240_000

export function judge({ options }: Azure, stage: WalkStage): void {
  judgeTags(stage, "azure.tags-first-list", tagsOf)
  judgeConsistency(stage, "azure.consistency-group", CONSISTENCY_MS)
  judgeStates(stage, "azure.state-order")
  // Without an identity no guest can end its machine, and nothing is assumed of it.
  if (options.identity !== undefined) judgeDeadlines(stage, "azure.guest-deadline", ENDS_WITHIN_MS)
  judgeHeaders(stage)
  for (const reading of readingsOf(stage.exchanges, "ResourceGroups_Get")) {
    if (reading.status !== 404) continue
    const isSo = codeOf(reading) === "ResourceGroupNotFound"
    stage.saw("azure.unknown-group", isSo, `answered with ${wordsOf(reading)}`, [reading.exchange])
  }
}

function tagsOf({ call }: WalkWorker): Readonly<Record<string, string>> {
  return (call.body as VmBody).vm.tags as Readonly<Record<string, string>>
}

/** Of each answer that accepted a VM or its end. */
function judgeHeaders(stage: WalkStage): void {
  for (const { headers, exchange } of readingsOf(stage.exchanges, PUT, DELETE).filter(isAccepted)) {
    const bucket = exchange.api === PUT ? "arm.writes" : "arm.deletes"
    const left = remainingOf({ headers })[bucket]
    stage.saw("azure.arm-remaining", left !== undefined, `left of ${bucket}: ${left ?? "not told"}`, [exchange])
    const id = headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"]
    stage.saw("azure.request-id", id !== undefined, id === undefined ? "without an id" : "with an id", [exchange])
    const wait = headers["retry-after"]
    if (wait !== undefined) stage.saw("azure.retry-after", /^\d+$/.test(wait), `Retry-After: ${wait}`, [exchange])
  }
  for (const { headers, exchange } of readingsOf(stage.exchanges, "VirtualMachines_Get")) {
    const { date = "" } = headers
    stage.saw("azure.date-header", parseHttpDate(date) !== undefined, `Date: ${date === "" ? "none" : date}`, [
      exchange,
    ])
  }
}

function isAccepted({ status }: Reading): boolean {
  return [200, 201, 202].includes(status)
}

/** Groups without anything in them, which cost nothing: each is told to be deleted, and read. */
export async function lookAtGroups(azure: Azure, stage: WalkStage): Promise<void> {
  if (azure.options.resourceGroup !== undefined) return
  const tags = merged(azure.options.tags ?? {}, claimTags(stage.owner), { [NAME_TAG]: "claim" })
  for (const number of [1, 2, 3]) {
    const name = `${generationGroup(stage.owner)}-gone${number}`
    await stage.watch((calls) => putGroup(azure, name, tags, calls))
    const { exchanges: sent } = await stage.watch((calls) => deleteGroup(azure, name, calls))
    const accepted = lastReading(sent, "ResourceGroups_Delete")
    // One that is gone already was deleted by a request whose answer was lost.
    if (accepted === undefined || accepted.status === 404) continue
    if (accepted.status !== 202 && accepted.status !== 200) {
      stage.saw("azure.group-deletion", false, `answered with ${wordsOf(accepted)}`, [accepted.exchange])
      continue
    }
    const read = lastReading(
      (await stage.watch((calls) => readGroup(azure, name, calls))).exchanges,
      "ResourceGroups_Get",
    )
    if (read === undefined || (!isDone(read) && read.status !== 404)) continue
    const state = isDone(read) ? textAt(read.body, "properties", "provisioningState") : "gone"
    const isLeaving = state === "gone" || /^deleting$/i.test(state ?? "")
    stage.saw("azure.group-deletion", isLeaving, `then it was ${state ?? "in no state"}`, [
      accepted.exchange,
      read.exchange,
    ])
  }
}
