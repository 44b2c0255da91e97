/** The guest's program in real shells: what it does with scripts as people write them, and with machines as there are. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { markPrefix, verdictOn } from "../../src/guest/marks.js"
import { type GuestCloud, guestProgram } from "../../src/guest/program.js"
import type { GroupRequest, Owner } from "../../src/provider.js"
import { BASE, type Boot, type Machine, machine } from "./machine.js"
import { isLong } from "../support/long.js"

const OWNER: Owner = {
  cluster: "c",
  uid: "0123456789abcdef",
  owner: "o",
  generation: 1,
  deadline: "4102444800",
  claim: "c",
}
const GROUP: GroupRequest = { name: "g", environment: {}, publicAddress: "auto", tags: {}, archs: [] }
const CLOUD: GuestCloud = {
  provider: "test",
  region: "r",
  identity: ['MUSTER_NAME=$WORKER MUSTER_ID="it\'s"', "export MUSTER_NAME MUSTER_ID"],
  end: ['echo "ended $1 $2" >>"$muster_root/called"'],
}
const REPLACE = { success: "keep", failure: "replace" } as const

const hasBusybox = spawnSync("busybox", ["true"]).status === 0
/** Without busybox it is left out: `apt-get install busybox-static`. */
/** All of them in the longer suites. */
const SHELLS = ["dash", ...(isLong ? ["bash", ...(hasBusybox ? ["busybox sh"] : [])] : [])]

let place: Machine
beforeEach(async () => {
  place = await machine()
})
afterEach(() => place.remove())

const HOME = "var/lib/muster"
const log = () => place.read(`${HOME}/boot.log`)
const console = () => place.read("dev/console")
const verdict = async () => verdictOn(await console(), OWNER.uid)

async function start(group: Partial<GroupRequest>, how: Partial<Boot> = {}): Promise<void> {
  const shell = how.shell === "busybox sh" ? { shell: "/usr/bin/busybox sh" } : {}
  const environment = { WORKER: "w1", ...how.environment }
  const script = guestProgram(CLOUD, OWNER, { ...GROUP, ...group })
  await place.boot({ script, ...how, ...shell, environment })
}

/** Boots, and waits for the end of the work. */
async function boot(group: Partial<GroupRequest>, how: Partial<Boot> = {}): Promise<string> {
  await start(group, how)
  return place.done()
}

/** What the part that is not `boot` would be called with, by systemd or by a cloud. */
function again(how: Partial<Boot> = {}): Promise<number | null> {
  const environment = { WORKER: "w1", ...how.environment }
  return place.boot({ script: `exec /bin/sh "$MUSTER_ROOT/${HOME}/guest" again`, ...how, environment })
}

describe.each(SHELLS)("in %s", (shell) => {
  test("the steps come in their order, and what a script says before it fails is on the console", async () => {
    const group = { setup: "echo one", startup: "echo two; echo three >&2; exit 3", whenDone: REPLACE }
    expect(await boot(group, { shell })).toBe("startup 3")
    const steps = ["identity", "limits", "environment", "setup"].flatMap((step) => [`${step} begun`, `${step} ended 0`])
    const marks = [...steps, "startup begun", "startup ended 3", "done startup 3"]
    expect(await place.marks()).toEqual(marks)
    expect(await verdict()).toEqual({ step: "startup", exitCode: 3, tail: "two\nthree" })
    expect(await log()).toBe("one\ntwo\nthree\n")
    await expect.poll(() => place.called()).toContain("ended startup 3")
  })

  test("the environment is what was given, whatever is in it, and so are the names", async () => {
    const environment = {
      A: 'it\'s "5" $HOME `date` \\ \n größer 💥',
      IFS: "/",
      PATH: "/usr/bin:/bin",
      muster: "$(exit 9)",
    }
    const names = { cluster: "c'; exit 8; '", name: 'g"$(exit 7)' }
    const startup = `#!${process.execPath}\nconsole.log(JSON.stringify(process.env))\n`
    const script = guestProgram(
      CLOUD,
      { ...OWNER, cluster: names.cluster },
      { ...GROUP, name: names.name, environment, startup },
    )
    await start({}, { shell, script })
    expect(await place.done()).toBe("startup 0")
    const ours = { MUSTER_CLUSTER: names.cluster, MUSTER_GROUP: names.name, MUSTER_NAME: "w1", MUSTER_ID: "it's" }
    const found = JSON.parse(await log()) as Record<string, string>
    expect(found).toMatchObject({ ...environment, ...ours })
    expect(Object.keys(found).filter((name) => /^MUSTER_(?:ROOT|HOME|HOST|CONSOLE)$|^muster_/.test(name))).toEqual([])
  })

  test("a setup that fails is the end, and startup does not run", async () => {
    expect(await boot({ setup: "exit 4", startup: "echo never", whenDone: REPLACE }, { shell })).toBe("setup 4")
    expect([await log(), (await place.marks()).at(-1)]).toEqual(["", "done setup 4"])
  })

  test("a script that forks and ends has ended, and what it leaves goes on", async () => {
    const startup = '(until [ -e "$TEST/go" ]; do sleep 0.05; done; echo late) & echo early'
    expect(await boot({ startup, environment: { TEST: place.root } }, { shell })).toBe("startup 0")
    expect(await log()).toBe("early\n")
    await writeFile(join(place.root, "go"), "")
    await expect.poll(log).toBe("early\nlate\n")
  })

  test("a script that signals its own group ends itself alone", async () => {
    expect(await boot({ startup: "trap '' TERM; kill 0; trap - TERM; kill 0; sleep 9" }, { shell })).toBe("startup 143")
  })

  test("what it floods the log with is bounded, on disk and on the console", async () => {
    const startup = "echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last; exit 1"
    expect(await boot({ startup }, { shell })).toBe("startup 1")
    const { size } = await stat(join(place.root, HOME, "boot.log"))
    expect(size).toBeLessThan(3.1 * 2 ** 20)
    const { tail = "" } = (await verdict()) ?? {}
    expect(tail.split("\n").map((line) => line.length)).toEqual([400, 4])
    expect((await log()).startsWith("first\nxxx")).toBe(true)
  })
})

describe("output on the console", () => {
  test("has its last twenty lines, without control characters, and a progress bar as lines", async () => {
    const startup = `i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo "line $i"; done
printf '10%%\\r20%%\\r\\n\\n\\033[31mred\\033[0m\\007\\000 é\\n'; head -c 300 /dev/urandom | tr -d '\\n\\r'; echo; exit 2`
    await boot({ startup })
    const lines = ((await verdict())?.tail ?? "").split("\n")
    expect(lines).toHaveLength(20)
    expect(lines.slice(0, 1)).toEqual(["line 15"])
    expect(lines.slice(-4, -1)).toEqual(["10%", "20%", "[31mred[0m é"])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(await console()).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/)
  })

  test("is the step's alone", async () => {
    await boot({ setup: "echo of setup", startup: "echo of startup; exit 1" })
    expect((await verdict())?.tail).toBe("of startup")
  })

  test("goes to the serial port as well where that is not the console, and never twice to one", async () => {
    await mkdir(join(place.root, "sys/class/tty/console"), { recursive: true })
    await writeFile(join(place.root, "dev/ttyS0"), "")
    const active = (names: string) => writeFile(join(place.root, "sys/class/tty/console/active"), `${names}\n`)
    await active("ttyS0 tty0")
    await boot({ startup: "exit 1" })
    const serial = () => place.read("dev/ttyS0")
    expect([verdictOn(await serial(), OWNER.uid)?.exitCode, await serial()]).toEqual([1, await console()])
    const before = await serial()
    await active("tty0 ttyS0")
    await boot({ startup: "exit 1" }, { environment: { WORKER: "w2" } })
    expect([await serial(), (await console()).length > before.length]).toEqual([before, true])
  })

  test("that nobody reads keeps nothing from going on", async () => {
    spawnSync("sh", ["-c", `rm ${join(place.root, "dev/console")}; mkfifo ${join(place.root, "dev/console")}`])
    const environment = { MUSTER_CONSOLE_S: "0.5" }
    expect(await boot({ startup: "exit 5", whenDone: REPLACE }, { environment })).toBe("startup 5")
    await expect.poll(() => place.called()).toContain("ended startup 5")
  })
})

describe("a machine that lacks much", () => {
  test("no systemd, setsid, timeout, curl, awk or grep", async () => {
    const home = { setup: "echo one", startup: "exec >&2; echo two; exit 6", whenDone: REPLACE }
    expect(await boot(home, { commands: BASE })).toBe("startup 6")
    expect(await verdict()).toEqual({ step: "startup", exitCode: 6, tail: "two" })
  })

  test("an interpreter that is not there", async () => {
    expect(await boot({ startup: "#!/opt/none/python\nprint(1)\n" })).toBe("startup 127")
    expect((await verdict())?.tail).toContain("/opt/none/python")
  })

  test("an interpreter with one argument that has blanks, as the kernel passes it", async () => {
    expect(await boot({ startup: "#! \t/usr/bin/env  -S sh -c 'echo \"$0\"; exit 9'  \n" })).toBe("startup 9")
    expect(await log()).toBe(`${join(place.root, HOME, "startup")}\n`)
  })

  const canMount = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0

  /** In a mount namespace of its own, with the guest's directory on a file system of its own. */
  async function bootOn(
    options: string,
    startup: string,
  ): Promise<{ readonly status: string; readonly code: number | null }> {
    const home = join(place.root, HOME)
    const script = guestProgram(CLOUD, OWNER, { ...GROUP, startup, whenDone: REPLACE })
    await writeFile(join(place.root, "program"), script)
    await mkdir(home, { recursive: true })
    const inside = `mount -t tmpfs -o ${options} none ${home} && sh ${join(place.root, "program")}
n=0; while ! grep -q ' done ' ${home}/status && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.1; done; cat ${home}/status`
    const env = { PATH: `${join(place.root, "bin")}:${process.env.PATH ?? ""}`, MUSTER_ROOT: place.root, WORKER: "w1" }
    const { stdout, status } = spawnSync("unshare", ["-m", "sh", "-c", inside], { env, encoding: "utf8" })
    return { status: stdout, code: status }
  }

  test.skipIf(!canMount)(
    "a directory whose files may not be executed (where file systems can be mounted)",
    async () => {
      const { status } = await bootOn("noexec", '#!/usr/bin/env python3\nprint("ran")\nraise SystemExit(4)\n')
      expect(status).toContain("done startup 4\n")
      expect((await verdict())?.tail).toBe("ran")
    },
  )

  test.skipIf(!canMount)("a script that fills the disk (where file systems can be mounted)", async () => {
    // What fits into a file's last page needs no room: the status file's is filled, and the log has one.
    const startup = `cd "$(dirname "$0")"; echo begin
until [ -s boot.log ]; do sleep 0.1; done
printf '%*s\\n' $((4095 - $(wc -c <status))) x >>status; cat /dev/zero >full; echo end; exit 5`
    const { status } = await bootOn("size=600k", startup)
    expect(status).toMatch(/startup ended 5\n.*done startup 5\n$/)
    const tail = expect.stringMatching(/^begin\n.*No space left on device\nend$/) as string
    expect(await verdict()).toEqual({ step: "startup", exitCode: 5, tail })
    await expect.poll(() => place.called()).toContain("ended startup 5")
  })
})

describe("where systemd runs", () => {
  test("the work is a unit of this boot alone, and the boot does not wait for it", async () => {
    const startup = 'until [ -e "$TEST/go" ]; do sleep 0.05; done'
    await start({ startup, whenDone: REPLACE, environment: { TEST: place.root } }, { systemd: true })
    expect((await place.marks()).join()).not.toContain("done")
    const unit = await place.read("run/systemd/system/muster-work.service")
    for (const line of ["OOMPolicy=continue", "LimitNOFILE=65536:524288", "RemainAfterExit=yes", "TimeoutStopSec=20"]) {
      expect(unit.split("\n")).toContain(line)
    }
    expect(existsSync(join(place.root, "etc/systemd/system/muster-work.service"))).toBe(false)
    expect(await place.called()).toContain("systemctl enable muster-again.service")
    await writeFile(join(place.root, "go"), "")
    await place.done()
  })

  test("apt's upgrades wait until the work is done", async () => {
    await mkdir(join(place.root, "etc/apt/apt.conf.d"), { recursive: true })
    const work = `$(sed -n 's/^ExecStart=//p' "$MUSTER_ROOT/run/systemd/system/muster-work.service")`
    await place.command(
      "systemctl",
      `case "$*" in *muster-work.service) ${work} & ;; 'is-active apt-daily.service') echo activating; exit 3 ;; is-active*.service) exit 3 ;; esac`,
    )
    await boot({ startup: 'cp "$TEST/called" "$TEST/then"', environment: { TEST: place.root } }, { systemd: true })
    const timers = "apt-daily.timer apt-daily-upgrade.timer"
    const then = await place.read("then")
    for (const timer of timers.split(" ")) expect(then).toContain(`systemctl stop ${timer}\n`)
    expect(then).not.toContain(`start --no-block ${timers}`)
    await expect.poll(() => place.called()).toContain(`systemctl start --no-block ${timers}`)
    expect(await place.marks()).toContain("limits noted apt-daily-runs")
    expect(await place.read("etc/apt/apt.conf.d/90muster")).toBe('DPkg::Lock::Timeout "600";\n')
  })
})

describe("after a restart", () => {
  const startup = 'echo ran >>"$TEST/runs"; exit 0'
  const group = { startup, whenDone: { success: "end", failure: "replace" } as const }
  const runs = () => place.read("runs")
  const status = (text: string) => writeFile(join(place.root, HOME, "status"), text)

  test("scripts do not run again; an end that had not come comes now", async () => {
    await boot({ ...group, environment: { TEST: place.root } })
    await expect.poll(() => place.called()).toContain("ended startup 0")
    await again()
    expect(await runs()).toBe("ran\n")
    expect((await place.marks()).slice(-2)).toEqual(["done startup 0", "reboot ended 0"])
    expect((await place.called()).filter((line) => line === "ended startup 0")).toHaveLength(2)
  })

  test("one in the middle of a script is its end", async () => {
    await boot({ ...group, environment: { TEST: place.root } })
    await status("0 setup begun\n5 setup ended 0\n6 startup begun\n")
    await again()
    expect((await place.marks()).slice(-2)).toEqual(["reboot ended 0", "done startup 143"])
    expect(await verdict()).toMatchObject({ exitCode: 143, tail: "the machine was restarted in the middle of startup" })
    expect([await runs(), (await place.called()).at(-1)]).toEqual(["ran\n", "ended startup 143"])
  })

  test("an image that was made of a worker is another machine: its unit leaves it alone, its user data begin anew", async () => {
    await boot({ ...group, environment: { TEST: place.root } })
    await again({ environment: { WORKER: "w2" } })
    expect((await place.marks()).at(-1)).toBe("done startup 0")
    await start({ ...group, environment: { TEST: place.root } }, { environment: { WORKER: "w2" } })
    await expect.poll(runs).toBe("ran\nran\n")
  })
})

describe("what the end of the work does", () => {
  test.each([
    ["keep", 0, "keep", "keep", []],
    ["end at success", 0, "end", "keep", ["ended startup 0"]],
    ["replace at success", 0, "replace", "keep", ["ended startup 0"]],
    ["keep at failure", 1, "end", "keep", []],
    ["end at failure", 1, "keep", "end", ["ended startup 1"]],
  ] as const)("%s", async (_what, code, success, failure, called) => {
    await boot({ startup: `exit ${code}`, whenDone: { success, failure } }, { environment: { MUSTER_HOST: "" } })
    const ends = async () => (await place.called()).filter((line) => line.startsWith("ended"))
    if (called.length > 0) await expect.poll(ends).toEqual(called)
    else expect(await ends()).toEqual([])
  })

  test("on a machine of others nothing is changed, and the exit code is the work's", async () => {
    const script = guestProgram(CLOUD, OWNER, { ...GROUP, startup: "exit 7", scratch: "/s", whenDone: REPLACE })
    expect(await place.boot({ script, systemd: true, environment: { MUSTER_HOST: "skip" } })).toBe(7)
    expect(await place.marks()).toContain("limits skipped host")
    expect(await place.called()).toEqual([])
  })

  test("marks have the milliseconds since the start, and the cluster's prefix on the console", async () => {
    await boot({ startup: "sleep 0.3" })
    const last = (await place.read(`${HOME}/status`)).trim().split("\n").at(-1) ?? ""
    expect(Number(last.split(" ")[0])).toBeGreaterThanOrEqual(290)
    expect(await console()).toContain(`${markPrefix(OWNER.uid)}${last}\n`)
    expect(await readFile(join(place.root, HOME, "guest"), "utf8")).not.toContain("\n    ")
  })
})
