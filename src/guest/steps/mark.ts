/** Marks, as the guest writes them: to its status file, and to the consoles that its cloud keeps. Plain `sh`. Pure. */
import { markPrefix, TAIL_LINES } from "../marks.js"
import { compact, word } from "../text.js"

/** A console that takes nothing for so long is not written to any more. */
const CONSOLE_S = 5

/** Of one line of output on the console. */
export const LINE_BYTES = 400

/** Enough for the last lines of a step, as long as they may be. */
const TAIL_BYTES = 16_384

/**
 * The functions that write marks. `$muster_home` and `$muster_root` must be set.
 *
 * - `muster_mark WORDS…` writes a line to the status file and to the consoles, with the milliseconds since the guest's start.
 * - `muster_mark_at MS WORDS` is the same with other milliseconds.
 * - `muster_say TEXT` writes whole lines to the consoles. It never waits long for one.
 * - `muster_tail FROM` prints the end of the log after its first FROM bytes, ready for a console.
 *
 * `/dev/console` is what the kernel's command line names last. Where that is not the serial port, the clouds still read the
 * serial port; so it is written to as well. `MUSTER_CONSOLE` names others in their place, or none.
 */
export function markFunctions(uid: string): string {
  return `muster_prefix=${word(markPrefix(uid))}\n${FUNCTIONS}`
}

const FUNCTIONS = compact(`
  muster_log="$muster_home/boot.log"
  muster_now() {
    if read -r muster_up muster_rest 2>/dev/null </proc/uptime; then
      muster_ms=$((\${muster_up%.*} * 1000 + 1\${muster_up#*.}0 - 1000))
    else
      muster_ms=$(($(date +%s) * 1000))
    fi
    muster_ms=$((muster_ms - \${muster_from:-0}))
  }
  muster_begin() {
    muster_from=
    muster_now
    muster_from=$muster_ms
    printf '%s\\n' "$muster_from" >"$muster_home/begun"
  }
  muster_find_consoles() {
    if [ -n "\${MUSTER_CONSOLE+is}" ]; then
      muster_consoles=$MUSTER_CONSOLE
      return
    fi
    muster_consoles=
    muster_active=
    [ -e "$muster_root/dev/console" ] && muster_consoles=$muster_root/dev/console
    read -r muster_active 2>/dev/null <"$muster_root/sys/class/tty/console/active"
    case $muster_active in
      '' | ttyS0 | *' ttyS0') ;;
      *) [ -e "$muster_root/dev/ttyS0" ] && muster_consoles="$muster_consoles $muster_root/dev/ttyS0" ;;
    esac
  }
  # In a process of its own: who opens a terminal first may get it as the one that controls it.
  muster_put() {
    if [ -f "$1" ]; then
      printf '%s\\n' "$2" >>"$1"
    elif command -v timeout >/dev/null; then
      timeout "\${MUSTER_CONSOLE_S:-${CONSOLE_S}}" sh -c 'printf "%s\\n" "$2" >"$1"' sh "$1" "$2"
    else
      (printf '%s\\n' "$2" >"$1")
    fi 2>/dev/null </dev/null
  }
  muster_say() {
    [ -n "$1" ] || return 0
    muster_taking=
    for muster_device in $muster_consoles; do
      muster_put "$muster_device" "$1" && muster_taking="$muster_taking $muster_device"
    done
    muster_consoles=$muster_taking
  }
  muster_note() {
    printf '%s\\n' "$1" 2>/dev/null >>"$muster_home/status" && return
    rm -f "$muster_home/reserve"
    printf '%s\\n' "$1" 2>/dev/null >>"$muster_home/status"
  }
  muster_mark() {
    muster_now
    muster_mark_at "$muster_ms" "$*"
  }
  muster_mark_at() {
    muster_note "$1 $2"
    muster_say "$muster_prefix$1 $2"
  }
  muster_size() {
    muster_bytes=0
    [ ! -s "$muster_log" ] || muster_bytes=$(($(wc -c <"$muster_log")))
  }
  muster_tail() {
    muster_size
    muster_new=$((muster_bytes - $1))
    [ "$muster_new" -ge 0 ] && [ "$muster_new" -le ${TAIL_BYTES} ] || muster_new=${TAIL_BYTES}
    [ "$muster_new" -gt 0 ] || return 0
    LC_ALL=C
    export LC_ALL
    tail -c "$muster_new" "$muster_log" | tr '\\r' '\\n' | tr -d '\\000-\\010\\013-\\037\\177' | cut -c 1-${LINE_BYTES} |
    sed -e '/^[[:space:]]*$/d' | tail -n ${TAIL_LINES} | while IFS= read -r muster_line; do
      printf '%s| %s\\n' "$muster_prefix" "$muster_line"
    done
  }
`)
