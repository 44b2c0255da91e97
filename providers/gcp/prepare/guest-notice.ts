/** What Compute Engine tells an instance of its end: its shutdown. */
import type { CloudNotice } from "../../../src/guest/notice.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { GcpOptions } from "../options.js"

/** From soft to hard off ("skipGuestOsShutdown"): spot instances have less, whoever ends them. */
const SPOT_S = 30
const STANDARD_S = 120

/** `preempted` is TRUE once the instance is taken away; its shutdown begins at the same moment, so it is not asked for before. */
export function noticeOf({ markets = ["spot"] }: Pick<GroupRequest, "markets">): CloudNotice {
  return {
    ask: ['[ "$(muster_read preempted)" = TRUE ]'],
    polls: false,
    shutdownS: { interrupted: SPOT_S, asked: markets.includes("spot") ? SPOT_S : STANDARD_S },
  }
}

/** What `onNotice` does not hear of. */
export function noticeNotes({ skipGuestOsShutdown }: GcpOptions, { name, onNotice }: GroupRequest): readonly string[] {
  if (onNotice === undefined || skipGuestOsShutdown !== true) return []
  return [`onNotice of group "${name}" runs ahead of the deadline alone: skipGuestOsShutdown is true`]
}
