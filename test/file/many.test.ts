/** A file of many clusters: what is read of it grows with its length, and not with its square. */
import fc from "fast-check"
import { expect, test, vi } from "vitest"
import { locate, type Located } from "../../src/file/data.js"
import { placeOf, placesIn } from "../../src/file/excerpt.js"
import { parseFile } from "../../src/file/parse.js"
import type * as registry from "../../src/registry.js"

const checkNamed = vi.hoisted(() => vi.fn())
vi.mock("../../src/registry.js", async (original) => {
  const real = await original<typeof registry>()
  checkNamed.mockImplementation(real.checkNamed)
  return { ...real, checkNamed }
})

test("a place that many clusters have is checked once", async () => {
  const one = (at: number) =>
    `  c${at}:\n    provider: { local: { zones: [${at % 2 === 0 ? "a" : "b"}] } }\n    vcpus: 1\n`
  const text = `clusters:\n${Array.from({ length: 200 }, (_, at) => one(at)).join("")}`
  const { clusters } = await parseFile(text, { path: "muster.yaml" })
  expect(clusters).toHaveLength(200)
  expect(clusters[199]?.where("vcpus")).toEqual({ file: "muster.yaml", line: 601, column: 12 })
  expect(checkNamed).toHaveBeenCalledTimes(2)
})

test("a problem of a place is told for each cluster that has it", async () => {
  const one = (at: number) => `  c${at}:\n    provider: { local: { zone: a } }\n    vcpus: 1\n`
  const text = `clusters:\n${[0, 1, 2].map(one).join("")}`
  const error = await parseFile(text, { path: "muster.yaml" }).catch((caught: Error) => caught)
  expect(String(error).match(/zone: unknown option/g)).toHaveLength(3)
})

test("places are those that counting from the begin finds", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "\n", "\r\n", "é")), fc.nat(40), (parts, offset) => {
      const text = parts.join("")
      const at = Math.min(offset, text.length)
      const before = text.slice(0, at).split("\n")
      const counted = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
      expect([placesIn(text)(at), placeOf(text, at)]).toEqual([counted, counted])
    }),
  )
})

test("a key may have dots in it, and be empty", () => {
  const leaf = (from: number): Located => ({ value: { from, to: from + 1 }, children: new Map() })
  const inner = (from: number, ...children: (readonly [string, Located])[]): Located => ({
    ...leaf(from),
    children: new Map(children),
  })
  const root = inner(
    0,
    ["a", inner(1, ["b", leaf(2)])],
    ["a.b", inner(3, ["c", leaf(4)])],
    ["", inner(5, ["d", leaf(6)])],
  )
  const found = (path: string) => {
    const { found: at, isWhole } = locate(root, path)
    return [at.value.from, isWhole]
  }
  expect(["a", "a.b", "a.b.c", "a.x", "x", "", ".d"].map(found)).toEqual([
    ...[
      [1, true],
      [3, true],
      [4, true],
      [1, false],
      [0, false],
      [0, true],
      [6, true],
    ],
  ])
})
