/**
 * Sent: what the owner brings to a guest before its work begins: files, and the values of secrets. Plain `sh`. Pure.
 *
 * The guest makes a folder that the owner may write to, in memory, and waits there: for the file `files`, which the owner writes once
 * all files are in their place, and for the file `secrets`, which a shell reads as it reads the environment. In place of each there may
 * be one that ends with `.failed`, with the reason.
 */
import type { Awaits } from "../../provider.js"
import { compact, word } from "../text.js"

/** The folder on a machine of its own, in the first of these that is in memory. */
const IN_MEMORY = ["/run", "/dev/shm"] as const
const FOLDER = "muster"

/** Where the folder is on a cloud's instance. */
export const SENT_FOLDERS: readonly string[] = IN_MEMORY.map((folder) => `${folder}/${FOLDER}`)

/** The folder in the guest's directory, on a machine that is others' as well. */
export const SENT_HERE = "sent"

/** For so long a guest waits for each. */
export const SENT_S = 600

/** Of `sysexits`: an error that may pass, and one of input and output. */
const [LATE, FAILED] = [75, 74]

/** Whether the guest waits for anything. */
export function hasAwaited(awaits: Awaits | undefined): awaits is Awaits {
  return awaits?.files !== undefined || (awaits?.secrets?.length ?? 0) > 0
}

/** What of the work comes first, and the exit code of which ends it. */
export function awaitedSteps(awaits: Awaits | undefined): readonly ("files" | "secrets")[] {
  if (!hasAwaited(awaits)) return []
  return [
    ...(awaits.files === undefined ? [] : ["files" as const]),
    ...((awaits.secrets ?? []).length === 0 ? [] : ["secrets" as const]),
  ]
}

/**
 * - `muster_find_sent` sets `$muster_sent`, the folder.
 * - `muster_open_sent` makes it, for `$muster_user` where the machine is the guest's own, and goes to the directory of the files.
 * - `muster_await NAME` waits for what was sent.
 */
export function sentFunctions(awaits: Awaits, isShared: boolean): string {
  return [isShared ? FIND_HERE : FIND, isShared ? OPEN_HERE : open(awaits), AWAIT].join("\n")
}

const FIND_HERE = `muster_find_sent() { muster_sent="$muster_home/${SENT_HERE}"; }`
const OPEN_HERE = 'muster_open_sent() { muster_find_sent; mkdir -p -m 700 "$muster_sent"; }'

/** What would be written to a disk is not taken. */
const FIND = compact(`
  muster_find_sent() {
    muster_sent=
    for muster_dir in ${IN_MEMORY.join(" ")}; do
      while read -r muster_device muster_point muster_type muster_rest; do
        [ "$muster_point" = "$muster_dir" ] && [ "$muster_type" = tmpfs ] || continue
        muster_sent="$muster_root$muster_dir/${FOLDER}"
        return 0
      done <"$muster_root/proc/mounts"
    done 2>/dev/null
    return 1
  }`)

/** Files alone need no memory. */
const open = ({ files, secrets = [] }: Awaits) =>
  compact(`
  muster_open_sent() {
    muster_find_sent || ${secrets.length === 0 ? `muster_sent="$muster_home/${SENT_HERE}"` : "return 1"}
    mkdir -p -m 700 "$muster_sent" && muster_find_user && chown "\${muster_found%% *}" "$muster_sent"${files === undefined ? "" : ` && cd "$muster_root\${muster_found#* }"`}
  }`)

const AWAIT = compact(`
  muster_await() {
    if [ -z "$muster_sent" ]; then
      echo "muster: there is no folder for what is sent: either ${IN_MEMORY.join(" nor ")} is in memory (tmpfs), and secrets are written to no disk, or the user for access could not be made" >&2
      return ${FAILED}
    fi
    muster_now
    muster_until=$((muster_ms + \${MUSTER_SENT_S:-${SENT_S}} * 1000))
    muster_pause=0.1
    until [ -e "$muster_sent/$1" ]; do
      if [ -e "$muster_sent/$1.failed" ]; then
        echo "muster: $1 could not be brought:" >&2
        cat "$muster_sent/$1.failed" >&2
        return ${FAILED}
      fi
      muster_now
      if [ "$muster_ms" -ge "$muster_until" ]; then
        echo "muster: $1 did not come within \${MUSTER_SENT_S:-${SENT_S}} s: they are sent by the process that holds the cluster" >&2
        return ${LATE}
      fi
      sleep "$muster_pause" 2>/dev/null || sleep 1
      [ "$muster_ms" -lt 5000 ] || muster_pause=0.5
    done
  }`)

/** Lines of the file of variables: what a shell reads there, it reads where the secrets are as well. @param sent a word of shell. */
export function secretLines(sent: string): readonly string[] {
  return [`export MUSTER_SECRETS=${sent}/secrets`, '[ ! -r "$MUSTER_SECRETS" ] || . "$MUSTER_SECRETS"']
}

/** The same where the folder is known before the guest runs. */
export function sentLines(awaits: Awaits | undefined, folder: string): readonly string[] {
  if (!hasAwaited(awaits)) return []
  const sent = word(folder)
  return [`export MUSTER_SENT=${sent}`, ...((awaits.secrets ?? []).length === 0 ? [] : secretLines(sent))]
}
