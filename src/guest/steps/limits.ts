/** Limits: what of an image's defaults would get in the way of the work. Plain `sh`. Pure. */
import { compact } from "../text.js"
import { HAS_SYSTEMD } from "../timer.js"

/** Debian's and Ubuntu's own upgrades, which hold the lock of dpkg for minutes after a boot. */
const UPGRADES = "apt-daily.timer apt-daily-upgrade.timer"

/** apt waits so long for the lock instead of failing at once. */
const LOCK_S = 600

/** Kept for the status file: a script that fills the disk must not keep the guest from saying so. */
const RESERVE_BYTES = 65_536

/**
 * `muster_limits` holds the upgrades of the image back until the work is done, and has apt wait for the lock of one that has
 * begun. The open files are set where the work starts. `muster_release` lets the upgrades go on.
 */
export const LIMITS = compact(`
  muster_limits() {
    head -c ${RESERVE_BYTES} /dev/zero >"$muster_home/reserve"
    [ ! -d "$muster_root/etc/apt/apt.conf.d" ] ||
    echo 'DPkg::Lock::Timeout "${LOCK_S}";' 2>/dev/null >"$muster_root/etc/apt/apt.conf.d/90muster"
    ${HAS_SYSTEMD} || return 0
    muster_held=
    for muster_unit in ${UPGRADES}; do
      systemctl is-active --quiet "$muster_unit" && systemctl stop "$muster_unit" && muster_held="$muster_held $muster_unit"
      muster_state=$(systemctl is-active "\${muster_unit%.timer}.service")
      case $muster_state in activ*) muster_mark "limits noted \${muster_unit%.timer}-runs" ;; esac
    done
    printf '%s\\n' "$muster_held" >"$muster_home/held"
  }
  muster_release() {
    muster_held=
    read -r muster_held 2>/dev/null <"$muster_home/held"
    rm -f "$muster_home/held"
    [ -z "$muster_held" ] || systemctl start --no-block $muster_held
  }
`)
