/** Head file: how a worker is told where the head of its engine is, when that has changed since its launch. Plain `sh`. Pure. */

/**
 * Takes a line from its standard input into the file that MUSTER_HEAD_FILE names. A worker reads that at any moment, so it is there as a
 * whole; where the connection breaks before the line has come, it stays as it was.
 */
export const TELL_HEAD = `[ -n "\${MUSTER_HEAD_FILE:-}" ] || exit 75
umask 022
IFS= read -r address || exit 74
printf '%s\\n' "$address" >"$MUSTER_HEAD_FILE.new" && mv -f "$MUSTER_HEAD_FILE.new" "$MUSTER_HEAD_FILE"`
