/** Permissions: journals decide what is launched again, so that only this user may write them. */
import type { Stats } from "node:fs"
import { lstat, stat } from "node:fs/promises"

/** Why other users may have written it; undefined when they cannot have, and where users have no numbers, so that it is not known. */
function othersMayWrite({ uid, mode }: Stats): string | undefined {
  const user = process.getuid?.()
  if (user === undefined || (uid === user && (mode & 0o022) === 0)) return undefined
  return `others can write to it (owner ${uid}, mode ${(mode & 0o777).toString(8)}); chown it to user ${user} and chmod it to 700`
}

/** Why nothing may be read from a directory or written into it; undefined when there is none, and when it is this user's alone. */
export async function directoryProblem(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? othersMayWrite(found) : "is no directory"
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === "ENOENT" ? undefined : message
  }
}

/** Why a file in such a directory may not be read; undefined when it is one, and this user's alone. */
export async function fileProblem(path: string): Promise<string | undefined> {
  // A link may lead anywhere.
  const found = await lstat(path)
  return found.isFile() ? othersMayWrite(found) : "is no file"
}
