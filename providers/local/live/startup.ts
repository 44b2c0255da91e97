/** Startup: what a walk's workers on this machine run, and what of it is read. */
import { pidOf } from "../client/host.js"

/** The process that stays has left its group and its session, and writes nowhere. */
export const STARTUP = `
echo "doctor address $MUSTER_ADDRESS:$MUSTER_PORT"
echo "doctor hello $MUSTER_NAME"
echo "doctor limits $(ulimit -n)"
echo "doctor variables $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p' | sort | tr '\\n' ' ')"
if [ -r /proc/self/stat ] && command -v setsid >/dev/null; then
  setsid sleep 600 </dev/null >/dev/null 2>&1 &
  stat=$(cat "/proc/$!/stat")
  start=$(echo "\${stat##*) }" | cut -d ' ' -f 20)
  echo "doctor process $! $start@$(cat /proc/sys/kernel/random/boot_id)"
fi
`

/** Those that are passed on, those of a shell itself, and Muster's own. */
const OWN = /^(PATH|HOME|LANG|TMPDIR|PWD|OLDPWD|SHLVL|_|MUSTER_[A-Z_]+)$/

/** Names of variables that nobody has promised. */
export function foreignVariables(names: string): readonly string[] {
  return names.split(" ").filter((name) => name !== "" && !OWN.test(name))
}

export function isIdentity(text: string): boolean {
  return pidOf(text) > 0
}
