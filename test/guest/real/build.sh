#!/bin/sh
# Builds what the tests in this folder run on: `npm run real-guest`, as root, on Debian. It takes about 60 seconds, and is done once:
# the folder in .cache has this script's checksum in its name.
#
#   root/       a Debian with systemd, the real cloud-init and Google's script runner, to change the root into
#   disk.img    the same as a disk; kernel and initrd are beside it
#   packages/   Docker and a busybox, unpacked and not installed
#   done        written last
#
# Packages come from where this machine's own come from. Nothing on this machine is installed or started.
set -eu
cache=$(dirname "$0")/../../../.cache
folder=$cache/real-guest-$(sha256sum < "$0" | cut -c 1-8)
[ ! -e "$folder/done" ] || exit 0
packages=systemd,systemd-sysv,systemd-timesyncd,udev,dbus,cloud-init,linux-image-cloud-amd64,curl,ca-certificates,iproute2,netbase,procps
unpacked="docker.io containerd runc busybox-static google-guest-agent"

. /etc/os-release
[ "$ID" = debian ] || { echo "builds on Debian, not on $ID"; exit 1; }
sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=/etc/apt/sources.list

rm -rf "$cache"/real-guest-*
mkdir -p "$folder/packages"
folder=$(cd "$folder" && pwd)

apt-get -qq update
(cd "$folder/packages" && apt-get -qq -o APT::Sandbox::User=root download $unpacked)
for package in "$folder"/packages/*.deb; do
  dpkg-deb -x "$package" "$folder/packages"
  rm "$package"
done

# An emulated machine reads a small initrd sooner.
mmdebstrap --quiet --mode=root --format=directory --variant=minbase --include="$packages" \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
  --essential-hook='printf "MODULES=list\nCOMPRESS=gzip\n" > "$1/etc/initramfs-tools/conf.d/small"' \
  --essential-hook='printf "virtio_pci\nvirtio_blk\next4\n" > "$1/usr/share/initramfs-tools/modules.d/disk"' \
  "$VERSION_CODENAME" "$folder/root" "$sources"

root=$folder/root
cp "$folder/packages/usr/bin/google_metadata_script_runner" "$root/usr/bin/"
: > "$root/etc/machine-id"
printf 'LABEL=root / ext4 defaults 0 1\n' > "$root/etc/fstab"
# The metadata service is on the network of link-local addresses; no other address is needed.
mkdir -p "$root/etc/systemd/network"
printf '[Match]\nName=en* eth*\n[Network]\nAddress=169.254.0.15/16\nLinkLocalAddressing=no\n' > "$root/etc/systemd/network/10-any.network"
systemctl --root="$root" -q enable systemd-networkd
systemctl --root="$root" -q mask systemd-networkd-wait-online e2scrub_reap
printf 'network: {config: disabled}\nlocale: false\n' > "$root/etc/cloud/cloud.cfg.d/99-here.cfg"

cp "$root"/boot/vmlinuz-* "$folder/vmlinuz"
cp "$root"/boot/initrd.img-* "$folder/initrd"
mke2fs -q -t ext4 -L root -d "$root" "$folder/disk.img" 2G
: > "$folder/done"
