import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, beforeEach, expect, test } from "vitest"
import { blocksOf } from "./blocks.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
let state = ""

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "muster-snippets-"))
})
afterEach(() => {
  rmSync(state, { recursive: true, force: true })
})

/** The code blocks of a page that import the package: those that can be run as they stand. */
function programs(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8")
  return [...text.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code = ""]) => code)
    .filter((code) => code.includes('from "muster-vms"'))
}

/** Runs a block as a module of the package itself, so that its own name is what is here. */
async function run(code: string): Promise<string> {
  const file = join(root, ".cache/js", `snippet-${process.pid}.mjs`)
  writeFileSync(file, code)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file], {
      env: { ...process.env, XDG_STATE_HOME: state },
    })
    return stdout
  } finally {
    rmSync(file)
  }
}

test("the first example of the README runs as it stands, and leaves nothing", async () => {
  const [first = ""] = programs("README.md")
  expect(first).toContain("scale(100")
  const output = await run(first.replace("scale(100, { minimum: 80", "scale(8, { minimum: 6"))
  expect(output).toMatch(
    /^8 workers run\nreceipt of "render": nothing is left\n {2}8 × {2}local-\d+ {2}on-demand {2}terminated {2}8 workers without a known price\n {2}in all: 8 instances, [\d a-z]+ of running, 8 workers without a known price \(an estimate\)\n$/,
  )
  const left = join(state, "muster", "local", "instances")
  expect(existsSync(left) ? readdirSync(left) : []).toEqual([])
})

test("the rehearsal of the page on how it works runs as it stands", async () => {
  const [rehearsal = ""] = programs("docs/how-it-works.md")
  const [running, calls, cost] = (await run(rehearsal)).trim().split(" ").map(Number)
  expect(running).toBe(200)
  expect(calls).toBeGreaterThan(1)
  expect(cost).toBeGreaterThan(0)
})

test("Ctrl-C ends the machines of the first example of the README, and of every recipe that lets go of none", () => {
  const recipes = blocksOf("docs/recipes.md", "js").map(({ code }) => code)
  const firsts = [programs("README.md")[0] ?? "", ...recipes.filter((code) => code.includes('from "muster-vms"'))]
  expect(firsts.length).toBeGreaterThan(5)
  for (const code of firsts) expect(code).toMatch(/closeOnExit: true|withCluster\(|runJob\(|detach\(\)/)
})
