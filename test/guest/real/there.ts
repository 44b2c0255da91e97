/** What the tests in this folder run on, and what is missing of it here. */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { isLong } from "../../support/long.js"

const HERE = fileURLToPath(new URL(".", import.meta.url))
const CACHE = fileURLToPath(new URL("../../../.cache", import.meta.url))

/** The metadata service, as a program. */
export const METADATA = join(CACHE, "js/test/guest/real/metadata.js")

/** The folder that `build.sh` fills; it has another name when that script changes. */
export const BUILT = join(CACHE, `real-guest-${checksum(join(HERE, "build.sh"))}`)

function checksum(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 8)
}

/** The path of a file of this folder. */
export function here(name: string): string {
  return join(HERE, name)
}

/** Why tests that need the folder skip; undefined where they run. */
export function missing(...commands: readonly string[]): string | undefined {
  if (!isLong) return "one of the longer suites: MUSTER_TESTS=all"
  if (process.getuid?.() !== 0) return "needs root"
  if (spawnSync("unshare", ["--net", "--mount", "--pid", "--uts", "--fork", "true"]).status !== 0) {
    return "no new namespaces here"
  }
  const absent = commands.filter((command) => spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0)
  if (absent.length > 0) return `no ${absent.join(", ")}: see the packages in .ci/run`
  return existsSync(join(BUILT, "done")) ? undefined : "not built: npm run real-guest"
}

/** The name of a suite, with the reason why it skips. */
export function titled(title: string, absent: string | undefined): string {
  return absent === undefined ? title : `${title} (${absent})`
}
