/** What the guest waits for before its work, in real shells: files, and secrets in memory. */
import { spawnSync } from "node:child_process"
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { userInfo } from "node:os"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type GuestCloud, guestProgram } from "../../src/guest/program.js"
import { exportLines } from "../../src/guest/steps/environment.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { prepareOf as onEc2, ec2 } from "../aws/support/cloud.js"
import { azureCloud, prepareOf as onAzure } from "../azure/support/cloud.js"
import { gce, prepareOf as onGce } from "../gcp/support/cloud.js"
import { textOf } from "../../src/guest/user-data.js"
import { isLong } from "../support/long.js"
import { type Machine, machine } from "./machine.js"

const OWNER: Owner = {
  ...{ cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, claim: "c" },
  deadline: "4102444800",
}
const GROUP: GroupRequest = {
  ...{ name: "g", environment: { PLAIN: "p" }, publicAddress: "auto", tags: {}, archs: [] },
  ...{ plantedKey: "ssh-ed25519 AAAA cluster", nonce: "0".repeat(64) },
}
const CLOUD: GuestCloud = {
  ...{ provider: "test", region: "r" },
  identity: ["MUSTER_NAME=w1 MUSTER_ID=i1", "export MUSTER_NAME MUSTER_ID"],
  end: ['echo "ended $1 $2" >>"$muster_root/called"'],
}
const hasBusybox = spawnSync("busybox", ["true"]).status === 0
/** All of them in the longer suites; without busybox it is left out: `apt-get install busybox-static`. */
const SHELLS = ["dash", ...(isLong ? ["bash", ...(hasBusybox ? ["/usr/bin/busybox sh"] : [])] : [])]

const HOSTILE = 'it\'s "5" $HOME `date` \\ \n größer 💥'
const FOLDER = "run/muster"

let place: Machine
beforeEach(async () => {
  place = await machine()
  // A guest is root, who may give files to others.
  if (process.getuid?.() !== 0) await place.command("chown")
  const { uid, gid } = userInfo()
  await mkdir(join(place.root, "etc/ssh"), { recursive: true })
  await mkdir(join(place.root, "home/muster"), { recursive: true })
  await writeFile(join(place.root, "etc/passwd"), `muster:x:${uid}:${gid}::/home/muster:/bin/sh\n`)
  await writeFile(join(place.root, "etc/ssh/ssh_host_ed25519_key.pub"), "ssh-ed25519 AAAAhost\n")
  await memory("tmpfs /run tmpfs rw 0 0\n")
})
afterEach(() => place.remove())

async function memory(mounts: string): Promise<void> {
  await mkdir(join(place.root, "proc"), { recursive: true })
  await mkdir(join(place.root, "run"), { recursive: true })
  await mkdir(join(place.root, "dev/shm"), { recursive: true })
  await writeFile(join(place.root, "proc/mounts"), `/dev/sda / ext4 rw 0 0\n${mounts}`)
}

async function start(group: Partial<GroupRequest>, shell: string, seconds = "600"): Promise<void> {
  const script = guestProgram(CLOUD, OWNER, { ...GROUP, ...group })
  await place.boot({ script, shell, environment: { MUSTER_SENT_S: seconds } })
}
/** As the owner does it: the guest, which looks all the time, finds no part of it. */
async function bring(name: string, text: string): Promise<void> {
  const path = join(place.root, FOLDER, name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
const begun = (step: string) =>
  expect.poll(() => place.marks(), { timeout: 60_000, interval: 20 }).toContain(`${step} begun`)
const log = () => place.read("var/lib/muster/boot.log")

describe.each(SHELLS)("in %s", (shell) => {
  test("the work begins once all is there, in the directory of the files, with the secrets", async () => {
    const startup = 'pwd; echo "$TOKEN|$PLAIN"; cat "$MUSTER_SECRETS"; exit 3'
    await start({ awaits: { files: true, secrets: ["TOKEN"] }, setup: 'echo "setup $TOKEN"', startup }, shell)
    await begun("files")
    expect((await stat(join(place.root, FOLDER))).mode & 0o777).toBe(0o700)
    expect(await log()).toBe("")
    await bring("secrets", `${exportLines({ TOKEN: HOSTILE }).join("\n")}\n`)
    expect(await place.marks()).not.toContain("files ended 0")
    await bring("files", "digest\n")
    expect(await place.done()).toBe("startup 3")
    const steps = ["identity", "limits", "access", "environment", "files", "secrets", "setup"]
    const order = steps.flatMap((step) => [`${step} begun`, `${step} ended 0`])
    const noted = (await place.marks()).filter((mark) => !mark.includes("noted"))
    expect(noted).toEqual([...order, "startup begun", "startup ended 3", "done startup 3"])
    expect(await log()).toContain(`setup ${HOSTILE}\n${join(place.root, "home/muster")}\n${HOSTILE}|p\n`)
  })
})

test("what cannot be brought fails the step with the owner's words, and nothing of the work runs", async () => {
  await start({ awaits: { files: true }, startup: "echo never" }, "dash")
  await begun("files")
  await bring("files.failed", "w1: No space left on device\n")
  expect(await place.done()).toBe("files 74")
  expect(await log()).toBe("muster: files could not be brought:\nw1: No space left on device\n")
})

test("what does not come ends the wait", async () => {
  await start(
    { awaits: { secrets: ["A"] }, startup: "echo never", whenDone: { success: "keep", failure: "replace" } },
    "dash",
    "0",
  )
  expect(await place.done()).toBe("secrets 75")
  expect(await log()).toContain("secrets did not come within 0 s: they are sent by the process that holds the cluster")
  await expect.poll(() => place.called()).toContain("ended secrets 75")
})

test.runIf(isLong)("secrets are written to no disk; files alone need no memory", async () => {
  await memory("/dev/sdb /run ext4 rw 0 0\n")
  await start({ awaits: { secrets: ["A"] }, startup: "echo never" }, "dash")
  expect(await place.done()).toBe("secrets 74")
  expect(await log()).toContain("is in memory (tmpfs), and secrets are written to no disk")
  await rm(join(place.root, "var/lib/muster/started"))
  await start({ awaits: { files: true }, startup: "echo ran" }, "dash", "0")
  expect(await place.done()).toBe("files 75")
  expect((await stat(join(place.root, "var/lib/muster/sent"))).isDirectory()).toBe(true)
})

test("/dev/shm is taken where /run is a disk, and a worker without work waits and stays", async () => {
  await memory("none /dev/shm tmpfs rw 0 0\n")
  await start({ awaits: { secrets: ["A"] } }, "dash")
  await begun("secrets")
  await writeFile(join(place.root, "dev/shm/muster/secrets"), "export A='1'\n")
  await expect.poll(() => place.marks(), { timeout: 60_000, interval: 20 }).toContain("secrets ended 0")
  expect((await place.marks()).filter((mark) => mark.startsWith("done"))).toEqual([])
  const environment = join(place.root, "var/lib/muster/environment")
  const { stdout } = spawnSync("sh", ["-c", '. "$0"; echo "$A $PLAIN"', environment], { encoding: "utf8" })
  expect(stdout).toBe("1 p\n")
})

const AWAITS = { files: true, secrets: ["TOKEN"] } as const
const CLOUDS = {
  ec2: async (group: Partial<GroupRequest>) =>
    Buffer.from(String((await onEc2(await ec2(), { environment: {}, ...group })).body.userData), "base64"),
  azure: async (group: Partial<GroupRequest>) =>
    Buffer.from(String((await onAzure(await azureCloud(), { environment: {}, ...group })).body.customData), "base64"),
  gce: async (group: Partial<GroupRequest>) => {
    const { body } = await onGce(await gce(), { environment: {}, ...group })
    const items = body.metadata as readonly { readonly key: string; readonly value: string }[]
    return Buffer.from(items.find(({ key }) => key === "startup-script")?.value ?? "")
  },
}

test.runIf(isLong).each(Object.entries(CLOUDS))(
  "on %s the steps are in user data where they are asked for alone",
  async (_, made) => {
    const access = { plantedKey: "ssh-ed25519 AAAA c", nonce: "0".repeat(64) }
    const text = textOf(await made({ startup: "true", ...access, awaits: AWAITS }))
    expect(text).toContain("muster_run files muster_await files")
    expect(text).toContain("muster_run secrets muster_await secrets")
    expect(textOf(await made({ startup: "true", ...access }))).not.toMatch(/muster_await |muster_sent|secrets/)
  },
)
