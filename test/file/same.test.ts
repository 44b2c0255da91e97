import fc from "fast-check"
import { expect, test } from "vitest"
import { stringify } from "yaml"
import { type FirstAnswers, firstFile } from "../../src/file/first.js"
import { parseFile } from "../../src/file/parse.js"
import { SpecError } from "../../src/errors.js"
import { resolveSpec } from "../../src/spec.js"
import type { ClusterSpec } from "../../src/spec/types.js"
import { specs } from "./documents.js"
import { isLong } from "../support/long.js"

/** What a spec resolves to, or the options that are wrong with it. */
function resolved(spec: ClusterSpec): unknown {
  try {
    return resolveSpec(spec)
  } catch (error) {
    if (error instanceof SpecError) return "wrong"
    throw error
  }
}

/** What is meant as it stands has its `$` doubled in a file; a startup has not. */
function escaped(value: unknown, key = ""): unknown {
  if (typeof value === "string") return key === "startup" ? value : value.replaceAll("${", () => "$${")
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((item) => escaped(item))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, escaped(inner, name)]))
}

const styles = fc.record({
  isJson: fc.boolean(),
  defaultStringType: fc.constantFrom("PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE", "BLOCK_LITERAL"),
  indent: fc.integer({ min: 1, max: 4 }),
  isAmongOthers: fc.boolean(),
})

test("a spec resolves to the same as an object and as a file, whatever way it is written", async () => {
  const count = { sound: 0, wrong: 0 }
  await fc.assert(
    fc.asyncProperty(specs, styles, async (given, { isJson, isAmongOthers, ...style }) => {
      const spec = { ...given, name: "same" } as unknown as ClusterSpec
      const data = escaped(isAmongOthers ? { clusters: { same: given } } : spec)
      const text = isJson ? JSON.stringify(data, null, style.indent) : stringify(data, style as object)
      const fromFile = await parseFile(text, { path: "muster.yaml" }).then(
        ({ clusters }) => resolved(clusters[0]?.spec ?? spec),
        (error) => (error instanceof SpecError ? "wrong" : Promise.reject(error as Error)),
      )
      const asObject = resolved(spec)
      count[asObject === "wrong" ? "wrong" : "sound"] += 1
      expect({ text, is: fromFile }).toEqual({ text, is: asObject })
    }),
    { numRuns: isLong ? 300 : 100, seed: 3 },
  )
  expect(count.sound).toBeGreaterThan(30)
  expect(count.wrong).toBeGreaterThan(3)
})

const answers: fc.Arbitrary<FirstAnswers> = fc
  .record(
    {
      name: fc.constantFrom("render", "no", "a1", "null"),
      provider: fc.constantFrom("local" as const, "aws" as const, "gcp" as const),
      instanceType: fc.constantFrom("c7g.large", "1e3", "true"),
      vcpus: fc.integer({ min: 1, max: 64 }),
      memoryGiB: fc.integer({ min: 1, max: 64 }),
      market: fc.constantFrom("spot" as const, "on-demand" as const, "spot-with-fallback" as const),
      count: fc.integer({ min: 0, max: 100 }),
      budgetPerHour: fc.double({ min: 0.01, max: 100, noNaN: true }),
    },
    { requiredKeys: ["name", "provider"] },
  )
  .map((given) => ({ ...given, region: given.provider === "gcp" ? "europe-west2" : "eu-west-2" }))

test("a first file is sound, and says what was answered", async () => {
  await fc.assert(
    fc.asyncProperty(answers, async (given) => {
      const text = firstFile(given)
      const [cluster] = (await parseFile(text, { path: "muster.yaml" })).clusters
      const { name, provider, instanceType, vcpus, memoryGiB, market, budget } = (cluster?.spec ?? {}) as ClusterSpec
      const least = (value: number | undefined) => (value === undefined ? undefined : { min: value })
      const isSized = given.instanceType === undefined
      const noSizes = given.vcpus === undefined && given.memoryGiB === undefined
      expect({ name, target: cluster?.target, provider, instanceType, vcpus, memoryGiB, market, budget }).toEqual({
        name: given.name,
        target: given.count ?? 1,
        provider: given.provider === "local" ? "local" : { [given.provider]: { region: given.region } },
        instanceType: given.instanceType,
        vcpus: isSized ? least(noSizes ? 1 : given.vcpus) : undefined,
        memoryGiB: isSized ? least(given.memoryGiB) : undefined,
        market: given.provider === "local" ? undefined : (given.market ?? "on-demand"),
        budget: given.budgetPerHour === undefined ? undefined : { perHour: given.budgetPerHour },
      })
    }),
    { numRuns: 100, seed: 3 },
  )
})

test("a first file reads well", () => {
  const text = firstFile({
    name: "render",
    provider: "aws",
    region: "eu-west-2",
    vcpus: 4,
    count: 20,
    budgetPerHour: 5,
  })
  expect(text.split("\n").slice(0, 22)).toEqual([
    "# yaml-language-server: $schema=./node_modules/muster-vms/dist/muster.schema.json",
    '# A cluster as data. "muster plan" shows what it comes to, "muster up" makes it so, "muster delete" ends it.',
    ...["version: 1", "name: render", "", "# How many workers.", "target: 20", "", "# Where.", "provider:", "  aws:"],
    ...[
      "    region: eu-west-2",
      "",
      "# What a worker has at least; the cheapest type that has it is taken. Or its name, as instanceType.",
    ],
    ...[
      "vcpus: { min: 4 }",
      '# "on-demand", "spot", or "spot-with-fallback": spot, and on-demand where there is none.',
      "market: on-demand",
    ],
    ...[
      "",
      "# What each worker runs once it has started.",
      "startup: |",
      "  #!/bin/sh",
      '  echo "worker of render is here"',
    ],
  ])
})
