/** A reader that has read enough ends what only shows something, also when nothing more happens. */
import { spawn } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, test } from "vitest"
import { watchReader } from "../../src/cli/reader.js"
import { Cluster } from "../../src/cluster.js"
import { readHistory } from "../../src/history/read.js"
import { until } from "../support/children.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-reader-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test.skipIf(process.platform !== "linux")(
  "muster ... | head -1 ends with 0 although nothing more happens",
  async () => {
    const local = { local: { root: join(directory, "local"), graceMs: 50 } }
    const journal = join(directory, "state", "muster", "journal")
    const cluster = new Cluster({ name: "few", provider: local, startup: "exec sleep 600" }, { journal })
    await cluster.scale(1)
    await until(async () => (await readHistory("few", { journal })) !== undefined)
    try {
      const env = { PATH: process.env.PATH, XDG_STATE_HOME: join(directory, "state"), HOME: directory }
      const muster = `"${process.execPath}" .cache/js/src/cli/index.js`
      const place = `--provider local --option "root=${join(directory, "local")}"`
      for (const line of [`events few -f`, `get workers few -w ${place}`]) {
        const shell = spawn("bash", ["-c", `timeout 30 ${muster} ${line} | head -1; echo "code \${PIPESTATUS[0]}"`], {
          cwd: ROOT,
          env,
        })
        let out = ""
        shell.stdout.on("data", (text: Buffer) => (out += text.toString()))
        shell.stderr.on("data", (text: Buffer) => (out += text.toString()))
        await new Promise((resolve) => shell.once("close", resolve))
        expect(out, line).toMatch(/^.+\ncode 0\n$/)
      }
    } finally {
      await cluster.close()
    }
  },
)

test("what is no pipe, and what nobody was seen reading, is never said to be unread", async () => {
  const file = openSync(join(directory, "file"), "w")
  for (const output of [file, 987_654]) {
    const end = await watchReader(() => expect.unreachable(), output)
    end()
  }
  closeSync(file)
})
