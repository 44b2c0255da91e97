/** What a console that is looked at again and again has to say. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { added, followConsole, lastLines, withoutMarks } from "../../src/session/logs/console.js"

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join("")

describe("what came to a console", () => {
  test.each([
    ["more at its end", "a\n", "a\nb\n", "b\n"],
    ["the first that there is", "", "a\n", "a\n"],
    ["nothing", "a\nb\n", "a\nb\n", ""],
    ["more before a part that stays", "boot 1\nmark\n", "boot 1\nboot 2\nmark\n", "boot 2\n"],
    ["more, and its beginning is dropped", lines(0, 500), lines(300, 510), lines(500, 510)],
    ["its last words alone", "a\nb\nc\n", "b\nc\n", ""],
    ["its last words, some of them new", "a\nb\nc\n", "b\nc\nd\n", "d\n"],
    ["another text", "a\nb\n", "x\ny\n", "x\ny\n"],
  ])("%s", (_, before, now, expected) => {
    expect(added(before, now)).toBe(expected)
  })
})

test("lines of the end, and lines that are not for people", () => {
  expect(lastLines("a\nb\nc\n", 2)).toBe("b\nc\n")
  expect([lastLines("a\n", 9), lastLines("a\n", 0), lastLines("", 1), lastLines("a", undefined)]).toEqual([
    "a\n",
    "",
    "",
    "a",
  ])
  expect(withoutMarks("a\nm: 1\nb m: 2\n", "m: ")).toBe("a\nb m: 2\n")
})

describe("following", () => {
  /** A console that has these texts, one at each look, and then the last; an error is one that cannot be read. */
  const follow = (texts: readonly (string | Error)[], looks: number, signal?: AbortSignal) => {
    const clock = new VirtualClock()
    let look = 0
    const read = () => {
      const text = texts[Math.min(look, texts.length - 1)] ?? ""
      look += 1
      return text instanceof Error ? Promise.reject(text) : Promise.resolve(text)
    }
    const console = { read, isLiving: () => look < looks, clock, everyMs: 10_000 }
    const all = async () => {
      const pieces: string[] = []
      for await (const text of followConsole(console, { tail: 1, ...(signal === undefined ? {} : { signal }) }))
        pieces.push(text)
      return { pieces, ms: clock.now() }
    }
    const begun = clock.now()
    return clock.run(all()).then(({ pieces, ms }) => ({ pieces, ms: ms - begun }))
  }

  test("the last lines of what there is, then all that comes, until the worker has ended", async () => {
    const texts = ["a\nb\n", "a\nb\n", new Error("throttled"), "a\nb\nc\n", "", "a\nb\nc\nd\n"]
    expect(await follow(texts, 6)).toEqual({ pieces: ["b\n", "c\n", "d\n"], ms: 50_000 })
  })

  test("a signal ends it without an error", async () => {
    expect((await follow(["a\n"], 100, AbortSignal.abort())).pieces).toEqual(["a\n"])
  })
})
