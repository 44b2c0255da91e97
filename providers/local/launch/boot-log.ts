/** The part of the supervisor's shell text that writes a boot log, of bounded size whatever the script writes. */

/** Of the beginning, and of the end, what is always kept. */
const PART_BYTES = 1_048_576

/** What `dd` copies at most before the shell looks: a part in pieces that come through a pipe as soon as they are written. */
const PIECE_BYTES = 4096
const PIECES = PART_BYTES / PIECE_BYTES

/** After each part that was dropped: who floods waits for it, and takes some hundredths of a core for it, not all of one. */
const FLOOD_PAUSE_S = 0.25

/**
 * The script writes into a pipe, and a shell of the instance's own group copies from it to the log with `dd`, which keeps nothing
 * back. So the log is one file that can be read at any time; it is replaced by a shorter one, in one rename, whenever it has a
 * part more than the two that are kept. The copying ends when the last process that has the pipe ends, a daemon too. If it is
 * killed, the log stays as it is, and who writes next gets SIGPIPE: a failed boot, and no instance that waits for ever.
 */
export const bootLogText = `
# Runs the script with its output in the log.
run_logged() {
  if ! mkfifo "$here/boot.pipe" 2>/dev/null; then
    start_script </dev/null >>"$here/boot.log" 2>&1
    return
  fi
  keep_log <"$here/boot.pipe" &
  start_script </dev/null >"$here/boot.pipe" 2>&1
}

keep_log() {
  trap '' TERM INT HUP
  umask 077
  total=0 fresh=-${PART_BYTES * 2}
  while copy_part; do
    [ "$fresh" -lt ${PART_BYTES} ] || shorten_log
  done
}

# Appends what comes, at most a part; false at the end of it. What a full disk does not take is dropped: nobody waits for a log.
copy_part() {
  said=$(copy 2>&1 >>"$here/boot.log") || said=$(copy 2>&1 >/dev/null)
  # "<whole>+<short> records in", "<whole>+<short> records out", "<n> bytes …", a warning of short ones before them.
  reads=\${said%% records in*}
  reads=\${reads##*[!0-9+]}
  set -- \${said##*records out}
  [ $# -gt 0 ] && [ -n "$reads" ] || return 1
  total=$((total + $1))
  fresh=$((fresh + $1))
  [ $((\${reads%+*} + \${reads#*+})) -eq ${PIECES} ]
}

copy() {
  LC_ALL=C exec dd bs=${PIECE_BYTES} count=${PIECES}
}

shorten_log() {
  if {
    head -c ${PART_BYTES} "$here/boot.log" &&
      printf '\\n… %s bytes dropped …\\n' "$((total - ${PART_BYTES * 2}))" &&
      tail -c ${PART_BYTES} "$here/boot.log"
  } 2>/dev/null >"$here/boot.new"; then
    mv "$here/boot.new" "$here/boot.log"
  else
    rm -f "$here/boot.new"
  fi
  fresh=0
  sleep ${FLOOD_PAUSE_S}
}
`
