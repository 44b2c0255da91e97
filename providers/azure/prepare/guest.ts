/**
 * What runs first in every instance, as cloud-init custom data: the watchdog that ends it at the cluster's deadline
 * whatever becomes of us, its environment, and then the user's own script. Plain `sh`, for any Linux image.
 */
import { byCurl } from "../../../src/guest/metadata.js"
import { type GuestCloud, guestProgram } from "../../../src/guest/program.js"
import { exportLines } from "../../../src/guest/steps/environment.js"
import { deadlineLines, detached } from "../../../src/guest/timer.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { cloudOf } from "../clouds.js"
import type { AzureOptions } from "../options.js"
import { noticeOf } from "./guest-notice.js"
import { registryLogin } from "./registry.js"

/** Azure Instance Metadata Service; tests put a server of their own there. */
const METADATA = "http://169.254.169.254"
const API = "2021-02-01"

/**
 * A guest that powers itself off is still paid for ("States and billing status of Azure Virtual Machines"), so it deletes
 * its own resource through ARM, with its cascade of NIC, disk and address. It tries until the VM is deleted. All instances share
 * one principal's 200 deletes and 10 a second: the first try is spread over two minutes.
 */
const watchdog = (manager: string) => `#!/bin/sh
muster_metadata="\${MUSTER_METADATA_URL:-${METADATA}}"
muster_arm="\${MUSTER_ARM_URL:-${manager}}"
muster_get() { curl -sf -m 10 -H "Metadata: true" "$muster_metadata/metadata/$1"; }
sleep $(($(od -An -N2 -tu2 /dev/urandom) % \${MUSTER_SPREAD:-120}))
while :; do
  muster_id=$(muster_get "instance/compute/resourceId?api-version=${API}&format=text")
  muster_token=$(muster_get "identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(`${manager}/`)}&msi_res_id=$MUSTER_IDENTITY" |
    sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')
  if [ -n "$muster_id" ] && [ -n "$muster_token" ]; then
    curl -sf -m 60 -X DELETE -H "Authorization: Bearer $muster_token" \\
      "$muster_arm$muster_id?api-version=2024-11-01&forceDeletion=true" && [ -n "\${MUSTER_ONCE:-}" ] && exit 0
  fi
  sleep \${MUSTER_PAUSE:-30}
done`

const TIMER = deadlineLines({
  serviceIs: "Delete this instance at its cluster's deadline",
  service: [
    "Environment=MUSTER_IDENTITY=$(printf %s \"$MUSTER_IDENTITY\" | sed 's/%/%%/g')",
    "ExecStart=$muster_watchdog",
    "Restart=always",
  ],
  now: `${detached('exec "$muster_watchdog"')}\n  exit 0`,
  end: 'exec "$muster_watchdog"',
})

const ASK_METADATA = `muster_compute="\${MUSTER_METADATA_URL:-${METADATA}}/metadata/instance/compute"
muster_read() { ${byCurl({ header: "Metadata: true", url: `$muster_compute/$1?api-version=${API}&format=text` })}; }`

/** A VM's name is ours, and its id is where ARM has it. */
const IDENTITY = [
  "MUSTER_ID=$(muster_read resourceId | tr '[:upper:]' '[:lower:]')",
  "MUSTER_NAME=$(muster_read name || hostname)",
  "export MUSTER_ID MUSTER_NAME",
  '[ -n "$MUSTER_ID" ]',
]

/** Where an instance is, and what it needs to end itself. */
export interface GuestPlace {
  readonly location: string
  /** The resource id of the identity that may delete the instance. */
  readonly identity?: string
  /** Resource Manager of its cloud. */
  readonly manager: string
}

/** An instance asks its cloud's own address, wherever we do: ours may be of this machine, or of a network that it is not in. */
export function placeOf(options: AzureOptions): GuestPlace {
  const { location, identity } = options
  return { location, manager: cloudOf(options).manager, ...(identity === undefined ? {} : { identity }) }
}

/** The whole custom data of one group. */
export function guestScript(owner: Owner, group: GroupRequest, place: GuestPlace): string {
  const { location, identity, manager } = place
  const login = registryLogin(group, place)
  const cloud: GuestCloud = {
    provider: "azure",
    region: location,
    setup: [ASK_METADATA],
    identity: IDENTITY,
    // waagent's folder, and cloud-init's.
    mounted: ["/mnt/resource", "/mnt"],
    notice: noticeOf(`\${MUSTER_METADATA_URL:-${METADATA}}`),
    ...(login === undefined ? {} : { login }),
    ...(identity === undefined ? {} : { deadline: watchdogLines(identity, manager), end: ['exec "$muster_watchdog"'] }),
  }
  return guestProgram(cloud, owner, group)
}

function watchdogLines(identity: string, manager: string): readonly string[] {
  return [
    ...exportLines({ MUSTER_IDENTITY: encodeURIComponent(identity) }),
    'muster_watchdog="$muster_root/var/lib/muster/watchdog"',
    'mkdir -p "$muster_root/var/lib/muster"',
    `cat > "$muster_watchdog" <<'MUSTER_WATCHDOG'`,
    watchdog(manager),
    "MUSTER_WATCHDOG",
    'chmod 700 "$muster_watchdog"',
    ...TIMER,
  ]
}
