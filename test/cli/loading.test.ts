/** What is loaded before a verb is known: the parser and the table, and nothing of what the verbs do. */
import { readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { readSource } from "../architecture/source.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** Everything that a file loads with itself: files of this repository, and packages. */
function loadedWith(start: string): ReadonlySet<string> {
  const loaded = new Set<string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (loaded.has(path)) continue
    loaded.add(path)
    if (!path.endsWith(".ts")) continue
    for (const { specifier, typeOnly, lazy } of readSource(path, readFileSync(`${ROOT}/${path}`, "utf8")).imports) {
      if (typeOnly || lazy) continue
      const isFile = specifier.startsWith(".")
      queue.push(isFile ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts") : specifier)
    }
  }
  return loaded
}

test("muster --help loads commander and the table of verbs", () => {
  const loaded = [...loadedWith("src/cli/index.ts")]
  expect(loaded).toContain("commander")
  expect(loaded).toContain("src/cli/verbs/look-table.ts")
  const allowed =
    /^(node:|commander$|src\/(cli\/[a-z-]+|cli\/spec\/spec-flags|cli\/verbs\/[a-z-]+|calls\/[a-z-]+|input\/[a-z-]+|spec\/provider-schema|provider|errors|text)(\.ts)?$)/
  expect(loaded.filter((path) => !allowed.test(path))).toEqual([])
})

test("muster get from local state loads nothing that asks a cloud", () => {
  const loaded = [...loadedWith("src/cli/verbs/look/get.ts")]
  const heavy = /^(zod|yaml|src\/(cluster|registry|session|progress|file\/parse)|providers\/)/
  expect(loaded.filter((path) => heavy.test(path))).toEqual([])
})
