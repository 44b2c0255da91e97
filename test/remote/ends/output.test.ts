/** Who stops reading what a command writes: the command's end is told all the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { insideRemote } from "../../../src/remote/inside/inside.js"
import { localRemote } from "../../../src/remote/local.js"
import { runCommand } from "../../../src/remote/output.js"
import type { Remote } from "../../../src/remote/remote.js"
import { Connections } from "../../../src/remote/ssh/connections.js"
import { sshRemote } from "../../../src/remote/ssh/remote.js"
import { runHere } from "../../../src/session/engine/client/run.js"
import { noSshd, PORT, type Sshd, startSshd } from "../support/sshd.js"

const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)

/** Reads one piece of a stream and leaves it. */
async function left(remote: Remote, command: string, stream: "stdout" | "stderr" = "stdout") {
  const process = await remote.spawn(command, { stdin: "" })
  process[stream === "stdout" ? "stderr" : "stdout"].resume()
  for await (const _piece of process[stream]) break
  return process
}

test("of a worker of this machine", async () => {
  expect(await (await left(here, "echo hello; sleep 0.1; exit 3")).ended).toEqual({ exitCode: 3 })
})

test("who throws at what it hears ends the command, or the program here, and has that error", async () => {
  const onOutput = () => {
    throw new Error("a mistake of its own")
  }
  const words = "echo hello; sleep 0.05; echo more; exec sleep 60"
  await expect(runCommand(here, words, { worker: "w" }, { onOutput })).rejects.toThrow("a mistake of its own")
  await expect(runCommand(here, "echo hello", { worker: "w" }, { onOutput })).rejects.toThrow("a mistake of its own")
  await expect(runHere(words, {}, { onOutput }, systemClock)).rejects.toThrow("a mistake of its own")
})

test("of a container", async () => {
  const home = mkdtempSync(join(tmpdir(), "muster-output-"))
  writeFileSync(join(home, "guest"), 'shift 2\nexec "$@"\n')
  writeFileSync(join(home, "environment"), "export A=1\n")
  const place = { worker: "w", home, isShared: true, image: undefined, patienceMs: 0 }
  const inside = insideRemote(here, place, systemClock)
  expect(await (await left(inside, "echo hello >&2; sleep 0.1; exit 3", "stderr")).ended).toEqual({ exitCode: 3 })
  rmSync(home, { recursive: true, force: true })
})

describe.skipIf(noSshd !== undefined)(`over ssh${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  let sshd: Sshd
  const connections = new Connections({ workers: () => 1 })
  const remote = () => {
    const server = { name: "w", host: "127.0.27.2", port: PORT, user: sshd.user, privateKey: sshd.privateKey }
    return sshRemote({ id: "i", way: { kind: "direct" }, server }, connections, systemClock)
  }
  beforeAll(async () => {
    sshd = await startSshd(["127.0.27.2"], PORT)
  })
  afterAll(async () => {
    connections.close()
    await sshd.stop()
  })

  test.each(["stdout", "stderr"] as const)("one that ends, and one that writes much more: %s", async (stream) => {
    const to = stream === "stdout" ? "" : " >&2"
    const short = await left(remote(), `echo hello${to}; sleep 0.1; exit 3`, stream)
    expect(await short.ended).toEqual({ exitCode: 3 })
    const long = await left(remote(), `seq 400000${to}; exit 4`, stream)
    expect(await long.ended).toEqual({ exitCode: 4 })
  })

  test("one that never ends, by a signal, which is told as it is", async () => {
    const endless = await left(remote(), "yes")
    endless.kill()
    expect(await endless.ended).toEqual({ exitCode: 143, signal: "SIGTERM" })
  })
})
