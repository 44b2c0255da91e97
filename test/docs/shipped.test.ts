/** What ships reads alone: in the package there is no repository around a page. What its programs begin, they end. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { blocksOf, PAGES, ROOT, textOf } from "./blocks.js"

const SHIPPED = PAGES.filter((page) => page !== "CONTRIBUTING.md")
const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly files: readonly string[] }

test("the package has every page", () => {
  expect(files).toEqual(expect.arrayContaining(["docs", "README.md", "CHANGELOG.md", "LICENSE"]))
})

test.each(SHIPPED)("%s: no command of a clone, but for the README's two", (page) => {
  const commands = [...textOf(page).matchAll(/npm (?:run [\w:-]+|test\b|ci && npm \w+)/g)].map(([command]) => command)
  const isOfClone = /^npm (?:run|test)|^npm ci && npm (?:test|run)/
  const found = commands.filter((command) => isOfClone.test(command))
  expect(found).toEqual(page === "README.md" ? ["npm ci && npm run", "npm ci && npm test"] : [])
})

test.each(SHIPPED.filter((page) => page.startsWith("docs/")))("%s: links lead to what ships", (page) => {
  const up = [...textOf(page).matchAll(/\]\(\.\.\/([^)#\s]+)/g)].map(([, path = ""]) => path)
  expect(up.filter((path) => !files.includes(path))).toEqual([])
})

test("every recipe ends on Ctrl-C, or says why not", () => {
  const recipes = blocksOf("docs/recipes.md", "js")
  expect(recipes.length).toBeGreaterThan(5)
  const open = recipes.filter(({ code }) => !code.includes("runJob(") && !code.includes("closeOnExit: true"))
  expect(open.map(({ code }) => code.includes(".detach()"))).toEqual([true])
})

test("the README's first program ends on Ctrl-C", () => {
  const [first] = blocksOf("README.md", "(?:ts|js)")
  expect(first?.code).toContain("closeOnExit: true")
})
