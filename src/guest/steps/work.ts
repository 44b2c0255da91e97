/** Work: what runs of the user's on an instance, apart from the boot, and what its end does. Plain `sh`. Pure. */
import type { GroupRequest } from "../../provider.js"
import { compact, hereDocument } from "../text.js"
import { HAS_SYSTEMD } from "../timer.js"
import { hasChecks } from "./ready.js"
import { OPEN_FILES } from "./run.js"
import { awaitedSteps, hasAwaited } from "./sent.js"

/** systemd's own hard limit: what asks for more than the soft one may have it. */
const MOST_OPEN_FILES = 524_288

/** A script that ignores SIGTERM must not keep the machine from ending for long. */
const STOP_S = 20

type Scripts = Pick<GroupRequest, "setup" | "startup" | "container" | "awaits" | "ready" | "health">

/** Whether anything of the user's runs there, is waited for, or is looked at. */
export function hasWork(group: Scripts): boolean {
  return hasEnd(group) || hasAwaited(group.awaits) || hasChecks(group)
}

/** Whether anything of the user's runs there whose end is told. */
export function hasEnd({ setup, startup, container }: Scripts): boolean {
  return hasText(setup) || hasText(startup) || container !== undefined
}

function hasText(script: string | undefined): script is string {
  return script !== undefined && script.trim() !== ""
}

/**
 * `muster_start_work` has the work run in a unit of its own where systemd runs, so that a boot is over while it goes on. Elsewhere it
 * goes on by itself. With `MUSTER_HOST=skip` it runs in this process.
 *
 * The unit is in `/run`: it is of this boot alone. What a script leaves running goes on, because the unit stays when its shell has
 * ended. A process that is killed for want of memory ends no other one.
 */
export const START_WORK = `${compact(`
  muster_start_work() {
    printf '%s\\n' "$MUSTER_UID $MUSTER_NAME" >"$muster_home/started"
    [ "\${MUSTER_HOST:-}" != skip ] || muster_work
    if ${HAS_SYSTEMD}; then
      muster_work_unit
    elif command -v setsid >/dev/null; then
      setsid /bin/sh "$muster_home/guest" work </dev/null >/dev/null 2>&1 &
    else
      (trap '' HUP; exec /bin/sh "$muster_home/guest" work) </dev/null >/dev/null 2>&1 &
    fi
  }`)}
muster_work_unit() {
cat >"$muster_root/run/systemd/system/muster-work.service" <<UNIT
[Unit]
Description=What this instance was started for
[Service]
ExecStart=/bin/sh $muster_home/guest work
RemainAfterExit=yes
OOMPolicy=continue
LimitNOFILE=${OPEN_FILES}:${MOST_OPEN_FILES}
TasksMax=infinity
TimeoutStopSec=${STOP_S}
UNIT
systemctl daemon-reload
systemctl start --no-block muster-work.service
}`

/**
 * `muster_work` waits for what is sent, runs container, setup and startup in their order, and ends with the first that fails.
 * `muster_done STEP CODE` says how the work ended, and `muster_finish STEP CODE` does what the group wants then.
 */
export function workFunctions(group: Scripts & Pick<GroupRequest, "whenDone">): string {
  const { container, setup, startup, whenDone } = group
  const last = hasText(startup) ? "startup" : hasText(setup) ? "setup" : "container"
  // A container that is held open, or goes on beside nothing, has not ended when its step has.
  const isOpen = !hasEnd(group) || (last === "container" && container?.command === undefined)
  const ends = { success: whenDone?.success ?? "keep", failure: whenDone?.failure ?? "keep" }
  const finish = (action: string) => (action === "keep" ? ":" : 'muster_end_here "$1" "$2"')
  return [
    "muster_work() {",
    ...stepLines(group, last),
    isOpen ? "muster_release\nexit 0" : `muster_done ${last} $?`,
    "}",
    compact(`
      muster_done() {
        muster_mark "done $1 $2"
        muster_release
        muster_finish "$1" "$2"
        [ "\${MUSTER_HOST:-}" != skip ] || exit "$2"
        exit 0
      }
      muster_end_here() {
        printf '' >"$muster_home/ending"
        muster_end "$1" "$2"
      }
      muster_finish() {
        [ "\${MUSTER_HOST:-}" != skip ] || return 0
        if [ "$2" -eq 0 ]; then
          ${finish(ends.success)}
        else
          ${finish(ends.failure)}
        fi
      }`),
  ].join("\n")
}

/** @param last of them. What looks whether the worker is ready begins beside it, or after what only prepares. */
function stepLines(group: Scripts, last: "container" | "setup" | "startup"): readonly string[] {
  const { container, setup, startup, awaits } = group
  const awaited = awaitedSteps(awaits)
  const inside = container === undefined ? "muster_script" : "muster_in_container"
  const isLate = last === "setup" || (last === "container" && container?.command === undefined)
  const beside = (step: string) => (hasChecks(group) && step === last && !isLate ? "muster_beside " : "")
  return [
    ...(awaited.length === 0 ? [] : ["muster_open_sent || muster_sent="]),
    ...awaited.map((step) => `muster_run ${step} muster_await ${step} || muster_done ${step} $?`),
    ...(container === undefined
      ? []
      : [`muster_run container ${beside("container")}muster_start_container || muster_done container $?`]),
    ...(hasText(setup) ? [`muster_run setup ${inside} "$muster_home/setup" || muster_done setup $?`] : []),
    ...(hasText(startup) ? [`muster_run startup ${beside("startup")}${inside} "$muster_home/startup"`] : []),
    ...(hasChecks(group) && isLate ? ["muster_watch"] : []),
  ]
}

/** The user's scripts, by the names of their files in the guest's directory. */
export function scriptsOf({ setup, startup }: Scripts): readonly (readonly [string, string])[] {
  return [["setup", setup] as const, ["startup", startup] as const].flatMap(([name, script]) =>
    hasText(script) ? [[name, script] as const] : [],
  )
}

/** Writes them. */
export function scriptFiles(group: Scripts): readonly string[] {
  return scriptsOf(group).map(([name, script]) => hereDocument(`(umask 077; cat >"$muster_home/${name}")`, script))
}
