/**
 * What runs first in every instance, as cloud-init user data: the timer that ends it at the cluster's deadline whatever
 * becomes of us, its environment, and then the user's own script. Plain `sh`, for any Linux image.
 */
import { exportLines, guestVariables, startupLines } from "../../../src/guest/script.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { leaseScript } from "./guest-lease.js"

/** Where an instance asks for its id; tests put a server of their own there. */
const METADATA = "http://169.254.169.254"

/**
 * The deadline must hold when the user's script hangs and after a reboot, so it is a systemd timer on the wall clock,
 * kept on disk; without systemd a sleeping shell has to do. `shutdown -P` powers off, which ends the instance because it
 * was launched with InstanceInitiatedShutdownBehavior "terminate"; `halt` would not.
 */
const DEADLINE_TIMER = `
muster_root="\${MUSTER_ROOT:-}"
muster_left=$((MUSTER_DEADLINE - $(date +%s)))
if [ "$muster_left" -le 0 ]; then
  shutdown -P now || poweroff
elif [ -d "$muster_root/run/systemd/system" ]; then
  muster_units="$muster_root/etc/systemd/system"
  mkdir -p "$muster_units"
  cat > "$muster_units/muster-deadline.service" <<EOF
[Unit]
Description=End this instance at its cluster's deadline
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'shutdown -P now || poweroff'
EOF
  cat > "$muster_units/muster-deadline.timer" <<EOF
[Unit]
Description=The cluster's deadline
[Timer]
OnCalendar=@$MUSTER_DEADLINE
AccuracySec=1s
Persistent=true
[Install]
WantedBy=timers.target
EOF
  systemctl daemon-reload
  systemctl enable muster-deadline.timer
  systemctl start muster-deadline.timer
else
  (trap '' HUP; sleep "$muster_left"; shutdown -P now || poweroff) >/dev/null 2>&1 &
fi`

/** IMDSv2: a token first. With curl or with wget, as the image has it. */
const ASK_METADATA = `
muster_ask() {
  if command -v curl >/dev/null; then
    muster_token=$(curl -sf --retry 5 --retry-connrefused -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 300" "$muster_metadata/latest/api/token") &&
      curl -sf --retry 5 -m 5 -H "X-aws-ec2-metadata-token: $muster_token" "$muster_metadata/latest/meta-data/$1" && return
  elif command -v wget >/dev/null; then
    muster_token=$(wget -qO- -T 5 -t 5 --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 300" "$muster_metadata/latest/api/token") &&
      wget -qO- -T 5 -t 5 --header="X-aws-ec2-metadata-token: $muster_token" "$muster_metadata/latest/meta-data/$1" && return
  fi
  return 1
}`.trim()

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
    DEADLINE_TIMER.trim(),
    IDENTITY.trim(),
    ...(group.leaseSeconds === undefined ? [] : [leaseScript(group.leaseSeconds, ASK_METADATA)]),
    ...exportLines(group.environment),
  ]
  return `${[...lines, ...startupLines(group.startup)].join("\n")}\n`
}
