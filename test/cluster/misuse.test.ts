/** What no type checker stops: plain JavaScript, and calls in the wrong order or at the wrong time. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { AuthError, SpecError } from "../../src/errors.js"
import type { ClusterEventType } from "../../src/events.js"
import type { AttachSpec, CloseOptions, ListSpec, ScaleOptions, ScaleTarget, SweepSpec } from "../../src/verbs/verbs.js"
import { live, rig, SMALL } from "./support.js"

const refused = (spec: unknown): string => {
  try {
    new Cluster(spec as ConstructorParameters<typeof Cluster>[0])
  } catch (error) {
    if (error instanceof SpecError) return error.message
    throw error
  }
  return "taken"
}

describe("says what an option may be, whatever was given", () => {
  const rows: readonly (readonly [string, unknown, string])[] = [
    ["no spec", undefined, "cluster: is missing; use an object with name, provider, region, "],
    ["a text for a number", { vcpus: "16" }, 'cluster.vcpus: is "16"; use a number or an object with min, max'],
    ["not a number", { vcpus: Number.NaN }, "cluster.vcpus: is NaN; use a number"],
    ["a text for an object", { gpu: "L4" }, 'cluster.gpu: is "L4"; use an object with name, count'],
    ["a number for a duration", { maxLifetime: 600 }, "cluster.maxLifetime: is 600; use a number with a unit: "],
    ["a duration in words", { maxLifetime: "10 min" }, 'cluster.maxLifetime: is "10 min"; use a number with a unit: '],
    ["a list for a text", { startup: ["a"] }, 'cluster.startup: is ["a"]; use a text'],
    ["a text for a truth", { closeOnExit: "yes" }, 'cluster.closeOnExit: is "yes"; use true or false'],
    [
      "the wrong case",
      { market: "Spot" },
      'cluster.market: is "Spot"; use one of "on-demand", "spot", "spot-with-fallback"; did you mean "spot"?',
    ],
    [
      "another name of the same thing",
      { arch: "amd64" },
      'cluster.arch: is "amd64"; use "x86_64" (also called amd64) or "arm64" (also called aarch64)',
    ],
    ["letters swapped", { nmae: "a" }, 'cluster.nmae: unknown option (value "a"); did you mean "name"?'],
    ["too short a name of a provider", { provider: "aw" }, 'did you mean "aws"?'],
    ["a factory that was not called", { provider: () => {} }, "cluster.provider: is a function; use what it returns"],
    [
      "a provider of another version",
      { provider: { ...rig().provider, limits: undefined, settle: undefined } },
      "; lacks limits, settle: it was made for another version of the seam",
    ],
    ["no groups", { groups: {} }, "cluster.groups: is {}; name at least one group, or leave it out"],
    ["a boundary of zod's own", { gpu: { count: 0 } }, "cluster.gpu.count: is 0; use more than 0"],
    ["an empty text", { region: "" }, 'cluster.region: is ""; must not be empty'],
  ]
  test.each(rows)("%s", (_title, part, message) => {
    expect(refused(part === undefined ? undefined : { provider: "local", ...part })).toContain(message)
  })
})

describe("arguments of verbs", () => {
  const rows: readonly (readonly [string, unknown, unknown, string])[] = [
    ["a text", "3", {}, 'scale.target: is "3"; use a whole number'],
    ["a list", [3], {}, "scale.target: is [3]; use a whole number"],
    ["options that are nothing", 1, null, "scale.options: is null; use an object with minimum, timeout, "],
    ["two timeouts", 1, { timeout: "1m", timeoutMs: 5 }, "give timeout or timeoutMs, not both"],
    [
      "a controller",
      1,
      { signal: new AbortController() },
      "scale.options.signal: is {}; use an AbortSignal: the signal of",
    ],
  ]
  test.each(rows)("scale: %s", async (_title, target, options, message) => {
    const { cluster } = rig()
    await expect(cluster().scale(target as ScaleTarget, options as ScaleOptions)).rejects.toThrow(message)
  })

  test("attach, list and sweep without a spec", async () => {
    await expect(Cluster.attach("a", undefined as unknown as AttachSpec)).rejects.toThrow("attach: is missing; use an")
    await expect(Cluster.list(undefined as unknown as ListSpec)).rejects.toThrow("list: is missing; use an object")
    await expect(Cluster.sweep(undefined as unknown as SweepSpec)).rejects.toThrow("sweep: is missing; use an object")
  })

  test("an event that never comes, and a listener that is none", () => {
    const cluster = rig().cluster()
    const on = (type: string, listener?: unknown) => cluster.on(type as ClusterEventType, listener as () => void)
    expect(() => on("nope", () => {})).toThrow('on.type: is "nope"; did you mean "note"?')
    expect(() => on("launched", () => {})).toThrow("use one of *, target, plan")
    expect(() => on("worker")).toThrow("on.listener: is undefined; use a function")
  })
})

test("a slip in the options of close is told when everything is gone", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(3))
  const wrong = { timeout: "10 min" } as unknown as CloseOptions
  await expect(clock.run(cluster.close(wrong))).rejects.toThrow('close.timeout: is "10 min"; use a number with a unit')
  expect(live(world)).toEqual([])
  expect((await cluster.close()).instances).toHaveLength(3)
})

describe("past the deadline", () => {
  test("a target is refused at once, plan and explain say why, and zero still works", async () => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ maxLifetime: "1h" })
    await clock.run(cluster.scale(3))
    await clock.run(clock.sleep(2 * 3_600_000))
    expect(live(world)).toEqual([])
    const began = clock.now()
    await expect(clock.run(cluster.scale(5))).rejects.toThrow(
      /reached its deadline \(maxLifetime\) 1 h ago: nothing more is launched, .* make a new one/,
    )
    expect(clock.now() - began).toBeLessThan(1000)
    expect(String(await clock.run(cluster.plan(5)))).toContain("scale would refuse this: cluster")
    expect(String(cluster.explain())).toContain("reached its deadline")
    expect((await clock.run(cluster.scale(0))).running).toBe(0)
    expect((await clock.run(cluster.close())).leaked).toEqual([])
  })

  test("a scale that waits for it ends there, not at its timeout", async () => {
    const { clock, world, cluster: make } = rig({ latency: { bootMs: [2_700_000, 2_700_000] } })
    const cluster = make({ maxLifetime: "30m" })
    const began = clock.now()
    await expect(clock.run(cluster.scale(2, { timeout: "5h" }))).rejects.toThrow("reached its deadline")
    expect(clock.now() - began).toBeLessThan(31 * 60_000)
    await clock.run(cluster.close())
    expect(live(world)).toEqual([])
  })
})

test("a cluster that could not even begin closes without a word: nothing was made that a cloud must confirm gone", async () => {
  const { clock, provider } = rig()
  const refuse = () => Promise.reject(new AuthError("no credentials"))
  const locked = { ...provider, offers: refuse, list: refuse, leftovers: refuse }
  const cluster = new Cluster({ provider: locked, instanceType: SMALL }, { clock, journal: false })
  await expect(clock.run(cluster.scale(2))).rejects.toThrow(AuthError)
  const receipt = await clock.run(cluster.close())
  expect(receipt).toMatchObject({ instances: [], leaked: [], leftovers: [] })
})
