/**
 * Notice: the user's `onNotice` script, run once before an end of its instance that has time. Plain `sh`, for any Linux image. Pure.
 *
 * One program has it all, so that a supervisor that needs no systemd can call it as well:
 *
 *     notice run REASON SECONDS   runs the script unless it has run; waits for it where another call has begun it
 *     notice watch                runs the script once the cloud has a notice, or ahead of the cluster's deadline
 *     notice stop                 the machine shuts down: runs the script with the reason that can be told
 *
 * Reasons are `interrupted`, `scaled-down` and `deadline`. A reboot is no end, and neither is the guest's own end when its work is
 * over (`$muster_home/ending` is there).
 */
import { endMark } from "./script.js"
import { detached, HAS_SYSTEMD, SET_UNITS } from "./timer.js"

/** What the notices of a guest are made from. */
export interface NoticePart {
  readonly onNotice: string
  /** The script runs in the container, once there is one. */
  readonly isInside: boolean
  /**
   * The body of a function of shell that succeeds where a notice stands, and prints for how many seconds the instance has then; each
   * request must be short. Left out: the cloud has none.
   */
  readonly ask?: readonly string[]
  /** Whether the cloud is asked all the time; else only when the machine shuts down. */
  readonly polls: boolean
  /** For how long the cloud waits when it shuts the machine down, in seconds, at an interruption and at a request of ours. */
  readonly shutdownS: { readonly interrupted: number; readonly asked: number }
}

/** The cloud is asked so often, in seconds, after the last answer. */
export const NOTICE_EVERY_S = 5

/** The script begins so long before the deadline, in seconds, or a quarter of the instance's life before it where that is less. */
export const DEADLINE_NOTICE_S = 120

/** Files of the guest's directory. */
const FILES = { script: "on-notice", program: "notice" } as const

/**
 * Writes the script, and the program that runs it. `$muster_home` must be set; `$muster_home/environment`, which exports the
 * group's variables and Muster's own, must be there when it runs. Its output goes to `$muster_home/notice.log`.
 *
 * @param inside the lines that define `muster_inside`; left out: the script runs on the host.
 * @returns lines of shell, each to stand at the start of a line.
 */
export function noticeFiles(part: NoticePart, inside?: readonly string[]): readonly string[] {
  const script = part.onNotice.replace(/\n$/, "")
  const end = endMark(script)
  return [
    `cat > "$muster_home/${FILES.script}" <<'${end}'`,
    script,
    end,
    `chmod 700 "$muster_home/${FILES.script}"`,
    `cat > "$muster_home/${FILES.program}" <<'MUSTER_NOTICE'`,
    ...programLines(part, inside),
    "MUSTER_NOTICE",
  ]
}

function programLines(part: NoticePart, inside: readonly string[] | undefined): readonly string[] {
  const { interrupted, asked } = part.shutdownS
  return [
    "#!/bin/sh",
    `muster_home=\${0%/*}`,
    '. "$muster_home/environment"',
    ...(inside ?? []),
    "muster_noticed() {",
    ...(part.ask ?? ["return 1"]),
    "}",
    inside === undefined ? ON_HOST : IN_CONTAINER,
    RUN,
    'case "$1" in',
    'run) muster_run "$2" "$3" ;;',
    `watch)
  muster_wait=150
  muster_end=$((\${MUSTER_DEADLINE:-0}))
  muster_lead=$(((muster_end - $(date +%s)) / 4))
  [ "$muster_lead" -le ${DEADLINE_NOTICE_S} ] || muster_lead=${DEADLINE_NOTICE_S}
  while :; do
    muster_left=$((muster_end - $(date +%s)))
    if [ "$muster_end" -gt 0 ] && [ "$muster_left" -le "$muster_lead" ]; then
      muster_run deadline "$muster_left"
      break
    fi${part.polls ? WATCH : ""}
    sleep "\${MUSTER_NOTICE_EVERY:-${NOTICE_EVERY_S}}"
  done ;;`,
    `stop)
  muster_wait=2
  [ -e "$muster_home/ending" ] && exit
  [ "$(systemctl is-system-running)" = stopping ] || exit 0
  systemctl list-jobs | grep -q '(reboot|kexec).target.*start' && exit
  if muster_left=$(muster_noticed); then muster_run interrupted "\${muster_left:-${interrupted}}"
  elif muster_is_over; then muster_run deadline ${asked}
  else muster_run scaled-down ${asked}
  fi ;;`,
    "esac",
  ]
}

const WATCH = `
    if muster_left=$(muster_noticed); then
      muster_run interrupted "$muster_left"
      break
    fi`

/**
 * A script is given to the interpreter of its first line, as a directory need not allow files to be run. Whoever comes second waits
 * for the one that is running. The deadline's minute is for clocks that differ, and a lease's end is one too.
 */
const RUN = `muster_run() {
  if mkdir "$muster_home/noticed" 2>/dev/null; then
    MUSTER_REASON=$1 MUSTER_SECONDS_LEFT=$2
    export MUSTER_REASON MUSTER_SECONDS_LEFT
    (muster_script) </dev/null >>"$muster_home/notice.log" 2>&1
    echo $? >"$muster_home/noticed/code"
  else
    muster_left=$2
    while [ ! -e "$muster_home/noticed/code" ] && [ "$muster_left" -gt 0 ]; do
      sleep 1
      muster_left=$((muster_left - 1))
    done
  fi
}
muster_is_over() {
  for muster_at in "\${MUSTER_DEADLINE:-}" "$(cat "$muster_home/lease.end" 2>/dev/null)"; do
    [ -n "$muster_at" ] && [ "$muster_at" -le "$(($(date +%s) + 60))" ] && return
  done
  return 1
}`

const ON_HOST = `muster_script() {
  IFS= read -r muster_first <"$muster_home/${FILES.script}"
  case $muster_first in
    '#!'*) set -f; exec \${muster_first#??} "$muster_home/${FILES.script}" ;;
    *) exec /bin/sh "$muster_home/${FILES.script}" ;;
  esac
}`

/** Without a container yet there is nothing that could be saved, and the host is not where the script belongs. */
const IN_CONTAINER = `muster_script() {
  [ -s "$muster_home/container" ] || exit
  muster_inside "$muster_home/${FILES.script}" -e MUSTER_REASON -e MUSTER_SECONDS_LEFT
}`

/**
 * Starts the program: by a unit that is stopped before the worker's own, so that the script has ended before the worker is told to
 * end; or else by a detached shell, which hears of what is asked for and of the deadline, but of no shutdown. `$muster_root`
 * and `$muster_home` must be set.
 *
 * @param workers the units that run the worker's scripts.
 */
export function noticeUnits({ shutdownS }: NoticePart, workers: readonly string[]): readonly string[] {
  return [
    `if ${HAS_SYSTEMD}; then`,
    SET_UNITS,
    'mkdir -p "$muster_units"',
    'cat > "$muster_units/muster-notice.service" <<UNIT',
    "[Unit]",
    "Description=Tell this instance's work of its end",
    `After=${["network.target", "docker.service", ...workers].join(" ")}`,
    "[Service]",
    `ExecStart=/bin/sh $muster_home/${FILES.program} watch`,
    `ExecStop=/bin/sh $muster_home/${FILES.program} stop`,
    `TimeoutStopSec=${shutdownS.asked}`,
    "[Install]",
    "WantedBy=multi-user.target",
    "UNIT",
    "systemctl daemon-reload",
    "systemctl enable muster-notice.service",
    "systemctl start --no-block muster-notice.service",
    "else",
    `  ${detached(`/bin/sh "$muster_home/${FILES.program}" watch`)}`,
    "fi",
  ]
}
