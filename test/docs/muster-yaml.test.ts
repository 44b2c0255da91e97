import { describe, expect, test } from "vitest"
import { parseFile } from "../../src/file/parse.js"
import { blocksOf } from "./blocks.js"

const PAGE = "docs/muster-yaml.md"

describe("the page on muster.yaml", () => {
  const files = blocksOf(PAGE, "yaml")

  test.each(files)("the file on line $line is sound", async ({ code }) => {
    const { clusters } = await parseFile(code, { path: "muster.yaml" })
    expect(clusters.every(({ target, adapt }) => target !== undefined || adapt !== undefined)).toBe(true)
  })

  test("has files of one cluster and one of several", () => {
    expect(files).toHaveLength(4)
  })

  test("shows a message as it is", async () => {
    const [{ code: message } = { code: "" }] = blocksOf(PAGE, "text")
    const text = "provider:\n  aws:\n    region: eu-west-2\n    ami: ami-1\nvcpu: 4\n"
    const both = await parseFile(text, { path: "muster.yaml" }).catch((error: Error) => error.message)
    expect(both).toBe(message.trimEnd())
  })
})
