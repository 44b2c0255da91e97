/** Log: how a step's output comes into the guest's log, of bounded size whatever the step writes. Plain `sh`. Pure. */
import { compact } from "../text.js"

/** Of the beginning, and of the end, what is always kept. */
export const PART_BYTES = 1_048_576

/** Of the line that says how many bytes were dropped, without their number. */
export const MARK_BYTES = Buffer.byteLength("\n…  bytes dropped …\n")

/** What `dd` copies at most before the shell looks: a part in pieces that come through a pipe as soon as they are written. */
const PIECE_BYTES = 4096
const PIECES = PART_BYTES / PIECE_BYTES

/** After each part that was dropped: who floods waits for it, and takes some hundredths of a core for it, not all of one. */
const FLOOD_PAUSE_S = 0.25

/**
 * Looks for the end of a step's output, 0.1 s apart: what goes on writing is not waited for. One that finds nothing new counts for ten of them: a
 * daemon may keep the pipe, and on a busy machine what was written last may be copied late.
 */
const [LOOKS, STILL] = [50, 9]

/**
 * `muster_logged COMMAND…` runs a command in a shell of its own with its output in the log, and returns its exit code. `$muster_home`,
 * `$muster_log` and `$muster_step` must be set: the copying for another step may end meanwhile, and says so in a file of its own.
 *
 * The command writes into a pipe, and a shell copies from it to the log with `dd`, which keeps nothing back. So the log is one
 * file that can be read at any time; it is replaced by a shorter one, in one rename, whenever it has a part more than the two that
 * are kept. The copying ends when the last process that has the pipe ends, a daemon too. If it is killed, the log stays as it is,
 * and who writes next gets SIGPIPE.
 */
export const LOG_FUNCTIONS = compact(`
  muster_logged() {
    [ ! -e "$muster_home/pipe" ] || rm -f "$muster_home/pipe" "$muster_home/piped.$muster_step"
    if ! mkfifo -m 600 "$muster_home/pipe" 2>/dev/null; then
      ("$@") </dev/null >>"$muster_log" 2>&1
      return
    fi
    muster_keep_log <"$muster_home/pipe" >/dev/null 2>&1 &
    ("$@") </dev/null >"$muster_home/pipe" 2>&1
    muster_code=$?
    muster_await_log
    return "$muster_code"
  }
  muster_await_log() {
    muster_left=${LOOKS}
    muster_before=-1
    while [ ! -e "$muster_home/piped.$muster_step" ] && [ "$muster_left" -gt 0 ]; do
      muster_size
      [ "$muster_bytes" -ne "$muster_before" ] || muster_left=$((muster_left - ${STILL}))
      muster_before=$muster_bytes
      muster_left=$((muster_left - 1))
      sleep 0.1
    done
  }
  muster_keep_log() {
    trap '' TERM INT HUP
    umask 077
    muster_size
    muster_fresh=$((muster_bytes - ${PART_BYTES * 2}))
    # What an earlier step's output has already dropped stands in the line that says so.
    muster_dropped=
    [ "$muster_bytes" -le ${PART_BYTES} ] ||
    muster_dropped=$(tail -c +${PART_BYTES + 2} "$muster_log" | head -c 60 | LC_ALL=C sed -n '1s/^… \\([0-9]\\{1,\\}\\) bytes dropped …$/\\1/p')
    while muster_copy_part; do
      [ "$muster_fresh" -lt ${PART_BYTES} ] || muster_shorten_log
    done
    printf '' >"$muster_home/piped.$muster_step"
  }
  # Appends what comes, at most a part; false at the end of it. What a full disk does not take is dropped: nobody waits for a log.
  muster_copy_part() {
    muster_said=$(muster_copy 2>&1 >>"$muster_log") || muster_said=$(muster_copy 2>&1 >/dev/null)
    # "<whole>+<short> records in", "<whole>+<short> records out", "<n> bytes …", a warning of short ones before them.
    muster_reads=\${muster_said%% records in*}
    muster_reads=\${muster_reads##*[!0-9+]}
    set -- \${muster_said##*records out}
    [ -n "$muster_reads" ] || return 1
    muster_pieces=$((\${muster_reads%+*} + \${muster_reads#*+}))
    # Busybox tells no bytes.
    case \${1:-} in
      '' | *[!0-9]*) set -- $((\${muster_reads%+*} * ${PIECE_BYTES})) ;;
    esac
    muster_fresh=$((muster_fresh + $1))
    [ "$muster_pieces" -eq ${PIECES} ]
  }
  muster_copy() {
    LC_ALL=C exec dd bs=${PIECE_BYTES} count=${PIECES}
  }
  # By its size, since not every dd says how much it has copied; the line that says what was dropped is no part of that.
  muster_shorten_log() {
    muster_size
    muster_now_dropped=$((muster_bytes - ${PART_BYTES * 2}))
    [ -z "$muster_dropped" ] || muster_now_dropped=$((muster_now_dropped + muster_dropped - ${MARK_BYTES} - \${#muster_dropped}))
    if {
      head -c ${PART_BYTES} "$muster_log" &&
      printf '\\n… %s bytes dropped …\\n' "$muster_now_dropped" &&
      tail -c ${PART_BYTES} "$muster_log"
    } 2>/dev/null >"$muster_home/boot.new"; then
      mv "$muster_home/boot.new" "$muster_log" && muster_dropped=$muster_now_dropped
    else
      rm -f "$muster_home/boot.new"
    fi
    muster_fresh=0
    sleep ${FLOOD_PAUSE_S}
  }
`)
