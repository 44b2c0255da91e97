/** A notice on a worker, in real shells: the script runs once, whatever tells of the end, and how often. */
import { execFile, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { type CloudNotice, noticeFile, noticeLines } from "../../src/guest/notice.js"
import { systemClock } from "../../src/calls/clock.js"
import { folderForEachTest } from "../support/folder.js"
import { isLong } from "../support/long.js"

const run = promisify(execFile)

let root = ""
folderForEachTest((path) => {
  root = path
})

/** In one step: a shell that reads meanwhile finds all of it or nothing. */
async function put(name: string, text: string): Promise<void> {
  await writeFile(join(root, `${name}.new`), text)
  await rename(join(root, `${name}.new`), join(root, name))
}

const SHELLS: readonly (readonly [string, readonly [string, ...string[]]])[] = [
  ["dash", ["/bin/dash"]],
  ["bash", ["/bin/bash", "--posix"]],
  ["busybox sh", ["/bin/busybox", "sh"]],
]

/** It has a notice once the file "noticed-by-cloud" has the seconds. */
const CLOUD: CloudNotice = {
  ask: ['cat "$muster_root/noticed-by-cloud" 2>/dev/null'],
  polls: true,
  shutdownS: { interrupted: 30, asked: 90 },
}

/** What the guest's program has beside the notice's lines. */
const GUEST = [
  "muster_root=$MUSTER_ROOT muster_home=$MUSTER_ROOT/home",
  // The code says that all is told: the machine may be gone then.
  'muster_mark() { [ ! -e "$muster_home/noticed/code" ] || return; echo "$*" >>"$muster_home/marks"; }',
  'muster_script() { . "$muster_home/environment"; exec sh "$1"; }',
]

interface Guest {
  readonly shell: readonly [string, ...string[]]
  readonly home: string
  readonly deadline: string
  /** The arguments of `guest notice`. */
  notice(...words: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }>
  command(name: string, text: string): Promise<void>
  told(): string
}

async function guestOf(
  shell: readonly [string, ...string[]],
  secondsLeft = 3600,
  cloud: CloudNotice | undefined = CLOUD,
): Promise<Guest> {
  const home = join(root, "home")
  await mkdir(home)
  await mkdir(join(root, "bin"))
  const onNotice = 'echo "$A $MUSTER_REASON $MUSTER_SECONDS_LEFT" >>"$TOLD"; sleep 0.1; exit 4\n'
  const lines = [
    ...GUEST,
    ...noticeLines(cloud, false, ["muster-work.service"]),
    'case $1 in file) shift; "$@" ;; notice) shift; muster_notice "$@" ;; unit) muster_notice_unit ;; esac',
  ]
  await writeFile(join(home, "guest"), lines.join("\n"))
  await writeFile(join(home, "environment"), `export A="it's" TOLD='${join(root, "told")}'`)
  await writeFile(join(root, "write"), [...GUEST, noticeFile(onNotice)].join("\n"))
  const deadline = String(Math.floor(systemClock.now() / 1000) + secondsLeft)
  const env = {
    PATH: `${join(root, "bin")}:/usr/bin:/bin`,
    MUSTER_ROOT: root,
    MUSTER_DEADLINE: deadline,
    MUSTER_NOTICE_EVERY: "0.05",
  }
  const [program, ...words] = shell
  await run(program, [...words, join(root, "write")], { env })
  return {
    shell,
    home,
    deadline,
    notice: (...more) => run(program, [...words, join(home, "guest"), ...more], { env }),
    async command(name, text) {
      await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`)
      await chmod(join(root, "bin", name), 0o755)
    },
    told: () => (existsSync(join(root, "told")) ? readFileSync(join(root, "told"), "utf8") : ""),
  }
}

const SHUTS_DOWN =
  '[ "$1" != list-jobs ] || printf "JOB UNIT TYPE STATE\\n  12 a.service stop running\\n 345 poweroff.target start waiting\\n"'

describe.each(SHELLS.filter(([name]) => isLong || name === "dash"))("%s", (_name, shell) => {
  const here = test.skipIf(!existsSync(shell[0]))

  here("waits for the cloud's notice, and runs the script once with the time that is left", async () => {
    const guest = await guestOf(shell)
    const watching = guest.notice("notice", "watch")
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(guest.told()).toBe("")
    await put("noticed-by-cloud", "118\n")
    await watching
    expect(guest.told()).toBe("it's interrupted 118\n")
    expect(readFileSync(join(guest.home, "marks"), "utf8")).toBe("notice interrupted\nnotice ended 4\n")
    await guest.notice("notice", "watch")
    await guest.notice("notice", "run", "scaled-down", "10")
    expect(guest.told()).toBe("it's interrupted 118\n")
  })

  here("tells at a shutdown why: a notice, the deadline, or our own request", async () => {
    const guest = await guestOf(shell)
    await guest.command("systemctl", SHUTS_DOWN)
    await guest.notice("notice", "stop")
    expect(guest.told()).toBe("it's scaled-down 90\n")
  })

  here(
    "is silent where the machine restarts, where only its unit is stopped, and where the work has ended",
    async () => {
      const guest = await guestOf(shell)
      await guest.command("systemctl", SHUTS_DOWN.replace("poweroff", "reboot"))
      await guest.notice("notice", "stop")
      await guest.command("systemctl", "echo '1 multi-user.target start waiting'")
      await guest.notice("notice", "stop")
      await guest.command("systemctl", SHUTS_DOWN)
      await writeFile(join(guest.home, "ending"), "")
      await guest.notice("notice", "stop")
      expect(guest.told()).toBe("")
    },
  )
})

const DASH = ["/bin/dash"] as const

test("runs once where two tell of the end at once, and the second waits for the first", async () => {
  const guest = await guestOf(DASH)
  await Promise.all([
    guest.notice("notice", "run", "interrupted", "30"),
    guest.notice("notice", "run", "deadline", "30"),
  ])
  expect(guest.told()).toMatch(/^it's (interrupted|deadline) 30\n$/)
  expect(readFileSync(join(guest.home, "noticed/code"), "utf8")).toBe("4\n")
})

test("runs ahead of the deadline: by two minutes, or by a quarter of a short life", async () => {
  for (const [life, lead] of [
    [3600, 120],
    [100, 25],
  ] as const) {
    const guest = await guestOf(DASH, life)
    const end = Number(guest.deadline)
    await guest.command("date", `now=$(cat '${root}/now'); echo "$now" >>'${root}/read'; echo "$now"`)
    /** How often it has read this time. */
    const reads = (time: number) => {
      const text = existsSync(join(root, "read")) ? readFileSync(join(root, "read"), "utf8") : ""
      return text.split("\n").filter((line) => line === String(time)).length
    }
    await put("now", `${end - life}`)
    const watching = guest.notice("notice", "watch")
    await expect.poll(() => reads(end - life)).toBeGreaterThan(1)
    await put("now", `${end - lead - 1}`)
    await expect.poll(() => reads(end - lead - 1)).toBeGreaterThan(1)
    expect(guest.told()).toBe("")
    await put("now", `${end - lead}`)
    await watching
    expect(guest.told()).toBe(`it's deadline ${lead}\n`)
    await rm(join(guest.home, ".."), { recursive: true })
    await mkdir(root)
  }
})

test("tells an interruption that the machine hears of by its shutdown alone", async () => {
  const guest = await guestOf(DASH, 3600, { ...CLOUD, ask: ['[ -e "$muster_root/noticed-by-cloud" ]'], polls: false })
  await guest.command("systemctl", SHUTS_DOWN)
  await writeFile(join(root, "noticed-by-cloud"), "")
  await guest.notice("notice", "stop")
  expect(guest.told()).toBe("it's interrupted 30\n")
})

test("tells the deadline, and the end of a lease, at a shutdown", async () => {
  const guest = await guestOf(DASH, 30)
  await guest.command("systemctl", SHUTS_DOWN)
  await guest.notice("notice", "stop")
  expect(guest.told()).toBe("it's deadline 90\n")
})

test("tells the end of a lease as the deadline", async () => {
  const guest = await guestOf(DASH)
  await guest.command("systemctl", SHUTS_DOWN)
  await writeFile(join(guest.home, "lease.end"), String(Math.floor(systemClock.now() / 1000)))
  await guest.notice("notice", "stop")
  expect(guest.told()).toBe("it's deadline 90\n")
})

test("asks nothing of a cloud that has no notice before its shutdown", async () => {
  const guest = await guestOf(DASH, 3600, { ...CLOUD, polls: false })
  await writeFile(join(root, "noticed-by-cloud"), "10\n")
  const [program] = guest.shell
  const watching = spawn(program, [join(guest.home, "guest"), "notice", "watch"], {
    env: { PATH: "/usr/bin:/bin", MUSTER_ROOT: root, MUSTER_DEADLINE: "9999999999", MUSTER_NOTICE_EVERY: "0.05" },
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  watching.kill("SIGKILL")
  expect(guest.told()).toBe("")
})

test("has its unit stopped before the worker's, with the time that the cloud gives", async () => {
  const guest = await guestOf(DASH)
  await mkdir(join(root, "run/systemd/system"), { recursive: true })
  await guest.command("systemctl", `echo "$*" >>"${root}/called"`)
  await guest.notice("unit")
  const unit = readFileSync(join(root, "etc/systemd/system/muster-notice.service"), "utf8")
  expect(unit).toContain("After=network.target docker.service muster-work.service\n")
  expect(unit).toContain(`ExecStop=/bin/sh ${guest.home}/guest notice stop\n`)
  expect(unit).toContain("TimeoutStopSec=90\n")
  expect(readFileSync(join(root, "called"), "utf8")).toBe(
    "daemon-reload\nenable muster-notice.service\nstart --no-block muster-notice.service\n",
  )
})
