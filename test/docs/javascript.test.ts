/** Programs in the pages are copied into files that Node runs: the oldest of ours must take them. */
import { execFileSync } from "node:child_process"
import { transformSync } from "rolldown/utils"
import { expect, test } from "vitest"
import { blocksOf, PAGES } from "./blocks.js"

/** For those who write a provider or tasks, in TypeScript: what is left of it without its types. */
const IN_TYPESCRIPT = ["docs/write-a-provider.md", "docs/write-an-engine.md", "docs/work.md", "docs/engines.md"]
/** Node 20 does not know it: whoever shows it says so beside it. */
const NEWER = /await using/
const MARKED = /await using.*\/\/ Node 24, or a build step/

interface Program {
  readonly name: string
  readonly code: string
}

const PARSE = `
  const { SourceTextModule } = await import("node:vm")
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const wrong = JSON.parse(Buffer.concat(chunks).toString()).flatMap(({ name, code }) => {
    try {
      new SourceTextModule(code)
      return []
    } catch (error) {
      return [name + ": " + error.message]
    }
  })
  console.log(JSON.stringify(wrong))
`

/** What this Node does not take for a module. */
function refused(programs: readonly Program[]): readonly string[] {
  const flags = ["--experimental-vm-modules", "--no-warnings", "--input-type=module", "--eval", PARSE]
  return JSON.parse(execFileSync(process.execPath, flags, { input: JSON.stringify(programs) }).toString()) as string[]
}

const blocks = PAGES.flatMap((page) => blocksOf(page, "(?:ts|js)"))

test("every program in the pages is JavaScript of Node 20 as it stands, or says that it is not", () => {
  const [newer, plain] = [blocks.filter(({ code }) => NEWER.test(code)), blocks.filter(({ code }) => !NEWER.test(code))]
  const programs = plain.map(({ page, line, code }) => {
    const name = `${page}:${line}`
    return {
      name,
      code: IN_TYPESCRIPT.includes(page) ? transformSync("block.ts", code, { target: "esnext" }).code : code,
    }
  })
  expect(programs.length).toBeGreaterThan(15)
  expect(refused(programs)).toEqual([])
  expect(newer.filter(({ code }) => !MARKED.test(code))).toEqual([])
  // What a page calls JavaScript is it without a mark.
  expect(PAGES.flatMap((page) => blocksOf(page, "js")).filter(({ code }) => NEWER.test(code))).toEqual([])
})

test("what is not would be found", () => {
  const wrong = { name: "wrong", code: "declare function left(): Promise<number>\n" }
  expect(refused([{ name: "right", code: "const { a } = await import('a')\n" }, wrong])).toEqual([
    expect.stringMatching(/^wrong: /),
  ])
})
