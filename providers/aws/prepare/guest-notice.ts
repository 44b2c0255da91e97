/** What EC2 tells an instance of its end. */
import type { CloudNotice } from "../../../src/guest/notice.js"
import type { GroupRequest } from "../../../src/provider.js"
import type { AwsOptions } from "../options.js"

/** "The interruption notice is issued two minutes before" ("Spot Instance interruption notices"). */
const NOTICE_S = 120

/** EC2 waits "a short while" for a guest to shut down before it ends it all the same; how long is not said. */
const SHUTDOWN_S = 60

/**
 * `spot/instance-action` is not found until there is a notice, and then `{"action": "terminate", "time": "2026-01-02T03:04:05Z"}`. A
 * recommendation to rebalance is no notice: it may come without an end.
 */
export const NOTICE: CloudNotice = {
  ask: [
    "muster_said=$(muster_ask spot/instance-action) || return",
    `muster_at=$(printf %s "$muster_said" | sed -n 's/.*"time" *: *"\\([0-9-]*\\)T\\([0-9:]*\\)Z".*/\\1 \\2/p')`,
    '[ -n "$muster_at" ] || return',
    `muster_at=$(date -u -d "$muster_at" +%s 2>/dev/null) || muster_at=$(($(date +%s) + ${NOTICE_S}))`,
    "echo $((muster_at - $(date +%s)))",
  ],
  polls: true,
  shutdownS: { interrupted: NOTICE_S, asked: SHUTDOWN_S },
}

/** What `onNotice` does not hear of. */
export function noticeNotes({ skipOsShutdown }: AwsOptions, { name, onNotice }: GroupRequest): readonly string[] {
  if (onNotice === undefined || skipOsShutdown !== true) return []
  return [
    `onNotice of group "${name}" runs at interruptions and ahead of the deadline, but not when Muster ends a worker: skipOsShutdown is true`,
  ]
}
