/**
 * What runs first in every instance, as its startup script: its environment, and then the user's own script. The
 * deadline needs no timer here, Compute Engine keeps it (`terminationTime`). Plain `sh`, for any Linux image.
 */
import { metadataReader } from "../../../src/guest/metadata.js"
import { exportLines, guestVariables, startupLines } from "../../../src/guest/script.js"
import { SET_ROOT } from "../../../src/guest/timer.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"

/** "Google runs startup scripts at every boot" ("About startup scripts"); ours is for the first one. */
const ONCE = `
${SET_ROOT}
muster_home="$muster_root/var/lib/muster"
[ -e "$muster_home/started" ] && exit 0
mkdir -p "$muster_home"
: > "$muster_home/started"`

/** The metadata server answers only requests with this header ("Access VM metadata"). */
const READ = metadataReader("muster_read", (send) =>
  send({ header: "Metadata-Flavor: Google", url: "$muster_metadata/$1" }),
)

/** Without a tool for HTTP the host's name has to do. */
const IDENTITY = `
muster_metadata="\${MUSTER_METADATA_URL:-http://metadata.google.internal}/computeMetadata/v1/instance"
${READ}
MUSTER_NAME=$(muster_read name || hostname | cut -d . -f 1)
MUSTER_ZONE=$(muster_read zone)
MUSTER_ZONE=\${MUSTER_ZONE##*/}
MUSTER_ID="$MUSTER_ZONE/$MUSTER_NAME"
export MUSTER_ID MUSTER_NAME MUSTER_ZONE`

/** cloud-init reads what begins so from "user-data", on images that have it (Container-Optimized OS, Ubuntu). */
export function isCloudConfig(startup: string | undefined): boolean {
  return startup?.startsWith("#cloud-config") ?? false
}

/** The whole startup script of one group. */
export function guestScript(owner: Owner, group: GroupRequest, region: string): string {
  const ours = guestVariables("gcp", region, owner, group)
  const lines = ["#!/bin/sh", ONCE.trim(), ...exportLines(ours), IDENTITY.trim(), ...exportLines(group.environment)]
  return `${[...lines, ...startupLines(group.startup)].join("\n")}\n`
}
