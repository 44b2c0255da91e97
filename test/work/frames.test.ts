/** Frames of both programs: however their bytes are split, the same values come out. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CommandFrames } from "../../src/work/runners/command-frames.js"
import { BEGINNING, frame, FrameReader } from "../../src/work/runner/frames.js"

/** The bytes in pieces, of which some are empty. */
function* split(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array, void, undefined> {
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b)
  for (let one = 1; one < at.length; one += 1) yield bytes.slice(at[one - 1], at[one])
}

const cutsOf = fc.array(fc.nat(), { maxLength: 30 })

describe("frames", () => {
  test("of values", () => {
    const value = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 300 }),
      fc.jsonValue(),
      fc.date({ noInvalidDate: true }),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), cutsOf, (values, cuts) => {
        // What a shell's start has said comes before them.
        const reader = new FrameReader(BEGINNING)
        const bytes = Buffer.concat([
          Buffer.from(`Last login: ${cuts.length}\nmuster`),
          BEGINNING,
          ...values.map(frame),
        ])
        const found = [...split(bytes, cuts)].flatMap((piece) => [...reader.take(piece)])
        expect(found).toEqual(values)
      }),
      { numRuns: 200, seed: 23 },
    )
    expect(() => [...new FrameReader(BEGINNING).take(Buffer.alloc(100_000))]).toThrow("did not begin")
    expect(() => [...new FrameReader().take(Buffer.from([255, 255, 255, 255]))]).toThrow("is no frame")
  })

  test("of commands", () => {
    const output = fc.uint8Array({ maxLength: 100 })
    const done = fc.record({ slot: fc.nat(9), id: fc.nat(), code: fc.nat(255), out: output, err: output })
    fc.assert(
      fc.property(fc.array(done, { maxLength: 8 }), cutsOf, (all, cuts) => {
        const frames = new CommandFrames()
        const bytes = Buffer.concat(
          all.flatMap(({ slot, id, code, out, err }) => [
            Buffer.from(`beat\ndone ${slot} ${id} ${code} ${out.length} ${err.length}\n`),
            ...[out, err],
          ]),
        )
        const found = [...split(bytes, cuts)].flatMap((piece) => [...frames.take(piece)])
        const told = found.filter(({ words }) => words[0] === "done")
        expect(told.map(({ words: [, slot, id, code], out, err }) => ({ slot, id, code, out, err }))).toEqual(
          all.map(({ slot, id, code, out, err }) => ({
            ...{ slot: String(slot), id: String(id), code: String(code) },
            ...{ out: Buffer.from(out), err: Buffer.from(err) },
          })),
        )
        expect(found.length).toBe(2 * all.length)
      }),
      { numRuns: 200, seed: 23 },
    )
    expect(() => [...new CommandFrames().take(Buffer.from("done 1 2 0 many 3\n"))]).toThrow("is no frame")
    expect(() => [...new CommandFrames().take(Buffer.alloc(20_000, "x"))]).toThrow("no line ends")
  })
})
