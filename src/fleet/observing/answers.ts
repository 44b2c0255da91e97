/** Hear: what looks at several providers come to, without waiting for those that do not answer. */
import { withDeadline } from "../../calls/deadline.js"
import { OwnershipError, TimeoutError } from "../../errors.js"
import type { Fleet, PollState } from "../state/context.js"

/** As long as a list of ten thousand takes, twice: who has not answered by then does not keep the others waiting. */
const PATIENCE_MS = 10_000

/** Notes that a look has begun, until it ends. */
export function inProgress(poll: PollState, looking: Promise<void>): Promise<void> {
  poll.inProgress = looking.finally(() => {
    poll.inProgress = undefined
  })
  return poll.inProgress
}

/** What each look came to; undefined for those that are still under way when patience ends: they wake a pass of their own. */
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
  // Alone it keeps nobody waiting, and nothing can be decided without it.
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
