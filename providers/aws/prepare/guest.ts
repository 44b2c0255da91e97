/**
 * What runs first in every instance, as cloud-init user data: the timer that ends it at the cluster's deadline whatever
 * becomes of us, its environment, and then the user's own script. Plain `sh`, for any Linux image.
 */
import { metadataReader } from "../../../src/guest/metadata.js"
import { exportLines, guestVariables, startupLines } from "../../../src/guest/script.js"
import { deadlineLines, SET_ROOT } from "../../../src/guest/timer.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { leaseScript } from "./guest-lease.js"

/** Where an instance asks for its id; tests put a server of their own there. */
const METADATA = "http://169.254.169.254"

/**
 * `shutdown -P` powers off, which ends the instance because it was launched with InstanceInitiatedShutdownBehavior
 * "terminate"; `halt` would not.
 */
const POWER_OFF = "shutdown -P now || poweroff"

const DEADLINE = deadlineLines({
  serviceIs: "End this instance at its cluster's deadline",
  service: ["Type=oneshot", `ExecStart=/bin/sh -c '${POWER_OFF}'`],
  now: POWER_OFF,
  end: POWER_OFF,
})

/** IMDSv2 asks for a token first. */
const TOKEN = {
  method: "PUT",
  header: "X-aws-ec2-metadata-token-ttl-seconds: 300",
  url: "$muster_metadata/latest/api/token",
} as const
const VALUE = {
  header: "X-aws-ec2-metadata-token: $muster_token",
  url: "$muster_metadata/latest/meta-data/$1",
}

const ASK_METADATA = metadataReader(
  "muster_ask",
  (send) => `muster_token=$(${send(TOKEN)}) &&
      ${send(VALUE)}`,
)

/** cloud-init's own note of the id is there when no tool for HTTP is. */
const IDENTITY = `
muster_metadata="\${MUSTER_METADATA_URL:-${METADATA}}"
${ASK_METADATA}
MUSTER_INSTANCE=$(muster_ask instance-id || cat "$muster_root/var/lib/cloud/data/instance-id")
MUSTER_NAME="$MUSTER_GROUP-$(printf %s "$MUSTER_INSTANCE" | tail -c 8)"
MUSTER_ID="$MUSTER_INSTANCE"
export MUSTER_ID MUSTER_INSTANCE MUSTER_NAME`

/**
 * The whole user data script of one group.
 *
 * @param second a line to put after the first: what is kept there for others to read.
 */
export function guestScript(owner: Owner, group: GroupRequest, region: string, second?: string): string {
  const ours = guestVariables("aws", region, owner, group)
  const lines = [
    "#!/bin/sh",
    ...(second === undefined ? [] : [second]),
    ...exportLines(ours),
    SET_ROOT,
    ...DEADLINE,
    IDENTITY.trim(),
    ...(group.leaseSeconds === undefined ? [] : [leaseScript(group.leaseSeconds, ASK_METADATA)]),
    ...exportLines(group.environment),
  ]
  return `${[...lines, ...startupLines(group.startup)].join("\n")}\n`
}
