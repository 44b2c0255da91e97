import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { SpecError } from "../../src/errors.js"
import type { ClusterSpec } from "../../src/spec.js"
import { rig, SMALL } from "./support.js"

const problemsOf = (spec: unknown): readonly string[] => {
  try {
    new Cluster(spec as ClusterSpec)
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map(({ option, message }) => `${option}: ${message}`)
    throw error
  }
  return []
}

describe("a wrong spec is refused at once, naming the option, the value and what to do", () => {
  const rows: readonly (readonly [string, object, RegExp])[] = [
    [
      "unknown option",
      { instancetype: "x" },
      /cluster\.instancetype: unknown option \(value "x"\); did you mean "instanceType"\?/,
    ],
    [
      "unknown option of a group",
      { groups: { a: { markt: "spot" } } },
      /cluster\.groups\.a\.markt: unknown option .* did you mean "market"\?/,
    ],
    ["unknown provider", { provider: "awz" }, /cluster\.provider: is "awz"; use one of "local", "aws"/],
    ["missing provider", { provider: undefined }, /cluster\.provider: is missing/],
    ["name", { name: "My Cluster" }, /cluster\.name: is "My Cluster"; use 1 to 40 lower-case/],
    ["owner", { owner: "" }, /cluster\.owner: is ""; use 1 to 40/],
    ["tag key", { tags: { "muster-x": "1" } }, /cluster\.tags\.muster-x: the name is "muster-x"; .*not with "muster-"/],
    ["tag value", { tags: { team: "A B" } }, /cluster\.tags\.team: is "A B"; use at most 63/],
    ["environment", { environment: { "A-B": "1" } }, /cluster\.environment\.A-B/],
    ["type and size", { instanceType: "x", vcpus: 4 }, /cluster\.instanceType: is "x" and vcpus is given too/],
    ["duration", { maxLifetime: "10 parsecs" }, /cluster\.maxLifetime: is "10 parsecs"; use a number with a unit/],
    [
      "two durations",
      { maxLifetime: "1h", maxLifetimeMs: 5 },
      /^cluster\.maxLifetime: is given together with maxLifetimeMs; give one of them$/,
    ],
    ["too long a life", { maxLifetime: "900d" }, /cluster\.maxLifetime: is "900d"; use "1s" to "365d"/],
    ["market", { market: "sport" }, /cluster\.market: is "sport"/],
    ["arch", { arch: "amd64" }, /cluster\.arch: is "amd64"/],
    ["range", { vcpus: { min: 8, max: 4 } }, /cluster\.vcpus: is {"min":8,"max":4}; min must not be above max/],
    ["return to spot", { returnToSpot: "30m" }, /cluster\.returnToSpot: is for market "spot-with-fallback"/],
    ["order", { order: "dearest" }, /cluster\.order: is "dearest"/],
    ["share", { maxUnavailable: "0%" }, /cluster\.maxUnavailable: is "0%"; use a whole number of workers from 1 on/],
    ["share of nothing", { maxUnavailable: 0 }, /cluster\.maxUnavailable/],
    ["empty list", { zones: [] }, /cluster\.zones: is \[\]; name at least one zone/],
    [
      "access for everybody",
      { access: "0.0.0.0/0" },
      /cluster\.access: is "0\.0\.0\.0\/0", the whole internet; .* access: \{ from: "0\.0\.0\.0\/0" \}/,
    ],
    ["access for everybody by IPv6", { access: "::/0" }, /cluster\.access: is "::\/0", the whole internet/],
    ["access from a name", { access: "home" }, /cluster\.access: is "home"; use "here", or an address range such as/],
    ["access from an address", { access: { from: "192.0.2.7" } }, /cluster\.access.*"192\.0\.2\.7"/],
    ["access by a jump to nowhere", { access: { from: "here", via: { jump: "a b" } } }, /cluster\.access/],
    [
      "a private key among public ones",
      { access: { from: "here", authorizedKeys: ["-----BEGIN"] } },
      /cluster\.access/,
    ],
    [
      "region beside a provider object",
      { provider: rig().provider, region: "elsewhere" },
      /cluster\.region: is "elsewhere", but the simulated provider given is for "sim-1"/,
    ],
  ]
  test.each(rows)("%s", (_title, part, message) => {
    expect(problemsOf({ provider: "local", ...part }).join("\n")).toMatch(message)
  })

  test("all at once", () => {
    expect(problemsOf({ provider: "nope", name: "A", maxLifetime: "x", markets: "spot" })).toHaveLength(4)
  })

  test("a right one is not", () => {
    expect(problemsOf({ provider: "local", name: "a", groups: { a: { instanceType: "x" }, b: { vcpus: 2 } } })).toEqual(
      [],
    )
  })
})

describe("wrong arguments of scale", () => {
  const rows: readonly (readonly [string, unknown, object, RegExp])[] = [
    ["negative", -1, {}, /scale\.target: is -1; use 0 or more/],
    ["fraction", 1.5, {}, /scale\.target: is 1\.5; use a whole number/],
    ["NaN", Number.NaN, {}, /scale\.target: is NaN/],
    ["too many", 1e9, {}, /scale\.target: is 1000000000; use at most 100000/],
    ["text", "7", {}, /scale\.target: is "7"/],
    ["minimum above the target", 3, { minimum: 4 }, /scale\.options\.minimum: is 4, above the target 3/],
    ["timeout", 3, { timeout: "soon" }, /scale\.options\.timeout: is "soon"; use a number with a unit/],
    [
      "unknown option",
      3,
      { minimun: 4 },
      /scale\.options\.minimun: unknown option \(value 4\); did you mean "minimum"\?/,
    ],
  ]
  test.each(rows)("%s", async (_title, target, options, message) => {
    const { world, cluster } = rig()
    await expect(cluster().scale(target as number, options)).rejects.toThrow(message)
    expect(world.ledger.count()).toBe(0)
  })
})

describe("what only the cloud knows is refused before anything is launched", () => {
  const rows: readonly (readonly [string, Partial<ClusterSpec>, RegExp])[] = [
    [
      "a type that is not sold",
      { instanceType: "x9.huge" },
      /cluster\.instanceType: is \["x9\.huge"\]: nothing that simulated sim-1 sells/,
    ],
    [
      "a zone that is not there, beside a type that is sold: the type is not blamed",
      { instanceType: "s1.small", zones: ["sim-9z"] },
      /^cluster\.zones: is \["sim-9z"\]: nothing .* without it there is sim-1a[^\n]*$/,
    ],
    [
      "an architecture that the type has not",
      { arch: "arm64" },
      /cluster\.arch: is "arm64": nothing .* without it there is s1\.small \(x86_64\)/,
    ],
    [
      "a zone that is none",
      { zones: ["sim-1z"] },
      /cluster\.zones: is \["sim-1z"\]: .* without it there is sim-1a, sim-1b, sim-1c/,
    ],
    [
      "a startup that is too long",
      { startup: "x".repeat(1_000_000) },
      /cluster\.startup: is 1000000 bytes long, and simulated carries at most/,
    ],
  ]
  test.each(rows)("%s", async (_title, spec, message) => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ instanceType: SMALL, ...spec } as ClusterSpec)
    await expect(clock.run(cluster.scale(2))).rejects.toThrow(message)
    expect(world.truth({})).toEqual([])
    await clock.run(cluster.close())
  })
})
