/** The step that lets the owner in: users and keys in a root of its own, and proofs as node:crypto makes them. */
import { existsSync } from "node:fs"
import { mkdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guestScript } from "../../providers/aws/prepare/guest.js"
import { markPrefix } from "../../src/guest/marks.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { hostKeyProof, hostKeysOn } from "../../src/remote/ssh/host-keys.js"
import { makeKeyPair } from "../../src/remote/ssh/keys.js"
import { type Machine, machine } from "./machine.js"
import { isLong } from "../support/long.js"

const OWNER: Owner = {
  ...{ cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, claim: "c" },
  deadline: "4102444800",
}
const NONCE = "0123456789abcdeffedcba98765432100123456789abcdef6666666666666666"
const own = makeKeyPair("muster-c").publicLine
const other = makeKeyPair("it's me").publicLine
const GROUP: GroupRequest = {
  ...{ name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] },
  ...{ plantedKey: own, nonce: NONCE, authorizedKeys: [other], startup: "true" },
}
const hostKeys = [makeKeyPair("root@a").publicLine, makeKeyPair("root@b").publicLine]
const blobOf = (line = "") => line.split(" ")[1] ?? ""

/** All of them in the longer suites. */
const SHELLS = ["/bin/dash", ...(isLong ? ["/bin/bash --posix", "/bin/busybox sh"] : [])]
/** useradd adds to these files of a root of its own, and asks for the right of root. */
const canAdd = process.getuid?.() === 0 && existsSync("/usr/sbin/useradd")

let place: Machine
beforeEach(async () => {
  place = await machine()
  await place.command("curl", "exit 7")
  await place.command("visudo")
  await writeFile(join(place.root, "instance-id"), "i-0123456789abcdef0")
  await mkdir(join(place.root, "etc/sudoers.d"), { recursive: true })
  await mkdir(join(place.root, "etc/ssh"))
  await writeFile(
    join(place.root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nops:x:1234:1234:Ops:/home/ops:/bin/sh\n",
  )
  await writeFile(join(place.root, "etc/group"), "root:x:0:\nops:x:1234:\n")
  await writeFile(join(place.root, "etc/shadow"), "root:*:1::::::\nops:*:1::::::\n")
  for (const [at, line] of hostKeys.entries()) {
    await writeFile(join(place.root, `etc/ssh/ssh_host_${at}_key.pub`), `${line}\n`)
  }
})
afterEach(() => place.remove())

describe.each(SHELLS)("%s", (shell) => {
  const here = test.skipIf(!existsSync(shell.split(" ")[0] ?? "") || process.getuid?.() !== 0)

  const adding = test.skipIf(!existsSync(shell.split(" ")[0] ?? "") || !canAdd)

  async function boot(group: Partial<GroupRequest>): Promise<void> {
    const script = guestScript(OWNER, { ...GROUP, ...group }, "r").replaceAll("/bin/sh ", `${shell} `)
    expect(await place.boot({ script, shell })).toBe(0)
    await place.done()
  }

  here("a user who is there gets the keys, once each, and sudo", async () => {
    const user = { user: "ops" }
    await mkdir(join(place.root, "home/ops/.ssh"), { recursive: true })
    await writeFile(join(place.root, "home/ops/.ssh/authorized_keys"), `${own}\n`)
    await boot(user)
    expect(await place.marks()).toContain("access ended 0")
    expect(await place.read("home/ops/.ssh/authorized_keys")).toBe(`${own}\n${other}\n`)
    const file = await stat(join(place.root, "home/ops/.ssh/authorized_keys"))
    expect([file.uid, file.gid, file.mode & 0o777]).toEqual([1234, 1234, 0o600])
    expect(await place.read("etc/sudoers.d/90-muster")).toBe("ops ALL=(ALL) NOPASSWD:ALL\n")
    expect(await place.called()).toContain(`visudo -cqf ${place.root}/var/lib/muster/sudoers`)
  })

  here("who may log in reads the variables once all of them are there", async () => {
    const file = "$MUSTER_ROOT/var/lib/muster/environment"
    const look = `[ ! -s "${file}" ] || grep -q "^export OWN=" "${file}" || echo part >>"$MUSTER_ROOT/seen"`
    await place.command("cat", `${look}\nexec /bin/cat "$@"`)
    await boot({ user: "ops", environment: { OWN: "1" } })
    expect(await place.read("seen")).toBe("")
    expect(await place.read("var/lib/muster/environment")).toContain("export OWN='1'\n")
    const { uid, gid, mode } = await stat(join(place.root, "var/lib/muster/environment"))
    expect([uid, gid, mode & 0o777]).toEqual([0, 1234, 0o640])
  })

  here("each host key is on the console, and has the proof that the owner expects", async () => {
    await boot({ user: "ops" })
    const proofs = hostKeys.map((line) => `${blobOf(line)} ${hostKeyProof(NONCE, blobOf(line))}\n`)
    expect(await place.read("var/lib/muster/host-keys")).toBe(proofs.join(""))
    const shown = hostKeysOn(await place.read("dev/console"), markPrefix(OWNER.uid))
    expect(shown.map(({ blob }) => blob)).toEqual(hostKeys.map(blobOf))
  })

  here("a sudo that would not be read is left out, and the step fails", async () => {
    await place.command("visudo", "exit 1")
    await boot({ user: "ops" })
    expect(await place.marks()).toContain("access ended 1")
    expect(existsSync(join(place.root, "etc/sudoers.d/90-muster"))).toBe(false)
  })

  adding("the user is made where there is none, without a password and without a lock", async () => {
    await boot({})
    expect(await place.marks()).toContain("access ended 0")
    expect(await place.read("etc/passwd")).toMatch(/^muster:x:\d+:\d+::\/home\/muster:/m)
    expect(await place.read("etc/shadow")).toMatch(/^muster:\*:/m)
    expect(await place.read("home/muster/.ssh/authorized_keys")).toBe(`${own}\n${other}\n`)
  })
})

test("without a key there is no step", () => {
  const { plantedKey: _, ...without } = GROUP
  expect(guestScript(OWNER, without, "r")).not.toContain("muster_access")
})
