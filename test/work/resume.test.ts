/** Files of results: whatever was cut off or damaged, nothing wrong is taken for a result, and nothing is lost that was kept. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { SpecError } from "../../src/errors.js"
import { openResume } from "../../src/work/keep/resume.js"
import { isLong } from "../support/long.js"

const root = mkdtempSync(join(tmpdir(), "muster-resume-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let path = ""
let files = 0
beforeEach(() => {
  path = join(root, `${files++}.jsonl`)
})

const open = (work = "w", at = path) => openResume<unknown, unknown>({ path: at, work })
const entry = (input: unknown, index = 0) => ({ index, input, attempt: 1, losses: 0 })
const success = (value: unknown, index = 0) => ({ ok: true, index, value, worker: "w1", seconds: 1 }) as const

async function keepAll(values: readonly unknown[]): Promise<void> {
  const record = await open()
  const entries = values.map((_, index) => entry(index, index))
  for (const one of entries) record.recall(one)
  await Promise.all(entries.map((one) => record.keep(one, success(values[one.index], one.index))))
  await record.close()
}

async function recallAll(count: number): Promise<readonly unknown[]> {
  const record = await open()
  const found = Array.from({ length: count }, (_, index) => record.recall(entry(index, index)))
  await record.close()
  return found.map((one) => one?.value)
}

describe("a file of results", () => {
  test("large ones are kept and read in one go, and what is too large is refused by its number", async () => {
    const bytes = new Uint8Array(20_000_000).fill(7)
    await keepAll([bytes, "after"])
    const [first, second] = await recallAll(2)
    expect([Buffer.compare(first as Uint8Array, bytes), second]).toEqual([0, "after"])
    if (!isLong) return
    const record = await open("w", join(root, "huge.jsonl"))
    await expect(record.keep(entry(1, 3), success(new Uint8Array(2 ** 28 + 1), 3))).rejects.toThrow(
      /the result of task 3 .*: it has 256 MiB, more than 256; have the task leave it in a file/,
    )
    await record.close()
  })

  test("any value that can be cloned comes back as it was", async () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    const deep = Array.from({ length: 3000 }).reduce<unknown>((inner) => [inner], 1)
    const odd = [
      undefined,
      -0,
      Number.NaN,
      new Map([[1, new Set([2])]]),
      new Date(3),
      4n,
      Object.assign([], { 1: 1 }),
      { a: undefined },
    ]
    const values = [
      "line\nbreak\u2028",
      '","sum":"0123456789abcdef"}',
      { __proto__: null, a: 1 },
      { 2: "b", 1: "a" },
      ...odd,
    ]
    await keepAll([...values, loop])
    const found = await recallAll(values.length + 1)
    expect(found.slice(0, -1)).toEqual(values)
    const last = found.at(-1) as { readonly self: unknown }
    expect(last.self).toBe(last)
    await expect(keepAll([deep])).resolves.toBeUndefined()
  })

  test("a file that was cut anywhere has each whole line's result, and goes on", async () => {
    const values = ["a", 2, { b: [3] }, new Date(4), "ü🙂"]
    await keepAll(values)
    const whole = readFileSync(path)
    for (let length = 0; length <= whole.length; length += isLong ? 1 : 7) {
      writeFileSync(path, whole.subarray(0, length))
      const lines = whole.subarray(0, length).toString("latin1").split("\n").length - 1
      const found = await recallAll(values.length)
      expect(found).toEqual(values.map((value, index) => (index < lines - 1 ? value : undefined)))
      await keepAll(values)
      expect(await recallAll(values.length)).toEqual(values)
    }
  })

  test("a file that was damaged anywhere is refused, or what it gives is right", async () => {
    const values = ["a", 2, { b: [3], c: "dddd" }, new Date(4)]
    await keepAll(values)
    const whole = readFileSync(path)
    const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.integer({ min: 0, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = Buffer.from(whole)
        for (const { at, to } of changes) damaged[at] = to
        writeFileSync(path, damaged)
        try {
          const found = await recallAll(values.length)
          for (const [index, value] of found.entries()) if (value !== undefined) expect(value).toEqual(values[index])
        } catch (error) {
          expect(error).toBeInstanceOf(SpecError)
          expect((error as Error).message).toMatch(/resume: .*(damaged in line \d+|another file|version|other work)/)
        }
      }),
      { numRuns: isLong ? 1000 : 60, seed: 23 },
    )
  })

  test("another file is left as it is, with a line's end or without one", async () => {
    for (const text of ["my notes", "my notes\nand more\n", '{"a":1}\n', " "]) {
      writeFileSync(path, text)
      await expect(open()).rejects.toThrow(SpecError)
      expect(readFileSync(path, "utf8")).toBe(text)
    }
    await expect(open("w", join(root, "no/such/place"))).rejects.toThrow(/resume: cannot be written/)
    await expect(open("w", root)).rejects.toThrow(/resume: cannot be written/)
  })

  test("it is of one work, and one run has it at a time", async () => {
    const first = await open()
    await expect(open()).rejects.toThrow(/resume: is in use by work that runs now/)
    await first.keep(entry(1), success(1))
    await first.close()
    await expect(open("other")).rejects.toThrow(/has results of other work/)
    await (await open()).close()
  })

  test("what cannot be told from others is refused by name", async () => {
    const record = await open()
    expect(() => record.recall(entry(() => 1, 3))).toThrow(
      /resume: cannot tell input 3 from others: .*could not be cloned/,
    )
    await record.close()
  })
})
