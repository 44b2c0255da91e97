/**
 * The part of the supervisor's shell text that finds an instance's processes, wherever they went.
 *
 * A search reads all processes of the machine. If each of a thousand instances that end together searched alone, the cost would be
 * the square of their number. So the supervisors share searches: each adds a ticket to `looks/asked`, and the one that gets
 * `looks/lock` searches once for all tickets that were there before its search began.
 *
 *     looks/asked                 one line for each ticket: for whose processes, "<pid>-<start>", how often, name
 *     looks/batch.<who>.<number>  the tickets that a search answers: `asked`, renamed
 *     looks/lock                  "<pid> <start>" of the searcher
 *     looks/took                  how long its search took, in seconds
 *     instances/<name>/ending     the answer: "<who>.<number> <pid> … ."
 *
 * An answer only names candidates: before a process counts, and before it is signalled, its own environment is read again.
 * A supervisor without an answer (a full disk, a machine without awk, a searcher that was stopped) searches alone. A lock that
 * is broken at the wrong moment costs one search more: a ticket is answered only by a search that began after it was left.
 *
 * A supervisor ends its instance in a trap. There each further signal that is trapped gives the command that it comes after the exit
 * code that was there before the first one (dash). So nothing may be lost where a command that did well says otherwise: what takes the
 * lock is a shell of its own, which nobody signals.
 */
export const processSearchText = `
# Seconds to wait for an answer before one searches for itself. Whoever answers ends such a wait at once, by SIGUSR1.
patience='2 4 6'

# Sets members to the processes but the anchor among files $@ that carry the nonce.
# 126 is the shell's answer when the list of files is longer than an exec can take.
carrying() {
  members=
  files=$(LC_ALL=C grep -lsF "MUSTER_INSTANCE=$nonce" "$@")
  if [ $? -eq 126 ]; then
    files=$(printf '%s\\n' "$@" | LC_ALL=C xargs grep -lsF "MUSTER_INSTANCE=$nonce")
  fi
  for file in $files; do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    [ "$pid" = "$anchor" ] || members="$members $pid"
  done
}

# macOS has no /proc: there the group, as ps shows it, is all that can be found.
look_by_ps() {
  members=$(ps -A -o pid= -o pgid= -o stat= | while read -r pid pgid stat; do
    case $stat in Z*) continue ;; esac
    [ "$pgid" = "$anchor" ] && [ "$pid" != "$anchor" ] && printf ' %s' "$pid"
  done)
}

look_alone() {
  if [ -r /proc/self/environ ]; then carrying /proc/[0-9]*/environ; else look_by_ps; fi
}

# Sets members to the instance's processes but the anchor.
find_members() {
  if ! ask_around; then
    look_alone
    return
  fi
  members=
  set --
  for pid in $seen; do
    [ "$pid" = "$anchor" ] || set -- "$@" "/proc/$pid/environ"
  done
  [ $# -eq 0 ] && return
  if [ -r /proc/self/environ ]; then carrying "$@"; else look_by_ps; fi
}

# Sets seen to the processes that a search found which began after this call; false when nobody answers.
ask_around() {
  asks=$((asks + 1))
  if [ -r /proc/self/environ ]; then key=$nonce; else key=$anchor; fi
  [ -n "$key" ] && leave_ticket || return 1
  vain=
  for wait_s in $patience; do
    if search_for_all; then
      is_answered && return
      # Its ticket was lost. Twice in a row: it cannot be done here.
      [ -z "$vain" ] && leave_ticket || return 1
      vain=yes
      continue
    fi
    is_answered && return
    sleep "$wait_s" &
    napping=$!
    # Whoever was to end this wait may have done so before it began.
    if is_answered || ! [ -e "$looks/lock" ]; then wake_up; fi
    if wait "$napping"; then check_searcher; fi
    napping=
    is_answered && return
  done
  # Whoever has the lock lives, and does nothing, as when it is stopped: the next look need not wait for it.
  rm -f "$looks/lock"
  return 1
}

# What SIGUSR1 does.
wake_up() {
  [ -z "$napping" ] || kill -KILL "$napping" 2>/dev/null
}

# One write of less than a page: lines of others stay whole. One that comes when the file was taken and read is lost; then the
# wait is not ended, and it is left again.
leave_ticket() {
  printf '%s\\n' "$key $who $asks $name" 2>/dev/null >>"$looks/asked"
}

# After a wait that nobody ended: who searched may have been killed, and with it what it was told.
check_searcher() {
  leave_ticket
  [ ! -e "$looks/lock" ] || alive_in "$looks/lock" || rm -f "$looks/lock"
}

is_answered() {
  to= seen=
  read -r to seen 2>/dev/null <"$here/ending"
  [ "$to" = "$who.$asks" ] || return 1
  case $seen in *.) seen=\${seen%.} ;; *) return 1 ;; esac
}

# False when somebody else is at it, or nobody has asked. It begins no sooner than the last one took after who wants it came: so more come together,
# and searching takes at most one core's half.
search_for_all() {
  [ -e "$looks/lock" ] && return 1
  (search_locked)
}

search_locked() {
  set -C
  printf '%s\\n' "$me" 2>/dev/null >"$looks/lock"
  locked=$?
  set +C
  [ "$locked" -eq 0 ] || return 1
  took=
  read -r took 2>/dev/null <"$looks/took"
  case $took in 0.00 | '') ;; *) sleep "$took" ;; esac
  batch=$looks/batch.$who.$asks
  searched=1
  if mv "$looks/asked" "$batch" 2>/dev/null; then
    uptime_now && begun=$uptime
    search "$batch" | answer
    searched=0
    uptime_now && write_took $((uptime - begun))
  fi
  rm -rf "$looks"/batch.* "$looks/lock"
  # The next one to search: it waits like all others.
  next=
  read -r rest next left 2>/dev/null <"$looks/asked" && wake "$next"
  return "$searched"
}

# Ends the wait of $1, "<pid>-<start>", if that still lives.
wake() {
  identify "\${1%%-*}" || return 0
  since=\${found#* }
  [ "\${since%@*}" = "\${1#*-}" ] && kill -USR1 "\${1%%-*}" 2>/dev/null
}

# Hundredths of a second; the 1 before them because 08 is no number to a shell.
uptime_now() {
  uptime= rest=
  read -r uptime rest 2>/dev/null </proc/uptime && uptime=1\${uptime%.*}\${uptime#*.}
}

write_took() {
  [ "$1" -ge 0 ] && [ "$1" -lt 100 ] || set -- 99
  printf '0.%02d\\n' "$1" 2>/dev/null >"$looks/took"
}

# The tickets of batch $1, then every process with its key, then "end" if nothing was left out. The last file is grep's own
# environment: an answer without its nonce, all zeros, comes from a grep that cannot do this.
search() {
  sed 's/^/ask /' "$1"
  if ! [ -r /proc/self/environ ]; then
    LC_ALL=C ps -A -o pgid= -o pid= -o stat= && printf 'end ps\\n'
    return
  fi
  export LC_ALL=C MUSTER_INSTANCE=00000000000000000000000000000000
  set -- -aosHE 'MUSTER_INSTANCE=[0-9a-f]{32}'
  grep "$@" /proc/[0-9]*/environ /proc/self/environ
  case $? in
  0 | 1 | 2) printf 'end proc\\n' ;;
  126)
    printf '%s\\n' /proc/[0-9]*/environ /proc/self/environ | xargs grep "$@"
    case $? in 0 | 123) printf 'end proc\\n' ;; esac
    ;;
  esac
}

# By the shell, not by awk, which ends when one file cannot be written.
answer() {
  awk '
    $1 == "ask" && NF == 5 { keys[$5] = $2; asks[$5] = $3 "." $4; next }
    $1 == "ask" { next }
    $1 == "end" { ended = $2; next }
    /^\\// { split($0, part, "/"); key = $0; sub(/.*=/, "", key); pids[key] = pids[key] " " part[3]; next }
    $3 !~ /^Z/ { pids[$1] = pids[$1] " " $2 }
    END {
      if (ended == "" || (ended == "proc" && pids["00000000000000000000000000000000"] == "")) exit 1
      for (name in keys) print name, asks[name] pids[keys[name]], "."
    }' 2>/dev/null | while read -r asker line; do
    printf '%s\\n' "$line" 2>/dev/null >"\${here%/*}/$asker/ending"
    wake "\${line%%.*}"
  done
}
`
