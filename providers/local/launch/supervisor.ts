import { compact } from "../../../src/guest/text.js"
import { endText } from "./end.js"
import { processSearchText } from "../client/process-search.js"

/**
 * The shell text that each instance is supervised by. Shell, because a hundred Node supervisors would
 * take seconds to start and gigabytes to keep; three shells, two sleeps and a dd for each instance take neither.
 *
 * Five roles of one script:
 * - `watch`: the leader of the supervisors' process group. It does nothing but read the pipe that its `supervise` holds
 *   open, so that the death of that one wakes it at once, without polling; then it ends the instance.
 * - `supervise`: starts the instance, waits for SIGTERM, the deadline or the end of an unrenewed lease, ends the instance.
 * - `run`: the anchor, leader of a session and process group of its own with the user's script in it. It stays until the
 *   end (as a sleep that ignores SIGTERM), so that the system cannot give the group's number away meanwhile.
 * - `reap`: started by an adapter when neither of the first two runs any more.
 * - `enter`: becomes a command of others', with the instance's variables, in its directory. The nonce makes it a member.
 *
 * A shell reads a text as far as it has come, so what all do comes first, and last what only those need that end an instance.
 *
 * The role that ends an instance writes `ending` before it reads `group`, and `run` writes `group` before it reads
 * `ending`. So at least one of them sees the other's file, and no script starts after the end. The same order holds
 * between `terminating`, written by the adapter, and `supervisor`.
 */
export const supervisorText = compact(`
# Supervises one instance of Muster's local provider: sh supervise.sh watch|supervise|run|reap <its directory>
set -u
mode=$1
here=$2
. "$here/settings" || exit 1
guest=$here/guest
sleeper=
lease_said=

boot=-
[ -r /proc/sys/kernel/random/boot_id ] && read -r boot </proc/sys/kernel/random/boot_id

# Files are written by printf, never by : or exec, because a failed redirection of those ends the shell (POSIX, 2.8.1).

# Sets found to "<pid> <start>" of the living process $1: a number alone may be somebody else's by now.
# Fields 3 and 22 of proc_pid_stat(5); a name in field 2 may hold blanks and brackets, so what follows the last one counts.
identify() {
  found=
  if [ -r /proc/self/stat ]; then
    stat=
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    pid=$1
    set -f
    set -- \${stat##*) }
    set +f
    [ $# -ge 20 ] || return 1
    case $1 in Z | X) return 1 ;; esac
    pgrp=$3
    found="$pid \${20}@$boot"
  else
    start=$(LC_ALL=C ps -o lstart= -p "$1" | tr -s ' ' _) && found="$1 \${start%_}"
    pgrp=
  fi
}

record() {
  identify "$$" && printf '%s\\n' "$found" 2>/dev/null >"$here/$1"
}

# Whether the process whose identity is in file $1 still lives; sets known to its pid.
alive_in() {
  known= since=
  read -r known since 2>/dev/null <"$1" || return 1
  identify "$known" && [ "$found" = "$known $since" ]
}

alive() {
  alive_in "$here/$1"
}

run() {
  trap : TERM INT HUP
  printf '' >"$guest/boot.log"
  record group || exit 1
  [ -e "$here/ending" ] && exit 0
  trap 'stay "$?"' EXIT
  trap 'exit 143' TERM
  run_guest boot
  exit
}

# With $1 "boot", which its program asks for. It runs in this shell: to start another one takes longer than all that it does. Its own
# variables are not exported, so that what it starts of the user's has none of them.
run_guest() {
  unset LC_ALL MUSTER_SUPERVISES
  set +u
  MUSTER_ROOT=$here/root MUSTER_HOME=$guest MUSTER_CONSOLE= MUSTER_HOST=skip
  cd "$here/work" && . "$guest/guest"
}

# What the guest ends with, whichever way: $1 is its exit code.
stay() {
  trap '' TERM INT HUP
  trap - EXIT
  guest_ended "$1"
  cd /
  exec sleep 2147483647 </dev/null >/dev/null 2>&1
}

# After exit code $1 of the guest: has the supervisor end the instance where that is what follows. A guest that was killed before
# it could say how its work ended counts as a startup that was.
guest_ended() {
  if [ -e "$here/ending" ] || [ -e "$here/terminating" ]; then
    printf '' >"$here/exited"
    return 0
  fi
  step= code=
  while read -r at what named number; do
    [ "$what" = done ] && step=$named code=$number
  done 2>/dev/null <"$guest/status"
  [ -n "$step" ] || [ "$1" -le 128 ] || step=startup code=$1
  printf '' >"$here/exited"
  [ -n "$step" ] || return 0
  if [ "$code" -eq 0 ]; then action=$on_success; else action=$on_failure; fi
  [ "$action" != keep ] || return 0
  printf '%s %s\\n' "$step" "$code" >"$here/verdict"
  alive supervisor && kill -TERM "$known"
}

# The code is that of a connection that is not to be had. Who ends the instance finds the command by the nonce.
enter() {
  alive group && [ ! -e "$here/ending" ] && cd "$here/work" 2>/dev/null || {
    echo "muster: the worker has ended" >&2
    exit 255
  }
  export MUSTER_INSTANCE="$nonce"
  . "$guest/environment"
  exec "$@"
}

# The first half of what a watchdog does: the rest of this text is read when it is needed.
watch() {
  trap : TERM INT HUP
  identify "$$"
  set -C
  printf '%s\\n' "$found" 2>/dev/null >"$here/watchdog" || exit 0
  set +C
  : "$(exec /bin/sh "$0" supervise "$here")"
}

case $mode in
watch) watch ;;
run) run ;;
enter)
  shift 2
  enter "$@"
  ;;
esac

${processSearchText}
${endText}
supervise() {
  trap end TERM
  trap : INT HUP
  record supervisor || exit 1
  [ -e "$here/terminating" ] && end
  start_anchor
  while :; do
    tell_time
    left=$((deadline - now))
    [ "$left" -gt 0 ] || end deadline
    if lease_over; then
      nap "$(jitter_now)"
      lease_over && end deadline
      continue
    fi
    [ "$left" -lt "$look_s" ] || left=$look_s
    nap "$left"
    [ ! -e "$here/group" ] || alive group || end
  done
}

# Sets now to the seconds since 1970, in true time where it can be told: the clock of day may be set at any moment.
tell_time() {
  uptime=
  if [ "$boot" = "$clock_boot" ] && [ "$boot" != - ] && read -r uptime rest 2>/dev/null </proc/uptime; then
    now=$((clock_base + \${uptime%%.*}))
  else
    now=$(date +%s)
  fi
}

nap() {
  MUSTER_SUPERVISES= MUSTER_INSTANCE=$nonce sleep "$1" >/dev/null &
  sleeper=$!
  wait "$sleeper"
  sleeper=
}

# Whether there is a lease and nobody has renewed it, in true time. Who renews it writes what the clock of day shows then; that may
# have been set since. A file that cannot be read, or is being written, changes nothing.
lease_over() {
  [ -n "$lease_end" ] || return 1
  renewed=
  read -r renewed 2>/dev/null <"$here/lease"
  tell_time
  case $renewed in
  '' | *[!0-9]* | "$lease_said") ;;
  *)
    [ -z "$lease_said" ] && [ "$renewed" = "$lease_end" ] || put_off_lease
    lease_said=$renewed
    ;;
  esac
  [ "$lease_end" -le "$now" ]
}

put_off_lease() {
  lease_left=$((renewed - $(date +%s)))
  [ "$lease_left" -ge "$lease_least" ] || lease_left=$lease_least
  lease_end=$((now + lease_left))
}

jitter_now() {
  printf '%s' "$(($(od -An -N2 -tu2 /dev/urandom) % (jitter + 1)))"
}

# In the foreground, by setsid -f: what a shell starts with & ignores SIGINT for good, and so would all that it starts.
# Without that option setsid ignores SIGINT; without setsid (macOS) job control makes the group.
# The nonce goes to the anchor alone: with it in this shell's own environment each look would find itself.
start_anchor() {
  if ! (anchored setsid -f /bin/sh "$0" run "$here"); then
    if command -v setsid >/dev/null; then
      anchored setsid /bin/sh "$0" run "$here" &
    else
      set -m
      anchored /bin/sh "$0" run "$here" &
      set +m
    fi
  fi
}

# For a subshell: replaces it, so that with job control the anchor itself leads the group.
anchored() {
  export MUSTER_SUPERVISES= MUSTER_INSTANCE="$nonce"
  exec "$@" </dev/null >/dev/null 2>&1
}

case $mode in
watch) [ ! -d "$here" ] || [ -e "$here/ended" ] || end ;;
supervise) supervise ;;
reap)
  record reaper
  end
  ;;
esac
exit
`)
