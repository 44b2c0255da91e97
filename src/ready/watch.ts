/** Watch: one waiting command on a worker, which tells how that is as soon as it changes. */
import { StringDecoder } from "node:string_decoder"
import type { Remote } from "../remote/remote.js"
import { readBlock, type Report } from "./report.js"

/**
 * Prints a block at once, and another one whenever the status, the health or the check that fails has changed, for so many seconds; the
 * last one has its newest words. A block has the time since the guest's start as well. Of processes it starts one `sleep` a second:
 * what it looks at a shell reads itself. It ends by itself, whatever becomes of the connection.
 */
const WATCH = `h=$1 n=$2
look() {
c=0
while IFS= read -r l; do c=$((c+1)); done <"$h/status"
x= y=
read -r x <"$h/health"
read -r y <"$h/check.words"
} 2>/dev/null
clock() {
t=
read -r u r </proc/uptime && read -r b <"$h/begun" && t=$((\${u%.*} * 1000 + 1\${u#*.}0 - 1000 - b))
} 2>/dev/null
show() {
clock
if [ -e "$h/checked" ]; then echo "= checked"; else echo "= without"; fi
while IFS= read -r l; do printf 's %s\\n' "$l"; done <"$h/status"
printf 'h %s\\nt %s\\n' "$x" "$t"
while IFS= read -r l; do printf 'w %s\\n' "$l"; done <"$h/check.words"
echo .
} 2>/dev/null
look
was="$c $x $y"
show
while [ "$n" -gt 0 ]; do
sleep 1
n=$((n-1))
look
[ "$c $x $y" != "$was" ] || continue
was="$c $x $y"
show
done
[ ! -e "$h/check.words" ] || show`

export interface WatchOptions {
  /** The guest's directory on the worker, where the command runs. */
  readonly home: string
  readonly seconds: number
  readonly signal: AbortSignal
}

/**
 * Hears how a worker is until the time is over.
 *
 * @throws TransientError when the connection is lost, and what `Remote.spawn` throws.
 */
export async function watchOnce(
  remote: Remote,
  { home, seconds, signal }: WatchOptions,
  onReport: (report: Report) => void,
): Promise<{ readonly exitCode: number }> {
  const watching = await remote.spawn(["/bin/sh", "-c", WATCH, "sh", home, String(seconds)], { stdin: "", signal })
  watching.stderr.resume()
  const decoder = new StringDecoder("utf8")
  let text = ""
  watching.stdout.on("data", (bytes) => {
    text += decoder.write(Buffer.from(bytes))
    for (;;) {
      const end = text.indexOf("\n.\n")
      if (end < 0) return
      const report = readBlock(text.slice(0, end).split("\n"))
      text = text.slice(end + 3)
      if (report !== undefined) onReport(report)
    }
  })
  return watching.ended
}
