/**
 * What runs first in every instance, as its startup script: its environment, and then the user's own script. The
 * deadline needs no timer here, Compute Engine keeps it (`terminationTime`). Plain `sh`, for any Linux image.
 */
import { metadataReader } from "../../../src/guest/metadata.js"
import { type GuestCloud, guestProgram } from "../../../src/guest/program.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { noticeOf } from "./guest-notice.js"
import { registryLogin } from "./registry.js"

/** The metadata server answers only requests with this header ("Access VM metadata"). */
const READ = metadataReader("muster_read", (send) =>
  send({ header: "Metadata-Flavor: Google", url: "$muster_metadata/$1" }),
)

const METADATA_ADDRESS = `muster_metadata="\${MUSTER_METADATA_URL:-http://metadata.google.internal}/computeMetadata/v1/instance"`

/** Without a tool for HTTP the host's name has to do. */
const IDENTITY = [
  "MUSTER_NAME=$(muster_read name || hostname | cut -d . -f 1)",
  "MUSTER_ZONE=$(muster_read zone)",
  `MUSTER_ZONE=\${MUSTER_ZONE##*/}`,
  'MUSTER_ID="$MUSTER_ZONE/$MUSTER_NAME"',
  "export MUSTER_ID MUSTER_NAME MUSTER_ZONE",
  '[ -n "$MUSTER_ZONE" ]',
]

/** cloud-init reads what begins so from "user-data", on images that have it (Container-Optimized OS, Ubuntu). */
export function isCloudConfig(startup: string | undefined): boolean {
  return startup?.startsWith("#cloud-config") ?? false
}

/** The whole startup script of one group. "Google runs startup scripts at every boot" ("About startup scripts"). */
export function guestScript(owner: Owner, group: GroupRequest, region: string): string {
  const login = registryLogin(group)
  const cloud: GuestCloud = {
    provider: "gcp",
    region,
    setup: [METADATA_ADDRESS, READ],
    identity: IDENTITY,
    end: ["sync", "shutdown -P now || poweroff"],
    notice: noticeOf(group),
    ...(login === undefined ? {} : { login }),
    isRunAtEveryBoot: true,
  }
  return guestProgram(cloud, owner, group)
}
