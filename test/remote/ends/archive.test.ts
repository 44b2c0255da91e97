/** Archives that nobody reads to their end: no file of theirs stays open. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { collect } from "../../../src/remote/files/collect.js"
import { packOf, sendFiles } from "../../../src/remote/files/send.js"
import { localRemote } from "../../../src/remote/local.js"
import type { Remote } from "../../../src/remote/remote.js"

const NAMES = ["a", "b", "c", "d", "e", "f"]
const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)

let from = ""
beforeEach(() => {
  from = mkdtempSync(join(tmpdir(), "muster-archive-"))
  for (const name of NAMES) writeFileSync(join(from, name), name.repeat(300_000))
})
afterEach(() => rmSync(from, { recursive: true, force: true }))

/** Of the files, those that this process has open. */
function open(): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`)
      return path.startsWith(from) ? [path] : []
    } catch {
      return []
    }
  })
}

describe.runIf(existsSync("/proc/self/fd"))("no file stays open", () => {
  test.each([0, 1, 5])("of an archive that is given up after %d more pieces", async (more) => {
    const pieces = packOf(from, NAMES, () => {})
    for (let read = 0; read <= more; read += 1) expect((await pieces.next()).done).toBe(false)
    await pieces.return()
    await expect.poll(open).toEqual([])
  })

  test("of one that has broken off", async () => {
    rmSync(join(from, "b"))
    const reading = async () => {
      for await (const _piece of packOf(from, NAMES, () => {}));
    }
    await expect(reading()).rejects.toThrow(/ENOENT/)
    await expect.poll(open).toEqual([])
  })

  test("of one whose reader was ended", async () => {
    const stopped: Remote = {
      ...here,
      spawn: (command, options = {}) => here.spawn(typeof options.stdin === "object" ? "exit 3" : command, options),
    }
    const sending = sendFiles(stopped, await collect(from), join(from, "there"), { worker: "w" })
    await expect(sending).rejects.toThrow("exit code 3")
    await expect.poll(open).toEqual([])
  })
})
