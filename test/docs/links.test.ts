/** What the pages point at is there: files, headings, commands and flags. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { expect, test } from "vitest"
import { blocksOf, PAGES, ROOT, textOf } from "./blocks.js"

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** As GitHub makes them: lower case, spaces as hyphens, no other signs. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

test.each([...PAGES, "CHANGELOG.md"])("%s: every link leads somewhere", (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
  const dead = links
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [path = "", anchor] = target.split("#")
      const file = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path))
      if (!existsSync(join(ROOT, file))) return true
      return anchor !== undefined && !anchorsOf(file).includes(anchor)
    })
  expect(dead).toEqual([])
})

test.each(PAGES)("%s: every script and JSON is what it says", (page) => {
  const text = textOf(page)
  const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name)
  expect(scripts.filter((name) => manifest.scripts[name] === undefined)).toEqual([])
  for (const { code } of blocksOf(page, "json")) JSON.parse(code)
})

test.each(PAGES)("%s: the sources that it names are there", (page) => {
  const named = [...textOf(page).matchAll(/`((?:src|providers|test|examples)\/[^`*<\s]+)`/g)].map(
    ([, path = ""]) => path,
  )
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  if (page === "CONTRIBUTING.md") expect(named.length).toBeGreaterThan(20)
})
