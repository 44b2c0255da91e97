/** Find: the nearest file of specs. Loads nothing of what reads one. */
import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { wholeError } from "./file-error.js"

/** In the order in which a directory's are named in messages. */
export const FILE_NAMES = ["muster.yaml", "muster.yml", "muster.json"] as const

/**
 * The nearest file from a directory upwards, as far as the repository's root, the home directory, or the top.
 *
 * @throws FileError when a directory has two of them.
 */
export async function findFile(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => [] as string[])
  const found = FILE_NAMES.filter((name) => names.includes(name))
  const [first, second] = found
  if (first !== undefined && second !== undefined) {
    const message = `there is ${second} beside it; keep one of them, or name the one that is meant`
    throw wholeError(join(directory, first), message)
  }
  if (first !== undefined) return join(directory, first)
  const above = dirname(directory)
  const isTop = above === directory || existsSync(join(directory, ".git")) || directory === home()
  return isTop ? undefined : findFile(above)
}

/** Where no home is known, none is passed. */
function home(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}
