/** The package as `npm publish` would send it, without its type check (`npm run check` has that): built once, for all tests of a run. */
import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const DIST = join(ROOT, "dist")
const CACHE = join(ROOT, ".cache", "package")
/** Of which sources `dist` and the tarball are. */
const STAMPS = { dist: join(CACHE, "dist.sha256"), tarball: join(CACHE, "tarball.sha256") }
const LOCK = join(CACHE, "lock")
/** A lock of so many milliseconds is nobody's: its process ended before it wrote its number, or another one has that number now. */
const LEFT_MS = { unwritten: 60_000, written: 20 * 60_000 } as const

/** What `npm pack --json` says of it. */
export interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** Builds and packs it, unless that was done of the same sources. Nothing of an earlier build is left. */
export function packPackage(): Packed & { readonly tarball: string } {
  mkdirSync(CACHE, { recursive: true })
  const release = alone()
  try {
    const sources = digestOf(
      ["src", "providers", "test/contract"],
      ["tsconfig.json", "tsconfig.build.json", "package-lock.json"],
    )
    if (!existsSync(DIST)) rmSync(STAMPS.dist, { force: true })
    once(STAMPS.dist, sources, build)
    once(STAMPS.tarball, sources + digestOf(["docs"], ["package.json", "README.md", "CHANGELOG.md"]), pack)
  } finally {
    release()
  }
  const packed = JSON.parse(readFileSync(join(CACHE, "packed.json"), "utf8")) as Packed
  return { ...packed, tarball: join(CACHE, packed.filename) }
}

/** Does what has not been done of the same bytes. */
function once(stamp: string, digest: string, work: () => void): void {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return
  rmSync(stamp, { force: true })
  work()
  writeFileSync(stamp, digest)
}

function build(): void {
  rmSync(DIST, { recursive: true, force: true })
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--noCheck"]
  const { status } = spawnSync(process.execPath, tsc, { cwd: ROOT, stdio: "inherit" })
  if (status !== 0) throw new Error(`building the package ended with ${status}`)
  execFileSync(process.execPath, [join(DIST, "src/file/write-schema.js")], { cwd: ROOT })
}

function pack(): void {
  const parameters = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", CACHE]
  const [packed] = JSON.parse(execFileSync("npm", parameters, { cwd: ROOT, encoding: "utf8" })) as Packed[]
  writeFileSync(join(CACHE, "packed.json"), JSON.stringify(packed))
}

/** Test files run in processes of their own: one of them builds, and the others wait for it. */
function alone(): () => void {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" })
      return () => rmSync(LOCK, { force: true })
    } catch (error) {
      if ((error as { readonly code?: string }).code !== "EEXIST") throw error
    }
    if (isLeft()) rmSync(LOCK, { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

/** Whether the lock is of a process that has ended, however long a build takes. */
function isLeft(): boolean {
  try {
    const pid = Number(readFileSync(LOCK, "utf8"))
    if (pid > 0) process.kill(pid, 0)
    return Date.now() - statSync(LOCK).mtimeMs > LEFT_MS[pid > 0 ? "written" : "unwritten"]
  } catch (error) {
    // Another one has taken it away, or its process is not there.
    return (error as { readonly code?: string }).code === "ESRCH"
  }
}

function digestOf(folders: readonly string[], others: readonly string[]): string {
  const inside = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const hash = createHash("sha256")
  for (const file of [...inside, ...others.map((name) => join(ROOT, name))].sort()) {
    hash.update(`${file}\0`).update(readFileSync(file)).update("\0")
  }
  return hash.digest("hex")
}
