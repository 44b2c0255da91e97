import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const RECORDER = new URL("./record-urls.mjs", import.meta.url).href
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

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

describe('import "muster"', () => {
  const HEAVY = /zod|@aws-sdk|@smithy|@azure|@google-cloud|p-limit|\/providers\/|\/simulator\//
  const NETWORK = /^(https?|http2|net|tls|dgram|_http_.*|_tls_.*)$/

  test("loads the core and nothing else", () => {
    const urls = resolvedBy('import "muster"')
    expect(urls.filter((url) => url.startsWith("dist/src/")).length).toBeGreaterThan(20)
    expect(urls.filter((url) => HEAVY.test(url))).toEqual([])
    expect(urls.filter((url) => !url.startsWith("dist/src/") && !url.startsWith("node:"))).toEqual([])
  })

  test("loads no network and no server", () => {
    const builtins = builtinsBy('import "muster"')
    expect(builtins).toContain("module")
    expect(builtins.filter((name) => NETWORK.test(name))).toEqual([])
    expect(builtinsBy('import "node:http"').filter((name) => NETWORK.test(name))).toContain("net")
  })

  test("zod comes with the first cluster, a provider with its first use", () => {
    const name = 'import { Cluster } from "muster"; const cluster = new Cluster({ provider: "local" });'
    expect(resolvedBy(name).filter((url) => url.includes("providers/"))).toEqual([])
    expect(resolvedBy(`${name} await cluster.plan(1)`)).toContain("dist/providers/local/index.js")
  })
})

describe("entry points", () => {
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== "string")
  test.each(entries)("%s resolves, loads, and has types", (entry, target) => {
    const name = entry.replace(".", "muster")
    if (typeof target === "string") return
    expect(existsSync(join(ROOT, target.types))).toBe(true)
    const names = run(`import * as all from "${name}"; console.log(Object.keys(all).join(" "))`).trim().split(" ")
    const declared = readFileSync(join(ROOT, target.types), "utf8")
    expect(names.length).toBeGreaterThan(0)
    // Re-exports by `export *` are declared elsewhere.
    if (!declared.includes("export *")) expect(names.filter((one) => !declared.includes(one))).toEqual([])
  })

  test("the manifest itself can be read, and nothing behind the doors", () => {
    expect(run('console.log(import.meta.resolve("muster/package.json"))')).toContain("package.json")
    const hidden = 'try { import.meta.resolve("muster/dist/src/cluster.js") } catch (e) { console.log(e.code) }'
    expect(run(hidden).trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })

  test("no entry point but its own loads a cloud's SDK", () => {
    for (const [entry] of entries) {
      if (["./aws", "./gcp", "./azure"].includes(entry)) continue
      const urls = resolvedBy(`import "${entry.replace(".", "muster")}"`)
      expect(urls.filter((url) => /@aws-sdk|@azure|@google-cloud/.test(url))).toEqual([])
    }
  })
})
