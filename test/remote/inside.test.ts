/** The way into a worker's container: by the guest's own program, in the shells that machines have, and over a real sshd. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { programOf } from "../../src/guest/program.js"
import { type InsidePlace, insideRemote, NotUpError } from "../../src/remote/inside/inside.js"
import { enterWords } from "../../src/remote/inside/words.js"
import { localRemote } from "../../src/remote/local.js"
import { runCommand } from "../../src/remote/output.js"
import type { Remote } from "../../src/remote/remote.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { sshRemote } from "../../src/remote/ssh/remote.js"
import { group, owner } from "../guest/real/request.js"
import { type Docker, fakeDocker } from "../support/docker.js"
import { isLong, LONG } from "../support/long.js"
import { isAlive } from "../work/support/alive.js"
import { noSshd, PORT, startSshd } from "./support/sshd.js"

const SHELLS = ["/bin/dash", "/bin/bash", "/bin/busybox sh"].filter((shell) => isLong || shell === "/bin/dash")
const SECRET = "planted-7Qx9"
const worker = { worker: "w" }
const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)

let folder = ""
let home = ""
let docker: Docker
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-way-in-"))
  home = join(folder, "guest")
  mkdirSync(home)
  docker = await fakeDocker(join(folder, "docker"))
  mkdirSync(join(folder, "root"))
  writeFileSync(join(folder, "root/id"), "#!/bin/sh\necho 0\n", { mode: 0o755 })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Commands by root, as far as they ask `id`: who runs these tests may be another user. */
const machine: Remote = {
  ...here,
  spawn: (command, options = {}) => {
    const environment = { PATH: `${join(folder, "root")}:${process.env.PATH}`, ...options.environment }
    return here.spawn(command, { ...options, environment })
  },
}

/** As the guest has left it. @param shell runs its program. */
function machineOf(shell = "/bin/sh", isUp = true): void {
  const awaits = { secrets: ["TOKEN"] }
  const asked = group({ container: { image: "python:3.12", dockerArgs: [] }, awaits })
  const cloud = { provider: "aws", region: "eu-west-2", identity: [] }
  writeFileSync(join(home, "program"), programOf(cloud, owner(), asked))
  const set = `MUSTER_ROOT='${folder}' MUSTER_HOME='${home}' MUSTER_PATH='${docker.path}'`
  writeFileSync(join(home, "guest"), `${set} exec ${shell} '${home}/program' "$@"\n`)
  // The user's own variables may have any name.
  writeFileSync(join(home, "environment"), `export TOKEN=${SECRET} IFS=e PATH=/nowhere DOCKER_HOST=tcp://elsewhere\n`)
  writeFileSync(join(home, "status"), "1 container begun\n")
  if (isUp) up()
}

function up(): void {
  writeFileSync(join(home, "container"), "the-id")
  writeFileSync(join(docker.folder, "variables"), "export MODE=fast\n")
  writeFileSync(join(docker.folder, "up"), "")
}

function insideOf(remote: Remote, more: Partial<InsidePlace> = {}) {
  const place = { worker: "w", home, isShared: false, image: "python:3.12", patienceMs: 0, ...more }
  return insideRemote(remote, place, systemClock)
}

describe.each(SHELLS)("by %s", (shell) => {
  const tried = test.skipIf(!existsSync(shell.split(" ")[0] ?? ""))

  tried("commands run inside, with secrets; docker's own failures are told apart", async () => {
    machineOf(shell)
    const inside = insideOf(machine)
    const text = 'echo "$INSIDE $MODE $TOKEN $OWN"; cat; exit 69'
    const options = { environment: { OWN: "a\nb" }, stdin: "given", check: false }
    expect(await runCommand(inside, text, worker, options)).toMatchObject({
      stdout: `yes fast ${SECRET} a\nb\ngiven`,
      exitCode: 69,
    })
    const exec = docker.calls().find(([verb]) => verb === "exec")
    expect(exec?.slice(0, 5)).toEqual(["exec", "-i", "-e", "TOKEN", "the-id"])
    rmSync(join(docker.folder, "up"))
    await expect(runCommand(inside, "true", worker)).rejects.toThrow(/ended with exit code 3; \{ host: true \}/)
  })

  tried("a container that is not up yet is waited for, and one that will not come is an error", async () => {
    machineOf(shell, false)
    await expect(runCommand(insideOf(machine), "true", worker)).rejects.toThrow(NotUpError)
    let looks = 0
    const spawn: Remote["spawn"] = (...given) => {
      looks += 1
      if (looks === 2) up()
      return machine.spawn(...given)
    }
    const patient = insideOf({ ...machine, spawn }, { patienceMs: 60_000 })
    expect((await runCommand(patient, "echo up", worker)).stdout).toBe("up\n")
    rmSync(join(home, "container"))
    writeFileSync(join(home, "status"), "1 container begun\n2 container ended 125\n3 done container 125\n")
    const words = "the container could not be started: exit code 125; muster logs shows its words"
    await expect(runCommand(insideOf(machine), "true", worker)).rejects.toThrow(words)
    writeFileSync(join(home, "status"), "1 secrets ended 75\n3 done secrets 75\n")
    await expect(runCommand(insideOf(machine), "true", worker)).rejects.toThrow("secrets did not come")
    rmSync(join(home, "guest"))
    await expect(runCommand(insideOf(machine), "true", worker)).rejects.toThrow(NotUpError)
  })
})

test("whoever is not root becomes it by sudo, which is asked for no password", async () => {
  machineOf()
  const bin = join(folder, "bin")
  mkdirSync(bin)
  writeFileSync(join(bin, "id"), "#!/bin/sh\necho 1000\n", { mode: 0o755 })
  writeFileSync(join(bin, "sudo"), `#!/bin/sh\nprintf '%s\\n' "$1" >'${folder}/sudo'\nshift\nexec "$@"\n`, {
    mode: 0o755,
  })
  const spawn: Remote["spawn"] = (command, options = {}) =>
    machine.spawn(command, { ...options, environment: { PATH: `${bin}:${process.env.PATH}` } })
  expect((await runCommand(insideOf({ ...machine, spawn }), "cat", worker, { stdin: "in" })).stdout).toBe("in")
  expect(readFileSync(join(folder, "sudo"), "utf8")).toBe("-n\n")
})

test("a file of the machine goes inside whole, with its size", async () => {
  machineOf()
  writeFileSync(join(folder, "file"), Buffer.alloc(300_000, "é\n"))
  const before = `muster_file='${join(folder, "file")}'`
  const words = enterWords({ home, isShared: false }, ["/bin/sh", "-c", 'wc -c; echo "$1"', "sh"], before)
  expect((await runCommand(machine, words, worker)).stdout.split(/\s+/)).toEqual(["300000", "300000", ""])
})

const missing = isLong ? noSshd : LONG

test.skipIf(missing !== undefined)(
  `over a real sshd a command ends inside by an abort, and by the time it has${missing === undefined ? "" : ` (${missing})`}`,
  async () => {
    machineOf()
    const sshd = await startSshd(["127.0.23.1"], PORT)
    const connections = new Connections({ workers: () => 1 })
    onTestFinished(async () => {
      connections.close()
      await sshd.stop()
    })
    const { user, privateKey, hostKey } = sshd
    const server = { name: "w", host: "127.0.23.1", port: PORT, user, privateKey, hostKeys: [hostKey] }
    const inside = insideOf(sshRemote({ id: "w", way: { kind: "direct" }, server }, connections, systemClock))
    const ok = await runCommand(inside, "cat; echo $TOKEN >&2; exit 7", worker, { stdin: "in", check: false })
    expect(ok).toMatchObject({ stdout: "in", stderr: `${SECRET}\n`, exitCode: 7 })
    const flood = await runCommand(inside, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2", worker)
    expect([flood.stdout.length, flood.stderr.length]).toEqual([3_000_000, 3_000_000])
    const long = `printf '%s' "$TOKEN-" '${"it's\n".repeat(23_000).replaceAll("'", `'\\''`)}'; cat`
    const said = await runCommand(inside, long, worker, { stdin: "given", environment: { A: "b" } })
    expect(said.stdout).toBe(`${SECRET}-${"it's\n".repeat(23_000)}given`)
    for (const how of ["abort", "time"]) {
      const file = join(docker.folder, "inside", how)
      const abort = new AbortController()
      const limit = how === "abort" ? { signal: abort.signal } : { timeoutMs: 5000 }
      const running = runCommand(inside, `echo $$ >${how}; sleep 1000 & wait`, worker, limit)
      running.catch(() => {})
      await expect.poll(() => existsSync(file) && readFileSync(file, "utf8") !== "").toBe(true)
      if (how === "abort") abort.abort(new Error("enough"))
      await expect(running).rejects.toThrow(how === "abort" ? "enough" : /did not end within 5 s/)
      expect(isAlive(readFileSync(file, "utf8"))).toBe(false)
    }
    const spawned = await inside.spawn("trap '' TERM; echo up; sleep 1000")
    spawned.kill()
    spawned.kill("SIGKILL")
    expect(await spawned.ended).toEqual({ exitCode: 137, signal: "SIGKILL" })
  },
)
