/**
 * What a guest does when the machine boots a second time. Plain `sh`. Pure.
 *
 * The scripts of the user's run once. A restart in the middle of one ends it: its code is that of SIGTERM, which a restart sends. A
 * guest whose end had come, but that still is there, ends itself now. Deadline and lease are systemd's timers, and go on.
 */
import { compact } from "../text.js"
import { HAS_SYSTEMD, SET_UNITS } from "../timer.js"

/** 128 and SIGTERM. */
const RESTARTED = 143

/**
 * - `muster_is_again`: this instance has begun the work of the user's before.
 * - `muster_again` does what is to do then.
 * - `muster_again_unit` has it run at a later boot, where the cloud does not run its user data again.
 */
export function againFunctions(awaited: readonly string[]): string {
  const begun = ["container", "setup", "startup"]
  const steps = [...awaited, ...begun]
  return `${compact(`
  muster_is_again() {
    muster_was=
    read -r muster_was 2>/dev/null <"$muster_home/started"
    [ "$muster_was" = "$MUSTER_UID $MUSTER_NAME" ]
  }
  muster_again() {
    muster_last=$(grep -E ' (${[...steps, "done"].join("|")}) ' "$muster_home/status" | tail -n 1)
    muster_begin
    muster_find_consoles
    muster_mark "reboot ended 0"
    set -- $muster_last
    case "\${2:-} \${3:-}" in
      done\\ *) muster_finish "$3" "\${4:-1}" ;;
      'startup ended') muster_done startup "\${4:-1}" ;;
      ${steps.map((step) => `${step}\\ *`).join(" | ")})
        muster_say "$muster_prefix| the machine was restarted in the middle of $2"
        muster_done "$2" ${RESTARTED}
        ;;
    esac
  }
`)}
muster_again_unit() {
[ "\${MUSTER_HOST:-}" != skip ] && ${HAS_SYSTEMD} || return 0
${SET_UNITS}
mkdir -p "$muster_units"
cat >"$muster_units/muster-again.service" <<UNIT
[Unit]
Description=What this instance does when it boots again
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
ExecStart=/bin/sh $muster_home/guest again
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable muster-again.service
}`
}
