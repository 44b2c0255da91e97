/** Steps of the guest, and how a script of the user's runs as one. Plain `sh`. Pure. */
import { compact } from "../text.js"

/** Above the defaults of images, under which schedulers of some hundred workers run out of files. */
export const OPEN_FILES = 65_536

/**
 * - `muster_do STEP COMMAND…` runs a step of the guest's own, which has the shell's own output: the log.
 * - `muster_host STEP COMMAND…` is the same for a step that changes the machine: `MUSTER_HOST=skip` leaves it out, and says so.
 * - `muster_run STEP COMMAND…` runs a step of the user's. Its output goes to the log, and the last lines to the consoles.
 * - `muster_script FILE` takes the place of the shell: it runs a script in the worker's environment, by the interpreter that its
 *   first line names. It needs no right to execute the file, which some file systems give to none.
 *
 * A script is a session of its own where the machine has `setsid`: what it does to its process group does not reach the guest.
 */
export const STEP_FUNCTIONS = compact(`
  muster_do() {
    muster_step=$1
    shift
    muster_mark "$muster_step begun"
    "$@"
    muster_code=$?
    muster_mark "$muster_step ended $muster_code"
  }
  muster_host() {
    if [ "\${MUSTER_HOST:-}" = skip ]; then
      muster_mark "$1 skipped host"
    else
      muster_do "$@"
    fi
  }
  muster_run() {
    muster_step=$1
    shift
    muster_mark "$muster_step begun"
    muster_size
    muster_since=$muster_bytes
    muster_logged "$@"
    muster_code=$?
    [ -z "$muster_consoles" ] || muster_say "$(muster_tail "$muster_since")"
    muster_mark "$muster_step ended $muster_code"
    return "$muster_code"
  }
  muster_script() {
    muster_first=
    IFS= read -r muster_first <"$1"
    case $muster_first in
      '#!'*)
        muster_first=\${muster_first#??}
        muster_first=\${muster_first#"\${muster_first%%[! 	]*}"}
        muster_word=\${muster_first%%[ 	]*}
        muster_rest=\${muster_first#"$muster_word"}
        muster_rest=\${muster_rest#"\${muster_rest%%[! 	]*}"}
        muster_rest=\${muster_rest%"\${muster_rest##*[! 	]}"}
        set -- "$muster_word" \${muster_rest:+"$muster_rest"} "$1"
        ;;
      *) set -- /bin/sh "$1" ;;
    esac
    if [ "\${MUSTER_HOST:-}" != skip ]; then
      muster_setsid=$(command -v setsid) && set -- "$muster_setsid" "$@"
      muster_files=$(ulimit -Hn)
      [ "$muster_files" = unlimited ] || [ "$muster_files" -ge ${OPEN_FILES} ] || ulimit -Hn ${OPEN_FILES}
      ulimit -Sn ${OPEN_FILES}
    fi 2>/dev/null
    # The user's own variables may have any name: PATH and IFS among them.
    . "$muster_home/environment"
    unset MUSTER_ROOT MUSTER_HOME MUSTER_HOST MUSTER_CONSOLE
    exec "$@"
  }
`)
