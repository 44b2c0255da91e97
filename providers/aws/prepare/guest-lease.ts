/**
 * A lease, as the guest keeps it: the tag `muster-lease`, which the owner renews, is read from instance metadata, and without
 * a word of the owner's until then the instance ends itself. No credentials are needed for it. Plain `sh`.
 */
import { detached, HAS_SYSTEMD, SET_UNITS, timerLines } from "../../../src/guest/timer.js"
import { TAG } from "../../../src/fleet/tags.js"

/** Four polls a lease see every renewal at its half; more than one poll a minute would see nothing new. */
const POLLS = 4
const MOST_EVERY_S = 60

/** A thousand that end at once should not all do it in the same second; the last poll before the end may find a renewal. */
const JITTER_SHARE = 10
const MOST_JITTER_S = 30

/**
 * The check runs from a file, with the address of the metadata as its argument: by a systemd timer, which outlives a
 * reboot, or else by a waiting shell. It keeps the end that it knows beside it; metadata that does not answer, or has no such tag yet,
 * changes nothing. It fails once it has ended the instance, so that the shell that repeats it stops.
 */
export function leaseScript(leaseSeconds: number, askMetadata: string): string {
  const everyS = Math.max(1, Math.min(MOST_EVERY_S, Math.floor(leaseSeconds / POLLS)))
  const jitterS = Math.min(MOST_JITTER_S, Math.floor(leaseSeconds / JITTER_SHARE))
  const timer = {
    name: "muster-lease",
    serviceIs: "End this instance when its lease is over",
    timerIs: "The instance's lease",
    service: ["Type=oneshot", "ExecStart=/bin/sh $muster_lease $muster_metadata"],
    when: [`OnActiveSec=${everyS}`, `OnUnitInactiveSec=${everyS}`],
  }
  return `
muster_lease="$muster_root/var/lib/muster/lease"
${SET_UNITS}
mkdir -p "$muster_root/var/lib/muster" "$muster_units"
echo $(($(date +%s) + ${leaseSeconds})) > "$muster_lease.end"
cat > "$muster_lease" <<'MUSTER_LEASE'
#!/bin/sh
muster_metadata=$1
${askMetadata}
muster_is_over() {
  muster_end=$(muster_ask tags/instance/${TAG.lease})
  case $muster_end in
    '' | *[!0-9]* | ?????????????*) ;;
    *) echo "$muster_end" > "$0.end" ;;
  esac
  [ "$(cat "$0.end")" -le "$(date +%s)" ]
}
muster_is_over || exit 0
sleep $(($(od -An -N2 -tu2 /dev/urandom || echo 0) % ${jitterS + 1}))
muster_is_over || exit 0
shutdown -P now || poweroff
exit 1
MUSTER_LEASE
if ${HAS_SYSTEMD}; then
${timerLines(timer).join("\n")}
else
  ${detached(`while sleep ${everyS}; do sh "$muster_lease" "$muster_metadata" || break; done`)}
fi`.trim()
}
