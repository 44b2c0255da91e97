/** What EC2 adds to the guest: what an instance asks its metadata, and that its end is a power-off. Plain `sh`, for any Linux image. */
import { metadataReader } from "../../../src/guest/metadata.js"
import { type GuestCloud, guestProgram } from "../../../src/guest/program.js"
import { deadlineLines } from "../../../src/guest/timer.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { leaseScript } from "./guest-lease.js"
import { NOTICE } from "./guest-notice.js"
import { registryLogin } from "./registry.js"

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
  now: `${POWER_OFF}; exit 0`,
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

const METADATA_ADDRESS = `muster_metadata="\${MUSTER_METADATA_URL:-${METADATA}}"`

/** cloud-init's own note of the id is there when no tool for HTTP is. */
const IDENTITY = [
  'MUSTER_INSTANCE=$(muster_ask instance-id || cat "$muster_root/var/lib/cloud/data/instance-id")',
  'MUSTER_NAME="$MUSTER_GROUP-$(printf %s "$MUSTER_INSTANCE" | tail -c 8)"',
  'MUSTER_ID="$MUSTER_INSTANCE"',
  "export MUSTER_ID MUSTER_INSTANCE MUSTER_NAME",
  '[ -n "$MUSTER_INSTANCE" ]',
]

/**
 * The whole user data script of one group.
 *
 * @param second a line to put after the first: what is kept there for others to read.
 */
export function guestScript(owner: Owner, group: GroupRequest, region: string, second?: string): string {
  const { leaseSeconds } = group
  const login = registryLogin(group)
  const cloud: GuestCloud = {
    provider: "aws",
    region,
    setup: [METADATA_ADDRESS, ASK_METADATA],
    identity: IDENTITY,
    deadline: DEADLINE,
    ...(leaseSeconds === undefined ? {} : { lease: [leaseScript(leaseSeconds, ASK_METADATA)] }),
    // The console remains readable for an hour after that.
    end: ["sync", POWER_OFF],
    notice: NOTICE,
    ...(login === undefined ? {} : { login }),
  }
  return guestProgram(cloud, owner, group, second)
}
