import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { findFile } from "../../src/file/find.js"
import { loadFile, MOST_BYTES } from "../../src/file/load.js"
import { folderForEachTest } from "../support/folder.js"

const TEXT = "provider: local\nvcpus: 1\nname: here\n"
let root = ""

folderForEachTest((path) => {
  root = path
})

const put = (path: string, text: string | Uint8Array = TEXT) => writeFileSync(join(root, path), text)
const below = (path: string) => {
  mkdirSync(join(root, path), { recursive: true })
  return join(root, path)
}
async function* chunksOf(...chunks: readonly string[]) {
  yield* chunks
}
const problem = (loading: Promise<unknown>) => loading.then(String, (error: Error) => error.message)

describe("finding a file", () => {
  test.each(["muster.yaml", "muster.yml", "muster.json"])("%s, upwards", async (name) => {
    put(name)
    expect(await findFile(below("a/b/c"))).toBe(join(root, name))
  })

  test("the nearest one", async () => {
    put("muster.yaml")
    const near = below("a/b")
    put("a/muster.json")
    expect(await findFile(near)).toBe(join(root, "a/muster.json"))
  })

  test("not above a repository, nor above a home", async () => {
    put("muster.yaml")
    below("repository/.git")
    expect(await findFile(below("repository/src"))).toBeUndefined()
    expect(await loadFile({ directory: below("repository/src") })).toBeUndefined()
    expect(await findFile(join(homedir(), "no-such-directory"))).not.toBe(join(root, "muster.yaml"))
  })

  test("two of them in one directory are refused", async () => {
    put("muster.yaml")
    put("muster.json", "{}")
    expect(await problem(findFile(below("a")))).toMatch(/muster\.yaml: there is muster\.json beside it; keep one/)
  })

  test("a directory that may not be read has none", async () => {
    expect(await findFile("/proc/self/no-such")).toBeUndefined()
  })
})

describe("reading a file", () => {
  test("by its path, which is how messages name it", async () => {
    put("other.yaml", "provider: local\nvcpu: 1\n")
    expect(await problem(loadFile({ path: "other.yaml", directory: root }))).toMatch(/^other\.yaml:2:1: vcpu: unknown/)
  })

  test("from the standard input", async () => {
    const file = await loadFile({ path: "-", stdin: chunksOf("provider: lo", "cal\nvcpus: 1\n") })
    expect(file?.clusters[0]?.spec.provider).toBe("local")
  })

  test("with the variables of the environment", async () => {
    put("muster.yaml", "provider: local\nvcpus: ${N}\n")
    expect((await loadFile({ directory: root, env: { N: "3" } }))?.clusters[0]?.spec.vcpus).toBe(3)
  })

  test.each([
    ["none.yaml", /^none\.yaml: there is no such file/],
    ["folder", /^folder: is a directory; name the file in it/],
    ["muster.yaml/x", /^muster\.yaml\/x: is below something that is no directory/],
    ["loop", /^loop: cannot be read: ELOOP/],
    ["latin.yaml", /^latin\.yaml: is no text in UTF-8/],
  ])("%s is refused", async (path, message) => {
    put("muster.yaml")
    below("folder")
    symlinkSync("loop", join(root, "loop"))
    put("latin.yaml", Buffer.from("name: caf\xe9\n", "latin1"))
    expect(await problem(loadFile({ path, directory: root }))).toMatch(message)
  })

  test("one of 100 MB is refused without reading it, and one byte more than 1 MiB too", async () => {
    put("big.yaml")
    truncateSync(join(root, "big.yaml"), 100_000_000)
    const before = process.memoryUsage.rss()
    expect(await problem(loadFile({ path: "big.yaml", directory: root }))).toMatch(/longer than 1 MiB/)
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000)
    const full = `${TEXT}# ${"x".repeat(MOST_BYTES - TEXT.length - 2)}`
    put("full.yaml", full)
    put("over.yaml", `${full}x`)
    expect((await loadFile({ path: "full.yaml", directory: root }))?.clusters[0]?.name).toBe("here")
    expect(await problem(loadFile({ path: "over.yaml", directory: root }))).toMatch(/longer than 1 MiB/)
  })

  test("no more of a standard input without end is read", async () => {
    let taken = 0
    async function* endless() {
      for (;;) {
        taken += 1
        yield "x".repeat(65_536)
      }
    }
    expect(await problem(loadFile({ path: "-", stdin: endless() }))).toMatch(/^-: is longer than 1 MiB/)
    expect(taken).toBe(17)
  })
})
