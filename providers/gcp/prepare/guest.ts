/**
 * What Compute Engine adds to the guest: what an instance asks its metadata, and how it ends itself. The deadline needs no timer
 * here, Compute Engine keeps it (`terminationTime`). Plain `sh`, for any Linux image.
 */
import { TAG } from "../../../src/fleet/tags.js"
import { metadataReader } from "../../../src/guest/metadata.js"
import { type GuestCloud, guestProgram } from "../../../src/guest/program.js"
import { compact } from "../../../src/guest/text.js"
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
  // A server that has not answered once is not asked again: each request may take a minute.
  "MUSTER_NAME=$(muster_read name) && MUSTER_ZONE=$(muster_read zone) || MUSTER_NAME=$(hostname | cut -d . -f 1)",
  `MUSTER_ZONE=\${MUSTER_ZONE##*/}`,
  'MUSTER_ID="$MUSTER_ZONE/$MUSTER_NAME"',
  "export MUSTER_ID MUSTER_NAME MUSTER_ZONE",
  '[ -n "$MUSTER_ZONE" ]',
]

/** Time for an owner that lives to read the serial port and to delete the instance itself. */
const LINGER_S = 180

/** A stopped instance costs its disks on, until its owner or a sweep deletes it. */
const POWER_OFF = "shutdown -P now || poweroff"

/**
 * With a service account it says in a label how its work has ended, and deletes itself after a while. `setLabels` takes all labels,
 * so what was read is sent back with ours in front ("instances.setLabels": `labels` and `labelFingerprint`, as a get answers them).
 * Where that is refused, it powers off.
 */
const DELETE = compact(`
  muster_delete() {
    muster_compute="\${MUSTER_COMPUTE_URL:-https://compute.googleapis.com}/compute/v1/projects/$(
    muster_metadata=\${muster_metadata%/*}; muster_read project/project-id)/zones/$MUSTER_ZONE/instances/$MUSTER_NAME"
    muster_labels=$(muster_send "$muster_compute?fields=labels,labelFingerprint" | tr -d '\\n' | sed 's/"labels" *: *{/&"${TAG.ended}":"'"$1"'",/')
    [ -n "$muster_labels" ] && muster_send -X POST -d "$muster_labels" "$muster_compute/setLabels" || return
    sleep "\${MUSTER_LINGER:-${LINGER_S}}"
    for muster_try in 1 2 3 4 5; do
      muster_send -X DELETE "$muster_compute" && { [ -z "\${MUSTER_ONCE:-}" ] || exit 0; sleep 600; }
      sleep 10
    done
  }
  muster_send() {
    muster_token=$(muster_read service-accounts/default/token | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')
    [ -n "$muster_token" ] &&
    curl -sf -m 60 -H "Authorization: Bearer $muster_token" -H "Content-Type: application/json" "$@"
  }`)

/**
 * The whole startup script of one group. "Google runs startup scripts at every boot" ("About startup scripts").
 *
 * @param hasAccount the instance has a service account, which may be one that may delete it.
 */
export function guestScript(owner: Owner, group: GroupRequest, region: string, hasAccount = false): string {
  const login = registryLogin(group)
  const cloud: GuestCloud = {
    provider: "gcp",
    region,
    setup: [METADATA_ADDRESS, READ, ...(hasAccount ? [DELETE] : [])],
    identity: IDENTITY,
    end: ["sync", ...(hasAccount ? ["muster_identity", 'muster_delete "$1-$2"'] : []), POWER_OFF],
    notice: noticeOf(group),
    ...(login === undefined ? {} : { login }),
    isRunAtEveryBoot: true,
  }
  return guestProgram(cloud, owner, group)
}
