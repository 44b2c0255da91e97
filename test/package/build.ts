/** The package as `npm run build` makes it, without its type check: `npm run check` has that. */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const DIST = join(ROOT, "dist")
/** Of which sources `dist` is. */
const STAMP = join(ROOT, ".cache", "dist.sha256")

/** Builds it, unless it was built of the same sources. Nothing of an earlier build is left. */
export function buildPackage(): void {
  const digest = digestOfSources()
  if (existsSync(DIST) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === digest) return
  rmSync(DIST, { recursive: true, force: true })
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--noCheck"]
  const { status } = spawnSync(process.execPath, tsc, { cwd: ROOT, stdio: "inherit" })
  if (status !== 0) throw new Error(`building the package ended with ${status}`)
  mkdirSync(join(ROOT, ".cache"), { recursive: true })
  writeFileSync(STAMP, digest)
}

function digestOfSources(): string {
  const folders = ["src", "providers", "test/contract"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((file) => join(ROOT, file))
  const hash = createHash("sha256")
  for (const file of [...folders, ...settings].sort()) hash.update(`${file}\0`).update(readFileSync(file)).update("\0")
  return hash.digest("hex")
}
