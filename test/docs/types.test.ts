/** Every program in the pages type-checks as it stands. */
import { join } from "node:path"
import ts from "typescript"
import { expect, test } from "vitest"
import { blocksOf, PAGES, ROOT } from "./blocks.js"

/** Where a block counts as written: beside the toy provider, whose files the page on providers imports. */
const PLACE = join(ROOT, "examples", "support")

const blocks = PAGES.flatMap((page) => blocksOf(page, "(?:ts|js)"))
/** One that is wrong, to see that what is wrong is found. */
const WRONG = {
  page: "wrong",
  line: 1,
  code: 'import { Cluster } from "muster-vms"\nnew Cluster({ provider: "lokal" })\n',
}
const files = new Map([...blocks, WRONG].map((block, at) => [join(PLACE, `block-${at}.ts`), block]))

function settings(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  // A page shows how a thing is made, not always what is done with it.
  return { ...options, noUnusedLocals: false, noUnusedParameters: false }
}

function program(options: ts.CompilerOptions): ts.Program {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  const textAt = (path: string) => {
    const block = files.get(path)
    // Whatever imports nothing is still a module.
    return block === undefined ? undefined : `${block.code}\nexport {}\n`
  }
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => textAt(path) ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = textAt(path)
    return text === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version)
  }
  return ts.createProgram([...files.keys()], options, host)
}

test("every program in the README and the docs type-checks as it stands", { timeout: 300_000 }, () => {
  expect(blocks.length).toBeGreaterThan(15)
  const checked = program(settings())
  const problems = [...files].flatMap(([path, { page, line }]) => {
    const source = checked.getSourceFile(path)
    return ts.getPreEmitDiagnostics(checked, source).map(({ messageText, start = 0 }) => {
      const at = line + (source?.getLineAndCharacterOfPosition(start).line ?? 0)
      return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`
    })
  })
  expect(problems).toEqual([expect.stringMatching(/^wrong:2: .*"lokal"/)])
})
