#!/bin/sh
# The guest's program beside a real Docker, in namespaces of its own:
#
#   unshare --net --mount --pid --uts --fork --kill-child sh docker.sh PACKAGES FOLDER METADATA…
#
# PACKAGES is where Docker is unpacked. FOLDER has `user-data`, and gets `out/`: the guest's directory, and what Docker says of its
# container. The image `box:1` is a busybox; nothing can be pulled. The guest's root is a folder: its container is on this machine.
set -eu
packages=$1 folder=$2
shift 2
out=$folder/out
root=$folder/root
mkdir -p "$out" "$root/dev" "$root/var/lib" "$folder/image/bin" "$folder/docker"
: > "$root/dev/console"

mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
ip addr add 169.254.169.254/32 dev lo
"$@" 169.254.169.254 "$folder" > "$out/metadata.log" 2>&1 &

export PATH="$packages/usr/sbin:$packages/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export DOCKER_HOST=unix:///run/docker.sock
mount -t tmpfs tmpfs "$folder/docker"
dockerd -H "$DOCKER_HOST" --bridge none --iptables=false --ip6tables=false --data-root "$folder/docker" --exec-root /run/docker \
  --pidfile /run/docker.pid > "$out/dockerd.log" 2>&1 &
tries=300
until docker version > /dev/null 2>&1 && [ -e "$folder/listening" ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { tail -n 5 "$out/dockerd.log" >&2; exit 1; }
  sleep 0.1
done

cp "$packages/bin/busybox" "$folder/image/bin/busybox"
for name in sh cat env id ls sleep; do ln -s busybox "$folder/image/bin/$name"; done
tar -C "$folder/image" -c . | docker import -c 'ENV PATH=/bin' - box:1 > "$out/import.log"

env MUSTER_ROOT="$root" MUSTER_PATH="$PATH" MUSTER_PAUSE=0 sh "$folder/user-data" > "$out/boot" 2>&1
tries=600
until grep -q ' done ' "$root/var/lib/muster/status"; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || break
  sleep 0.1
done
docker ps -a --format '{{.Names}} {{.Image}} {{.Status}}' > "$out/containers"
cp -a "$root/var/lib/muster" "$root/dev/console" "$out"
