/** Reported: every single request to a cloud is an event, and nothing is too much for long without a word of it. */
import type { CallReport } from "../../calls/send.js"
import { ThrottledError } from "../../errors.js"
import type { ClusterEventBody } from "../../events.js"
import type { Provider } from "../../provider.js"
import { SEVERAL } from "./backoff.js"

export function reportTo(
  emit: (event: ClusterEventBody) => void,
  { name, region }: Pick<Provider, "name" | "region">,
): (report: CallReport) => void {
  return (report) => {
    emit({ type: "call", provider: name, region, ...report })
    if (!isThrottledLong(report)) return
    const message = `${report.api}: throttled in each of ${report.attempt} tries; the last answer: ${report.message}`
    emit({ type: "problem", error: ThrottledError.name, message })
  }
}

/** At the third answer alike, the sixth, the twelfth … */
function isThrottledLong({ error, attempt }: CallReport): boolean {
  return error === ThrottledError.name && Number.isInteger(Math.log2(attempt / SEVERAL))
}
