/**
 * Notice: the user's `onNotice` script, run once before an end of its instance that has time. Plain `sh`, for any Linux image. Pure.
 *
 * `guest notice …` is the part of the guest's program that has it:
 *
 *     run REASON SECONDS   runs the script unless it has run; waits for it where another call has begun it
 *     watch                runs the script once the cloud has a notice, or ahead of the cluster's deadline
 *     stop                 the machine shuts down: runs the script with the reason that can be told
 *
 * Reasons are `interrupted`, `scaled-down` and `deadline`. A restart is no end of an instance, and before an end that the guest
 * brings about itself, because its work is over (`$muster_home/ending` is there), there is nothing to tell.
 */
import { compact, hereDocument } from "./text.js"
import { detached, HAS_SYSTEMD, SET_UNITS } from "./timer.js"

/** What a cloud tells its instances of their end. */
export interface CloudNotice {
  /**
   * The body of a function of shell that succeeds where a notice stands, and prints for how many seconds the instance has then. It
   * waits for one answer for at most `$muster_wait` seconds. Left out: the cloud has no notice beside its shutdown.
   */
  readonly ask?: readonly string[]
  /** The cloud is asked all the time; else only when the machine shuts down. */
  readonly polls: boolean
  /** How many seconds the cloud gives the machine to shut down, when it takes it away and when we ask for it. */
  readonly shutdownS: { readonly interrupted: number; readonly asked: number }
}

/** The cloud is asked so long, in seconds, after its last answer. */
export const NOTICE_EVERY_S = 5

/** The script begins so long before the deadline, in seconds; a quarter of the time that is left at boot where that is less. */
export const DEADLINE_NOTICE_S = 120

/** Azure's first answer takes up to two minutes ("Scheduled Events for Linux VMs"). */
const MOST_WAIT_S = 150

/** A machine that shuts down has no time for an answer that does not come. */
const LEAST_WAIT_S = 2

/** Clocks differ: an end so close to the deadline, in seconds, is the deadline's. */
const CLOSE_S = 60

const SCRIPT = '"$muster_home/on-notice"'

/**
 * The functions `muster_notice ARGUMENT…`, which does what is said above, and `muster_notice_unit`, which starts its `watch` and has
 * `stop` called at a shutdown. The second needs systemd for that; elsewhere a detached shell watches, which sees no shutdown.
 *
 * They use `$muster_root`, `$muster_home` (where the guest's program is `guest`), `muster_script FILE` and `muster_mark WORDS`.
 *
 * @param isInside the script runs in the container, by `muster_inside`; where there is none yet, nothing of the user's runs that
 *   could be saved, and the script does not run.
 * @param workers the units that run the user's scripts: the script has ended before they are told to end.
 */
export function noticeLines(
  cloud: CloudNotice | undefined,
  isInside: boolean,
  workers: readonly string[],
): readonly string[] {
  const { ask, polls, shutdownS } = cloud ?? { polls: false, shutdownS: { interrupted: 0, asked: 0 } }
  return [
    "muster_noticed() {",
    ...(ask ?? ["return 1"]),
    "}",
    isInside ? IN_CONTAINER : `muster_tell() { muster_script ${SCRIPT}; }`,
    RUN,
    ...(ask !== undefined && polls ? [] : ["muster_polled() { return 1; }"]),
    ...(ask !== undefined && polls ? [POLLED] : []),
    WATCH,
    stopFunction(shutdownS),
    `muster_notice() {
case $1 in
run) muster_run_notice "$2" "$3" ;;
watch) muster_watch ;;
stop) muster_stop ;;
esac
}`,
    unitFunction(shutdownS.asked, workers),
  ]
}

/** The name of the script's file, in the guest's directory. */
export const NOTICE_FILE = "on-notice"

/** Writes the script beside the guest. */
export function noticeFile(onNotice: string): string {
  return hereDocument(`(umask 077; cat >${SCRIPT})`, onNotice)
}

const IN_CONTAINER = compact(`
  muster_tell() {
    [ -s "$muster_home/container" ] || exit 0
    . "$muster_home/environment"
    muster_inside ${SCRIPT} -e MUSTER_REASON -e MUSTER_SECONDS_LEFT
  }`)

/** Whoever comes second waits for the script that is running, as long as there is time. Then the machine may end, so all is told before. */
const RUN = compact(`
  muster_run_notice() {
    if mkdir "$muster_home/noticed" 2>/dev/null; then
      MUSTER_REASON=$1 MUSTER_SECONDS_LEFT=$2
      export MUSTER_REASON MUSTER_SECONDS_LEFT
      muster_mark "notice $1"
      (muster_tell) </dev/null >>"$muster_home/notice.log" 2>&1
      muster_code=$?
      muster_mark "notice ended $muster_code"
      echo "$muster_code" >"$muster_home/noticed/code"
    else
      muster_left=$2
      while [ ! -e "$muster_home/noticed/code" ] && [ "$muster_left" -gt 0 ]; do
        sleep 1
        muster_left=$((muster_left - 1))
      done
    fi
  }`)

const POLLED = 'muster_polled() { muster_left=$(muster_noticed) && muster_run_notice interrupted "$muster_left"; }'

const WATCH = compact(`
  muster_watch() {
    muster_wait=${MOST_WAIT_S}
    muster_lead=$(((MUSTER_DEADLINE - $(date +%s)) / 4))
    [ "$muster_lead" -le ${DEADLINE_NOTICE_S} ] || muster_lead=${DEADLINE_NOTICE_S}
    while [ ! -e "$muster_home/noticed" ]; do
      muster_left=$((MUSTER_DEADLINE - $(date +%s)))
      if [ "$muster_left" -le "$muster_lead" ]; then
        muster_run_notice deadline "$muster_left"
      else
        muster_polled || sleep "\${MUSTER_NOTICE_EVERY:-${NOTICE_EVERY_S}}"
      fi
    done
  }`)

/**
 * A unit is also stopped by hand, or when its package is upgraded: only a machine that shuts down ends. systemd's jobs tell that; its
 * state does not, because a machine that shuts down before its boot is finished is "starting". The end of a lease is told as the
 * deadline, because the cluster's time is over then as well.
 */
function stopFunction({ interrupted, asked }: CloudNotice["shutdownS"]): string {
  return compact(`
    muster_stop() {
      muster_wait=${LEAST_WAIT_S}
      [ ! -e "$muster_home/ending" ] || return 0
      case $(systemctl list-jobs | sed -n 's/^ *[0-9]* *\\([a-z]*\\)\\.target *start .*/\\1/p') in
        *reboot* | *kexec*) return 0 ;;
        *poweroff* | *halt*) ;;
        *) return 0 ;;
      esac
      if muster_left=$(muster_noticed); then
        muster_run_notice interrupted "\${muster_left:-${interrupted}}"
      elif muster_is_over; then
        muster_run_notice deadline ${asked}
      else
        muster_run_notice scaled-down ${asked}
      fi
    }
    muster_is_over() {
      for muster_at in "$MUSTER_DEADLINE" "$(cat "$muster_home/lease.end" 2>/dev/null)"; do
        [ -z "$muster_at" ] || [ "$muster_at" -gt "$(($(date +%s) + ${CLOSE_S}))" ] || return 0
      done
      return 1
    }`)
}

/** What is started last is stopped first, so it is after the units whose work it saves, and after docker. */
function unitFunction(stopS: number, workers: readonly string[]): string {
  return `muster_notice_unit() {
if ${HAS_SYSTEMD}; then
${SET_UNITS}
mkdir -p "$muster_units"
cat >"$muster_units/muster-notice.service" <<UNIT
[Unit]
Description=Tell the work of this instance that it ends
After=${["network.target", "docker.service", ...workers].join(" ")}
[Service]
ExecStart=/bin/sh $muster_home/guest notice watch
ExecStop=/bin/sh $muster_home/guest notice stop
RemainAfterExit=yes
TimeoutStopSec=${Math.max(1, stopS)}
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable muster-notice.service
systemctl start --no-block muster-notice.service
else
${detached('/bin/sh "$muster_home/guest" notice watch')}
fi
}`
}
