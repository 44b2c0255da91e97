/**
 * Scratch: a folder for what needs not last, on the disks that are part of the machine. Plain `sh`. Pure.
 *
 * A disk counts by what it says of itself: EC2's NVMe instance store and Azure's local NVMe disks by their model ("Amazon EC2 NVMe
 * Instance Storage"; "Microsoft NVMe Direct Disk", azure-vm-utils' 80-azure-disk.rules), Compute Engine's local SSDs by the name that
 * its udev rules give them ("Add Local SSD disks to your VM"). Boot and data disks have other models and names. Of those that count,
 * only blank ones are used: without partitions, not part of another device, not mounted, and with nothing that `blkid` knows.
 */
import { compact, word } from "../text.js"

/** At most 12 letters, for XFS. */
const LABEL = "muster"

/**
 * `muster_scratch` mounts the folder, and sets MUSTER_SCRATCH. Several disks are striped where the image has `mdadm` or LVM; else the
 * first is used, and a mark says so. Without a disk it is a plain folder, which a mark says as well.
 *
 * @param path absolute, of letters that need no quotes.
 * @param parents folders on a temporary disk that the image has mounted itself: without another disk the folder is bound into the
 * first that is mounted.
 */
export function scratchStep(path: string, parents: readonly string[] = []): string {
  return [scratch(path), DISKS, FORMAT, bind(parents)].join("\n")
}

/** The same on a machine that is others' as well: a plain folder, whatever disks there are. */
export function scratchFolder(path: string): string {
  return compact(`
    muster_scratch() {
      MUSTER_SCRATCH="$muster_root"${word(path)}
      mkdir -p "$MUSTER_SCRATCH"
    }`)
}

function scratch(path: string): string {
  return compact(`
    muster_scratch() {
      MUSTER_SCRATCH="$muster_root"${word(path)}
      mkdir -p "$MUSTER_SCRATCH" || return
      [ "\${MUSTER_HOST:-}" != skip ] || return 0
      if muster_is_mounted "$MUSTER_SCRATCH"; then
        muster_mark scratch noted mounted-before
        return 0
      fi
      set -- $(muster_blank_disks)
      if [ $# -eq 0 ] || ! muster_format "$@"; then
        muster_bind || muster_mark scratch noted folder
      fi
      chmod 1777 "$MUSTER_SCRATCH"
    }
    muster_is_mounted() {
      while read -r muster_device muster_point muster_rest; do
        [ "$muster_device" != "$1" ] && [ "$muster_point" != "$1" ] || return 0
      done <"$muster_root/proc/mounts"
      return 1
    }`)
}

const DISKS = compact(`
  muster_local_disks() {
    for muster_block in "$muster_root"/sys/block/nvme*n*; do
      read -r muster_model 2>/dev/null <"$muster_block/device/model" || continue
      case $muster_model in
        'Amazon EC2 NVMe Instance Storage'* | 'Microsoft NVMe Direct Disk'*) echo "$muster_root/dev/\${muster_block##*/}" ;;
      esac
    done
    for muster_link in "$muster_root"/dev/disk/by-id/google-local-*; do
      case $muster_link in *-part*) continue ;; esac
      [ ! -e "$muster_link" ] || readlink -f "$muster_link"
    done
  }
  muster_blank_disks() {
    for muster_disk in $(muster_local_disks | sort -u); do
      muster_is_blank "$muster_disk" && echo "$muster_disk"
    done
  }
  # blkid: "If the specified device ... no information can be gathered ... exit code 2".
  muster_is_blank() {
    muster_block="$muster_root/sys/block/\${1##*/}"
    [ -e "$1" ] && [ -d "$muster_block" ] || return 1
    for muster_part in "$muster_block/\${1##*/}"* "$muster_block"/holders/*; do
      [ ! -e "$muster_part" ] || return 1
    done
    muster_is_mounted "$1" && return 1
    blkid -p "$1" >/dev/null 2>&1
    [ $? -eq 2 ]
  }`)

const FORMAT = compact(`
  muster_format() {
    muster_disk=$1
    if [ $# -gt 1 ]; then
      if command -v mdadm >/dev/null; then
        mdadm --create "$muster_root/dev/md/${LABEL}" --run --level=0 --raid-devices=$# "$@" &&
        muster_disk=$muster_root/dev/md/${LABEL}
      elif command -v lvcreate >/dev/null; then
        vgcreate -y ${LABEL} "$@" && lvcreate -y -i $# -l 100%FREE -n ${LABEL} ${LABEL} &&
        muster_disk=$muster_root/dev/${LABEL}/${LABEL}
      fi
      [ "$muster_disk" != "$1" ] || muster_mark scratch noted "1-of-$#-disks"
    fi
    if command -v mkfs.ext4 >/dev/null; then
      mkfs.ext4 -q -F -m 0 -E nodiscard -L ${LABEL} "$muster_disk"
    else
      mkfs.xfs -q -f -K -L ${LABEL} "$muster_disk"
    fi && mount -o noatime "$muster_disk" "$MUSTER_SCRATCH" || return
    echo "LABEL=${LABEL} $MUSTER_SCRATCH auto noatime,nofail 0 0" 2>/dev/null >>"$muster_root/etc/fstab"
    return 0
  }`)

function bind(parents: readonly string[]): string {
  return compact(`
    muster_bind() {
      for muster_parent in${parents.map((parent) => ` "$muster_root${parent}"`).join("")}; do
        muster_is_mounted "$muster_parent" || continue
        mkdir -p "$muster_parent/${LABEL}" && mount --bind "$muster_parent/${LABEL}" "$MUSTER_SCRATCH" || continue
        muster_mark scratch noted "in-$muster_parent"
        return 0
      done
      return 1
    }`)
}
