/** The sources of the project, read. */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { readSource, type Source } from "./source.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

export function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => readSource(relative(ROOT, file).split(sep).join("/"), readFileSync(file, "utf8")))
}
