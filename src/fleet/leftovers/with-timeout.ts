/** With timeout: calls that end at a timeout, with the cloud's last answer in the error. */
import type { Clock } from "../../calls/clock.js"
import { type CallReport, createCalls } from "../../calls/send.js"
import { TimeoutError } from "../../errors.js"
import type { Calls, Provider } from "../../provider.js"
import { unansweredText } from "../../text.js"

export interface TimeoutOptions {
  readonly clock: Clock
  /** For how long, in milliseconds. */
  readonly ms: number
  /** What is being done, for the error: "listing clusters". */
  readonly doing: string
  readonly readOnly: boolean
}

/** @throws TimeoutError when it takes longer; what `work` throws. */
export async function withTimeout<T>(
  provider: Provider,
  { clock, ms, doing, readOnly }: TimeoutOptions,
  work: (calls: Calls) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  let lastAnswer: string | undefined
  const report = ({ message }: CallReport) => {
    lastAnswer = message
  }
  const cancel = clock.timer(ms, () => {
    deadline.abort(
      new TimeoutError(
        `${doing} of ${provider.name} ${provider.region}: not done after ${Math.round(ms / 1000)} s; ${unansweredText(lastAnswer)}`,
      ),
    )
  })
  try {
    return await work(createCalls({ clock, limits: provider.limits, signal: deadline.signal, readOnly, report }))
  } finally {
    cancel()
  }
}
