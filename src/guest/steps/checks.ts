/** Checks: what one try of each does, with what a machine has. Plain `sh`. Pure. */
import type { Check, GroupRequest } from "../../provider.js"
import { GPU_FUNCTIONS } from "./gpu.js"
import { compact, hereDocument, word } from "../text.js"

/** For so long a try may go on: a command may load much before it says how it is. */
const TRY_S = { quick: 10, command: 30 } as const

/** What of a group its checks are made from. */
export type Checked = Pick<GroupRequest, "ready" | "health" | "container" | "gpu" | "awaits">

/**
 * - `muster_check_of NUMBER` tries a check: its exit code is 0 where it passes.
 * - `muster_name_of NUMBER` sets `muster_check_name`, and how long a try may take.
 *
 * @param isShared the machine is others' as well: the worker has an address of its own.
 */
export function checkFunctions(
  { ready, health, container, gpu, awaits }: Checked,
  isShared: boolean,
): readonly string[] {
  const first = ready?.checks.length ?? 0
  const checks = [...(ready?.checks ?? []), ...(health?.checks ?? [])]
  const where = { isIn: container !== undefined, isShared, gpus: gpu?.count ?? 1, secrets: awaits?.secrets ?? [] }
  return [
    "muster_check_of() {",
    "case $1 in",
    ...checks.flatMap((check, at) => [`${at})`, tryOf(check, { ...where, isFirst: at < first }), ";;"]),
    "esac",
    "}",
    "muster_name_of() {",
    "case $1 in",
    ...checks.map(
      (check, at) => `${at}) muster_check_name=${word(nameOf(check))} muster_check_s=${secondsOf(check)} ;;`,
    ),
    "esac",
    "}",
    ...new Set(checks.flatMap(toolsOf)),
  ]
}

/** In words, for people: one line. */
function nameOf(check: Check): string {
  if ("tcp" in check) return `tcp ${check.tcp}`
  if ("http" in check) return `http ${check.http}`
  if ("command" in check) return `command ${shortened(check.command)}`
  if ("log" in check) return `log ${shortened(check.log)}`
  return "startup" in check ? "startup succeeded" : "gpu"
}

function shortened(text: string): string {
  const line = text.trim().replace(/\s+/g, " ")
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 59)}…` : line)
}

function secondsOf(check: Check): number {
  return "command" in check || "gpu" in check ? TRY_S.command : TRY_S.quick
}

interface Where {
  /** In a container. */
  readonly isIn: boolean
  readonly isShared: boolean
  readonly gpus: number
  /** It says that the worker is ready, before anybody uses it; others may use what a later one looks at. */
  readonly isFirst: boolean
  /** Names of variables that docker takes from its own. */
  readonly secrets: readonly string[]
}

function tryOf(check: Check, { isIn, isShared, isFirst, gpus, secrets }: Where): string {
  if ("tcp" in check) return `muster_${isShared ? "own_address" : "addresses"}\nmuster_tcp ${check.tcp}`
  if ("http" in check) return httpTry(check.http, isShared)
  if ("command" in check) return commandTry(check, isIn, secrets)
  if ("log" in check) return `muster_in_log ${word(check.log)}`
  return "startup" in check ? "muster_has_succeeded" : `muster_has_gpus ${gpus}${isFirst ? " kernel" : ""}`
}

const ITSELF = /^(https?:\/\/)(?:localhost|127\.0\.0\.1|\[::1\])((?::\d+)?(?:[/?#].*)?)$/

/** On a machine that is others' as well, "localhost" is all of theirs: the worker has an address of its own. */
function httpTry(url: string, isShared: boolean): string {
  const [, scheme, rest] = ITSELF.exec(url) ?? []
  if (!isShared || scheme === undefined) return `muster_http ${word(url)}`
  return `muster_own_address\nmuster_http ${word(scheme)}"$muster_addresses"${word(rest ?? "")}`
}

/** As the user's own script: what it is given, where that runs. Docker ends what it runs there only if that has ended by itself. */
function commandTry(
  { command, host }: Extract<Check, { command: string }>,
  isIn: boolean,
  secrets: readonly string[],
): string {
  if (!isIn || host === true) {
    return `${hereDocument(`(umask 077; cat >"$muster_home/check.command")`, command)}\nMUSTER_HOST=skip\n(muster_script "$muster_home/check.command")`
  }
  const bounded = `command -v timeout >/dev/null && exec timeout -s KILL ${TRY_S.command} /bin/sh -c "$0"; exec /bin/sh -c "$0"`
  return `(
. "$muster_home/environment"
muster_client
muster_id=$(cat "$muster_home/container") || exit
exec docker exec${secrets.map((name) => ` -e ${name}`).join("")} "$muster_id" /bin/sh -c ${word(bounded)} ${word(command)}
)`
}

function toolsOf(check: Check): readonly string[] {
  if ("tcp" in check) return [ADDRESSES, TCP]
  if ("http" in check) return [ADDRESSES, HTTP]
  if ("log" in check) return [LOG]
  if ("startup" in check) return [SUCCEEDED]
  return "gpu" in check ? [GPU_FUNCTIONS] : []
}

const ADDRESSES = compact(`
  muster_own_address() {
    muster_addresses=$(. "$muster_home/environment" >/dev/null 2>&1; printf '%s' "$MUSTER_ADDRESS")
  }
  muster_addresses() {
    muster_addresses="127.0.0.1 $(hostname -I 2>/dev/null)"
  }`)

/** Bash can be built without its way to sockets; then the next one is asked. */
const TCP = compact(`
  muster_tcp() {
    muster_tool=
    for muster_here in $muster_addresses; do
      muster_connect "$muster_here" "$1" && return
    done
    [ -n "$muster_tool" ] || {
      echo 'muster: a tcp check needs bash, python3, perl or nc on the machine: install one of them, or use { command }' >&2
      return 127
    }
    echo "nothing takes connections at port $1 of $muster_addresses" >&2
    return 1
  }
  muster_connect() {
    if command -v bash >/dev/null && ! LC_ALL=C bash -c ': </dev/tcp/127.0.0.1/9' 2>&1 | grep -q 'No such file'; then
      muster_tool=bash
      bash -c ': <"/dev/tcp/$0/$1"' "$@" 2>/dev/null
    elif command -v python3 >/dev/null; then
      muster_tool=python3
      python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$@" 2>/dev/null
    elif command -v perl >/dev/null; then
      muster_tool=perl
      perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5)' "$@"
    elif command -v nc >/dev/null; then
      muster_tool=nc
      nc -z -w 5 "$@" </dev/null
    elif command -v busybox >/dev/null; then
      muster_tool=busybox
      busybox nc -w 5 "$@" </dev/null >/dev/null
    else
      return 127
    fi
  }`)

const HTTP = compact(`
  muster_http() {
    if command -v curl >/dev/null; then
      curl -fsS --noproxy '*' -o /dev/null -m 8 -- "$1"
    elif command -v wget >/dev/null; then
      wget -q -O /dev/null -T 8 -- "$1"
    elif command -v python3 >/dev/null; then
      python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=8)' "$1"
    elif command -v busybox >/dev/null; then
      busybox wget -q -O /dev/null -T 8 "$1"
    else
      echo 'muster: an http check needs curl, wget or python3 on the machine: install one of them, or use { command }' >&2
      return 127
    fi
  }`)

/** What was written before the looking began does not count. */
const LOG = compact(`
  muster_in_log() {
    muster_from=0
    read -r muster_from 2>/dev/null <"$muster_home/check.from"
    muster_size
    [ "$muster_bytes" -ge "$muster_from" ] || muster_from=0
    tail -c "+$((muster_from + 1))" "$muster_log" | grep -F -q -e "$1" || {
      echo "the output of startup does not have it" >&2
      return 1
    }
  }`)

const SUCCEEDED = compact(`
  muster_has_succeeded() {
    muster_end_line=$(grep ' done ' "$muster_home/status" | tail -n 1)
    case $muster_end_line in
      '') echo "startup has not ended" >&2; return 1 ;;
      *' 0') return 0 ;;
    esac
    printf '' >"$muster_home/check.final"
    set -- $muster_end_line
    echo "$3 ended with exit code $4" >&2
    return "$4"
  }`)
