/**
 * What Azure adds to the guest: what an instance asks its metadata, and the watchdog, by which it deletes itself at the cluster's
 * deadline whatever becomes of us, and when its work is over. Plain `sh`, for any Linux image.
 */
import { TAG } from "../../../src/fleet/tags.js"
import { byCurl } from "../../../src/guest/metadata.js"
import { type GuestCloud, guestProgram } from "../../../src/guest/program.js"
import { compact, hereDocument } from "../../../src/guest/text.js"
import { deadlineLines, detached } from "../../../src/guest/timer.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { cloudOf } from "../clouds.js"
import type { AzureOptions } from "../options.js"
import { noticeOf } from "./guest-notice.js"
import { registryLogin } from "./registry.js"

/** Azure Instance Metadata Service; tests put a server of their own there. */
const METADATA = "http://169.254.169.254"
const API = "2021-02-01"

/** Time for an owner that lives to read the console and to delete the instance itself. */
const LINGER_S = 180

/** "Tags - Update At Scope": it needs the right to write tags, and none to the machine. */
const TAGS = "/providers/Microsoft.Resources/tags/default?api-version=2021-04-01"

/**
 * A guest that powers itself off is still paid for ("States and billing status of Azure Virtual Machines"), so it deletes
 * its own resource through ARM, with its cascade of NIC, disk and address. It tries until the VM is deleted. All instances share
 * one principal's 200 deletes and 10 a second: the first try is spread over two minutes.
 *
 * Its argument is how the work has ended, at the deadline nothing. That is written into a tag first, and then there is time to read
 * it. An identity that may write no tags deletes the instance all the same.
 */
const watchdog = (identity: string, manager: string) =>
  compact(`
    muster_metadata="\${MUSTER_METADATA_URL:-${METADATA}}"
    muster_arm="\${MUSTER_ARM_URL:-${manager}}"
    muster_identity="\${MUSTER_IDENTITY:-${encodeURIComponent(identity)}}"
    muster_get() { curl -sf -m 10 -H "Metadata: true" "$muster_metadata/metadata/$1"; }
    muster_send() {
      muster_method=$1
      muster_path=$2
      shift 2
      muster_id=$(muster_get "instance/compute/resourceId?api-version=${API}&format=text")
      muster_token=$(muster_get "identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(`${manager}/`)}&msi_res_id=$muster_identity" |
      sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')
      [ -n "$muster_id" ] && [ -n "$muster_token" ] &&
      curl -sf -m 60 -X "$muster_method" -H "Authorization: Bearer $muster_token" "$@" "$muster_arm$muster_id$muster_path"
    }
    if [ -n "\${1:-}" ]; then
      for muster_try in 1 2 3; do
        muster_send PATCH "${TAGS}" -H "Content-Type: application/json" -d '{"operation":"Merge","properties":{"tags":{"${TAG.ended}":"'"$1"'"}}}' && break
        sleep "\${MUSTER_PAUSE:-5}"
      done
      sleep "\${MUSTER_LINGER:-${LINGER_S}}"
    fi
    sleep $(($(od -An -N2 -tu2 /dev/urandom) % \${MUSTER_SPREAD:-120}))
    while :; do
      muster_send DELETE "?api-version=2024-11-01&forceDeletion=true" && [ -n "\${MUSTER_ONCE:-}" ] && exit 0
      sleep "\${MUSTER_PAUSE:-30}"
    done`)

const RUN_WATCHDOG = 'exec /bin/sh "$muster_home/watchdog"'

const TIMER = deadlineLines({
  serviceIs: "Delete this instance at its cluster's deadline",
  service: ["ExecStart=/bin/sh $muster_home/watchdog", "Restart=always"],
  now: `${detached(RUN_WATCHDOG)}\n  exit 0`,
  end: RUN_WATCHDOG,
})

const ASK_METADATA = `muster_compute="\${MUSTER_METADATA_URL:-${METADATA}}/metadata/instance/compute"
muster_read() { ${byCurl({ header: "Metadata: true", url: `$muster_compute/$1?api-version=${API}&format=text` })}; }`

/** A VM's name is ours, and its id is where ARM has it. */
const IDENTITY = [
  // A service that has not answered once is not asked again: each request may take a minute.
  "MUSTER_ID=$(muster_read resourceId) && MUSTER_NAME=$(muster_read name) || MUSTER_NAME=$(hostname)",
  "MUSTER_ID=$(printf %s \"$MUSTER_ID\" | tr '[:upper:]' '[:lower:]')",
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
    ...(identity === undefined ? {} : { deadline: watchdogLines(identity, manager), end: [`${RUN_WATCHDOG} "$1-$2"`] }),
  }
  return guestProgram(cloud, owner, group)
}

function watchdogLines(identity: string, manager: string): readonly string[] {
  return [hereDocument('(umask 077; cat >"$muster_home/watchdog")', watchdog(identity, manager)), ...TIMER]
}
