/** How a step's output comes into the log, in real shells. */
import { execFile } from "node:child_process"
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { LOG_FUNCTIONS } from "../../src/guest/steps/log.js"
import { markFunctions } from "../../src/guest/steps/mark.js"
import { folderForEachTest } from "../support/folder.js"

let folder = ""
folderForEachTest((path) => {
  folder = path
})

test("a step's last words are waited for, though what copies them begins late", async () => {
  const bin = join(folder, "bin")
  await mkdir(bin)
  await writeFile(join(bin, "dd"), `#!/bin/sh\nsleep 0.3\nexec /bin/dd "$@"\n`, { mode: 0o755 })
  const script = [
    `muster_root= muster_home='${folder}'`,
    markFunctions("0123456789abcdef"),
    LOG_FUNCTIONS,
    "muster_step=startup",
    "muster_logged echo last words",
    'cat "$muster_log"',
  ]
  const options = { cwd: folder, env: { PATH: `${bin}:/usr/bin:/bin` }, timeout: 60_000 }
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", script.join("\n")], options)
  expect(stdout).toBe("last words\n")
})

test("a step's last words are waited for, though what an earlier step has left ends meanwhile", async () => {
  const bin = join(folder, "bin")
  await mkdir(bin)
  // The second step's is copied once it is waited for.
  const dd = `#!/bin/sh\nwhile [ -e '${folder}/second' ] && [ ! -e '${folder}/waits' ]; do sleep 0.02; done\nexec /bin/dd "$@"\n`
  await writeFile(join(bin, "dd"), dd)
  await chmod(join(bin, "dd"), 0o755)
  const script = [
    `muster_root= muster_home='${folder}'`,
    markFunctions("0123456789abcdef"),
    LOG_FUNCTIONS,
    "muster_step=setup",
    `first() { (until [ -e second ]; do command sleep 0.02; done) & }`,
    "muster_logged first",
    "muster_step=startup",
    `second() { : >second; until ls | grep -q piped; do command sleep 0.02; done; echo last words; }`,
    `sleep() { : >waits; until grep -q "last words" "$muster_log"; do command sleep 0.02; done; }`,
    "muster_logged second",
    'cat "$muster_log"',
  ]
  const options = { cwd: folder, env: { PATH: `${bin}:/usr/bin:/bin` }, timeout: 60_000 }
  const { stdout } = await promisify(execFile)("/bin/sh", ["-c", script.join("\n")], options)
  expect(stdout).toBe("last words\n")
  expect(await readFile(join(folder, "boot.log"), "utf8")).toBe("last words\n")
})
