/** Answers: the outcomes of polling several providers, without waiting for a provider that does not answer. */
import { withDeadline } from "../../calls/deadline.js"
import { OwnershipError, TimeoutError } from "../../errors.js"
import type { Fleet, PollState } from "../state/context.js"

/** Twice the time of a list of ten thousand, in milliseconds: after it a slow provider no longer delays the others. */
const PATIENCE_MS = 10_000

/** Marks a poll as in progress until it ends. */
export function inProgress(poll: PollState, looking: Promise<void>): Promise<void> {
  poll.inProgress = looking.finally(() => {
    poll.inProgress = undefined
  })
  return poll.inProgress
}

/** The outcome of each poll; undefined for a poll that is still in progress after the patience: it wakes a pass of its own. */
export async function answeredInTime(
  fleet: Fleet,
  polls: readonly Promise<void>[],
): Promise<readonly (PromiseSettledResult<void> | undefined)[]> {
  const outcomes = polls.map((): PromiseSettledResult<void> | undefined => undefined)
  if (polls.length === 0) return outcomes
  let isWaiting = true
  const collect = async (poll: Promise<void>, index: number) => {
    const [outcome] = await Promise.allSettled([poll])
    if (isWaiting) outcomes[index] = outcome
    else recordLateAnswer(fleet, outcome)
  }
  const all = Promise.all(polls.map(collect))
  // A single provider delays no other, and no decision is possible without its answer.
  if (fleet.polls.size === 1) await all
  else await withDeadline(fleet.clock, all, PATIENCE_MS, () => new TimeoutError("looking")).catch(() => {})
  isWaiting = false
  return outcomes
}

function recordLateAnswer(fleet: Fleet, outcome: PromiseSettledResult<void>): void {
  if (fleet.signal.aborted) return
  if (outcome.status === "rejected") {
    const error = outcome.reason as Error
    fleet.emit({ type: "problem", error: error.name, message: error.message })
    if (error instanceof OwnershipError) fleet.disown(error)
  }
  fleet.wake()
}
