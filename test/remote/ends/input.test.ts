/** What a command is given to read: it never takes a part of it for the whole. */
import { once } from "node:events"
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough, Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, test } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { checkSharedInput, withInput } from "../../../src/remote/input.js"
import { localRemote } from "../../../src/remote/local.js"
import { runCommand } from "../../../src/remote/output.js"
import { Connections } from "../../../src/remote/ssh/connections.js"
import { sshRemote } from "../../../src/remote/ssh/remote.js"
import { noSshd, PORT, startSshd } from "../support/sshd.js"

const folder = mkdtempSync(join(tmpdir(), "muster-input-"))
const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)
const at = { worker: "w" }

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("the first half\n")
  await Promise.resolve()
  throw new Error("the disk broke")
}

/** What takes its input for whole leaves a file. */
const taking = (file: string) => `cat >${file}.new && mv ${file}.new ${file}; exit 0`

describe("input that breaks off", () => {
  test("ends the command, and is its error", async () => {
    const file = join(folder, "local")
    const running = runCommand(here, taking(file), at, { stdin: breaking(), check: false })
    await expect(running).rejects.toThrow("the disk broke")
    expect(existsSync(file)).toBe(false)
  })

  test.skipIf(noSshd !== undefined)(`over ssh too${noSshd === undefined ? "" : ` (${noSshd})`}`, async () => {
    const sshd = await startSshd(["127.0.27.1"], PORT)
    const connections = new Connections({ workers: () => 1 })
    const server = { name: "w", host: "127.0.27.1", port: PORT, user: sshd.user, privateKey: sshd.privateKey }
    const remote = sshRemote({ id: "i", way: { kind: "direct" }, server }, connections, systemClock)
    const file = join(folder, "ssh")
    const running = runCommand(remote, taking(file), at, { stdin: breaking(), check: false })
    await expect(running).rejects.toThrow("the disk broke")
    expect(existsSync(file)).toBe(false)
    connections.close()
    await sshd.stop()
  })
})

test("an error of a command's end that nobody waits for yet is no unhandled one", async () => {
  const abort = new AbortController()
  const { stdout, stderr, ended } = await here.spawn("echo begun; exec sleep 60", { stdin: "", signal: abort.signal })
  stderr.resume()
  for await (const _piece of stdout) abort.abort(new Error("enough"))
  // It would be told in this turn.
  await new Promise((resolve) => setImmediate(resolve))
  await expect(ended).rejects.toThrow("enough")
})

describe("a stream", () => {
  test("whose error comes before the command is there is the command's error", async () => {
    const stdin = createReadStream(join(folder, "none"))
    const running = withInput(stdin, async () => {
      await once(stdin, "close")
      return runCommand(here, "cat", at, { stdin })
    })
    await expect(running).rejects.toThrow(/ENOENT/)
  })

  test("that waits for more goes with the command, and that is no error", async () => {
    const stdin = new PassThrough()
    stdin.write("first\n")
    const { stdout } = await withInput(stdin, () => runCommand(here, "head -n 1", at, { stdin }))
    expect(stdout).toBe("first\n")
    await expect.poll(() => stdin.destroyed).toBe(true)
  })

  test("that was cut off before its end is no whole one", async () => {
    const stdin = new PassThrough()
    stdin.write("half")
    const running = runCommand(here, taking(join(folder, "cut")), at, { stdin })
    setImmediate(() => stdin.destroy())
    await expect(running).rejects.toThrow("Premature close")
    expect(existsSync(join(folder, "cut"))).toBe(false)
  })

  test("of a command that did not begin is let go of", async () => {
    const stdin = createReadStream(fileURLToPath(import.meta.url))
    const failed = withInput(stdin, () => Promise.reject(new Error("no way there")))
    await expect(failed).rejects.toThrow("no way there")
    expect(stdin.destroyed).toBe(true)
  })

  test("arrives whole, and is not for several workers", async () => {
    const file = join(folder, "given")
    writeFileSync(file, "x".repeat(1_000_000))
    const stdin = createReadStream(file)
    const { stdout } = await withInput(stdin, () => runCommand(here, "cat", at, { stdin }))
    expect(stdout).toBe(readFileSync(file, "utf8"))
    expect(() => checkSharedInput(Readable.from([]), 1)).not.toThrow()
    const anew = { [Symbol.asyncIterator]: breaking }
    for (const given of ["text", Buffer.from("bytes"), anew, undefined])
      expect(() => checkSharedInput(given, 3)).not.toThrow()
    for (const given of [Readable.from([]), breaking(), new Blob(["x"]).stream()])
      expect(() => checkSharedInput(given as AsyncIterable<Uint8Array>, 3)).toThrow(/^stdin: .*3 workers/)
  })
})
