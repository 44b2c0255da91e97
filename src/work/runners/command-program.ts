/**
 * Command program: runs commands on a worker, for any POSIX `sh`. It reads lines and writes frames over one channel:
 *
 *     task SLOT ID HOW     a line with the command's script follows; HOW is "plain", or "base64"
 *     stop SLOT SIGNAL     sends a signal to what runs there
 *     beat                 the other side lives
 *     end                  ends what runs, and this program
 *
 *     hello VCPUS DIRECTORY
 *     done SLOT ID CODE OUT ERR      as many bytes of output follow; CODE may be "unwritten"
 *     beat
 *
 * What is ended with the program is not told: it has not failed. Each command has a session of its own where there is `setsid`, and what it leaves running is killed. Where nothing is heard for
 * 60 seconds, or the channel ends, the commands are ended. A program of another owner that is still there is ended first. Pure.
 */
import { compact } from "../../guest/text.js"
import { type ProgramName, programStart, SUPERSEDED_END } from "./program.js"

/** Of each stream, the last that travels back. */
export const MOST_COMMAND_OUTPUT_BYTES = 1024 * 1024

/** In place of an exit code: the command could not be written there. */
export const UNWRITTEN = "unwritten"

/** The other side is taken for gone after so long, in seconds. It is looked for so often. */
export const [SILENT_S, LOOK_S] = [60, 5]

/**
 * It needs what `programStart` needs, and `mkfifo`, `wc` and `tail`; `base64` for scripts of several lines. Without `nproc` and
 * `getconf` it takes the worker to have one vCPU.
 */
export function commandProgram(name: ProgramName): string {
  return compact(`
    ${programStart(name)}
    ${SUPERSEDED_END}
    echo $$ >"$muster_dir/runner"
    mkfifo "$muster_dir/ends" || exit 1
    exec 3<>"$muster_dir/ends"
    command -v setsid >/dev/null && muster_setsid=setsid || muster_setsid=
    ${TELL}
    ${WATCH}
    ${RUN}
    muster_tell </dev/null &
    muster_teller=$!
    muster_watch </dev/null 4>&2 >/dev/null 2>&1 &
    muster_watcher=$!
    muster_finish() {
      trap '' TERM HUP INT
      kill "$muster_teller" "$muster_watcher" 2>/dev/null
      muster_end_program "$muster_dir" TERM
      muster_exit "$1"
    }
    trap 'muster_finish 1' TERM HUP INT
    echo "hello $(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) $muster_dir" >&3
    while IFS=' ' read -r muster_verb muster_slot muster_id muster_how; do
      { echo >"$muster_dir/heard"; } 2>/dev/null
      case $muster_verb in
        task) muster_take ;;
        stop) muster_stop "$muster_slot" "$muster_id" ;;
        end) break ;;
      esac
    done
    muster_finish 0`)
}

/** The one writer: what tasks have left is told in whole frames. */
const TELL = `
  muster_size() {
    if [ -s "$1" ]; then muster_bytes=$(wc -c <"$1"); else muster_bytes=0; fi
    muster_bytes=$((muster_bytes))
    [ "$muster_bytes" -le ${MOST_COMMAND_OUTPUT_BYTES} ] || muster_bytes=${MOST_COMMAND_OUTPUT_BYTES}
  }
  muster_tell() {
    while read -r muster_line <&3; do
      case $muster_line in
        done*)
          set -- $muster_line
          muster_size "$muster_dir/$2.out"; muster_out=$muster_bytes
          muster_size "$muster_dir/$2.err"; muster_err=$muster_bytes
          printf '%s %s %s\\n' "$muster_line" "$muster_out" "$muster_err"
          [ "$muster_out" = 0 ] || tail -c "$muster_out" "$muster_dir/$2.out"
          [ "$muster_err" = 0 ] || tail -c "$muster_err" "$muster_dir/$2.err"
          ;;
        *) printf '%s\\n' "$muster_line" ;;
      esac
    done
  }`

/**
 * Beside silence it looks for a task whose end nobody tells: the shell that waited for it was killed, or the directory was removed. Then
 * all that has the program's name in its environment is ended, which are its tasks, and it ends itself with that reason.
 */
const WATCH = `
  muster_break() {
    echo "$1" >&4
    for muster_file in /proc/[0-9]*/environ; do
      grep -qsF "MUSTER_WORK=$MUSTER_WORK" "$muster_file" || continue
      muster_pid=\${muster_file%/environ}
      kill -KILL "\${muster_pid#/proc/}"
    done
    kill -TERM $$
    exit
  }
  muster_look() {
    [ -p "$muster_dir/ends" ] || muster_break "its directory, $muster_dir, was removed"
    muster_before=" $muster_untold"
    muster_untold=
    for muster_file in "$muster_dir"/*.pid; do
      [ -s "$muster_file" ] && read -r muster_pid <"$muster_file" && [ -d "/proc/$$" ] && [ ! -d "/proc/$muster_pid" ] || continue
      case $muster_before in *" $muster_pid "*) muster_break "the shell that waited for a task was killed" ;; esac
      muster_untold="$muster_untold$muster_pid "
    done
  }
  muster_watch() {
    muster_silent=0
    muster_untold=
    trap 'kill "$muster_sleep" 2>/dev/null; exit' TERM
    while :; do
      sleep ${LOOK_S} &
      muster_sleep=$!
      wait "$muster_sleep"
      echo beat >&3
      muster_look
      if [ -e "$muster_dir/heard" ]; then
        rm -f "$muster_dir/heard"
        muster_silent=0
      else
        muster_silent=$((muster_silent + ${LOOK_S}))
        if [ "$muster_silent" -ge ${SILENT_S - LOOK_S} ]; then
          kill -KILL $$ "$muster_teller"
          muster_end_program "$muster_dir" KILL
          exit
        fi
      fi
    done
  }`

/**
 * A command that is told to end before its number is written ends once it is. What cannot be written, on a disk that is full, is not
 * run, or is ended: a script is one list in braces, of which a part is no script. Where the directory was removed no end is told, for what it
 * wrote has gone: `WATCH` ends all.
 */
const RUN = `
  muster_done() {
    [ ! -p "$muster_dir/ends" ] || echo "done $*" >&3
  }
  muster_take() {
    IFS= read -r muster_text
    [ ! -e "$muster_dir/$muster_slot.stop" ] || rm -f "$muster_dir/$muster_slot.stop"
    muster_file="$muster_dir/$muster_slot.sh"
    if [ "$muster_how" = base64 ]; then
      printf %s "$muster_text" | base64 -d
    else
      printf '%s\\n' "$muster_text"
    fi 2>/dev/null >"$muster_file" && [ -s "$muster_file" ] || { muster_done "$muster_slot" "$muster_id" ${UNWRITTEN}; return; }
    muster_run "$muster_slot" "$muster_id" &
  }
  muster_run() {
    exec </dev/null
    $muster_setsid /bin/sh "$muster_dir/$1.sh" >"$muster_dir/$1.out" 2>"$muster_dir/$1.err" 3>&- &
    muster_pid=$!
    if ! echo "$muster_pid" >"$muster_dir/$1.pid" || [ ! -s "$muster_dir/$1.pid" ]; then
      muster_signal KILL "$muster_pid"
      wait "$muster_pid"
      muster_done "$1" "$2" ${UNWRITTEN}
      return
    fi 2>/dev/null
    [ ! -e "$muster_dir/$1.stop" ] || muster_signal "$(cat "$muster_dir/$1.stop")" "$muster_pid"
    wait "$muster_pid"
    muster_code=$?
    [ -z "$muster_setsid" ] || kill -KILL "-$muster_pid" 2>/dev/null
    { : >"$muster_dir/$1.pid"; } 2>/dev/null
    muster_done "$1" "$2" "$muster_code"
  }
  muster_stop() {
    echo "$2" >"$muster_dir/$1.stop"
    [ ! -s "$muster_dir/$1.pid" ] || muster_signal "$2" "$(cat "$muster_dir/$1.pid")"
  }`
