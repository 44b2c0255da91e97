#!/bin/sh
# One boot of cloud-init, or of Google's script runner, with its root changed into a Debian: no kernel, no systemd, all else real.
# In new namespaces of network, mounts, processes and names:
#
#   unshare --net --mount --pid --uts --fork --kill-child sh chroot.sh LOWER FOLDER CLOUD METADATA…
#
# LOWER is the root to be laid below; nothing is written there. FOLDER has `user-data` or `attributes.json` for the metadata service,
# which METADATA… starts, and gets `out/`: what the guest wrote. CLOUD is ec2, gce (user-data by cloud-init) or google (startup-script by
# the runner). A guest waits for /go where its script says so: the file is made when cloud-init has ended.
set -eu
lower=$1 folder=$2 cloud=$3
shift 3
out=$folder/out
mkdir -p "$out" "$folder/top"

mount --make-rprivate /
ip link set lo up
ip addr add 169.254.169.254/32 dev lo
"$@" 169.254.169.254 "$folder" > "$out/metadata.log" 2>&1 &
tries=100
until [ -e "$folder/listening" ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "the metadata service does not answer" >&2; exit 1; }
  sleep 0.1
done

# The upper layer is in memory: not every file system can be one.
mount -t tmpfs tmpfs "$folder/top"
mkdir "$folder/top/up" "$folder/top/work" "$folder/top/root" "$folder/top/sys"
root=$folder/top/root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/top/up,workdir=$folder/top/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/sys"
mount -t sysfs sysfs "$folder/top/sys"
mkdir -p "$root/sys/class/dmi/id" "$root/sys/class/net" "$root/sys/devices"
mount --bind "$folder/top/sys/class/net" "$root/sys/class/net"
mount --bind "$folder/top/sys/devices" "$root/sys/devices"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"

# A real terminal is its console.
script -qfc "tty > $folder/top/tty; exec sleep 1000" "$out/console" < /dev/null > /dev/null 2>&1 &
until [ -s "$folder/top/tty" ]; do sleep 0.05; done
: > "$root/dev/console"
mount --bind "$(cat "$folder/top/tty")" "$root/dev/console"

dmi=$root/sys/class/dmi/id
case $cloud in
  ec2)
    echo ec2a1b2c-0000-4000-8000-000000000001 | tee "$dmi/product_uuid" > "$dmi/product_serial"
    source=Ec2
    ;;
  *)
    echo "Google Compute Engine" > "$dmi/product_name"
    echo GoogleCloud-1 > "$dmi/product_serial"
    source=GCE
    ;;
esac
echo "127.0.0.1 localhost
169.254.169.254 metadata.google.internal metadata" > "$root/etc/hosts"
echo "datasource_list: [$source]" > "$root/etc/cloud/cloud.cfg.d/98-source.cfg"

# As the first process of a machine would start it.
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 chroot "$root" "$@"; }
keep() { [ ! -e "$root/$1" ] || cp -a "$root/$1" "$out/$2"; }

if [ "$cloud" = google ]; then
  inside google_metadata_script_runner startup > "$out/runner.log" 2>&1 || echo "runner $?" >> "$out/failed"
else
  for stage in init "modules --mode=config" "modules --mode=final"; do
    inside cloud-init $stage > "$out/stage.${stage##*=}" 2>&1 || echo "$stage $?" >> "$out/failed"
  done
  inside timeout 20 cloud-init status --wait --long > "$out/cloud-init" 2>&1 || echo "status $?" >> "$out/failed"
fi
# The work begins by itself: it may come a moment after the boot.
marked() {
  tries=200
  until grep -q "$1" "$root/var/lib/muster/status"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 0
    sleep 0.1
  done
}
if [ -e "$root/var/lib/muster/startup" ]; then
  marked ' startup begun'
  keep var/lib/muster/status status.before
  : > "$root/go"
  marked ' done '
fi
keep var/lib/muster muster
# A second boot: Google's runner starts the script at every one.
if [ "$cloud" = google ]; then
  inside google_metadata_script_runner startup > "$out/runner.again.log" 2>&1 || echo "runner again $?" >> "$out/failed"
  keep var/lib/muster/status status.again
fi
keep root root
keep var/log/cloud-init.log cloud-init.log
keep var/log/cloud-init-output.log cloud-init-output.log
[ ! -e "$root/pwned" ] || echo yes > "$out/pwned.there"
