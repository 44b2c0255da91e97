/** Builds the package once before the tests: child processes run what users would run. */
import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** tsc has written everything although it found type errors: those are for `npm run typecheck` to report. */
const EMITTED_WITH_ERRORS = 2

export default function setup(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url))
  // In CI nothing of an earlier state of the source may be found; elsewhere an incremental build is quicker.
  if (process.env.CI !== undefined) rmSync(`${root}dist`, { recursive: true, force: true })
  const tsc = [`${root}node_modules/typescript/bin/tsc`, "-p", "tsconfig.build.json"]
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: "inherit" })
  if (status !== 0 && status !== EMITTED_WITH_ERRORS) throw new Error(`building the package ended with ${status}`)
}
