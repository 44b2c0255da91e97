/**
 * Where everything is on disk, and the few ways in which files are read and made.
 *
 *     root/                             0700
 *       version                         of this layout
 *       instances/<name>/               one instance; appears complete, by a rename
 *         instance.json                 name, nonce, tags, address
 *         settings supervise.sh         what supervises it
 *         guest/                        what it runs: the guest's program and its files, its status and boot.log
 *         spec.json lease               what was asked of its group; when its lease ends
 *         work/ root/                   where that runs, and what it has for a machine's directories
 *         watchdog supervisor group reaper     "<pid> <start>" of each, once it lives
 *         terminating ending noticing stopping exited verdict ended     how far its end has come
 *       claims/                         one symbolic link per address and per place taken, its target tells by whom
 *       looks/                          who searches this machine's processes, for whom (process-search.ts)
 *       clusters/<owner>+<cluster>/
 *         claim-<n>                     who holds the name; the highest counts
 *         spent/<name>                  names that were given and must not be given again
 *         making/ trash/                half made, half removed
 */
import type { Layout } from "./layout.js"
import { randomBytes } from "node:crypto"
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { RejectedError } from "../../../src/errors.js"
import { isErrno, toCloudError } from "./errors.js"
import { checkOwned } from "./safe.js"

/** Of all that is below a root; a root of a later version is refused, because what is in it may mean something else. */
const VERSION = 1

/** Environments contain secrets: only the user may read them. */
export const PRIVATE_DIRECTORY = 0o700
export const PRIVATE_FILE = 0o600

export function layoutOf(root: string): Layout {
  const instances = join(root, "instances")
  const clusters = join(root, "clusters")
  return {
    root,
    instances,
    claims: join(root, "claims"),
    clusters,
    looks: join(root, "looks"),
    instance: (name) => join(instances, name),
    cluster: (key) => {
      const path = join(clusters, key)
      return { key, path, spent: join(path, "spent"), making: join(path, "making"), trash: join(path, "trash") }
    },
  }
}

/** The name of a cluster's directory. `+` is in no encoded part, so two different pairs never meet. */
export function clusterKey(owner: { readonly cluster: string; readonly owner: string }): string {
  return `${encodeURIComponent(owner.owner)}+${encodeURIComponent(owner.cluster)}`
}

/** A name that may be a directory of ours; a name from a journal or a caller could be a path. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(name)
}

/** A unique name. */
export function uniqueName(name: string): string {
  return `${name}.${process.pid}.${randomBytes(6).toString("hex")}`
}

/** Makes the root and the cluster's directories, and checks them. @throws RejectedError when they cannot be used. */
export async function makeDirectories(layout: Layout, key: string): Promise<void> {
  await ensureDirectory(layout.root)
  await checkOwned(layout)
  const cluster = layout.cluster(key)
  const wanted = [layout.instances, layout.claims, layout.looks, cluster.spent, cluster.making, cluster.trash]
  for (const path of wanted) await ensureDirectory(path)
  if (!(await saysVersion(layout))) await createWhole(join(layout.root, "version"), cluster.making, `${VERSION}\n`)
}

/**
 * Before anything in a root is read, run or ended.
 *
 * @throws RejectedError when others own or may write it, or it is from a later version of this library.
 */
export async function checkRoot(layout: Layout): Promise<void> {
  try {
    await checkOwned(layout)
    await saysVersion(layout)
  } catch (error) {
    throw toCloudError(`using ${layout.root}`, error, { provider: "local" })
  }
}

/** Whether the root says its version; one that says none is new, or empty. */
async function saysVersion(layout: Layout): Promise<boolean> {
  const text = await readText(join(layout.root, "version"))
  if (text === undefined) return false
  if (Number(text) <= VERSION) return true
  throw new RejectedError(
    `using ${layout.root}: its state is of version ${text.trim()}, and this library knows ${VERSION}; update muster, or give another directory: local({ root })`,
    { code: "NewerVersion" },
  )
}

/**
 * Makes a directory and those above it. By hand, because Node's `recursive` never returns where a file system answers
 * ENOENT to mkdir in a directory that exists, as /proc does.
 */
async function ensureDirectory(path: string): Promise<void> {
  const exists = async () => (await unlessMissing(stat(path)))?.isDirectory() === true
  if (await exists()) return
  if (dirname(path) !== path) await ensureDirectory(dirname(path))
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY })
  } catch (error) {
    if (!isErrno(error, "EEXIST") || !(await exists())) throw error
  }
}

/** The file's text; undefined when there is no such file (any more). */
export async function readText(path: string): Promise<string | undefined> {
  return unlessMissing(readFile(path, "utf8"))
}

/** The result of a read; undefined when the file is missing, because other processes may remove it meanwhile. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined
    throw error
  }
}

/** Makes a file with this text, both or neither; false if there is one already. */
export async function createWhole(path: string, scratch: string, text: string): Promise<boolean> {
  const draft = join(scratch, uniqueName("draft"))
  try {
    await writeFile(draft, text, { mode: PRIVATE_FILE, flag: "wx" })
    await link(draft, path)
    return true
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}
