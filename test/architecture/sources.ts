/** The files of the project, and its sources, read. */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { readSource, type Source } from "./source.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** Paths from the project's root, with `/`, of all files below a folder. */
export function pathsIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"))
}

/** Reads each source file below a folder: `read` is given its path from the project's root, and its text. */
export function eachSourceIn<T>(folder: string, read: (path: string, text: string) => T): readonly T[] {
  const paths = pathsIn(folder).filter((path) => path.endsWith(".ts"))
  return paths.map((path) => read(path, readFileSync(join(ROOT, path), "utf8")))
}

export function sourcesIn(folder: string): readonly Source[] {
  return eachSourceIn(folder, readSource)
}
