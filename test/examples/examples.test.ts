/** Every example runs as it stands, says what it is to say, and leaves nothing behind. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { isLong } from "../support/long.js"
import { type Home, makeHome, PATIENCE_MS, start, untilNobodyIsLeft } from "./support.js"

const SOURCES = fileURLToPath(new URL("../../examples", import.meta.url))

interface Case {
  readonly file: string
  readonly args?: readonly string[]
  readonly code?: number
  readonly isLong?: true
  readonly says: readonly RegExp[]
}

const CASES: readonly Case[] = [
  { file: "burst.js", says: [/^8 workers\n40 files compressed\n8 workers ended, 0 left\n$/] },
  {
    file: "await-using.js",
    says: [
      /^(default-\w+ at 127\.\d+\.\d+\.\d+ is running\n){3}/,
      /closed: 3 workers ended, 0 left\n3 workers were there\n$/,
    ],
  },
  {
    file: "await-using.js",
    args: ["--fail"],
    code: 1,
    says: [/closed: 3 workers ended, 0 left\nfailed: the work failed\n$/],
  },
  {
    file: "attach.js",
    says: [
      /^process (\d+) has 2 workers and lets go of attach-\1\nprocess (?!\1)\d+ found 2 workers: /,
      /\n2 workers ended, 0 left\n$/,
    ],
  },
  {
    file: "groups.js",
    says: [
      /^at first: 1 queue, 4 workers\nmore work: 1 queue, 6 workers\nno work: 1 queue, 0 workers\n7 workers ended, 0 left\n$/,
    ],
  },
  {
    file: "thumbnails.js",
    says: [/^small-0\.ppm: 40 25, shade 0\n(.*\n){10}small-11\.ppm: 40 25, shade 220\n4 workers ended, 0 left\n$/],
  },
  { file: "frames.js", isLong: true, says: [/^3 workers ended, 0 left\n24 frames\n$/] },
  { file: "lines.js", says: [/^\d\d lines, \d\d\d words, 0 failed\n$/] },
  {
    file: "resume.js",
    isLong: true,
    says: [/^the first ended by SIGKILL\n30 done, most of ten by the one that was killed, (few|\d) twice\n$/],
  },
  { file: "shards.js", isLong: true, says: [/^(shard \d of 3\n){3}6 of 6 tests passed\n$/] },
  { file: "ci-runners.js", isLong: true, says: [/^8 jobs on 8 of 8 runners, 0 left\n$/] },
  {
    file: "custom-provider.js",
    says: [
      /^plan: 15 x toy-8 in north\nplan: 15 x toy-8 in south\nplan: \$6\.00 per hour; a toy machine runs no startup script\n/,
      /30 machines run, in 2 zones\n30 machines ended, 0 left, \$0\.00\d\d\n$/,
    ],
  },
  {
    file: "custom-engine.js",
    isLong: true,
    says: [
      /^4 workers have joined their head\nsquares: 0 1 4 9 16 25 36 49 64 81 100 121\n/,
      /1 worker and the head go on\n5 machines ended, 0 left\n$/,
    ],
  },
  {
    file: "rehearse.js",
    args: ["spot-storm", "--workers", "50", "--out", "/dev/null"],
    says: [
      /^spot-storm, 50 workers, seed 1: /,
      /\n {2}all ran after \d+ s; .*; 50 of 50 ran at the end; .*\n/,
      /picture: \/dev\/null\n$/,
    ],
  },
]

describe("the examples", { timeout: PATIENCE_MS }, () => {
  let home: Home
  beforeEach(() => {
    home = makeHome()
  })
  afterEach(() => home.remove())

  test.each(CASES.filter((one) => isLong || one.isLong === undefined))(
    "$file $args",
    async ({ file, args = [], code = 0, says }) => {
      const ending = await start(home, file, args).ending
      expect(ending).toMatchObject({ code, stderr: "" })
      for (const words of says) expect(ending.stdout).toMatch(words)
      await untilNobodyIsLeft(home)
      expect(home.files()).toEqual([])
    },
  )

  test("each of them is run here", () => {
    const files = readdirSync(SOURCES).filter((name) => name.endsWith(".ts"))
    expect(files.map((name) => name.replace(/\.ts$/, ".js")).sort()).toEqual(
      [...new Set(CASES.map(({ file }) => file))].sort(),
    )
  })
})

const linesOf = (path: string) => readFileSync(join(SOURCES, path), "utf8").trimEnd().split("\n").length

describe("the size of the examples", () => {
  const files = readdirSync(SOURCES).filter((name) => name.endsWith(".ts"))

  test.each(files)("%s has less than 40 lines", (file) => {
    expect(linesOf(file)).toBeLessThan(40)
  })
})

test.each(["provider", "engine"])("the complete %s has less than 80 lines, and its page shows it", (what) => {
  expect(linesOf(`support/toy-${what}.ts`)).toBeLessThan(80)
  const page = readFileSync(join(SOURCES, `../docs/write-a${what === "engine" ? "n" : ""}-${what}.md`), "utf8")
  const code = readFileSync(join(SOURCES, `support/toy-${what}.ts`), "utf8")
  expect(page).toContain(`\`\`\`ts\n${code}\`\`\`\n`)
})
