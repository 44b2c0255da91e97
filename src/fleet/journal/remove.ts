/** Remove: the journals of clusters of which nothing is left. */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { isFilesDirectory } from "./files-directory.js"
import { directoryProblem } from "./permissions.js"

/** @throws an Error for a directory that others can write to: what is there may be theirs. */
export async function removeJournals(directory: string, cluster: string, uids: readonly string[]): Promise<void> {
  const unsafe = await directoryProblem(directory)
  if (unsafe !== undefined) throw new Error(`${directory}: ${unsafe}`)
  const names = await readdir(directory).catch(() => [])
  const prefixes = uids.map((uid) => `${cluster}.${uid}.`)
  const ours = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
  await Promise.all(ours.map((name) => removeOne(directory, name)))
}

function removeOne(directory: string, name: string): Promise<void> {
  const isOurs = isFilesDirectory(name)
  // A snapshot may just be taken there.
  return rm(join(directory, name), { force: true, recursive: isOurs, maxRetries: 3 }).catch(unlessDirectory)
}

/** Another directory in a file's place is none of ours. */
function unlessDirectory(error: NodeJS.ErrnoException): void {
  if (error.code !== "ERR_FS_EISDIR") throw error
}
