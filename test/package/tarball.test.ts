/** What `npm publish` would send: all that is used, nothing that confuses, and sources to step into. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll, expect, test } from "vitest"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
/** Twice what it is: more would be something that does not belong. */
const MOST_PACKED_BYTES = 2_500_000

interface Packed {
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}
let packed: Packed = { size: 0, files: [] }
let paths = new Set<string>()

/** A directory that was built before may still have what has no source any more: a clean build has not. */
function hasSource(path: string): boolean {
  return existsSync(join(ROOT, path.replace(/^dist\//, "").replace(/(\.d\.ts|\.js|\.js\.map)$/, ".ts")))
}

beforeAll(() => {
  // What is built is built already, by the set-up of the tests.
  const parameters = ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"]
  const [only] = JSON.parse(execFileSync("npm", parameters, { cwd: ROOT, encoding: "utf8" })) as Packed[]
  if (only !== undefined) packed = only
  paths = new Set(packed.files.map(({ path }) => path))
})

test("has every entry point and command, and the command can be run", () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : [target.types, target.default],
  )
  const wanted = [...targets, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ""))
  expect(wanted.filter((path) => !paths.has(path))).toEqual([])
  for (const file of Object.values(manifest.bin)) {
    expect(readFileSync(join(ROOT, file), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/)
  }
})

test("has no tests, no tools and no sources beside what is compiled", () => {
  const allowed =
    /^(dist\/(src|providers|test\/contract)\/.*\.(js|js\.map|d\.ts)|docs\/.*\.md|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/
  expect([...paths].filter((path) => !allowed.test(path) || path.includes(".test."))).toEqual([])
  expect(packed.size).toBeLessThan(MOST_PACKED_BYTES)
  for (const page of ["README.md", "LICENSE", "docs/options.md"]) expect(paths).toContain(page)
})

test("has types with their comments, and a map with its source, beside every module", () => {
  const modules = [...paths].filter((path) => path.endsWith(".js") && hasSource(path))
  expect(modules.length).toBeGreaterThan(200)
  const lacking = modules.filter((path) => !paths.has(path.replace(/js$/, "d.ts")) || !paths.has(`${path}.map`))
  expect(lacking).toEqual([])
  const blind = modules.filter((path) => {
    const file = join(ROOT, `${path}.map`)
    const map = JSON.parse(readFileSync(file, "utf8")) as { readonly sourcesContent?: readonly string[] }
    return map.sourcesContent?.length !== 1
  })
  expect(blind).toEqual([])
  const types = readFileSync(join(ROOT, "dist/src/spec.d.ts"), "utf8")
  expect(types).toContain("/** The cluster's own deadline")
})
