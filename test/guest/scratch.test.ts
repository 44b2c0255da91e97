/** Scratch, in real shells with stand-ins for what reads and changes disks. */
import { existsSync } from "node:fs"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type GuestCloud, guestProgram } from "../../src/guest/program.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { type Machine, machine } from "./machine.js"
import { isLong } from "../support/long.js"

const OWNER: Owner = { cluster: "c", uid: "u", owner: "o", generation: 1, deadline: "4102444800", claim: "c" }
const CLOUD: GuestCloud = {
  provider: "test",
  region: "r",
  identity: ["MUSTER_NAME=w1", "export MUSTER_NAME"],
  mounted: ["/mnt/resource", "/mnt"],
}

let place: Machine
beforeEach(async () => {
  place = await machine()
  for (const name of ["mount", "mkfs.ext4"]) await place.command(name)
  // What is blank has no line of its own here.
  await place.command("blkid", 'grep -q "^$2$" "$MUSTER_ROOT/known" 2>/dev/null && exit 0; exit 2')
  await put("proc/mounts", "/dev/root / ext4 rw 0 0\n")
  await put("etc/fstab", "")
})
afterEach(() => place.remove())

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(place.root, path)), { recursive: true })
  await writeFile(join(place.root, path), text)
}

async function disk(name: string, model: string): Promise<string> {
  await put(`sys/block/${name}/device/model`, `${model}          \n`)
  await put(`dev/${name}`, "")
  return join(place.root, "dev", name)
}

async function boot(shell = "dash"): Promise<readonly string[]> {
  const group: GroupRequest = {
    ...{ name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] },
    scratch: "/scratch",
    startup: 'echo "$MUSTER_SCRATCH"; ls -d "$MUSTER_SCRATCH"',
  }
  await place.boot({ script: guestProgram(CLOUD, OWNER, group), shell })
  expect(await place.done()).toBe("startup 0")
  const scratch = join(place.root, "scratch")
  expect(await place.read("var/lib/muster/boot.log")).toBe(`${scratch}\n${scratch}\n`)
  const called = await place.called()
  return called.filter((line) => /^(?:mount|mkfs|mdadm|vgcreate|lvcreate)/.test(line))
}

const noted = async () =>
  (await place.marks()).filter((mark) => mark.startsWith("scratch noted")).map((mark) => mark.slice(14))

const EC2 = "Amazon EC2 NVMe Instance Storage"
const scratch = () => join(place.root, "scratch")
const format = (path: string) => [
  `mkfs.ext4 -q -F -m 0 -E nodiscard -L muster ${path}`,
  `mount -o noatime ${path} ${scratch()}`,
]

describe.each(isLong ? ["dash", "bash", "busybox sh"] : ["dash"])("in %s", (shell) => {
  test("the one local disk is formatted and mounted, and the boot disk is not", async () => {
    await disk("nvme0n1", "Amazon Elastic Block Store")
    const local = await disk("nvme1n1", EC2)
    expect(await boot(shell)).toEqual(format(local))
    expect(await noted()).toEqual([])
    expect(await place.read("etc/fstab")).toBe(`LABEL=muster ${scratch()} auto noatime,nofail 0 0\n`)
  })

  test("several are striped by mdadm", async () => {
    const disks = [await disk("nvme1n1", EC2), await disk("nvme2n1", EC2)]
    await place.command("mdadm")
    const md = join(place.root, "dev/md/muster")
    expect(await boot(shell)).toEqual([
      `mdadm --create ${md} --run --level=0 --raid-devices=2 ${disks.join(" ")}`,
      ...format(md),
    ])
  })
})

const hasMdadm = ["/sbin/mdadm", "/usr/sbin/mdadm"].some((path) => existsSync(path))

test.skipIf(hasMdadm)("several are striped by LVM where there is no mdadm", async () => {
  const disks = [await disk("nvme1n1", EC2), await disk("nvme2n1", EC2)]
  for (const name of ["vgcreate", "lvcreate"]) await place.command(name)
  const calls = await boot()
  expect(calls.slice(0, 2)).toEqual([
    `vgcreate -y muster ${disks.join(" ")}`,
    "lvcreate -y -i 2 -l 100%FREE -n muster muster",
  ])
  expect(calls.slice(2)).toEqual(format(join(place.root, "dev/muster/muster")))
})

test.skipIf(hasMdadm)("without either the first is used, and that is said", async () => {
  const first = await disk("nvme1n1", EC2)
  await disk("nvme2n1", EC2)
  expect(await boot()).toEqual(format(first))
  expect(await noted()).toEqual(["1-of-2-disks"])
})

test.each([
  ["a file system", () => put("known", `${join(place.root, "dev/nvme1n1")}\n`)],
  ["a partition", () => put("sys/block/nvme1n1/nvme1n1p1/start", "1")],
  ["a device above it", () => put("sys/block/nvme1n1/holders/md0/x", "")],
  ["a place where it is mounted", () => put("proc/mounts", `${join(place.root, "dev/nvme1n1")} /data ext4 rw 0 0\n`)],
  ["a blkid that cannot read it", () => place.command("blkid", "exit 4")],
])("a disk with %s is left alone", async (_what, happen) => {
  await disk("nvme1n1", EC2)
  await happen()
  expect(await boot()).toEqual([])
  expect(await noted()).toEqual(["folder"])
})

test("local disks of the other clouds count, their network disks do not", async () => {
  await disk("nvme0n1", "MSFT NVMe Accelerator v1.0")
  const azure = await disk("nvme1n1", "Microsoft NVMe Direct Disk v2")
  expect(await boot()).toEqual(format(azure))
})

test("local SSDs of Compute Engine are known by their names", async () => {
  const local = await disk("sdb", "EphemeralDisk")
  await disk("sda", "PersistentDisk")
  await mkdir(join(place.root, "dev/disk/by-id"), { recursive: true })
  await symlink("../../sdb", join(place.root, "dev/disk/by-id/google-local-ssd-0"))
  await symlink("../../sda", join(place.root, "dev/disk/by-id/google-boot"))
  expect(await boot()).toEqual(format(local))
})

test("without a disk the folder is bound into the temporary disk that the image has mounted", async () => {
  const parent = join(place.root, "mnt")
  await put("proc/mounts", `/dev/sdb1 ${parent} ext4 rw 0 0\n`)
  expect(await boot()).toEqual([`mount --bind ${parent}/muster ${scratch()}`])
  expect(await noted()).toEqual([`in-${parent}`])
})

test("where something is mounted there already, it is used", async () => {
  await disk("nvme1n1", EC2)
  await put("proc/mounts", `/dev/sdc ${scratch()} ext4 rw 0 0\n`)
  expect(await boot()).toEqual([])
  expect(await noted()).toEqual(["mounted-before"])
})

test("a disk that cannot be formatted leaves a folder", async () => {
  await disk("nvme1n1", EC2)
  await place.command("mkfs.ext4", "exit 1")
  expect((await boot()).filter((line) => line.startsWith("mount"))).toEqual([])
  expect(await noted()).toEqual(["folder"])
})
