import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { Cluster, type ClusterSpec, SpecError } from "../../src/index.js"
import { rehearse } from "../../src/rehearsal/index.js"
import { zod } from "../../src/input/parse.js"
import { loadOptionSchemas } from "../../src/registry.js"
import { resolveSpec } from "../../src/spec.js"
import { OPTION_NAMES } from "../../src/spec/provider-options.js"
import { PROVIDER_NAMES } from "../../src/spec/provider-schema.js"

const directory = mkdtempSync(join(tmpdir(), "muster-data-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** What is wrong with a provider, as "option: message". */
function problemsWith(provider: unknown, rest: object = {}): readonly string[] {
  try {
    resolveSpec({ provider, vcpus: 1, ...rest } as unknown as ClusterSpec)
    return []
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.map(({ option, message }) => `${option}: ${message}`)
  }
}

const RIGHT: readonly (readonly [provider: object, rest?: object])[] = [
  [{ aws: { region: "eu-west-2" } }],
  [{ aws: { region: "eu-west-2" } }, { region: "eu-west-2" }],
  [{ aws: {} }, { region: ["eu-west-2", "eu-west-1"] }],
  [{ local: {} }],
  [[{ aws: { region: "eu-west-2" } }, { gcp: { region: "europe-west2" } }, "local"]],
]

const WRONG: readonly (readonly [provider: object, problem: RegExp, rest?: object])[] = [
  [{ aws: {} }, /^cluster\.provider\.aws\.region: is missing; aws needs one, such as "eu-west-2"$/],
  [[{ local: {} }, { azure: {} }], /^cluster\.provider\.1\.azure\.location: is missing/],
  [{ asw: { region: "eu-west-2" } }, /^cluster\.provider\.asw: unknown option; did you mean "aws"\?$/],
  [{ zebra: {} }, /^cluster\.provider\.zebra: unknown option; known providers: local, aws, gcp, azure$/],
  [{ aws: { region: "x" }, gcp: {} }, /^cluster\.provider: names aws and gcp; give one, or a list of them/],
  [{ aws: "eu-west-2" }, /^cluster\.provider\.aws: is "eu-west-2"; give the options of aws\(\)/],
  [{ aws: null }, /^cluster\.provider\.aws: is null; give the options of aws\(\)/],
  [{ gcp: { region: "europe-west2", auth: () => {} } }, /^cluster\.provider\.gcp: holds what is no plain data/],
  [
    { aws: { region: "eu-west-1" } },
    /^cluster\.region: is "eu-west-2", but the aws .* give the region once$/,
    at("eu-west-2"),
  ],
  [{ local: {} }, /^cluster\.region: is "eu-west-2"; provider "local" is this machine/, at("eu-west-2")],
  [{}, /^cluster\.provider: is \{\}; use one of "local", "aws", "gcp", "azure", one with its options/],
]

function at(region: string) {
  return { region }
}

describe("a provider as data", () => {
  test.each(RIGHT)("%j is right", (provider, rest) => {
    expect(problemsWith(provider, rest)).toEqual([])
  })

  for (const [provider, problem, rest] of WRONG) {
    test(`${JSON.stringify(provider)} is wrong: ${problem.source}`, () => {
      expect(problemsWith(provider, rest).join("\n")).toMatch(problem)
    })
  }

  test("shows nothing of credentials that stand in the wrong place", () => {
    const secret = "AKIA-SECRET"
    const said = problemsWith({ aws: { credentials: { accessKeyId: secret } }, gcp: {} }).join("\n")
    expect(said).toContain("names aws and gcp")
    expect(said).not.toContain(secret)
  })

  test("its options reach the adapter", async () => {
    const provider = { local: { root: join(directory, "state"), zones: ["attic", "cellar"] } }
    const cluster = new Cluster({ provider, vcpus: 1, zones: ["cellar"] }, { journal: false })
    try {
      expect((await cluster.plan(1)).groups[0]?.calls[0]?.zone).toBe("cellar")
    } finally {
      await cluster.close()
    }
  })

  test("its options are refused by the adapter under the names that the spec has for them", async () => {
    const refused: readonly (readonly [ClusterSpec, RegExp])[] = [
      [
        { provider: { aws: { region: "eu-west-2", imageId: "ami-1" } }, vcpus: 1 },
        /^cluster\.provider\.aws\.imageId: is "ami-1"; give "ubuntu"/,
      ],
      [
        { provider: ["local", { gcp: { region: "eu-west-2" } }], vcpus: 1 },
        /^cluster\.provider\.1\.gcp\.region: .*not one of AWS's$/,
      ],
    ]
    for (const [spec, message] of refused) {
      const cluster = new Cluster(spec, { journal: false })
      await expect(cluster.plan(1)).rejects.toThrow(message)
    }
  })

  test("options that there are not are refused before the adapter is loaded, and none is shown", () => {
    const data = [
      { aws: { region: "eu-west-2", imageID: "hunter2" } },
      { gcp: { region: "europe-west2", zebra: "hunter2" } },
    ]
    expect(problemsWith(data)).toEqual([
      'cluster.provider.0.aws.imageID: unknown option; did you mean "imageId"?',
      expect.stringMatching(/^cluster\.provider\.1\.gcp\.zebra: unknown option; known options: region, project, /),
    ])
    expect(() => new Cluster({ provider: { local: { zone: ["a"] } }, vcpus: 1 }, { journal: false })).toThrow(
      'cluster.provider.local.zone: unknown option; did you mean "zones"?',
    )
  })

  test("the names of options are those of the adapters", async () => {
    const schemas = await loadOptionSchemas()
    for (const name of PROVIDER_NAMES) {
      expect([name, OPTION_NAMES[name]]).toEqual([name, Object.keys(schemas[name](zod()).shape)])
    }
  })

  test("__proto__ is no name in a spec, wherever it stands", () => {
    const proto = JSON.parse('{"__proto__":{}}') as object
    const at = (key: string) => `${key}: __proto__ is no name here; use another`
    for (const key of ["environment", "tags", "groups"]) {
      expect(problemsWith("local", { [key]: proto }).join("\n")).toContain(`cluster.${key}.__proto__`)
    }
    const groups = { a: { tags: JSON.parse('{"__proto__":"x"}') as object } }
    expect(problemsWith("local", { groups })).toContain(at("cluster.groups.a.tags.__proto__"))
    expect(problemsWith({ local: proto })).toContain(at("cluster.provider.local.__proto__"))
    expect(problemsWith({ aws: { region: "eu-west-2", overrides: { a: [proto] } } })).toContain(
      at("cluster.provider.aws.overrides.a.0.__proto__"),
    )
    expect(problemsWith("local", proto)).toHaveLength(1)
  })

  test("a rehearsal plays its cloud", async () => {
    const spec = { provider: { aws: { region: "eu-west-2" } }, instanceType: "c7g.large" } as const
    const { receipt } = await rehearse(spec, "calm-day", { workers: 3 })
    expect(receipt.instances.map(({ zone }) => zone.slice(0, -1))).toEqual(["eu-west-2", "eu-west-2", "eu-west-2"])
  })
})
