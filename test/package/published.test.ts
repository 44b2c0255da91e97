/** What `npm publish` would send: all that is used, nothing that confuses, and imports that load little. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type Packed, packPackage, ROOT } from "./build.js"

const RECORDER = new URL("./record-urls.mjs", import.meta.url).href
/** A fifth more than it is: more would be something that does not belong. */
const MOST_UNPACKED_BYTES = 7_200_000

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly name: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}
let packed: Packed = { filename: "", size: 0, unpackedSize: 0, files: [] }
let paths = new Set<string>()

beforeAll(() => {
  packed = packPackage()
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
    /^(dist\/(src|providers|test\/contract)\/.*\.(js|d\.ts)|dist\/muster\.schema\.json|docs\/.*\.md|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/
  expect([...paths].filter((path) => !allowed.test(path) || path.includes(".test."))).toEqual([])
  expect(packed.unpackedSize).toBeLessThan(MOST_UNPACKED_BYTES)
  for (const page of ["README.md", "LICENSE", "docs/options.md"]) expect(paths).toContain(page)
})

test("has types with their comments beside every module, and programs that can be read", () => {
  const modules = [...paths].filter((path) => path.endsWith(".js"))
  expect(modules.length).toBeGreaterThan(200)
  expect(modules.filter((path) => !paths.has(path.replace(/js$/, "d.ts")))).toEqual([])
  // They are the sources without their types: a map, and the sources that it needs, would say the same again in 4 MB.
  const mapped = modules.filter((path) => readFileSync(join(ROOT, path), "utf8").includes("sourceMappingURL"))
  expect(mapped).toEqual([])
  expect(readFileSync(join(ROOT, "dist/src/cluster.js"), "utf8")).toContain("Ends everything: the terminate calls")
  const types = readFileSync(join(ROOT, "dist/src/spec/types.d.ts"), "utf8")
  expect(types).toContain("/** The cluster's own deadline")
})

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-package-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** What a bare Node prints that runs this module's text. */
function run(text: string, flags: readonly string[] = [], environment: Record<string, string> = {}): string {
  return execFileSync(process.execPath, [...flags, "--input-type=module", "--eval", text], {
    cwd: ROOT,
    encoding: "utf8",
    env: { PATH: process.env.PATH ?? "", ...environment },
  })
}

/** The modules that are resolved: paths from the package's root, and "node:" ones. */
function resolvedBy(text: string): readonly string[] {
  const file = join(directory, "urls")
  run(text, ["--import", RECORDER], { RECORD_URLS: file })
  const urls = readFileSync(file, "utf8").trim().split("\n")
  return urls.map((url) => (url.startsWith("file:") ? fileURLToPath(url).replace(ROOT, "") : url))
}

/** Node's own modules that are loaded beyond those of an empty program. */
function builtinsBy(text: string): readonly string[] {
  const list = (before: string) =>
    JSON.parse(run(`${before}\nconsole.log(JSON.stringify(process.moduleLoadList))`)) as readonly string[]
  const bare = new Set(list(""))
  return list(text)
    .filter((name) => !bare.has(name))
    .map((name) => name.replace("NativeModule ", ""))
}

describe('import "muster-vms"', () => {
  const HEAVY = /zod|@aws-sdk|@smithy|@azure|@google-cloud|p-limit|\/providers\/|\/simulator\/|\/progress\//
  const NETWORK = /^(https?|http2|net|tls|dgram|_http_.*|_tls_.*)$/

  test("loads the core and nothing else", () => {
    const urls = resolvedBy('import "muster-vms"')
    expect(urls.filter((url) => url.startsWith("dist/src/")).length).toBeGreaterThan(20)
    expect(urls.filter((url) => HEAVY.test(url))).toEqual([])
    expect(urls.filter((url) => !url.startsWith("dist/src/") && !url.startsWith("node:"))).toEqual([])
  })

  test("nor does showing its progress, but for itself", () => {
    const urls = resolvedBy('import "muster-vms/progress"')
    expect(urls.filter((url) => HEAVY.test(url) && !url.includes("/progress/"))).toEqual([])
    expect(urls.filter((url) => !url.startsWith("dist/src/") && !url.startsWith("node:"))).toEqual([])
    expect(urls.length).toBeLessThan(60)
  })

  test("nor does what runs on workers of a queue, and nothing of BullMQ's", () => {
    const urls = resolvedBy('import "muster-vms/bullmq"')
    const own = /^(dist\/src\/(demand\/bullmq\/|calls\/|errors\.js|spec\/duration\.js)|node:(fs|os|path)$)/
    expect(urls.filter((url) => !own.test(url))).toEqual([])
  })

  test("nor does an engine, until it is made", () => {
    const urls = resolvedBy('import "muster-vms/dask"')
    expect(urls.filter((url) => HEAVY.test(url) || url.includes("node-forge"))).toEqual([])
    expect(urls.filter((url) => !url.startsWith("dist/src/") && !url.startsWith("node:"))).toEqual([])
  })

  test("loads no network and no server", () => {
    const builtins = builtinsBy('import "muster-vms"')
    expect(builtins).toContain("module")
    expect(builtins.filter((name) => NETWORK.test(name))).toEqual([])
    expect(builtinsBy('import "node:http"').filter((name) => NETWORK.test(name))).toContain("net")
  })

  test("zod comes with the first cluster, a provider with its first use", () => {
    const name = 'import { Cluster } from "muster-vms"; const cluster = new Cluster({ provider: "local" });'
    expect(resolvedBy(name).filter((url) => url.includes("providers/"))).toEqual([])
    expect(resolvedBy(`${name} await cluster.plan(1)`)).toContain("dist/providers/local/index.js")
  })
})

describe("entry points", () => {
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== "string")
  test.each(entries)("%s resolves, loads, and has types", (entry, target) => {
    const name = entry.replace(".", manifest.name)
    if (typeof target === "string") return
    expect(existsSync(join(ROOT, target.types))).toBe(true)
    const names = run(`import * as all from "${name}"; console.log(Object.keys(all).join(" "))`).trim().split(" ")
    const declared = readFileSync(join(ROOT, target.types), "utf8")
    expect(names.length).toBeGreaterThan(0)
    // Re-exports by `export *` are declared elsewhere.
    if (!declared.includes("export *")) expect(names.filter((one) => !declared.includes(one))).toEqual([])
  })

  test("the manifest itself can be read, and nothing behind the doors", () => {
    expect(run('console.log(import.meta.resolve("muster-vms/package.json"))')).toContain("package.json")
    const hidden = 'try { import.meta.resolve("muster-vms/dist/src/cluster.js") } catch (e) { console.log(e.code) }'
    expect(run(hidden).trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })

  test("no entry point but its own loads a cloud's SDK", () => {
    for (const [entry] of entries) {
      if (["./aws", "./gcp", "./azure"].includes(entry)) continue
      const urls = resolvedBy(`import "${entry.replace(".", manifest.name)}"`)
      expect(urls.filter((url) => /@aws-sdk|@azure|@google-cloud/.test(url))).toEqual([])
    }
  })
})
