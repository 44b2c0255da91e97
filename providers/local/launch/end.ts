/** The part of the supervisor's shell text that ends an instance: SIGTERM, the grace, SIGKILL, and what is left of it on disk. */

export const endText = `
# SIGCONT after it, because a stopped process takes nothing but SIGKILL. No --: dash's kill knows none there.
strike_group() {
  alive group || return 0
  kill "-$1" "-$anchor" 2>/dev/null
  kill -CONT "-$anchor" 2>/dev/null
}

# SIGTERM once for each that has left the group: a second one makes many programs give up their clean end.
ask_strays() {
  for stray in $members; do
    case $asked in *" $stray "*) continue ;; esac
    asked="$asked$stray "
    identify "$stray" || continue
    [ "$pgrp" = "$anchor" ] && continue
    kill -TERM "$stray" 2>/dev/null
    kill -CONT "$stray" 2>/dev/null
  done
}

# A script that threw its environment away is found by no look, but has its grace like others.
script_ended() {
  [ -e "$here/exited" ] || ! alive group
}

# Until two looks in a row find nobody: one alone can miss a process that forks and exits while it is under way.
strike_all() {
  pause=0.05
  while [ "$quiet" -lt 2 ]; do
    find_members
    if [ -z "$members" ]; then
      quiet=$((quiet + 1))
      continue
    fi
    quiet=0
    kill -KILL $members 2>/dev/null
    sleep "$pause"
    case $pause in 0.05) pause=0.2 ;; *) pause=1 ;; esac
  done
  strike_group KILL
}

# Why this instance ends, which was not its deadline.
reason() {
  if [ -e "$here/terminating" ]; then printf scaled-down; else printf interrupted; fi
}

# Before SIGTERM, and within the grace: what is used up of it here is not there after it. It has the nonce, and ends with the others.
give_notice() {
  printf '' 2>/dev/null >"$here/noticing"
  (
    cd "$here/work"
    MUSTER_SUPERVISES= MUSTER_INSTANCE=$nonce MUSTER_ROOT=$here/root MUSTER_HOME=$guest MUSTER_CONSOLE= MUSTER_HOST=skip /bin/sh "$guest/guest" notice run "$1" "$grace_s"
    rm -f "$here/noticing"
  ) </dev/null >/dev/null 2>&1 &
  while [ -e "$here/noticing" ] && [ -n "$pauses" ]; do
    sleep "\${pauses%% *}"
    case $pauses in *' '*) pauses=\${pauses#* } ;; *) pauses= ;; esac
  done
}

# SIGTERM, the grace and SIGKILL for the container as well, which is a child of none of ours; by name until its id is known.
stop_container() {
  printf '' 2>/dev/null >"$here/stopping"
  (
    contained=
    read -r contained 2>/dev/null <"$guest/container"
    contained=\${contained:-muster-$name}
    own_path=$PATH
    . "$guest/environment"
    export PATH="$own_path" MUSTER_INSTANCE=
    docker stop -t "$grace_s" "$contained"
    docker rm -f "$contained"
    rm -f "$here/stopping"
  ) </dev/null >/dev/null 2>&1 &
}

# A daemon that does not answer keeps nothing else from ending.
await_container() {
  for pause in 0.1 0.2 0.4 1 1 1 2 2 2; do
    [ -e "$here/stopping" ] || return 0
    sleep "$pause"
  done
}

# $1: why, where the caller knows.
end() {
  trap '' TERM INT HUP
  napping=
  trap wake_up USR1
  [ -n "$sleeper" ] && kill "$sleeper" 2>/dev/null
  printf '' 2>/dev/null >"$here/ending"
  anchor= since=
  read -r anchor since 2>/dev/null <"$here/group"
  quiet=0
  asked=' '
  asks=0
  me="$$ 0"
  identify "$$" && me=$found
  who=\${me#* }
  who=$$-\${who%@*}
  [ "$notices" != yes ] || [ -e "$here/verdict" ] || give_notice "\${1:-$(reason)}"
  strike_group TERM
  [ "$contains" != yes ] || stop_container
  for pause in $pauses; do
    sleep "$pause"
    find_members
    if [ -z "$members" ] && script_ended && [ ! -e "$here/stopping" ]; then
      quiet=1
      break
    fi
    ask_strays
  done
  strike_all
  # Nothing is waited for any more that it could end.
  trap '' USR1
  await_container
  bury
  # The supervisors' own group, this shell in it: nothing is left.
  kill -KILL 0
}

# Nobody else frees them while the directory is there; but a supervisor that was killed may have, and then they may be
# somebody else's by now. A claim's target begins with whose it is.
free_claims() {
  if [ "$mode" = supervise ]; then
    rm -f "$claims/$address_claim" "$claims/$slot_claim"
    return
  fi
  for claim in "$address_claim" "$slot_claim"; do
    case $(readlink "$claims/$claim") in "$name"/*) rm -f "$claims/$claim" ;; esac
  done
}

# What its guest has ended keeps its directory, so that how can be read, until it is terminated. Else the name is written down as
# spent before the directory goes, in one rename: at every moment a replayed launch finds one or the other.
bury() {
  [ -d "$here" ] || return 0
  free_claims
  if [ -e "$here/verdict" ] && [ ! -e "$here/terminating" ]; then
    rm -rf "$here/work" "$here/root" "$guest/sent"
    printf '' 2>/dev/null >"$here/ended"
    return 0
  fi
  read -r line 2>/dev/null <"$here/$record_file" && printf '%s\\n' "$line" 2>/dev/null >"$spent/$name"
  grave=$trash/$name.$$
  mv "$here" "$grave" 2>/dev/null || { [ -d "$here" ] && grave=$here; } || return 0
  rm -rf "$grave"
}
`
