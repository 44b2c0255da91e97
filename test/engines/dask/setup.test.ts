/** The script that installs requirements, in real shells: by pip into a real environment, and by a `uv` that only writes down what it is told. */
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { type DaskOptions, dask } from "../../../src/engines/dask/index.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { hasDask, PYTHON, WITHOUT } from "./boots.js"

const GROUP = { name: "default", fields: {} }

let folder = ""
folderForEachTest((path) => {
  folder = path
})

function run(options: DaskOptions, more: Readonly<Record<string, string>> = {}, path = "/usr/bin:/bin") {
  const boot = dask({ client: false, ...options }).worker(GROUP)
  const env = { PATH: path, HOME: folder, MUSTER_ADDRESS: "127.9.9.9", MUSTER_NAME: "default-1", ...more }
  const setup = spawnSync("/bin/sh", ["-c", boot.setup ?? ""], { cwd: folder, env, encoding: "utf8" })
  return { ...setup, startup: boot.startup, env }
}

/** A program that writes down its arguments, and makes the environment that it is asked for. */
function fakeUv(): string {
  const bin = join(folder, "bin")
  mkdirSync(bin)
  const script = `#!/bin/sh
printf '%s\\n' "$*" >>"${folder}/uv.log"
[ -z "\${ENGINE_TOKEN:-}" ] || echo leaked >>"${folder}/uv.log"
[ "$1" = pip ] || for last; do :; done
[ "$1" = pip ] || mkdir -p "$last/bin"
`
  writeFileSync(join(bin, "uv"), script)
  chmodSync(join(bin, "uv"), 0o755)
  return `${bin}:/usr/bin:/bin`
}

test("uv is used where the machine has it, and brings the Python that is asked for", () => {
  const path = fakeUv()
  const { status } = run({ version: "2024.1.0", python: "3.12" }, { ENGINE_TOKEN: "secret" }, path)
  expect(status).toBe(0)
  const venv = join(folder, "dask", "venv")
  expect(readFileSync(join(folder, "uv.log"), "utf8")).toBe(
    `venv -q --python 3.12 ${venv}\npip install -q --python ${venv}/bin/python -r ${folder}/dask/requirements.txt\n`,
  )
  expect(readFileSync(join(folder, "dask", "requirements.txt"), "utf8")).toBe("dask==2024.1.0\ndistributed==2024.1.0\n")
})

test("a Python that neither the machine nor uv has is said, with what to give", () => {
  const { status, stderr } = run({ version: "2024.1.0", python: "3.99" })
  expect(status).toBe(78)
  expect(stderr).toMatch(/^muster: python3\.99 is not on this machine, nor uv, which could bring it: give an image/)
})

test("nothing is installed where nothing is asked for", () => {
  expect(dask({ client: false }).worker(GROUP).setup).toBeUndefined()
})

describe.skipIf(!isLong || !hasDask)(`by pip${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`, () => {
  test("requirements go into an environment of their own, which Dask then runs from", () => {
    execFileSync(PYTHON, ["-c", WHEEL], { cwd: folder })
    const requirements = ["--no-index", `--find-links ${folder}`, "distributed==2024.1.0"]
    const { status, stderr, startup, env } = run({ requirements })
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(existsSync(join(folder, "dask/venv/bin/python"))).toBe(true)
    // What is installed is no real Dask: its place is seen by what it fails with.
    const started = spawnSync("/bin/sh", ["-c", startup.replaceAll('muster_worker.py" 8786', 'none" 8786')], {
      ...{ cwd: folder, env, encoding: "utf8" as const },
    })
    expect(started.stderr).toContain(`${folder}/dask/venv/bin/python: can't open file`)
  })

  test("what cannot be installed ends the step, in words", () => {
    const { status, stderr } = run({ requirements: ["--no-index", "distributed"] })
    expect(status).toBe(78)
    expect(stderr).toMatch(
      /No matching distribution found for distributed[\s\S]*muster: the requirements of dask\(\) were not installed\n$/,
    )
  })
})

const WHEEL = `
import zipfile
with zipfile.ZipFile("distributed-2024.1.0-py3-none-any.whl", "w") as wheel:
    info = "distributed-2024.1.0.dist-info/"
    wheel.writestr("distributed/__init__.py", "__version__ = '2024.1.0'")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: distributed\\nVersion: 2024.1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`
