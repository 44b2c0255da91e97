/** What is taken for true of clouds stands in one place: the page is made of it, and whoever doubts something in code or on pages names it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { CLOUDS, filesToHold, page, sourceOf, straysIn } from "./assumed.js"
import { ROOT } from "./blocks.js"

const PATH = join(ROOT, "docs/assumptions.md")
if (process.env.MUSTER_RENEW === "1") writeFileSync(PATH, page())

const rows = CLOUDS.flatMap(({ name, assumptions, untried }) =>
  [...assumptions, ...untried].map((one) => ({ name, ...one })),
)
const known = new Set(rows.map(({ id }) => id))

test("the page is what the tables say", () => {
  expect(readFileSync(PATH, "utf8"), "it is renewed by: npm run assumptions").toBe(page())
})

describe("the tables", () => {
  test("each cloud has one, and each id is there once and begins with its cloud", () => {
    expect(CLOUDS.filter(({ assumptions }) => assumptions.length < 8).map(({ name }) => name)).toEqual([])
    expect(rows.map(({ id }) => id)).toHaveLength(known.size)
    expect(rows.filter(({ id, name }) => !id.startsWith(`${name}.`)).map(({ id }) => id)).toEqual([])
  })

  test("what rests on an assumption is there", () => {
    const missing = rows.flatMap(({ id, code }) =>
      code.filter((file) => !existsSync(join(ROOT, file))).map((file) => `${id}: ${file}`),
    )
    expect(missing).toEqual([])
    expect(rows.filter(({ code }) => code.length === 0).map(({ id }) => id)).toEqual([])
  })

  test("each says what, and where it is from", () => {
    const short = rows.filter(({ says, source }) => says.length < 20 || source.length < 5)
    expect(short.map(({ id }) => id)).toEqual([])
  })
})

test("whoever doubts in code or on pages names the assumption", () => {
  const files = filesToHold()
  expect(files.length).toBeGreaterThan(500)
  const strays = files.flatMap((file) => straysIn(file, sourceOf(file), known))
  expect(strays.map(({ file, line, text }) => `${file}:${line}: ${text}`)).toEqual([])
})

/** The finder itself. */
const CASES: readonly (readonly [file: string, text: string, strays: number])[] = [
  ["a.ts", "/** Whether it is kept is not documented. */\nconst x = 1", 1],
  ["a.ts", "/** Whether it is kept is not documented (aws.known). */\nconst x = 1", 0],
  ["a.ts", "/**\n * This is undocumented.\n * See aws.known.\n */\nconst x = 1", 0],
  ["a.ts", "// aws.known\n\n// presumably\nconst x = 1", 1],
  ["a.ts", "// presumably (aws.other)\nconst x = 1", 1],
  ["a.md", "AWS does not document it.\nIt is `aws.known`.\n\nMore.", 0],
  ["a.md", "- it is unverified\n- `aws.known`", 1],
  ["a.md", "It was documented, and tried.", 0],
]

test.each(CASES)("%s: %s", (file, text, strays) => {
  expect(straysIn(file, text, new Set(["aws.known"]))).toHaveLength(strays)
})
