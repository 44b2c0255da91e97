/** SIGTERM to the script of a worker at the moments at which it has no process to pass it on to. Python is one that only waits. */
import { spawn } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { dask } from "../../../src/engines/dask/index.js"
import { folderForEachTest } from "../../support/folder.js"

const GROUP = { name: "default", fields: {} }

let folder = ""
folderForEachTest((path) => {
  folder = path
})

const PYTHON = `#!/bin/sh
case "$*" in
  *distributed.cli.dask_worker*) exec sleep 1000 ;;
  *CPU_COUNT*) echo 2 ;;
  *muster_worker.py*) echo 127.0.0.1 127.0.0.1 ;;
esac
`

test.each([
  ["before its worker begins", "date"],
  ["as its worker begins", "cat"],
])("a script that is told to end %s ends, and its worker too", async (_when, name) => {
  const bin = join(folder, "bin")
  mkdirSync(bin)
  // It is run in the script between the look for the head and the start of the worker.
  const tells = `#!/bin/sh\ncase $1 in +%s | */way) kill -TERM $PPID ;; esac\nexec /bin/${name} "$@"\n`
  const programs = { python3: PYTHON, [name]: tells }
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), text)
    chmodSync(join(bin, name), 0o755)
  }
  const { startup } = dask({ client: false, tls: false }).worker(GROUP)
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, MUSTER_ADDRESS: "127.9.9.9", MUSTER_NAME: "default-1" }
  const child = spawn("/bin/sh", ["-c", startup], { cwd: folder, env, detached: true, stdio: "ignore" })
  try {
    await expect.poll(() => child.exitCode).toBe(143)
  } finally {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL")
    } catch {
      // It has ended.
    }
  }
})
