#!/bin/sh
# One real machine, emulated: kernel, systemd, cloud-init and a disk, until it powers itself off.
#
#   unshare --net --pid --mount --fork --kill-child sh machine.sh BUILT FOLDER SECONDS METADATA…
#
# BUILT is what build.sh made. FOLDER has `user-data`, and gets `out/`: what came over the serial line, and what lies on the disk in
# the end. A machine that runs for SECONDS is killed. METADATA… starts the metadata service, which the machine finds at 169.254.169.254.
set -eu
built=$1 folder=$2 seconds=$3
shift 3
out=$folder/out
mkdir -p "$out"

ip link set lo up
"$@" 127.0.0.1 "$folder" > "$out/metadata.log" 2>&1 &
tries=100
until [ -e "$folder/listening" ]; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "the metadata service does not answer" >&2; exit 1; }
  sleep 0.1
done

cp --sparse=always "$built/disk.img" "$folder/disk.img"
serial=ec2a1b2c-0000-4000-8000-000000000001
power_on() {
  timeout -s KILL "$((end - $(date +%s)))" qemu-system-x86_64 -accel tcg -machine pc -cpu qemu64 -smp 1 -m 512 -vga none -display none \
    -monitor none -chardev "file,id=serial,path=$out/console,append=on" -serial chardev:serial -no-reboot \
    -smbios type=1,manufacturer="Amazon EC2",serial=$serial,uuid=$serial \
    -kernel "$built/vmlinuz" -initrd "$built/initrd" \
    -append "root=/dev/vda rw console=ttyS0 quiet no_timer_check mitigations=off random.trust_cpu=on" \
    -drive "file=$folder/disk.img,format=raw,if=virtio,cache=unsafe" -device virtio-rng-pci \
    -netdev user,id=net,net=169.254.0.0/16,host=169.254.169.254 -device virtio-net-pci,netdev=net,mac=52:54:00:aa:00:01
}

# A restart is a process of its own: a reset leaves more behind than a machine's does.
end=$(($(date +%s) + seconds))
code=0
boots=0
while [ "$code" = 0 ] && [ "$boots" -lt 3 ]; do
  power_on > "$out/qemu.log" 2>&1 || code=$?
  boots=$((boots + 1))
  grep -ao 'reboot: [A-Z].*' "$out/console" | tail -n 1 | grep -q Restarting || break
done
echo "$code" > "$out/code"
echo "$boots" > "$out/boots"
debugfs -R "rdump /var/lib/muster $out" "$folder/disk.img" > "$out/debugfs.log" 2>&1
debugfs -R "rdump /root $out" "$folder/disk.img" >> "$out/debugfs.log" 2>&1
