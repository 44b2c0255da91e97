/**
 * Program: what both programs of runners, of shell and of Node, have in common on a worker: a directory of their own, and the end of
 * those that were there before. For any POSIX `sh` that has `test -O` (dash, bash, busybox's). Pure.
 *
 * In the directory of a program are `runner`, the process that SIGTERM ends together with its tasks, and for each slot `SLOT.pid`, the
 * group of processes of its task. A program that finds `superseded` at its end was ended for that of another process, and exits with
 * a code that says so. At its end the directory `NAME` is moved to `.NAME` before it is removed.
 *
 * Processes are known by the program's name, which is looked for as it is: so it ends with a sign, and none is the beginning of another.
 */
import { compact } from "../../guest/text.js"

/** The exit code of a program whose worker another process works with now: EX_TEMPFAIL of sysexits.h. */
export const SUPERSEDED = 75

/** Which program this is. */
export interface ProgramName {
  /** Letters and digits: another one for each process that has work. */
  readonly owner: string
  /** Another one for each program of the owner. */
  readonly number: number
  /**
   * It runs in a container. Its processes have other numbers than those of the machine, and its working directory may be one of the machine's,
   * where it leaves nothing of its user's.
   */
  readonly isInside?: true
}

/**
 * Makes `$muster_dir`, and ends the programs of other owners, and those of this one whose runner has died. It needs `mkdir`, `id`,
 * `grep`, `mv`, `rm` and `sleep`; in a container `tr` as well.
 */
export function programStart({ owner, number, isInside }: ProgramName): string {
  const name = `$(id -u)-\${MUSTER_ID:-\${MUSTER_NAME:-here}}`
  const [first, other, tools] =
    isInside === true
      ? [`\${TMPDIR:-/tmp}/muster-work-inside-${name}`, "$PWD/.muster-work-inside", PLAIN_GREP]
      : ["$PWD/.muster-work", `\${TMPDIR:-/tmp}/muster-work-${name}`, ""]
  return compact(`
    ${tools}
    muster_all="${first}"
    { mkdir -p -m 700 "$muster_all" && [ -O "$muster_all" ] && [ -w "$muster_all" ]; } 2>/dev/null ||
      muster_all="${other}"
    mkdir -p -m 700 "$muster_all" || exit 1
    [ -O "$muster_all" ] || { echo "$muster_all is somebody else's" >&2; exit 1; }
    export MUSTER_WORK=${owner}-${number}_
    muster_dir="$muster_all/$MUSTER_WORK"
    mkdir -m 700 "$muster_dir" || exit 1
    ${END_TASKS}
    ${END_PROGRAM}
    ${END_OTHERS}
    muster_end_others ${owner}`)
}

/** Images have what machines do not: busybox's grep reads a line to its first NUL, and the files of a process in /proc are full of them. */
const PLAIN_GREP = `
  grep() {
    muster_text=$2
    shift 2
    for muster_here; do
      tr '\\000' '\\n' 2>/dev/null <"$muster_here" | command grep -qF -e "$muster_text" && return
    done
    return 1
  } 2>/dev/null`

/**
 * `muster_end_tasks DIRECTORY FIRST`: the tasks of a program, by the signal FIRST, and a second later by SIGKILL. A number may be
 * another process's by now: one that lives shows by its environment, or its arguments, that it is of that program. The number of a
 * group that has members is given to nobody else.
 */
const END_TASKS = `
  muster_is_of() {
    muster_called=\${2##*/}
    [ ! -d "/proc/$1" ] || grep -qsF "\${muster_called#.}" "/proc/$1/environ" "/proc/$1/cmdline"
  }
  muster_signal() {
    kill -"$1" "-$2" 2>/dev/null || kill -"$1" "$2" 2>/dev/null
  }
  muster_end_tasks() {
    for muster_name in $2 KILL; do
      muster_found=
      for muster_file in "$1"/*.pid; do
        [ -s "$muster_file" ] || continue
        read -r muster_pid <"$muster_file"
        muster_is_of "$muster_pid" "$1" && muster_signal "$muster_name" "$muster_pid" && muster_found=1
      done
      [ -n "$muster_found" ] && [ "$muster_name" = TERM ] || return 0
      sleep 1
    done
  }`

/**
 * `muster_end_program DIRECTORY FIRST`: the tasks of a program, and what it has there. The shells that wait for its tasks may still
 * write. A directory that is moved takes no file from them any more: a task that has just begun can't be noted and is ended by its
 * shell, and the note of an end does not keep the directory from being removed.
 */
const END_PROGRAM = `
  muster_end_program() {
    muster_end_tasks "$1" "$2"
    muster_grave="\${1%/*}/.\${1##*/}"
    mv "$1" "$muster_grave" 2>/dev/null
    muster_end_tasks "$muster_grave" KILL
    muster_superseded=
    [ ! -e "$1/superseded" ] && [ ! -e "$muster_grave/superseded" ] || muster_superseded=1
    rm -rf "$1" "$muster_grave"
  }`

/** They have two seconds to end their tasks by themselves. What one has moved and not removed is found, too. */
const END_OTHERS = `
  muster_lives() {
    for muster_runner in "$1/runner" "\${1%/*}/.\${1##*/}/runner"; do
      { read -r muster_pid <"$muster_runner"; } 2>/dev/null || continue
      kill -0 "$muster_pid" 2>/dev/null && muster_is_of "$muster_pid" "$1" && return
    done
    return 1
  }
  muster_end_others() {
    for muster_other in "$muster_all"/* "$muster_all"/.[!.]*; do
      [ -d "$muster_other" ] || continue
      muster_other=\${muster_other##*/}
      muster_other="$muster_all/\${muster_other#.}"
      [ "$muster_other" != "$muster_dir" ] || continue
      case \${muster_other##*/} in
        "$1"-*) ! muster_lives "$muster_other" || continue
          [ ! -d "$muster_other" ] || [ -s "$muster_other/runner" ] || continue ;;
        *) { echo >"$muster_other/superseded"; } 2>/dev/null
          muster_lives "$muster_other" && kill -TERM "$muster_pid" 2>/dev/null
          muster_tries=20
          while muster_lives "$muster_other" && [ "$muster_tries" -gt 0 ]; do
            muster_tries=$((muster_tries - 1))
            sleep 0.1 2>/dev/null || sleep 1
          done
          muster_lives "$muster_other" && kill -KILL "$muster_pid" 2>/dev/null ;;
      esac
      muster_end_program "$muster_other" KILL
    done
  }`

/** How a program ends that was ended for another one. */
export const SUPERSEDED_END = `
  muster_exit() {
    [ -n "$muster_superseded" ] || exit "$1"
    echo "another process works with this worker now" >&2
    exit ${SUPERSEDED}
  }`
