/** A command on a thousand workers, by a process that may have 1,024 files open, as most systems have it. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, onTestFinished, test } from "vitest"
import { makeKeyPair } from "../../src/remote/ssh/keys.js"
import { folderForEachTest } from "../support/folder.js"
import { isLong } from "../support/long.js"

const WORKERS = 1000
const program = (name: string) =>
  fileURLToPath(new URL(`../../.cache/js/test/remote/support/${name}.js`, import.meta.url))

let folder = ""
folderForEachTest((path) => {
  folder = path
})

test.skipIf(!isLong)(
  "all answer, over 64 connections at a time at most",
  async () => {
    const [host, own] = [makeKeyPair("host"), makeKeyPair("own")]
    const [hostFile, keyFile] = [join(folder, "host"), join(folder, "own")]
    writeFileSync(hostFile, host.privateFile)
    writeFileSync(keyFile, own.privateFile, { mode: 0o600 })
    const server = spawn(process.execPath, [program("answering"), hostFile], { stdio: ["ignore", "pipe", "inherit"] })
    onTestFinished(() => void server.kill())
    const [port] = (await Promise.race([once(server.stdout, "data"), once(server, "exit")])) as [Buffer]
    const words = [String(WORKERS), port.toString().trim(), keyFile, host.publicLine.split(" ")[1] ?? "", folder]
    const limited = ["-c", 'ulimit -n 1024; exec "$@"', "sh", process.execPath, program("thousand"), ...words]
    const { stdout } = await promisify(execFile)("/bin/sh", limited)
    const { answered, most } = JSON.parse(stdout) as { readonly answered: number; readonly most: number }
    expect(answered).toBe(WORKERS)
    expect(most).toBeLessThanOrEqual(64)
    expect(most).toBeGreaterThan(32)
  },
  600_000,
)
