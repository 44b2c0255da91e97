/**
 * Snapshot: what a directory held when its first worker needed it, so that workers which come later get the same. A file system that can
 * (Btrfs, XFS) keeps what did not change once.
 */
import { createHash } from "node:crypto"
import { constants } from "node:fs"
import { copyFile, mkdir, readdir, readlink, rename, rm, stat, symlink } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import pLimit from "p-limit"
import { isAlive } from "../../calls/alive.js"
import { MusterError } from "../../errors.js"
import { collect, type FileSet } from "./collect.js"

/** What is taken. */
export interface Source {
  readonly from: string
  readonly ignore: readonly string[]
}

export interface Snapshot {
  readonly set: FileSet
  /** It was taken before, by this process or another one. */
  readonly isOlder: boolean
}

const COPIERS = 16

/** What this process takes at the moment, by its place: several groups may need the same at once. */
const taking = new Map<string, Promise<Snapshot>>()

/**
 * The snapshot that is kept there, which is taken where there is none. Whoever asks while it is taken gets that one.
 *
 * @param directory for the owner alone; made where it is missing.
 * @throws MusterError with code "FileChanged" when a file changed while it was taken; SpecError when one cannot be read.
 */
export function keptSnapshot(source: Source, directory: string): Promise<Snapshot> {
  const place = join(directory, keyOf(source))
  const known = taking.get(place) ?? take(source, place).finally(() => taking.delete(place))
  taking.set(place, known)
  return known
}

/** It is taken under a name of this process, and gets its own in one step: another process may take the same. */
async function take(source: Source, place: string): Promise<Snapshot> {
  if (await isThere(place)) return { set: await collect(place), isOlder: true }
  const set = await collect(source.from, source.ignore)
  await removeParts(place)
  const part = `${place}.part.${process.pid}`
  try {
    await mkdir(part, { recursive: true, mode: 0o700 })
    await copyAll(set, part)
    const copied = await collect(part)
    if (copied.digest !== set.digest) throw changed(source.from, differences(set, copied))
    if (await isRenamed(part, place)) return { set: { ...copied, from: place }, isOlder: false }
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  }
  await rm(part, { recursive: true, force: true })
  return { set: await collect(place), isOlder: true }
}

/** @returns false where another process was faster. */
async function isRenamed(part: string, place: string): Promise<boolean> {
  try {
    await rename(part, place)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOTEMPTY" || code === "EEXIST") return false
    throw error
  }
}

/** What this process, or one that has ended, has left of an earlier try. */
async function removeParts(place: string): Promise<void> {
  const names = await readdir(dirname(place)).catch(() => [])
  const prefix = `${basename(place)}.part`
  const left = names.filter((name) => name.startsWith(prefix) && !isOthers(Number(name.slice(prefix.length + 1))))
  await Promise.all(left.map((name) => rm(join(dirname(place), name), { recursive: true, force: true })))
}

function isOthers(pid: number): boolean {
  return pid !== 0 && pid !== process.pid && isAlive(pid)
}

/** Of the names in both and in one of them, those that differ. */
export function differences(one: FileSet, other: FileSet): readonly string[] {
  const known = new Map(one.entries.map(({ path, digest }) => [path, digest]))
  const differing = other.entries.filter(({ path, digest }) => known.get(path) !== digest).map(({ path }) => path)
  const there = new Set(other.entries.map(({ path }) => path))
  return [...differing, ...one.entries.filter(({ path }) => !there.has(path)).map(({ path }) => path)]
}

/** The same directory, read in the same way. */
function keyOf({ from, ignore }: Source): string {
  return createHash("sha256")
    .update(JSON.stringify([from, ignore]))
    .digest("hex")
    .slice(0, 16)
}

async function isThere(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}

async function copyAll({ from, entries }: FileSet, to: string): Promise<void> {
  const limit = pLimit(COPIERS)
  for (const folder of new Set(entries.map(({ path }) => dirname(path))))
    await mkdir(join(to, folder), { recursive: true, mode: 0o700 })
  const copying = entries.map((entry) => limit(() => copyOne(join(from, entry.path), join(to, entry.path), entry)))
  // None may still write when what there is gets removed.
  const failed = (await Promise.allSettled(copying)).find((one) => one.status === "rejected")
  if (failed !== undefined) throw failed.reason
}

async function copyOne(from: string, to: string, { digest }: { readonly digest: string }): Promise<void> {
  if (digest.endsWith("l")) await symlink(await readlink(from), to)
  else await copyFile(from, to, constants.COPYFILE_FICLONE)
}

export function changed(from: string, names: readonly string[]): MusterError {
  const shown = names.slice(0, 3).join(", ")
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ""
  return new MusterError(`reading ${from}: ${shown}${more} changed meanwhile; nothing was sent`, {
    code: "FileChanged",
  })
}
