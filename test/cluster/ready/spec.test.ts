/** What may be said of when a worker is ready, and what is refused before anything is asked. */
import { describe, expect, test } from "vitest"
import { SpecError } from "../../../src/errors.js"
import { type ClusterFields, resolveSpec } from "../../../src/spec.js"

const LOCAL = { provider: "local", startup: "exec sleep 9" } as const
const resolved = (fields: Partial<ClusterFields>) => resolveSpec({ ...LOCAL, ...fields } as ClusterFields).groups[0]

function refusal(fields: Partial<ClusterFields>): string {
  try {
    resolveSpec({ ...LOCAL, ...fields } as ClusterFields)
  } catch (error) {
    if (error instanceof SpecError) return error.message
  }
  return ""
}

test("defaults: 15 minutes, a look a minute, three failures; in a list the longest time counts", () => {
  expect(resolved({ ready: { tcp: 8786 } })).toMatchObject({ ready: { checks: [{ tcp: 8786 }], timeoutMs: 900_000 } })
  expect(
    resolved({
      ready: [
        { tcp: 1, timeout: "5m" },
        { log: "up", timeout: "1h" },
      ],
    })?.ready,
  ).toEqual({
    checks: [{ tcp: 1 }, { log: "up" }],
    timeoutMs: 3_600_000,
  })
  expect(resolved({ health: { tcp: 1 } })?.health).toEqual({ check: { tcp: 1 }, everyMs: 60_000, failures: 3 })
  expect(resolved({})).toMatchObject({ ready: undefined, health: undefined, keepFailed: 0 })
})

test("a group's own takes the place of the cluster's", () => {
  const { groups } = resolveSpec({
    ...{ ...LOCAL, ready: { tcp: 1 }, keepFailed: 1 },
    groups: { a: {}, b: { ready: { gpu: true }, keepFailed: 0 } },
  })
  expect(groups.map(({ ready, keepFailed }) => [ready?.checks, keepFailed])).toEqual([
    [[{ tcp: 1 }], 1],
    [[{ gpu: true }], 0],
  ])
})

describe("refused", () => {
  const startup = { startup: "succeeded" } as const
  const rows: readonly [string, Partial<ClusterFields>, RegExp][] = [
    ["two checks in one", { ready: { tcp: 1, http: "http://x" } as never }, /cluster\.ready.*exactly one of/],
    ["none", { ready: {} as never }, /cluster\.ready.*exactly one of/],
    ["host without a command", { ready: { tcp: 1, host: true } as never }, /host is for command alone/],
    ["an empty list", { ready: [] }, /cluster\.ready/],
    ["a port that is none", { ready: { tcp: 70_000 } }, /cluster\.ready/],
    ["an address without its scheme", { ready: { http: "localhost:80" } }, /cluster\.ready/],
    ["a text of two lines", { ready: { log: "a\nb" } }, /cluster\.ready/],
    ["a time that is none", { ready: { tcp: 1, timeout: "1ms" } }, /cluster\.ready\.timeout.*"1s" at least/],
    ["health by a log", { health: { log: "x" } as never }, /cluster\.health.*exactly one of/],
    ["health too often", { health: { tcp: 1, every: "10ms" } }, /cluster\.health\.every.*"1s" at least/],
    ["keepFailed alone", { keepFailed: 1 }, /cluster\.keepFailed.*without a check/],
    ["the end of what goes on", { ready: startup }, /cluster\.ready.*"exec sleep 9".*goes on in its place/],
    ["the same behind a comment", { startup: "a\n exec b\n# done\n\n", ready: startup }, /"exec b"/],
    ["the end of nothing", { startup: undefined, ready: startup } as never, /there is nothing that ends/],
    ["the end of a cloud-config", { startup: "#cloud-config\n{}", ready: startup }, /nobody sees its end/],
    ["the end at which it goes", { startup: "a", whenDone: "end", ready: startup }, /whenDone\.success: "end"/],
  ]
  test.each(rows)("%s", (_, fields, words) => {
    expect(refusal(fields)).toMatch(words)
  })

  test("each group is named where its own is wrong", () => {
    expect(refusal({ groups: { a: { ready: startup } } })).toMatch(/cluster\.groups\.a\.ready/)
  })
})

describe("a cloud without access", () => {
  const CLOUD = { provider: "aws", region: "eu-west-2" } as const
  test.each([
    ["ready", { ready: { tcp: 1 } }],
    ["health", { health: { tcp: 1 } }],
  ] as const)("%s is refused, with the line to add", (option, fields) => {
    const words = new RegExp(
      `cluster\\.access: is missing, and ${option} of group default.*\\(aws\\).*add access: "here"`,
    )
    expect(refusal({ ...CLOUD, ...fields })).toMatch(words)
    expect(refusal({ ...CLOUD, ...fields, access: false })).toMatch(/cluster\.access: is false/)
    expect(refusal({ ...CLOUD, ...fields, access: "here" })).toBe("")
  })

  test("who asks nothing needs none, and this machine needs none", () => {
    expect(refusal(CLOUD)).toBe("")
    expect(refusal({ ready: { tcp: 1 } })).toBe("")
  })
})
