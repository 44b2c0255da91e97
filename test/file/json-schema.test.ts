import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import type * as Zod from "zod"
import { caseless } from "../../src/file/caseless.js"
import { documentSchema, fileSchema } from "../../src/file/json-schema.js"
import { zod } from "../../src/input/parse.js"
import { unsafeKeys } from "../../src/input/unsafe-keys.js"
import { changed, documents } from "./documents.js"

let schema: Zod.ZodType
let isValid: (document: unknown) => boolean

beforeAll(async () => {
  schema = await documentSchema(zod())
  isValid = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(await fileSchema())
})

/** All that no JSON Schema can say, by the sentences that say it: it compares no two values with each other. docs/muster-yaml.md has the list. */
const UNSAYABLE = ["min must not be above max"]

/** Whether zod refuses it for such a reason alone, in the alternative that comes nearest. */
function isUnsayable(issues: readonly Zod.core.$ZodIssue[]): boolean {
  return issues.every((issue) => {
    if (issue.code === "invalid_union") return issue.errors.some((alternative) => isUnsayable(alternative))
    return issue.code === "custom" && UNSAYABLE.includes(issue.message)
  })
}

const COMPUTE = "/subscriptions/0a/resourceGroups/r/providers/Microsoft.Compute"
const within = (budget: object) => ({ provider: "local", budget })
const onAws = (options: object) => ({ provider: { aws: { region: "eu-west-2", ...options } } })
const onAzure = (options: object) => ({ provider: { azure: { location: "uksouth", ...options } } })

function verdicts(document: unknown) {
  const { success, error } = schema.safeParse(document)
  const isSafe = unsafeKeys("", document).length === 0
  return { zod: isSafe && (success || isUnsayable(error?.issues ?? [])), schema: isValid(document) }
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

  test.each<readonly [document: unknown, accepted: boolean]>([
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
    ...["2096-02-29T00:00Z", "2026-03-01T24:00:00.000-23:59"].map((until) => [within({ until }), true] as const),
    ...["2026-02-29T00:00Z", "2026-03-01T18:00", "2026-03-01T24:01Z"].map(
      (until) => [within({ until }), false] as const,
    ),
    ...["ubuntu", "gpu", "ami-0a1b2c3d"].map((imageId) => [onAws({ imageId }), true] as const),
    ...["debian", "ami-", "ubuntu "].map((imageId) => [onAws({ imageId }), false] as const),
    ...["https://ec2.internal:8443/x", "http://127.0.0.1:80", "http://[::1]/"].map(
      (endpoint) => [onAws({ endpoint }), true] as const,
    ),
    ...["http://ec2.internal", "https://", "https://a:99999", "https://me@a", "ftp://a"].map(
      (endpoint) => [onAws({ endpoint }), false] as const,
    ),
    ...["203.0.113.7/32", "2001:db8:7::/48", "::ffff:1.2.3.4/128"].map(
      (sshFrom) => [onAws({ sshFrom }), true] as const,
    ),
    ...["0.0.0.0/0", "::/0", "203.0.113.7", "256.1.1.1/32", "1:2/64"].map(
      (sshFrom) => [onAws({ sshFrom }), false] as const,
    ),
    ...["Canonical:0001-com-ubuntu:22_04-lts:latest", `${COMPUTE}/images/i`, `${COMPUTE.toUpperCase()}/IMAGES/i`].map(
      (image) => [onAzure({ image }), true] as const,
    ),
    ...["Canonical:0001", "ubuntu", `${COMPUTE}/disks/d`].map((image) => [onAzure({ image }), false] as const),
    [onAzure({ adminUsername: "rooty" }), true],
    [onAzure({ adminUsername: "root" }), false],
    ...["environment", "tags", "groups"].map(
      (key) => [JSON.parse(`{"provider":"local","${key}":{"__proto__":{}}}`) as object, false] as const,
    ),
    [JSON.parse('{"provider":{"aws":{"region":"eu-west-2","tags":{"__proto__":"x"}}}}'), false],
    [JSON.parse('{"provider":{"aws":{"region":"eu-west-2","overrides":{"a":{"__proto__":"x"}}}}}'), false],
    [JSON.parse('{"clusters":{"__proto__":{"provider":"local"}}}'), false],
  ])("%j", (document, accepted) => {
    expect(verdicts(document)).toEqual({ zod: accepted, schema: accepted })
  })
})

test("what no JSON Schema can say is accepted by it, and refused when the file is read", () => {
  const document = { provider: "local", vcpus: { min: 5, max: 2 } }
  expect([schema.safeParse(document).success, isValid(document)]).toEqual([false, true])
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
