/** Script: reads a guest's log from any byte on, and goes on as it grows. Plain `sh`, which runs where the log is. Pure. */
import { MARK_BYTES, PART_BYTES } from "../../guest/steps/log.js"
import { plainWord } from "../../guest/text.js"

/** Before the first byte: where in all that was ever written that is. */
export const HEADER = "muster-log"

/** A replaced log is seen so soon, in seconds. */
const LOOK_S = 1

/**
 * The first line is `muster-log FIRST UNCOUNTED`. Bytes are counted in all that was ever written, also where the log has lost some
 * of them. After `UNCOUNTED` bytes, which come from before the part that was dropped and from the line that says so, comes the byte
 * `FIRST`, and then all others in their order. `muster-log none`: there is no log. It ends when its input does, and when the log is
 * replaced: whoever reads asks again from where it stands.
 *
 * What is read is one file from beginning to end, whatever has its name meanwhile: `/proc` gives what is open by another name.
 */
const SCRIPT = `set -f
f=$1 from=$2 lines=$3 mode=$4
look() { set -- $(LC_ALL=C ls -linL "$1" 2>/dev/null); inode=\${1:-} size=\${6:-0}; }
exec 4<&0
(: <"$f") 2>/dev/null || { echo ${HEADER} none; exit 0; }
exec 3<"$f"
p=/proc/$$/fd/3
[ -e "$p" ] || p=$f
look "$p"
[ -n "$inode" ] || { echo ${HEADER} none; exit 0; }
file=$inode head=0 dropped=0
if [ "$size" -gt ${PART_BYTES} ]; then
mark=$(tail -c +${PART_BYTES + 2} "$p" | head -c 60 | LC_ALL=C sed -n '1s/^… \\([0-9]\\{1,\\}\\) bytes dropped …$/\\1/p')
[ -z "$mark" ] || dropped=$mark head=$((${MARK_BYTES} + \${#mark}))
fi
body=$((${PART_BYTES} + head)) first=$((${PART_BYTES} + dropped)) end=$((size - head + dropped))
if [ -n "$lines" ]; then pos=$((size - $(head -c "$size" "$p" | tail -n "$lines" | wc -c)))
elif [ -z "$from" ] || [ "$from" -gt "$end" ]; then pos=0
elif [ "$head" -eq 0 ] || [ "$from" -lt ${PART_BYTES} ]; then pos=$from
elif [ "$from" -lt "$first" ]; then pos=$body
else pos=$((body + from - first))
fi
if [ "$head" -eq 0 ]; then echo ${HEADER} "$pos" 0
elif [ "$pos" -lt "$body" ]; then echo ${HEADER} "$first" $((body - pos))
else echo ${HEADER} $((first + pos - body)) 0
fi
if [ "$mode" = once ]; then
tail -c +$((pos + 1)) "$p" | head -c $((size - pos))
exit 0
fi
tail -c +$((pos + 1)) -f "$p" 4<&- &
t=$!
cat <&4 >/dev/null &
c=$!
trap 'kill $t $c 2>/dev/null' EXIT
trap 'exit 0' TERM INT HUP
while kill -0 $t 2>/dev/null && kill -0 $c 2>/dev/null; do
sleep ${LOOK_S}
before=$size
look "$f"
[ "$inode" = "$file" ] && [ "$size" -ge "$before" ] || break
done`

export interface Reading {
  /** The first byte, of all that was ever written; left out: as `lines` says, or all that there is. */
  readonly from?: number | undefined
  /** How many lines of the end. */
  readonly lines?: number | undefined
  /** It goes on. */
  readonly isFollowed: boolean
}

/** @param path of the log. Where its reader may not read it, `sudo` does, which asks for nothing. */
export function logScript(path: string, { from, lines, isFollowed }: Reading): string {
  const given = [path, String(from ?? ""), String(lines ?? ""), isFollowed ? "follow" : "once"]
  const words = ["/bin/sh", "-c", SCRIPT, "muster-log", ...given].map(plainWord).join(" ")
  const mayRead = `[ ! -e ${plainWord(path)} ] || [ -r ${plainWord(path)} ]`
  return `if ${mayRead}; then exec ${words}; else exec sudo -n ${words}; fi`
}
