import { describe, expect, test } from "vitest"
import {
  FILE_LINES,
  FOLDER_FILES,
  FUNCTION_LINES,
  type Size,
  sizeOf,
  TEST_FOLDER_FILES,
  tooFull,
  tooLong,
} from "./limits.js"
import { eachSourceIn, pathsIn } from "./sources.js"

describe("what there is", () => {
  test("no file and no function is too long", () => {
    const sizes: readonly Size[] = [...eachSourceIn("src", sizeOf), ...eachSourceIn("providers", sizeOf)]
    expect(sizes.length).toBeGreaterThan(20)
    expect(sizes.flatMap(({ functions }) => functions).length).toBeGreaterThan(100)
    expect(sizes.flatMap(tooLong)).toEqual([])
  })

  test("no folder has too many files", () => {
    const paths = ["src", "providers", "test"].flatMap(pathsIn)
    expect(paths.length).toBeGreaterThan(100)
    expect(tooFull(paths)).toEqual([])
  })
})

const times = (count: number, line: string) => `${line}\n`.repeat(count)
const lone = (name: string, lines: number) => `${name}() {\n${times(lines - 2, "  work()")}}`

/** Each is too long, or just is not: the rules must tell. */
const LONG: readonly (readonly [what: string, text: string, problem: string | undefined])[] = [
  ["a file", times(FILE_LINES, "work()"), undefined],
  ["a file of one line more", times(FILE_LINES + 1, "work()"), "src/a.ts has 321 lines: at most 320"],
  ["a file without its last line break", `${times(FILE_LINES - 1, "work()")}work()`, undefined],
  [
    "interfaces",
    `import type { B } from "./b.js"\nexport interface A {\n${times(400, "  /** A line. */")}}`,
    undefined,
  ],
  ["a union", `export type { B } from "./b.js"\nexport type A =\n${times(400, '  | "a"')}`, undefined],
  [
    "types and one number",
    `export type A =\n${times(400, '  | "a"')}\nexport const ONE = 1\n`,
    "src/a.ts has 403 lines",
  ],
  ["types and an import that runs", `import "./b.js"\ntype A =\n${times(400, '  | "a"')}`, "src/a.ts has 402 lines"],
  ["types and values of another file", `export { b } from "./b.js"\ntype A =\n${times(400, '  | "a"')}`, "402 lines"],
  ["a function", lone("function work", FUNCTION_LINES), undefined],
  ["its comment", `/**\n${times(40, " * A line.")} */\n${lone("function work", FUNCTION_LINES)}`, undefined],
  ["a longer one", lone("function work", FUNCTION_LINES + 1), "src/a.ts:1 work has 46 lines: at most 45"],
  ["an arrow function", `\nconst work = () => {\n${times(45, "  go()")}}`, "src/a.ts:2 work has 47 lines"],
  ["a member", `const it = {\n  work: function () {\n${times(45, "    go()")}  },\n}`, "src/a.ts:2 work has 47 lines"],
  ["a method", `class It {\n${lone("  work", 46)}\n}`, "src/a.ts:2 work has 46 lines"],
  ["a constructor", `class It {\n${lone("  constructor", 46)}\n}`, "src/a.ts:2 constructor has 46 lines"],
  ["a class of short methods", `class It {\n${[1, 2, 3].map((n) => lone(`  work${n}`, 40)).join("\n")}\n}`, undefined],
  ["a callback", `run(() => {\n${times(45, "  go()")}})`, "src/a.ts:1 a function without a name has 47 lines"],
  ["one inside another", `function outer() {\n${lone("function inner", 46)}\n}`, "src/a.ts:2 inner has 46 lines"],
]

describe("the rules themselves", () => {
  test.each(LONG)("%s", (_what, text, problem) => {
    const problems = tooLong(sizeOf("src/a.ts", text)).join("\n")
    if (problem === undefined) expect(problems).toBe("")
    else expect(problems).toContain(problem)
  })

  const filesOf = (folder: string, count: number) => Array.from({ length: count }, (_, n) => `${folder}/file-${n}.ts`)

  test("a folder of sources, and one of tests", () => {
    const full = [...filesOf("src/calls", FOLDER_FILES), ...filesOf("test", TEST_FOLDER_FILES)]
    expect(tooFull(full)).toEqual([])
    expect(tooFull([...full, "src/calls/more.ts", "test/more.json"])).toEqual([
      "src/calls has 16 files: at most 15",
      "test has 26 files: at most 25",
    ])
    expect(tooFull(filesOf("providers/testing", 16))).toEqual(["providers/testing has 16 files: at most 15"])
  })

  test("files of inner folders, and of data, do not count", () => {
    const inner = filesOf("src/calls/inner", 2)
    const data = ["fixtures", "generated/docs", "recordings"].flatMap((name) => filesOf(`test/aws/${name}`, 40))
    expect(tooFull([...filesOf("src/calls", FOLDER_FILES), ...inner, ...data])).toEqual([])
    expect(tooFull(filesOf("test/fixtures-of-mine", 26))).toEqual(["test/fixtures-of-mine has 26 files: at most 25"])
  })
})
