import * as fc from "../../support/property.js"
import { describe, expect, test } from "vitest"
import { SpecError } from "../../../src/errors.js"
import { nearest, parseOptions, show, type Z } from "../../../src/input/parse.js"

function schema(z: Z) {
  const size = z.strictObject({ min: z.int().min(1, "use 1 or more").optional(), max: z.number().optional() })
  return z.strictObject({
    name: z.string().regex(/^[a-z]+$/, "use lower-case letters"),
    size: z.union([z.int(), size]).optional(),
    zones: z.array(z.strictObject({ zone: z.string() })).optional(),
    tags: z.record(z.string().regex(/^[a-z]+$/, "use lower-case keys"), z.string()).optional(),
    level: z.number().default(3),
  })
}

function problemsOf(input: unknown): readonly string[] {
  try {
    parseOptions("thing", schema, input)
    return []
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.map(({ option, message }) => `${option}: ${message}`)
  }
}

describe("parseOptions", () => {
  test("gives back what is right, with its defaults", () => {
    expect(parseOptions("thing", schema, { name: "a" })).toEqual({ name: "a", level: 3 })
  })

  const rows: readonly (readonly [string, unknown, readonly RegExp[]])[] = [
    ["missing", {}, [/^thing\.name: is missing; /]],
    ["wrong", { name: "A b" }, [/^thing\.name: is "A b"; use lower-case letters$/]],
    [
      "unknown, nearly right",
      { name: "a", nmae: 1 },
      [/^thing\.nmae: unknown option \(value 1\); did you mean "name"\?$/],
    ],
    ["unknown altogether", { name: "a", qqqqq: "1" }, [/known options: name, size, zones, tags, level$/]],
    [
      "unknown inside",
      { name: "a", zones: [{ zone: "b", zome: 2 }] },
      [/^thing\.zones\.0\.zome: .*did you mean "zone"\?$/],
    ],
    ["the union's branch that was meant", { name: "a", size: { min: 0 } }, [/^thing\.size\.min: is 0; use 1 or more$/]],
    [
      "a key that is wrong",
      { name: "a", tags: { "A B": "x" } },
      [/^thing\.tags\.A B: the name is "A B"; use lower-case keys$/],
    ],
    ["not an object at all", 7, [/^thing: is 7; /]],
    ["nothing", undefined, [/^thing: is missing; /]],
    ["null", null, [/^thing: is null; /]],
    ["all at once", { name: "A", level: "x", zones: 3, extra: 1 }, [/name/, /zones/, /level/, /extra/]],
  ]
  test.each(rows)("%s", (_title, input, patterns) => {
    const problems = problemsOf(input)
    expect(problems).toHaveLength(patterns.length)
    for (const pattern of patterns) expect(problems.join("\n")).toMatch(pattern)
  })

  test("whatever is given, it is refused with a SpecError or taken", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        for (const problem of problemsOf(input)) expect(problem).toMatch(/^thing/)
      }),
    )
  })
})

describe("show", () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const rows: readonly (readonly [unknown, string])[] = [
    ["a", '"a"'],
    ["a\nb", '"a\\nb"'],
    [undefined, "undefined"],
    [Number.NaN, "NaN"],
    [12n, "12"],
    [() => 1, "a function"],
    [Symbol("x"), "Symbol(x)"],
    [circle, "[object Object]"],
    [{ n: 1n }, "[object Object]"],
    [[1, { a: 2 }], '[1,{"a":2}]'],
  ]
  test.each(rows)("case %#", (value, text) => {
    expect(show(value)).toBe(text)
  })

  test("is short", () => {
    expect(show("x".repeat(500))).toHaveLength(80)
  })

  test("never throws", () => {
    fc.assert(fc.property(fc.anything(), (value) => void expect(show(value).length).toBeLessThanOrEqual(80)))
  })
})

test.each([
  ["minimun", "minimum"],
  ["MINIMUM", "minimum"],
  ["mnm", undefined],
  ["", undefined],
  ["timeoutms", "timeoutMs"],
])('nearest to "%s"', (word, found) => {
  expect(nearest(word, ["minimum", "timeout", "timeoutMs"])).toBe(found)
})
