/**
 * Inside: how whoever reaches a worker brings a command into its container. Plain `sh`, for any Linux image. Pure.
 *
 * The guest is run with `inside`, a text of shell and the words of the command. It knows how docker is asked here, and which secrets there are; the
 * text is sent with each command, so that it takes no room in user data.
 */
import type { Awaits } from "../provider.js"
import { compact } from "./text.js"

/** The exit code where the container is not up yet: EX_TEMPFAIL of sysexits.h. Docker has no such code of its own. */
export const NOT_UP_YET = 75

/** The exit code where there is none, and none will come: EX_UNAVAILABLE. */
const NONE = 69

/**
 * What the guest does: it runs the text, which is its second argument, with `$muster_given`: what has docker pass secrets on.
 */
export function insideLines({ secrets = [] }: Awaits = {}): readonly string[] {
  return [
    "inside)",
    ...(secrets.length === 0 ? [] : [`muster_given='${secrets.map((name) => `-e ${name}`).join(" ")}'`]),
    'eval "$2"',
    ";;",
  ]
}

/**
 * The text: runs the words in the container, with the shell's own standard input. It uses `muster_client` of `containerLines`. The exit code is theirs, or docker's own where they could
 * not begin: whoever calls it has them say that they have. Secrets are variables of the command: docker takes them from its own, and
 * keeps them nowhere.
 */
export const ENTER = compact(`
  shift 2
  . "$muster_home/environment"
  muster_client
  IFS=' '
  muster_none() {
    muster_code=${NOT_UP_YET}
    while read -r muster_at muster_what muster_verb muster_rest; do
      case "$muster_what $muster_verb" in
        'container ended') muster_why="the container could not be started: exit code $muster_rest" ;;
        'done files' | 'done secrets') muster_why="$muster_verb did not come, and the container was not started" ;;
        *) continue ;;
      esac
      muster_code=${NONE}
    done 2>/dev/null <"$muster_home/status"
    [ "$muster_code" = ${NOT_UP_YET} ] || echo "muster: $muster_why; muster logs shows its words" >&2
    exit "$muster_code"
  }
  muster_id=
  [ ! -s "$muster_home/container" ] || read -r muster_id <"$muster_home/container"
  [ -n "$muster_id" ] || muster_none
  docker exec -i \${muster_given:-} "$muster_id" "$@"
  muster_code=$?
  [ "$muster_code" != 0 ] || exit 0
  muster_was=$(docker container inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$muster_id" 2>/dev/null)
  case $muster_was in
    'created '*) exit ${NOT_UP_YET} ;;
    'exited '* | 'dead '*) echo "muster: the container has ended with exit code \${muster_was#* }" >&2 ;;
    '' | ' '*) echo "muster: the container is gone, or docker does not answer" >&2 ;;
  esac
  exit "$muster_code"`)
