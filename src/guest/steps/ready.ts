/**
 * Ready: looks at what says that a worker is ready, and then that it is healthy. Plain `sh`. Pure.
 *
 * It goes on beside the work, from the moment when `startup` has begun, in a process of its own. The guest only tells: whoever holds
 * the cluster ends what is not ready in time, or is unhealthy.
 *
 * - The status file has `ready begun`, and `ready ended 0` once all checks have passed in one round: who flaps is ready then. After the
 *   time it has `ready ended CODE`, with the code of the check that failed last.
 * - `check.words` has that check's code and name, and the last lines that it has written.
 * - `health` has `healthy 0` or `unhealthy CODE`, once a check of health has changed that.
 *
 * Each try is ended after some seconds, with all that it has started. Of tools a machine needs what its checks need, and a check says
 * which that is where there is none.
 */
import { compact } from "../text.js"
import { type Checked, checkFunctions } from "./checks.js"
import { TAIL_LINES } from "../marks.js"
import { LINE_BYTES } from "./mark.js"

/** Between two tries: in the first minute, in the first five, and later. In seconds. */
const PAUSES_S = [1, 2, 5] as const

/** So many changes of health are in the status file; later ones only in `health`. */
const MOST_CHANGES = 50

export function hasChecks({ ready, health }: Pick<Checked, "ready" | "health">): boolean {
  return ready !== undefined || health !== undefined
}

/**
 * - `muster_watch` starts the looking, and returns at once.
 * - `muster_beside COMMAND…` does that and runs the command.
 * - `muster_ready` is what is started so, and `muster_check NUMBER` one try of one check.
 *
 * @param isShared the machine is others' as well: the worker has an address of its own, and the guest's settings are not exported.
 */
export function readyFunctions(group: Checked, isShared = false): readonly string[] {
  return [watchFunctions(isShared), ...checkFunctions(group, isShared), TRY, readyFunction(group)]
}

const watchFunctions = (isShared: boolean) =>
  compact(`
    muster_watch() {
      muster_size
      printf '%s\\n' "$muster_bytes" >"$muster_home/check.from"
      ${isShared ? 'MUSTER_ROOT="$muster_root" MUSTER_HOME="$muster_home" MUSTER_CONSOLE= MUSTER_HOST=skip ' : ""}/bin/sh "$muster_home/guest" ready </dev/null >/dev/null 2>&1 &
    }
    muster_beside() {
      muster_watch
      "$@"
    }`)

/**
 * A try is a session of its own where the machine has `setsid`: so all of it can be ended. The guard that ends it is ended first by
 * its number, in case it is not a session yet. Of the output the last lines are kept, however much there is. No try goes on for longer
 * than a worker has time to become ready: one that hangs would have no words in time. It is asked to end first: what keeps its last
 * lines does not hear that, and has a second to write them down.
 */
const TRY = compact(`
  muster_check() {
    trap : TERM
    { muster_check_of "$1"; printf '%s\\n' $? >"$muster_home/check.code"; } 2>&1 | (
      trap '' TERM
      tail -c 65536 | tr '\\r' '\\n' | tr -d '\\000-\\010\\013-\\037\\177' | tail -n ${TAIL_LINES} |
      cut -c 1-${LINE_BYTES} >"$muster_home/check.out"
    )
  }
  muster_try() {
    rm -f "$muster_home/check.code"
    muster_name_of "$1"
    if [ -n "\${muster_until_ms:-}" ]; then
      muster_now
      muster_left_s=$(((muster_until_ms - muster_ms) / 1000))
      [ "$muster_left_s" -ge 1 ] || muster_left_s=1
      [ "$muster_check_s" -le "$muster_left_s" ] || muster_check_s=$muster_left_s
    fi
    muster_setsid=$(command -v setsid)
    muster_group=\${muster_setsid:+-}
    $muster_setsid /bin/sh "$muster_home/guest" check "$1" </dev/null >/dev/null 2>&1 &
    muster_tried=$!
    $muster_setsid /bin/sh -c 'sleep "$1"; kill -TERM "$2"; sleep 1; kill -KILL "$2"' sh "\${MUSTER_TRY_S:-$muster_check_s}" "$muster_group$muster_tried" </dev/null >/dev/null 2>&1 &
    muster_guard=$!
    wait "$muster_tried"
    kill -KILL "$muster_guard"
    [ -z "$muster_group" ] || kill -KILL "-$muster_guard"
    wait "$muster_guard"
    muster_code=
    read -r muster_code <"$muster_home/check.code"
    if [ -z "$muster_code" ]; then
      kill -KILL "$muster_group$muster_tried"
      muster_code=124
      echo "muster: it did not end within $muster_check_s s" >>"$muster_home/check.out"
    fi
    return "$muster_code"
  } 2>/dev/null
  muster_round() {
    for muster_number; do
      muster_try "$muster_number" && continue
      {
        printf '%s %s\\n' "$muster_code" "$muster_check_name"
        cat "$muster_home/check.out"
      } >"$muster_home/check.new"
      mv "$muster_home/check.new" "$muster_home/check.words"
      return 1
    done
  }
  muster_tell_words() {
    [ -z "$muster_consoles" ] || muster_say "$(while IFS= read -r muster_line; do
      printf '%sready| %s\\n' "$muster_prefix" "$muster_line"
    done <"$muster_home/check.words")"
  }`)

function readyFunction({ ready, health }: Checked): string {
  const first = ready?.checks.map((_, at) => at).join(" ") ?? ""
  const after = health?.checks.map((_, at) => at + (ready?.checks.length ?? 0)).join(" ")
  return compact(`
    muster_ready() {
      rm -f "$muster_home/health" "$muster_home/check.words" "$muster_home/check.final"
      ${ready === undefined ? "" : `muster_become_ready ${first}`}
      ${health === undefined ? "" : `muster_stay_healthy ${after}`}
    }
    ${ready === undefined ? "" : becomeReady(ready.timeoutSeconds)}
    ${health === undefined ? "" : stayHealthy(health)}`)
}

const becomeReady = (timeoutSeconds: number) => `
  muster_become_ready() {
    muster_mark "ready begun"
    muster_until_ms=${timeoutSeconds * 1000}
    muster_rounds=0
    until muster_round "$@"; do
      muster_now
      if [ -e "$muster_home/check.final" ] || [ "$muster_ms" -ge "$muster_until_ms" ]; then
        muster_tell_words
        muster_mark "ready ended $muster_code"
        exit 0
      fi
      muster_rounds=$((muster_rounds + 1))
      if [ "$muster_rounds" -lt 60 ]; then sleep ${PAUSES_S[0]}
      elif [ "$muster_rounds" -lt 180 ]; then sleep ${PAUSES_S[1]}
      else sleep ${PAUSES_S[2]}
      fi
    done
    muster_until_ms=
    rm -f "$muster_home/check.words"
    muster_mark "ready ended 0"
  }`

const stayHealthy = ({ everySeconds, failures }: NonNullable<Checked["health"]>) => `
  muster_stay_healthy() {
    muster_row=0
    muster_was=healthy
    muster_changes=0
    while sleep ${everySeconds}; do
      if muster_round "$@"; then
        muster_row=0
        muster_is=healthy
      else
        muster_row=$((muster_row + 1))
        [ "$muster_row" -lt ${failures} ] || muster_is=unhealthy
      fi
      [ "\${muster_is:=healthy}" != "$muster_was" ] || continue
      muster_was=$muster_is
      printf '%s\\n' "$muster_is $muster_code" >"$muster_home/health.new"
      mv "$muster_home/health.new" "$muster_home/health"
      muster_changes=$((muster_changes + 1))
      [ "$muster_changes" -le ${MOST_CHANGES} ] || continue
      [ "$muster_is" = healthy ] || muster_tell_words
      muster_mark "health ended $muster_code"
    done
  }`
