/** Guest: the parts of a guest script that are the same on every cloud. Plain `sh`, for any Linux image. Pure. */
import type { GroupRequest, Owner } from "../provider.js"

/** What every worker may know of itself before it has asked anybody. */
export function guestVariables(
  provider: string,
  region: string,
  owner: Owner,
  group: GroupRequest,
): Readonly<Record<string, string>> {
  return {
    MUSTER_PROVIDER: provider,
    MUSTER_REGION: region,
    MUSTER_CLUSTER: owner.cluster,
    MUSTER_UID: owner.uid,
    MUSTER_GROUP: group.name,
    MUSTER_DEADLINE: owner.deadline,
  }
}

/** Names are the caller's to check; a value may be any text without a NUL. */
export function exportLines(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
}

/**
 * Runs the user's script last, from a file of its own, so that a first line like `#!/usr/bin/env python3` means what it
 * says. `$muster_root` must be set: empty on a real machine, a directory of theirs in tests.
 */
export function startupLines(startup: string | undefined): readonly string[] {
  if (startup === undefined || startup.trim() === "") return []
  const body = startup.replace(/\n$/, "")
  const end = endMark(body)
  return [
    'muster_startup="$muster_root/var/lib/muster/startup"',
    'mkdir -p "$muster_root/var/lib/muster"',
    // Closed to others before there is anything to read.
    ': > "$muster_startup"',
    'chmod 700 "$muster_startup"',
    `cat >> "$muster_startup" <<'${end}'`,
    body.startsWith("#!") ? body : `#!/bin/sh\n${body}`,
    end,
    'exec "$muster_startup"',
  ]
}

/** A line that the text does not have. */
function endMark(text: string): string {
  const lines = new Set(text.split("\n"))
  let mark = "MUSTER_STARTUP"
  while (lines.has(mark)) mark += "_"
  return mark
}
