/**
 * Machines: a real sshd on each instance of a wire whose guests run (test/guest/world). It runs in namespaces of mounts and processes
 * of its own, where `/etc`, `/home`, `/run` and `/var/lib/muster` are those of the guest's machine: its users, its keys and its files are
 * what the guest has made of them. It listens on port 22 of the addresses that the wire tells of the instance, which are addresses of
 * this machine, and goes with the instance, with all that was started through it.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import type { WorldInstance } from "../../../src/simulator/index.js"
import type { PlaceOptions } from "../../guest/world/clouds.js"
import { listening, noSshd, SSHD } from "./sshd.js"

/** No two processes of this machine have the same: its first numbers are from that of the process. */
const NETWORK = `127.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}`

/** The address of an instance, or of another machine of the tests. @param last from 1 to 254. */
export function addressOf(last: number): string {
  return `${NETWORK}.${last}`
}

/** Where machines that are no instances have theirs. */
export const OTHERS = 200

/** Why these tests are skipped; undefined where they run. */
export async function noMachines(): Promise<string | undefined> {
  if (noSshd !== undefined) return noSshd
  if (process.getuid?.() !== 0) return "needs root: port 22, and users of an sshd's own"
  const { status } = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"])
  if (status !== 0) return "needs new namespaces of mounts and processes: a container with CAP_SYS_ADMIN"
  const server = createServer()
  const error = await new Promise<Error | undefined>((resolve) => {
    server.once("error", resolve).listen(22, addressOf(254), () => server.close(() => resolve(undefined)))
  })
  return error === undefined ? undefined : `port 22 is taken on all addresses here: ${error.message}`
}

/** What of this machine's configuration programs in the namespaces need. */
const SHARED = ["alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "profile", "bash.bashrc"]

const USERS = {
  passwd: "root:x:0:0:root:/root:/bin/bash\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n",
  group: "root:x:0:\nnogroup:x:65534:\n",
  shadow: "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n",
} as const

const LOG = "var/lib/muster/sshd.log"

const INSIDE = `
mount --bind "$1/etc" /etc && mount --bind "$1/home" /home && mount --bind "$1/root" /root &&
mount -t tmpfs tmpfs /var/lib && mkdir /var/lib/muster && mount --bind "$1/var/lib/muster" /var/lib/muster &&
mount --bind "$1/run" /run && mkdir -p /run/sshd && exec ${SSHD} -D -E /${LOG}`

export interface SshMachines extends Required<PlaceOptions> {
  /** Has the sshd of an instance show a new host key from now on: it is started anew, with a new log. */
  rekey(id: string): Promise<void>
  /** Where the sshd of an instance writes. */
  logPath(id: string): string
}

/** @param lastOf the last number of an instance's address, by its order; two instances may have had the same one after the other. */
export function sshMachines(lastOf: (order: number) => number = (order) => 2 * order - 1): SshMachines {
  const roots = new Map<
    string,
    { readonly root: string; readonly addresses: readonly string[]; server: ChildProcess }
  >()
  return {
    addresses: (order, kind) => addressOf(lastOf(order) + (kind === "public" ? 1 : 0)),
    beside: async ({ id, privateIp, publicIp }: WorldInstance, root) => {
      const addresses = [privateIp, publicIp].filter((address) => address !== undefined)
      makeImage(root, addresses)
      roots.set(id, { root, addresses, server: await startServer(root, addresses) })
      return () => void roots.get(id)?.server.kill("SIGKILL")
    },
    async rekey(id) {
      const machine = roots.get(id)
      if (machine === undefined) throw new Error(`no machine ${id}`)
      const { root, addresses, server } = machine
      await new Promise((resolve) => server.once("exit", resolve).kill("SIGKILL"))
      rmSync(join(root, LOG))
      makeHostKey(root)
      machine.server = await startServer(root, addresses)
    },
    logPath: (id) => join(roots.get(id)?.root ?? "", LOG),
  }
}

/** What an image has before its first boot, and the host key that its sshd makes then. */
function makeImage(root: string, addresses: readonly string[]): void {
  for (const path of ["etc/ssh", "home", "proc", "root", "run", "var/lib/muster"])
    mkdirSync(join(root, path), { recursive: true })
  for (const name of SHARED.filter((name) => existsSync(`/etc/${name}`)))
    cpSync(`/etc/${name}`, join(root, "etc", name), { recursive: true, verbatimSymlinks: true })
  for (const [name, text] of Object.entries(USERS)) writeFileSync(join(root, "etc", name), text)
  const lines = [
    ...addresses.map((address) => `ListenAddress ${address}:22`),
    ...["HostKey /etc/ssh/ssh_host_ed25519_key", "UsePAM no", "PasswordAuthentication no", "UseDNS no"],
    ...["KbdInteractiveAuthentication no", "LogLevel VERBOSE"],
  ]
  writeFileSync(join(root, "etc/ssh/sshd_config"), `${lines.join("\n")}\n`)
  // As an image has it; what is below the root is a disk of this machine.
  writeFileSync(join(root, "proc/mounts"), "tmpfs /run tmpfs rw,nosuid,nodev 0 0\n")
  makeHostKey(root)
}

function makeHostKey(root: string): void {
  const file = join(root, "etc/ssh/ssh_host_ed25519_key")
  rmSync(file, { force: true })
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "root@guest", "-f", file])
}

/** It ends with this process. */
async function startServer(root: string, addresses: readonly string[]): Promise<ChildProcess> {
  const words = ["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
  const server = spawn("setpriv", [...words, "/bin/sh", "-c", INSIDE, "sh", root], { stdio: "ignore" })
  const ended = new Promise<never>((_, reject) => {
    server.once("exit", (code) => reject(new Error(`the sshd of ${root} ended with ${code}`)))
  })
  ended.catch(() => {})
  await Promise.all(addresses.map((address) => listening(address, 22, ended)))
  return server
}

/** The addresses to which this process has connections at port 22, each once. */
export function sshTargets(): readonly string[] {
  const own = new Set(readdirSync("/proc/self/fd").flatMap((fd) => linkOf(`/proc/self/fd/${fd}`)))
  const rows = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
  const found = rows.flatMap(([, , remote = "", , , , , , , inode]) =>
    own.has(`socket:[${inode}]`) && remote.endsWith(":0016") ? [remote.slice(0, 8)] : [],
  )
  return [
    ...new Set(
      found.map((hex) =>
        (hex.match(/../g) ?? [])
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join("."),
      ),
    ),
  ]
}

function linkOf(path: string): readonly string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}
