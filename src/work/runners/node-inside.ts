/**
 * Node inside: Node in a worker's container: the image's own, or the one that is installed on the worker's machine, brought inside. Nothing is
 * fetched in the container, which may have nothing to fetch with.
 */
import { RejectedError, TransientError } from "../../errors.js"
import { compact, word } from "../../guest/text.js"
import type { InsideRemote } from "../../remote/inside/inside.js"
import { type CommandResult, runCommand } from "../../remote/output.js"
import { installNode, mirror, OLDEST_MAJOR, RUNS } from "./node-program.js"

/** It may have to come to the machine first, in milliseconds. */
const LONGEST_MS = 600_000

/** What cannot be put there: EX_CANTCREAT of sysexits.h; and, as a shell has it, what cannot be run. */
const [UNWRITABLE, CANNOT_RUN] = [73, 126]

/** Of what failed, in an error. */
const WORDS_LINES = 3

/** Where it is put, of which the first is taken that the image's user may write to. */
const FOLDERS = `"\${HOME:-/root}/.cache/muster" "/tmp/muster-node-$(id -u)"`

/**
 * @returns the place of a Node that runs in the container.
 * @throws RejectedError where none runs there, or none can be put there; it says what to do.
 * @throws TransientError where it could not be brought; NotUpError where the container is not up yet.
 */
export async function nodeInside(inside: InsideRemote, worker: string): Promise<string> {
  const version = process.versions.node
  const found = await runCommand(inside, findScript(version), { worker }, { check: false, timeoutMs: LONGEST_MS })
  const known = found.stdout.trim()
  if (known !== "") return known
  const words = inside.pouring(installScript(version, mirror()), ["/bin/sh", "-c", putScript(version), "sh"])
  const brought = await runCommand(inside.machine, words, { worker }, { check: false, timeoutMs: LONGEST_MS })
  if (brought.exitCode === 0) return brought.stdout.trim()
  throw notBrought(brought, worker, inside.image, version)
}

function findScript(version: string): string {
  return compact(`
    ${RUNS}
    for muster_node in "$(command -v node)" ${FOLDERS}; do
      [ ! -d "$muster_node" ] || muster_node="$muster_node/node-v${version}"
      [ -x "$muster_node" ] && muster_runs "$muster_node" && { printf '%s\\n' "$muster_node"; exit 0; }
    done`)
}

/** On the machine. What it has itself may need what no image has: this one needs the C library alone, and that of C++. */
function installScript(version: string, releases: string): string {
  return compact(`
    ${RUNS}
    muster_kept="\${HOME:-/tmp}/.cache/muster/node-v${version}"
    ${installNode(version, releases)}
    if ! muster_runs "$muster_kept/bin/node" && ! { muster_install && muster_runs "$muster_kept/bin/node"; } >&2; then
      echo "Node ${version} could not be installed on the worker's machine from "${word(releases)} >&2
      exit 1
    fi
    muster_file="$muster_kept/bin/node"`)
}

/** In the container: its input is the file, and its first argument how many bytes that has: what is cut off looks like its end. */
function putScript(version: string): string {
  return compact(`
    umask 022
    for muster_folder in ${FOLDERS} ''; do
      [ -z "$muster_folder" ] || { mkdir -p "$muster_folder" && [ -O "$muster_folder" ] && [ -w "$muster_folder" ]; } 2>/dev/null && break
    done
    [ -n "$muster_folder" ] || { echo "its user may write to none of: "${FOLDERS} >&2; exit ${UNWRITABLE}; }
    muster_new="$muster_folder/new-$$"
    trap 'rm -f "$muster_new"' EXIT
    cat >"$muster_new" && [ "$(($(wc -c <"$muster_new")))" = "$1" ] && chmod 755 "$muster_new" || exit ${UNWRITABLE}
    "$muster_new" -p 0 >/dev/null || exit ${CANNOT_RUN}
    mv -f "$muster_new" "$muster_folder/node-v${version}" && printf '%s\\n' "$muster_folder/node-v${version}"`)
}

function notBrought(
  { exitCode, stderr }: CommandResult,
  worker: string,
  image: string | undefined,
  version: string,
): Error {
  const which = image === undefined ? "the container" : `the container of "${image}"`
  const lines = stderr.trim().split("\n").slice(-WORDS_LINES).join("\n")
  const words = lines === "" ? `exit code ${exitCode}` : lines
  const none = `${worker}: ${which} has no Node ${OLDEST_MAJOR} or newer`
  const todo = "use an image with Node, or { host: true } (--host) to run beside the container"
  if (exitCode === CANNOT_RUN) {
    const message = `${none}, and Node ${version}, which was brought there, does not run in it: it needs glibc and libstdc++; ${todo}; ${words}`
    return new RejectedError(message, { code: "NoNodeInside" })
  }
  if (exitCode === UNWRITABLE) {
    return new RejectedError(`${none}, and none can be put there; ${todo}; ${words}`, { code: "NoNodeInside" })
  }
  return new TransientError(`${none}, and none could be brought; ${todo}; ${words}`, { code: "NoNodeInside" })
}
