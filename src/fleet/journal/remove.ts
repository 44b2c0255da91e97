/** Remove: the journals of clusters of which nothing is left. */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { directoryProblem } from "./permissions.js"

/** @throws an Error for a directory that others can write to: what is there may be theirs. */
export async function removeJournals(directory: string, cluster: string, uids: readonly string[]): Promise<void> {
  const unsafe = await directoryProblem(directory)
  if (unsafe !== undefined) throw new Error(`${directory}: ${unsafe}`)
  const names = await readdir(directory).catch(() => [])
  const prefixes = uids.map((uid) => `${cluster}.${uid}.`)
  const ours = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
  await Promise.all(ours.map((name) => rm(join(directory, name), { force: true }).catch(unlessDirectory)))
}

/** A directory in a file's place is none of ours. */
function unlessDirectory(error: NodeJS.ErrnoException): void {
  if (error.code !== "ERR_FS_EISDIR") throw error
}
