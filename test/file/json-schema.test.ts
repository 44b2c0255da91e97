import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import type * as Zod from "zod"
import { caseless } from "../../src/file/caseless.js"
import { documentSchema, fileSchema } from "../../src/file/json-schema.js"
import { zod } from "../../src/input/parse.js"
import { changed, documents } from "./documents.js"

let schema: Zod.ZodType
let isValid: (document: unknown) => boolean

beforeAll(async () => {
  schema = await documentSchema(zod())
  isValid = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(await fileSchema())
})

/** What no JSON Schema can say, by the ends of its sentences: what compares two values, a calendar, addresses. */
const UNSAYABLE = [
  ...[/min must not be above max/, /use a time with its zone/, /give an https URL/, /give your own address range/],
  ...[/give "ubuntu", "amazon-linux"/, /give "publisher:offer:sku:version"/, /Azure does not allow this name/],
]

/** Whether zod refuses it for such a reason alone, in the alternative that comes nearest. */
function isUnsayable(issues: readonly Zod.core.$ZodIssue[]): boolean {
  return issues.every((issue) => {
    if (issue.code === "invalid_union") return issue.errors.some((alternative) => isUnsayable(alternative))
    return issue.code === "custom" && UNSAYABLE.some((pattern) => pattern.test(issue.message))
  })
}

function verdicts(document: unknown) {
  const { success, error } = schema.safeParse(document)
  return { zod: success || isUnsayable(error?.issues ?? []), schema: isValid(document) }
}

describe("the JSON Schema of a file", () => {
  test("accepts exactly what zod accepts, on 1000 random documents", () => {
    const count = { sound: 0, wrong: 0 }
    fc.assert(
      fc.property(changed, (document) => {
        const { zod: byZod, schema: bySchema } = verdicts(document)
        count[byZod ? "sound" : "wrong"] += 1
        expect({ document, accepts: bySchema }).toEqual({ document, accepts: byZod })
      }),
      { numRuns: 1000, seed: 17 },
    )
    // A generator of nothing but rubbish, or of nothing but good, would say nothing.
    expect(Math.min(count.sound, count.wrong)).toBeGreaterThan(200)
  })

  test("accepts what is sound by construction", () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect({ document, ...verdicts(document) }).toEqual({ document, zod: true, schema: true })
      }),
      { numRuns: 100, seed: 17 },
    )
  })

  test.each([
    [
      {
        provider: {
          azure: {
            subnetId: "/Subscriptions/0A/resourcegroups/R/providers/microsoft.network/virtualNetworks/n/subnets/s",
          },
        },
      },
      true,
    ],
    [{ provider: { azure: { subnetId: "/subscriptions/0a/resourceGroups/r/providers/Microsoft.Compute/x" } } }, false],
    [{ provider: { aws: { client: {} } } }, false],
    [{ provider: { gcp: { sdk: "x" } } }, false],
    [{ provider: "local", budget: {} }, false],
    [{ provider: "local", groups: {} }, false],
    [{ provider: "local", startup: "\0" }, false],
    [{ provider: "local", maxUnavailable: "0%" }, false],
    [{ provider: "local", maxUnavailable: "0.5%" }, true],
    [{ clusters: {} }, false],
    [{ provider: "local", version: 2 }, false],
    [{ provider: { local: { zones: ["a", "a"] } } }, false],
    [{ provider: { local: {}, aws: {} } }, false],
  ])("%j", (document, accepted) => {
    expect(verdicts(document)).toEqual({ zod: accepted, schema: accepted })
  })
})

test.each([
  ["^ab$", "^[aA][bB]$"],
  ["[a-f0-9-]", "[aAbB-fF0-9-]"],
])("a pattern without case: %s", (source) => {
  const [given, made] = [new RegExp(source, "iu"), new RegExp(caseless(source), "u")]
  for (const text of ["ab", "AB", "aB", "-", "9", "f", "F", "c", "C", "g", "G"]) {
    expect({ text, is: made.test(text) }).toEqual({ text, is: given.test(text) })
  }
})
