#!/bin/sh
# A daemon of Docker's for tests, in namespaces of its own, which end with it:
#
#   unshare --net --mount --pid --fork --kill-child --mount-proc sh dockerd.sh FOLDER NODE
#
# It listens at FOLDER/docker.sock. Nothing can be pulled; it has three images, which are made of this machine's busybox and the libraries
# that it and Node need: `plain:1`, `node:1` with NODE in it, and `bare:1`, where Node does not run for want of a library.
set -eu
folder=$1 node=$2
mount --make-rprivate /
mkdir -p "$folder/data" "$folder/exec"
mount -t tmpfs tmpfs "$folder/data"
ip link set lo up

image=$folder/image
mkdir -p "$image/bin" "$image/tmp" "$image/root" "$image/proc" "$image/work"
chmod 1777 "$image/tmp"
cp "$(command -v busybox)" "$image/bin/busybox"
for name in $("$image/bin/busybox" --list); do ln -sf busybox "$image/bin/$name"; done
for file in "$image/bin/busybox" "$node"; do
  ldd "$file" | sed -n 's/^.*=> \(\/[^ ]*\).*/\1/p; s/^\t*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p'
done | sort -u | while read -r library; do
  mkdir -p "$image$(dirname "$library")"
  cp -L "$library" "$image$library"
done

dockerd -H "unix://$folder/docker.sock" --bridge none --iptables=false --ip6tables=false --data-root "$folder/data" \
  --exec-root "$folder/exec" --pidfile "$folder/docker.pid" >"$folder/dockerd.log" 2>&1 &
export DOCKER_HOST="unix://$folder/docker.sock"
tries=300
until docker version >/dev/null 2>&1; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { tail -n 5 "$folder/dockerd.log" >&2; exit 1; }
  sleep 0.1
done
import() { tar -C "$image" -c . | docker import -c 'ENV PATH=/bin' -c 'WORKDIR /work' - "$1" >/dev/null; }
import plain:1
cp "$node" "$image/bin/node"
import node:1
rm "$image/bin/node"
find "$image" -name 'libstdc*' -exec rm {} +
import bare:1
rm -rf "$image"
: >"$folder/up"
wait
