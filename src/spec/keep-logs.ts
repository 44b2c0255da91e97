/** Keep logs: what a user should know of `keepLogs`. */
import type { ResolvedAccess } from "./access.js"
import type { ClusterFields } from "./types.js"

/**
 * What `plan` says of it.
 *
 * @param isElsewhere some workers are not on this machine.
 */
export function keepLogsNotes(
  { keepLogs }: Pick<ClusterFields, "keepLogs">,
  access: ResolvedAccess | undefined,
  isElsewhere: boolean,
): readonly string[] {
  if (keepLogs === undefined || access !== undefined || !isElsewhere) return []
  return [
    "keepLogs without access reads consoles, once a minute for each worker: they are late, and keep the end alone",
  ]
}
