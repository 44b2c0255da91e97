/** The user data, run by real shells: the machine around it is a folder, its commands write down how they were called. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { guestScript } from "../../../providers/aws/prepare/guest.js"
import { systemClock } from "../../../src/calls/clock.js"
import { verdictOn } from "../../../src/guest/marks.js"
import type { GroupRequest } from "../../../src/provider.js"
import { BASE, type Machine, machine } from "../../guest/machine.js"
import { isLong } from "../../support/long.js"
import { lacking, titled } from "../../support/tools.js"
import { GROUP, OWNER } from "../support/cloud.js"

const run = promisify(execFile)

/** Debian's /bin/sh, and in the longer suites that of others. */
const SHELLS = isLong ? ["dash", "bash"] : ["dash"]

const [noCurl, noWget] = [lacking("curl"), lacking("wget")]

const INSTANCE_ID = "i-0123456789abcdef0"

let place: Machine
let root: string
let metadata: Server
let asked: string[]
/** The tag of this instance, as metadata shows it. */
let lease: string | undefined

beforeEach(async () => {
  place = await machine()
  root = place.root
  asked = []
  lease = undefined
  metadata = createServer((request, response) => {
    const token = request.headers["x-aws-ec2-metadata-token"]
    asked.push(`${request.method} ${request.url}`)
    if (request.method === "PUT" && request.url === "/latest/api/token") response.end("token-1")
    else if (token === "token-1" && request.url === "/latest/meta-data/instance-id") response.end(INSTANCE_ID)
    else if (
      token === "token-1" &&
      request.url === "/latest/meta-data/tags/instance/muster-lease" &&
      lease !== undefined
    )
      response.end(lease)
    else response.writeHead(401).end()
  })
  await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve))
})

afterEach(async () => {
  await new Promise((resolve) => metadata.close(resolve))
  await place.remove()
})

interface Booted {
  readonly group?: Partial<GroupRequest>
  readonly secondsLeft?: number
  /** The deadline comes before the work does. */
  readonly isOver?: boolean
  readonly systemd?: boolean
  readonly shell?: string
  readonly commands?: readonly string[]
}

/** Boots, and waits for the end of the startup where it has one. */
async function boot(booted: Booted = {}): Promise<{ readonly stdout: string; readonly called: readonly string[] }> {
  const { group = {}, secondsLeft = 3600, isOver = secondsLeft <= 0, systemd = true, shell = "dash", commands } = booted
  const deadline = String(Math.floor(systemClock.now() / 1000) + secondsLeft)
  const script = guestScript({ ...OWNER, deadline }, { ...GROUP, startup: "env", ...group }, "us-east-1")
  const environment = { MUSTER_METADATA_URL: address() }
  await place.boot({ script, shell, systemd, environment, ...(commands === undefined ? {} : { commands }) })
  if (!isOver) await place.done()
  return { stdout: await place.read("var/lib/muster/boot.log"), called: await place.called() }
}

const address = () => `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`

describe.each(SHELLS)("in %s", (shell) => {
  test.skipIf(noCurl !== undefined)(
    titled("the startup finds its environment, its id and its name", noCurl),
    async () => {
      const environment = { GREETING: "it's \"5 o'clock\" $HOME `date`\nand more" }
      const { stdout } = await boot({
        shell,
        group: {
          environment,
          startup:
            'printf "%s|" "$GREETING" "$MUSTER_INSTANCE" "$MUSTER_NAME" "$MUSTER_CLUSTER" "$MUSTER_GROUP" "$MUSTER_REGION"',
        },
      })
      expect(stdout.split("|")).toEqual([
        environment.GREETING,
        INSTANCE_ID,
        "default-9abcdef0",
        "render",
        "default",
        "us-east-1",
        "",
      ])
      expect(asked).toEqual(["PUT /latest/api/token", "GET /latest/meta-data/instance-id"])
    },
  )

  test("a timer on the wall clock powers it off at the deadline, also after a reboot", async () => {
    const { stdout, called } = await boot({ shell })
    const deadline = /MUSTER_DEADLINE=(\d+)/.exec(stdout)?.[1]
    expect(called.filter((line) => line.includes("deadline"))).toEqual([
      "systemctl enable muster-deadline.timer",
      "systemctl start muster-deadline.timer",
    ])
    const timer = await readFile(join(root, "etc/systemd/system/muster-deadline.timer"), "utf8")
    expect(timer).toContain(`OnCalendar=@${deadline}\n`)
    expect(timer).toContain("WantedBy=timers.target")
    const service = await readFile(join(root, "etc/systemd/system/muster-deadline.service"), "utf8")
    expect(service).toContain("ExecStart=/bin/sh -c 'shutdown -P now || poweroff'")
  })

  test("past the deadline it powers off at once", async () => {
    const { called } = await boot({ shell, secondsLeft: -5 })
    expect(called).toEqual(["shutdown -P now"])
  })

  test("a deadline that passes while the timer is made ends it all the same", async () => {
    const clock = 'grep -q "enable muster-deadline" "$MUSTER_ROOT/called" && exec /bin/date -d "2 hours" "$@"'
    await place.command("date", `${clock}\nexec /bin/date "$@"`)
    await boot({ shell, isOver: true })
    expect(await place.called()).toContain("shutdown -P now")
  })

  test("without systemd a shell waits for the deadline", async () => {
    await boot({ shell, systemd: false, secondsLeft: 2 })
    await expect.poll(() => place.called()).toEqual(["shutdown -P now"])
  })

  test("a startup in another language runs in that language, whatever lines it has", async () => {
    const startup = "#!/usr/bin/env node\nMUSTER_STARTUP = 1\nconsole.log(`\nMUSTER_STARTUP\n`.trim(), 6 * 7)"
    const { stdout } = await boot({ shell, group: { startup } })
    expect(stdout).toBe("MUSTER_STARTUP 42\n")
  })

  test("no startup is none", async () => {
    const { startup: _none, ...rest } = GROUP
    const script = guestScript(OWNER, rest, "us-east-1")
    await place.boot({ script, environment: { MUSTER_METADATA_URL: address() } })
    expect((await place.marks()).filter((mark) => /startup|done/.test(mark))).toEqual([])
  })

  test("a startup's exit code is in its marks, and the boot has none of it", async () => {
    await boot({ shell, group: { startup: "echo why; exit 7", whenDone: { success: "keep", failure: "keep" } } })
    expect((await place.marks()).slice(-3)).toEqual(["startup begun", "startup ended 7", "done startup 7"])
    expect(verdictOn(await place.read("dev/console"), OWNER.uid)).toEqual({ step: "startup", exitCode: 7, tail: "why" })
    expect(await place.called()).not.toContain("shutdown -P now")
  })

  test("an end that the group wants powers it off", async () => {
    await boot({ shell, group: { startup: "exit 7", whenDone: { success: "keep", failure: "replace" } } })
    await expect.poll(() => place.called()).toContain("shutdown -P now")
  })
})

describe.each(SHELLS)("a lease, in %s", (shell) => {
  const nowS = () => Math.floor(systemClock.now() / 1000)
  const ended = () =>
    readFile(join(root, "called"), "utf8").then(
      (text) => text.includes("shutdown -P now"),
      () => false,
    )

  /** What the timer calls: whether it left the instance alone. */
  async function check(): Promise<boolean> {
    const file = join(root, "var/lib/muster/lease")
    const env = { PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}` }
    return run(`/bin/${shell}`, [file, address()], { env }).then(
      () => true,
      () => false,
    )
  }

  test("is looked at by a timer, also after a reboot, and ends the instance when nobody has renewed it", async () => {
    const { called } = await boot({ shell, group: { leaseSeconds: 9 } })
    expect(called.filter((line) => line.includes("lease"))).toEqual([
      "systemctl enable muster-lease.timer",
      "systemctl start muster-lease.timer",
    ])
    const units = join(root, "etc/systemd/system")
    expect(await readFile(join(units, "muster-lease.timer"), "utf8")).toContain("OnUnitInactiveSec=2\n")
    const service = await readFile(join(units, "muster-lease.service"), "utf8")
    expect(service).toContain(`ExecStart=/bin/sh ${root}/var/lib/muster/lease ${address()}\n`)
    expect([await check(), await ended()]).toEqual([true, false])
    await writeFile(join(root, "var/lib/muster/lease.end"), String(nowS()))
    expect([await check(), await ended()]).toEqual([false, true])
  })

  const RENEWED = "that was renewed goes on until its new end, and one that metadata is silent about as it was"
  test.skipIf(noCurl !== undefined)(titled(RENEWED, noCurl), async () => {
    await boot({ shell, group: { leaseSeconds: 9 } })
    await writeFile(join(root, "var/lib/muster/lease.end"), "1")
    lease = String(nowS() + 600)
    expect(await check()).toBe(true)
    lease = undefined
    expect(await check()).toBe(true)
    for (const nonsense of ["soon", "", "$(touch /tmp/x)", "99999999999999999999", "-1"]) {
      lease = nonsense
      expect(await check()).toBe(true)
    }
    lease = String(nowS() - 1)
    expect([await check(), await ended()]).toEqual([false, true])
  })

  test("without systemd a shell looks, and stops when it has ended the instance", async () => {
    await boot({ shell, systemd: false, group: { leaseSeconds: 1 } })
    await expect.poll(ended).toBe(true)
  })
})

test("without metadata, cloud-init's own note tells the id", async () => {
  await new Promise((resolve) => metadata.close(resolve))
  metadata = createServer((_request, response) => void response.writeHead(403).end())
  await new Promise<void>((resolve) => metadata.listen(0, "127.0.0.1", resolve))
  await mkdir(join(root, "var/lib/cloud/data"), { recursive: true })
  await writeFile(join(root, "var/lib/cloud/data/instance-id"), "i-0aaaaaaaaaaaaaaa1\n")
  const { stdout } = await boot({ group: { startup: 'echo "$MUSTER_NAME"' } })
  expect(stdout).toBe("default-aaaaaaa1\n")
})

test.skipIf(noWget !== undefined)(titled("without curl, wget asks for the id", noWget), async () => {
  const commands = [...BASE, "wget"]
  const { stdout } = await boot({ commands, group: { startup: 'echo "$MUSTER_NAME"' } })
  expect(stdout).toBe("default-9abcdef0\n")
  expect(asked).toEqual(["PUT /latest/api/token", "GET /latest/meta-data/instance-id"])
})

test.skipIf(!existsSync("/usr/bin/systemd-analyze"))(
  "systemd reads the timer's moment (where there is systemd)",
  async () => {
    const { stdout } = await run("systemd-analyze", ["calendar", `@${OWNER.deadline}`])
    expect(stdout).toContain("2026-01-02 00:00:00 UTC")
  },
)
