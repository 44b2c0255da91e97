/**
 * Requirements from `uv.lock` and `pyproject.toml`. Python reads them, of which every one since 3.11 has a reader of TOML, and every pip
 * brings another.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import { linesOfPackages, type Lock } from "./lock.js"

const READ = `import json, sys
try:
    import tomllib as toml
except ImportError:
    try:
        import tomli as toml
    except ImportError:
        from pip._vendor import tomli as toml
json.dump(toml.loads(sys.stdin.read()), sys.stdout, default=str)`

/** Python starts within a tenth of a second. */
const DEADLINE_MS = 20_000

/** Exact versions of all packages that the project needs, with the markers that say where. */
export function linesOfLock(path: string): readonly string[] {
  return linesOfPackages(readToml(path) as Lock, path)
}

/** The project's own dependencies, as they stand. */
export function linesOfProject(path: string): readonly string[] {
  const { project } = readToml(path) as { readonly project?: { readonly dependencies?: readonly string[] } }
  if (project?.dependencies !== undefined) return project.dependencies
  throw new Error("it has no [project] with dependencies; give uv.lock, a requirements.txt, or a list")
}

function readToml(path: string): unknown {
  const input = readFileSync(path, "utf8")
  const { status, stdout, stderr, error } = spawnSync("python3", ["-c", READ], {
    input,
    encoding: "utf8",
    timeout: DEADLINE_MS,
    maxBuffer: 256 * 1024 ** 2,
  })
  if (error === undefined && status === 0) return JSON.parse(stdout)
  const said = stderr?.trim().split("\n").at(-1) ?? ""
  if (/TOMLDecodeError/.test(said)) throw new Error(said)
  const message = `is ${show(path)}, for which python3 is needed on this machine, of 3.11 or with pip (${error?.message ?? said}); give a requirements.txt or a list`
  throw new SpecError([{ option: "dask.requirements", value: path, message }])
}
