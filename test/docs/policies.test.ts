/** The policies on the pages are what `muster policy` prints: each follows the command line that prints it. `npm run policies` renews them. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { run } from "../../src/cli/run.js"
import { systemClock } from "../../src/calls/clock.js"
import { PAGES, ROOT, textOf } from "./blocks.js"

const PRINTED = /(`muster (policy [^`\n]+)`[^\n]*\n\n```(?:json|yaml)\n)(.*?)(?=```)/gs

async function printed(line: string): Promise<string> {
  let text = ""
  const surroundings = {
    env: {},
    version: "1",
    clock: systemClock,
    ask: undefined,
    load: () => Promise.reject(new Error("no cloud is asked")),
    out: (piece: string) => {
      text += piece
    },
    say: () => {},
  }
  expect(await run(line.split(" "), surroundings)).toBe(0)
  return text
}

if (process.env.MUSTER_RENEW === "1") {
  for (const page of PAGES) {
    const path = join(ROOT, page)
    let text = readFileSync(path, "utf8")
    for (const [all, head = "", line = ""] of text.matchAll(PRINTED))
      text = text.replace(all, () => `${head}${"\0"}${line}\0`)
    for (const [mark, line = ""] of text.matchAll(/\0([^\0]+)\0/g)) {
      const block = await printed(line)
      text = text.replace(mark, () => block)
    }
    writeFileSync(path, text)
  }
}

const found = PAGES.flatMap((page) =>
  [...textOf(page).matchAll(PRINTED)].map(([, , line = "", block = ""]) => [page, line, block] as const),
)

test("each cloud's page and its first steps have one", () => {
  const pages = new Set(found.map(([page]) => page))
  const clouds = ["aws", "gcp", "azure"].flatMap((cloud) => [`docs/${cloud}.md`, `docs/getting-started-${cloud}.md`])
  expect(clouds.filter((page) => !pages.has(page))).toEqual([])
})

test.each(found)("%s: muster %s", async (_page, line, block) => {
  expect(block, "it is renewed by: npm run policies").toBe(await printed(line))
})
