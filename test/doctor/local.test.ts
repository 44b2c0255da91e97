/** Doctor on this machine: whole, and on machines that lack something. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import * as looks from "../../providers/local/doctor/looks.js"
import { type MachineView, THIS_MACHINE } from "../../providers/local/doctor/machine-view.js"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { doctor } from "../../src/doctor.js"
import { one, shown } from "./support.js"

const directory = mkdtempSync(join(tmpdir(), "muster-doctor-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test("everything of this machine is looked at, and nothing of it fails", async () => {
  const root = join(directory, "state", "local")
  const report = await doctor(
    { provider: local({ root }) },
    { clock: systemClock, journal: join(directory, "journal"), env: { PATH: process.env.PATH } },
  )
  const checks = report.lines.map(({ check }) => check)
  const own = ["root", "home", "pid1", "proc", "cgroup", "ulimits", "loopback", "docker", "ssh"]
  expect(checks).toEqual(["node", "state", "proxy", "types", "prices", ...own, "leftovers"])
  expect(
    report.lines.filter(({ status }) => status === "fail").map(({ text }) => text),
    shown(report),
  ).toEqual([])
  expect(one(report, "types").text).toMatch(/^local-1/)
  expect(one(report, "root").text).toBe(`workers are kept in ${root}`)
})

const HERE: MachineView = {
  ...THIS_MACHINE,
  platform: "linux",
  pid: 77,
  home: () => "/home/me",
  read: () => Promise.resolve(""),
  whyNotWritable: () => Promise.resolve(undefined),
  find: (program) => Promise.resolve(`/usr/bin/${program}`),
  run: () => Promise.resolve("27.1\n"),
  whyNotListening: () => Promise.resolve(undefined),
}
const { signal } = new AbortController()
const nothing = () => Promise.resolve(undefined)

describe("a machine", () => {
  test("whose directories cannot be written", async () => {
    const view = { ...HERE, whyNotWritable: () => Promise.resolve("EACCES: permission denied") }
    expect(await looks.rootFinding("/var/x", view)).toMatchObject({
      status: "fail",
      text: "nothing can be kept in /var/x: EACCES: permission denied",
    })
    expect(await looks.homeFinding(view)).toMatchObject({ status: "warn", remedy: expect.stringContaining("HOME") })
    expect(await looks.homeFinding({ ...HERE, home: () => undefined })).toMatchObject({
      status: "warn",
      text: "this user has no home directory",
    })
  })

  test("whose number 1 this process is, or a shell", async () => {
    expect(await looks.parentFinding({ ...HERE, pid: 1 })).toMatchObject({
      status: "warn",
      remedy: "docker run --init",
    })
    expect(await looks.parentFinding({ ...HERE, read: () => Promise.resolve("tini\n") })).toEqual({
      status: "ok",
      text: "process 1 is tini",
    })
  })

  test("without /proc", async () => {
    expect(await looks.procFinding({ ...HERE, read: nothing })).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("mount"),
    })
    expect((await looks.procFinding({ ...HERE, platform: "darwin", read: nothing })).status).toBe("ok")
  })

  test("with less than a core", () => {
    expect(looks.shareFinding({ cores: 0.5, memoryBytes: 2 ** 30 })).toMatchObject({
      status: "warn",
      text: expect.stringContaining("0.5 of a core"),
    })
    expect(looks.shareFinding({})).toMatchObject({
      status: "ok",
      text: expect.stringMatching(/no control group limits it$/),
    })
  })

  const limits = (processes: string, files: string) =>
    [
      `Max processes             ${processes}  ${processes}  processes`,
      `Max open files            ${files}  4096  files`,
    ].join("\n")

  test.each([
    ["unlimited", "unlimited", ["ok unlimited open files, unlimited processes"]],
    ["96365", "1048576", ["ok 1048576 open files, 96365 processes"]],
    [
      "100",
      "256",
      ["warn a process may have 256 files open", "warn this user may have 100 processes; 256 workers may take 2048"],
    ],
  ])("with limits of %s processes and %s files", async (processes, files, lines) => {
    const found = await looks.limitFindings(256, { ...HERE, read: () => Promise.resolve(limits(processes, files)) })
    expect(found.map(({ status, text }) => `${status} ${text}`)).toEqual(lines)
  })

  test("whose loopback is down", async () => {
    const finding = await looks.loopbackFinding({ ...HERE, whyNotListening: () => Promise.resolve("EADDRNOTAVAIL") })
    expect(finding).toMatchObject({ status: "fail", text: "no server can listen at 127.1.0.254: EADDRNOTAVAIL" })
  })

  test("with docker, without it, and with one that does not answer", async () => {
    const dead = { ...HERE, run: () => Promise.reject(new Error("Cannot connect to the Docker daemon")) }
    expect(await looks.dockerFinding(HERE, true, signal)).toEqual({ status: "ok", text: "docker 27.1" })
    expect((await looks.dockerFinding({ ...HERE, find: nothing }, false, signal)).status).toBe("ok")
    expect((await looks.dockerFinding({ ...HERE, find: nothing }, true, signal)).status).toBe("fail")
    expect(await looks.dockerFinding(dead, false, signal)).toMatchObject({
      status: "warn",
      remedy: expect.stringContaining("group docker"),
    })
    expect((await looks.dockerFinding(dead, true, signal)).status).toBe("fail")
  })

  test("without ssh", async () => {
    expect(await looks.sshFinding({ ...HERE, find: nothing })).toMatchObject({
      status: "warn",
      text: "there is no ssh, no sshd",
    })
    expect((await looks.sshFinding(HERE)).text).toMatch(/^ssh at \/usr\/bin\/ssh, sshd at/)
  })
})

describe("the view of this machine", () => {
  test("finds programs, and says why a directory cannot be written", async () => {
    expect(await THIS_MACHINE.find("sh")).toMatch(/\/sh$/)
    expect(await THIS_MACHINE.find("no-such-program")).toBeUndefined()
    expect(await THIS_MACHINE.whyNotWritable(join(directory, "not", "yet"))).toBeUndefined()
    expect(await THIS_MACHINE.whyNotWritable(import.meta.filename)).toMatch(/is no directory$/)
    expect(await THIS_MACHINE.run("sh", ["-c", "echo hello"], signal)).toBe("hello\n")
    await expect(THIS_MACHINE.run("sh", ["-c", "echo why >&2; exit 3"], signal)).rejects.toThrow("why")
  })
})
