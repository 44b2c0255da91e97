/** Once before all tests: children of tests run what is in `.cache/js`. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

export default function setup(): void {
  const tool = fileURLToPath(new URL("../tools/transpile.mjs", import.meta.url))
  const { status } = spawnSync(process.execPath, [tool], { stdio: "inherit" })
  if (status !== 0) throw new Error(`stripping types ended with ${status}`)
}
