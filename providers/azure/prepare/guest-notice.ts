/** What Azure tells an instance of its end: Scheduled Events. */
import type { CloudNotice } from "../../../src/guest/notice.js"

/** "Minimum notice: 30 seconds" for Preempt ("Scheduled Events for Linux VMs"). */
const NOTICE_S = 30

/** A delete that is not forced lets the guest shut down; how long Azure waits is not said. */
const SHUTDOWN_S = 60

/**
 * `{"Events": [{"EventType": "Preempt", "Resources": ["its name"], "NotBefore": "Mon, 19 Sep 2016 18:29:47 GMT", …}]}`. `NotBefore` is
 * empty once the event has begun. The first answer takes up to two minutes: it switches the service on.
 */
export function noticeOf(metadata: string): CloudNotice {
  return {
    ask: [
      `muster_said=$(curl -sf -m "\${muster_wait:-10}" -H "Metadata: true" "${metadata}/metadata/scheduledevents?api-version=2020-07-01") || return`,
      'muster_own=$(. "$muster_home/environment" && printf %s "$MUSTER_NAME")',
      `muster_said=$(printf %s "$muster_said" | tr -d '\\n' | tr '}' '\\n' | grep -E '"EventType" *: *"(Preempt|Terminate)"' | grep -iF "\\"$muster_own\\"" | head -n 1)`,
      '[ -n "$muster_said" ] || return',
      `muster_at=$(printf %s "$muster_said" | sed -n 's/.*"NotBefore" *: *"\\([^"]*[^" ]\\)".*/\\1/p')`,
      `muster_left=${NOTICE_S}`,
      '[ -z "$muster_at" ] || muster_left=$(($(date -u -d "$muster_at" +%s) - $(date +%s)))',
      'echo "$muster_left"',
    ],
    polls: true,
    shutdownS: { interrupted: NOTICE_S, asked: SHUTDOWN_S },
  }
}
