/** What the journal writes is what a successor reads, also where the user's own words look like the journal's. */
import { describe, expect, test } from "vitest"
import { pack, unpack } from "../../../src/fleet/journal/packed.js"
import type { Json, JsonObject } from "../../../src/provider.js"
import * as fc from "../../support/property.js"

function packed(record: JsonObject): { readonly line: string; readonly texts: ReadonlyMap<string, string> } {
  const texts = new Map<string, string>()
  const line = pack(record, (text) => {
    const known = [...texts].find(([, other]) => other === text)?.[0]
    const name = known ?? `text ${texts.size}`
    texts.set(name, text)
    return name
  })
  return { line, texts }
}

const LONG = "#!/bin/sh\n".repeat(40)
const key = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("$text", "$plain", "__proto__"))
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom(LONG, `${LONG}"\\`, "$text"))
const { record } = fc.letrec<{ record: JsonObject; json: Json }>((tie) => ({
  json: fc.oneof({ depthSize: "small" }, text, fc.integer(), fc.constant(null), fc.array(tie("json")), tie("record")),
  record: fc.dictionary(key, tie("json"), { noNullPrototype: true }),
}))

describe("packing", () => {
  test("any record comes back as it was", () => {
    fc.assert(
      fc.property(record, (original) => {
        const { line, texts } = packed(original)
        expect(line).not.toContain("\n")
        expect(JSON.stringify(unpack(JSON.parse(line) as Json, texts))).toBe(JSON.stringify(original))
      }),
    )
  })

  test("a long text stands once, however often it is used", () => {
    const { line, texts } = packed({ one: { startup: LONG }, two: [LONG, LONG], short: "exec sleep 60" })
    expect([...texts.values()]).toEqual([LONG])
    expect(line).toBe(
      '{"one":{"startup":{"$text":"text 0"}},"two":[{"$text":"text 0"},{"$text":"text 0"}],"short":"exec sleep 60"}',
    )
  })

  test.each([
    [{ $text: "mine" }],
    [{ $plain: { $text: "mine" } }],
    [{ tags: { $plain: { $plain: LONG } } }],
    [{ $text: LONG, $plain: 1 }],
  ])("%j, which only looks packed, is not taken for it", (original) => {
    const { line, texts } = packed(original)
    expect(unpack(JSON.parse(line) as Json, texts)).toEqual(original)
  })
})
