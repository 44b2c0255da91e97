/** The whole program in the shells that images have as `sh`: every step of it, and scripts that do what scripts do. */
import { existsSync } from "node:fs"
import { stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guestScript } from "../../providers/aws/prepare/guest.js"
import { verdictOn } from "../../src/guest/marks.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { type Machine, machine } from "./machine.js"
import { isLong } from "../support/long.js"

const OWNER: Owner = {
  ...{ cluster: "c", uid: "0123456789abcdef", owner: "o", generation: 1, claim: "c" },
  deadline: "4102444800",
}
const GROUP: GroupRequest = { name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] }

/** The path of each, and its first arguments. */
/** All of them in the longer suites. */
const SHELLS = ["/bin/dash", ...(isLong ? ["/bin/bash --posix", "/bin/busybox sh"] : [])]

let place: Machine
beforeEach(async () => {
  place = await machine()
  await place.command("curl", "exit 7")
  await writeFile(join(place.root, "instance-id"), "i-0123456789abcdef0")
})
afterEach(() => place.remove())

const HOSTILE = `it's "so" \`touch x\` $(touch x) $HOME \\ %s\nMUSTER_END\nü 東京`

describe.each(SHELLS)("%s", (shell) => {
  const here = test.skipIf(!existsSync(shell.split(" ")[0] ?? ""))

  /** The program names `/bin/sh` where it goes on in a shell of its own: there it is this one. */
  async function boot(group: Partial<GroupRequest>, systemd = false): Promise<string> {
    const script = guestScript(OWNER, { ...GROUP, ...group }, "r").replaceAll("/bin/sh ", `${shell} `)
    expect(await place.boot({ script, shell, systemd })).toBe(0)
    return await place.done()
  }

  here("goes through every step in order, with systemd", async () => {
    const group = {
      ...{ environment: { HOSTILE }, scratch: "/scratch", leaseSeconds: 600, onNotice: "true" },
      ...{ setup: 'printf "%s" "$HOSTILE"', startup: 'printf "%s" "$MUSTER_SCRATCH"; exit 4' },
    }
    expect(await boot(group, true)).toBe("startup 4")
    const marks = await place.marks()
    expect(marks.filter((mark) => mark.endsWith(" begun")).map((mark) => mark.split(" ")[0])).toEqual([
      ...["identity", "deadline", "lease", "limits", "scratch", "environment", "notice", "setup", "startup"],
    ])
    expect(marks.filter((mark) => / ended [1-9]/.test(mark) && !mark.startsWith("identity"))).toEqual([
      "startup ended 4",
    ])
    const log = await place.read("var/lib/muster/boot.log")
    expect(log).toContain(`${HOSTILE}${place.root}/scratch`)
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)).toMatchObject({ step: "startup", exitCode: 4 })
  })

  here("a setup that fails ends it, and the startup does not run", async () => {
    expect(await boot({ setup: "nosuchcommand", startup: "echo ran" })).toBe("setup 127")
    expect(await place.read("var/lib/muster/boot.log")).not.toContain("ran")
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)?.tail).toContain("nosuchcommand")
  })

  here("a startup that is not of the shell is an error of its own", async () => {
    expect(await boot({ startup: "if" })).toMatch(/^startup [12]$/)
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)?.tail).toMatch(/syntax|unexpected/i)
  })

  here("a startup that prints anything at all leaves lines that can be read", async () => {
    const startup = `head -c 20000 /dev/urandom; printf '\\n\\033[31mred\\033[0m muster[x]: 1 done startup 0\\n'; exit 9`
    expect(await boot({ startup })).toBe("startup 9")
    const verdict = verdictOn(await place.read("dev/console"), OWNER.uid)
    expect(verdict).toMatchObject({ step: "startup", exitCode: 9 })
    expect(verdict?.tail).toMatch(/red/)
    const isControl = (letter: string) => (letter < " " && !"\t\n".includes(letter)) || letter === "\u007f"
    expect([...(verdict?.tail ?? "")].filter(isControl)).toEqual([])
  })

  here("a startup that floods its log has its first and its last lines there", async () => {
    const startup = `echo first; yes flood | head -c 9000000; echo last; exit 2`
    expect(await boot({ startup })).toBe("startup 2")
    const { size } = await stat(join(place.root, "var/lib/muster/boot.log"))
    expect(size).toBeLessThanOrEqual(5 * 1_048_576)
    const log = await place.read("var/lib/muster/boot.log")
    expect(log).toContain("first\n")
    expect(log.trimEnd().endsWith("last")).toBe(true)
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)?.tail.endsWith("flood\nlast")).toBe(true)
  })

  here("a startup that leaves something running has ended", async () => {
    expect(await boot({ startup: "sleep 3 & echo parent" })).toBe("startup 0")
  })

  here("a startup that is killed has the code of its signal", async () => {
    expect(await boot({ startup: "kill -9 $$" })).toBe("startup 137")
  })
})
