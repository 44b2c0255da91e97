/** Draft: makes a file so that it is there as a whole or not at all, whenever its process is killed and the disk is full. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"

/** Startup scripts and environments are in it. */
const OWNER_ONLY = 0o600

/** How often a draft is written: another process may take it for that of an ended process, in a container with other process ids. */
const MOST_DRAFTS = 3

/**
 * Under a name of its own first, synced, then in one step under the one that is read. A process that is killed in between leaves
 * a draft, which the next reader removes. Returns how many bytes it is.
 */
export async function createWhole(path: string, text: string, drafts = 1): Promise<number> {
  const draft = draftOf(path, process.pid)
  try {
    await makeDirectory(dirname(path))
    await writeFile(draft, text, { mode: OWNER_ONLY, flush: true })
    await rename(draft, path)
    return Buffer.byteLength(text)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || drafts >= MOST_DRAFTS) throw error
    return createWhole(path, text, drafts + 1)
  }
}

function draftOf(path: string, pid: number): string {
  return `${path}.${pid}.new`
}

/** The process that makes the file for which this is the draft; undefined for a name that is no draft's. */
export function drafterOf(name: string): number | undefined {
  const pid = /\.jsonl\.(\d+)\.new$/.exec(name)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/** Node's own recursive mkdir never returns under /proc, where a new directory is "not found" whatever its parent. */
export async function makeDirectory(path: string, deep = true): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return
    if (code !== "ENOENT" || !deep || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await makeDirectory(path, false)
  }
}
