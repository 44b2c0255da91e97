/** Collect: the files below a directory that are to be sent, and what is in them. */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { lstat, readdir, readFile, readlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import type * as Ignore from "ignore"
import pLimit from "p-limit"
import { SpecError } from "../../errors.js"

export interface FileEntry {
  /** From the directory, with "/" between its parts. */
  readonly path: string
  /** Of what it holds, or of where a symbolic link leads, in hex. */
  readonly digest: string
  readonly bytes: number
}

/** What is below one directory. */
export interface FileSet {
  readonly from: string
  readonly entries: readonly FileEntry[]
  /** Of all of it: the same on every machine that has the same. */
  readonly digest: string
  readonly bytes: number
}

/** Files that are read at the same time. */
const READERS = 16

/** A repository's own database is no part of what is worked on; the other is what we leave beside files on a worker. */
const NEVER = new Set([".git", ".muster-sent"])

type Rules = ReturnType<typeof Ignore.default>

interface Found {
  readonly path: string
  readonly mode: number
  readonly isLink: boolean
}

/**
 * Reads a directory. What a `.gitignore` in it or below it names is left out, and so is `.git`; sockets, pipes and devices as well.
 *
 * @param ignore more patterns, as a `.gitignore` has them.
 * @throws SpecError when there is no such directory, or a file cannot be read.
 */
export async function collect(from: string, ignore: readonly string[] = []): Promise<FileSet> {
  const found: Found[] = []
  await walk({ from, path: "", rules: [rulesOf("", ignore.join("\n"))], found })
  const limit = pLimit(READERS)
  const entries = await Promise.all(found.map((file) => limit(() => entryOf(from, file))))
  entries.sort((a, b) => (a.path < b.path ? -1 : 1))
  const whole = createHash("sha256")
  for (const { path, digest } of entries) whole.update(`${digest} ${path}\0`)
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  return { from, entries, digest: whole.digest("hex"), bytes }
}

interface Level {
  readonly from: string
  readonly path: string
  readonly rules: readonly PlacedRules[]
  readonly found: Found[]
}

/** The rules of one `.gitignore`, and where it lies. */
interface PlacedRules {
  readonly at: string
  readonly rules: Rules
}

async function walk({ from, path, rules, found }: Level): Promise<void> {
  const names = await readdir(join(from, path), { withFileTypes: true }).catch((cause: Error) => {
    throw unreadable(join(from, path), cause)
  })
  const own = names.some(({ name }) => name === ".gitignore")
    ? [...rules, rulesOf(path, await read(join(from, path, ".gitignore"), (own) => readFile(own, "utf8")))]
    : rules
  for (const entry of names) {
    const child = path === "" ? entry.name : `${path}/${entry.name}`
    if (NEVER.has(entry.name) || isIgnored(own, entry.isDirectory() ? `${child}/` : child)) continue
    if (entry.isDirectory()) await walk({ from, path: child, rules: own, found })
    else if (entry.isFile() || entry.isSymbolicLink()) {
      const { mode } = await read(join(from, child), (own) => lstat(own))
      found.push({ path: child, mode, isLink: entry.isSymbolicLink() })
    }
  }
}

/** @throws SpecError that names the file. */
function read<T>(path: string, how: (path: string) => Promise<T>): Promise<T> {
  return how(path).catch((cause: Error) => {
    throw unreadable(path, cause)
  })
}

function rulesOf(at: string, text: string): PlacedRules {
  const make = createRequire(import.meta.url)("ignore") as typeof Ignore.default
  return { at, rules: make().add(text) }
}

/** The deepest file that says something counts, as for git. */
function isIgnored(rules: readonly PlacedRules[], path: string): boolean {
  for (const { at, rules: own } of rules.toReversed()) {
    const { ignored, unignored } = own.test(at === "" ? path : path.slice(at.length + 1))
    if (ignored || unignored) return ignored
  }
  return false
}

async function entryOf(from: string, { path, mode, isLink }: Found): Promise<FileEntry> {
  const full = join(from, path)
  try {
    const hash = createHash("sha256")
    let bytes = 0
    if (isLink) hash.update(`link ${await readlink(full)}`)
    else {
      for await (const piece of createReadStream(full)) {
        bytes += (piece as Buffer).length
        hash.update(piece as Buffer)
      }
    }
    // A script that has become executable is another one.
    const kind = isLink ? "l" : (mode & 0o111) === 0 ? "f" : "x"
    return { path, digest: `${hash.digest("hex")}${kind}`, bytes }
  } catch (cause) {
    throw unreadable(full, cause as Error)
  }
}

export function unreadable(path: string, cause: Error): SpecError {
  return new SpecError([{ option: "files", value: path, message: `cannot be read: ${cause.message}` }], { cause })
}
