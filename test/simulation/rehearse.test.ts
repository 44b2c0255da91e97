/** A rehearsal tells the same story twice, counts what the cloud counts, and draws what happened. */
import { describe, expect, test } from "vitest"
import { SpecError } from "../../src/errors.js"
import type { Provider } from "../../src/provider.js"
import {
  type Rehearsal,
  rehearse,
  type RehearseOptions,
  type ScenarioName,
  scenarios,
  worldProvider,
  World,
  VirtualClock,
} from "../../src/rehearsal/index.js"
import type { ClusterSpec } from "../../src/spec.js"

const SPEC: ClusterSpec = {
  provider: "aws",
  region: "eu-west-2",
  instanceType: ["m7g.large", "c7g.large"],
  market: "spot-with-fallback",
}
const WORKERS = 60

function one(scenario: ScenarioName, options: Partial<RehearseOptions> = {}): Promise<Rehearsal> {
  return rehearse(SPEC, scenario, { workers: WORKERS, duration: "18m", ...options })
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
const struck = ({ timeline }: Rehearsal) => sum(timeline.map((sample) => sample.struck))

/** What each day does to sixty workers. */
const STORIES: Readonly<Record<ScenarioName, (day: Rehearsal) => void>> = {
  "calm-day": ({ reachedMs, running, receipt, shortfall, calls }) => {
    expect([running, receipt.instances.length, shortfall.count]).toEqual([WORKERS, WORKERS, 0])
    expect(reachedMs).toBeLessThan(60_000)
    expect(sum(calls.map(({ throttled, refused, failed }) => throttled + refused + failed))).toBe(0)
  },
  "one-zone-empty": ({ running, receipt, timeline }) => {
    expect(running).toBe(WORKERS)
    expect(receipt.instances.filter(({ zone }) => zone === "eu-west-2a")).toEqual([])
    expect(sum(timeline.map(({ refused }) => refused))).toBeGreaterThan(0)
  },
  "spot-drought": ({ running, receipt }) => {
    expect(running).toBe(WORKERS)
    expect(receipt.instances.some(({ market }) => market === "on-demand")).toBe(true)
  },
  "spot-storm": (day) => {
    expect(day.running).toBe(WORKERS)
    expect(struck(day)).toBeGreaterThan(5)
    expect(day.receipt.instances.length).toBe(WORKERS + struck(day))
  },
  "fresh-account": ({ running, shortfall }) => {
    expect(running).toBeLessThan(10)
    expect(shortfall.reasons.some(({ reason }) => reason === "quota")).toBe(true)
  },
  "brown-out": ({ running, calls }) => {
    expect(running).toBe(WORKERS)
    expect(sum(calls.map(({ failed }) => failed))).toBeGreaterThan(0)
  },
  "region-outage": ({ running, receipt, calls }) => {
    expect(running).toBe(WORKERS)
    expect(receipt.instances.length).toBe(WORKERS + WORKERS / 10)
    expect(sum(calls.map(({ failed }) => failed))).toBeGreaterThan(10)
  },
  "slow-boots": ({ reachedMs }) => {
    expect(reachedMs).toBeGreaterThan(5 * 60_000)
    expect(reachedMs).toBeLessThan(11 * 60_000)
  },
  // What has no startup has none that fails.
  "failing-startups": ({ running, receipt }) => {
    expect([running, receipt.instances.length]).toEqual([WORKERS, WORKERS])
  },
  everything: (day) => {
    expect(day.running).toBeGreaterThan(WORKERS / 2)
    expect(struck(day)).toBeGreaterThan(0)
    expect(sum(day.calls.map(({ throttled }) => throttled))).toBeGreaterThan(0)
  },
}

describe("every scenario", () => {
  test.each(Object.keys(scenarios) as ScenarioName[])("%s", async (scenario) => {
    const day = await one(scenario)
    STORIES[scenario](day)
    expect(day.receipt.leaked).toEqual([])
    expect(sum(day.shortfall.reasons.map(({ count }) => count))).toBe(day.shortfall.count)
    expect(day.timeline.at(-1)).toMatchObject({ pending: 0, running: 0, interrupted: 0, ending: 0 })
    for (const { afterMs, what } of scenarios[scenario].steps) {
      expect(day.marks).toContainEqual({ atMs: afterMs, what, kind: "scenario" })
    }
    expect(day.report).toContain(scenarios[scenario].story)
  })
})

describe("the picture", () => {
  test("is one well-formed document that says what it shows, without a script, a link or a font from elsewhere", async () => {
    const { svg } = await one("spot-storm")
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="[\d ]+" role="img" aria-labelledby="title desc">/,
    )
    expect(svg).toMatch(/<title id="title">spot-storm: 60 workers<\/title>/)
    expect(svg).toMatch(/<desc id="desc">all ran after \d+ s; \d+ were taken back/)
    expect(svg).toContain("prefers-color-scheme:dark")
    expect(svg).toContain("a spot storm of 5 min")
    expect(svg).not.toMatch(/<script|href|url\(|NaN|Infinity|undefined/)
    expect(openTags(svg)).toEqual([])
    for (const [, x, y] of svg.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0)
      expect(Number(y)).toBeGreaterThanOrEqual(0)
    }
  })

  test("escapes what a scenario of one's own says", async () => {
    const steps = [{ afterMs: 60_000, what: '<b> & "c"', act: () => {} }]
    const { svg, scenario } = await rehearse(SPEC, { story: "1 < 2", steps }, { workers: 1, duration: "2m" })
    expect(scenario).toBe("custom")
    expect(svg).toContain("&lt;b&gt; &amp; &quot;c&quot;")
    expect(svg).toContain("1 &lt; 2")
    expect(openTags(svg)).toEqual([])
  })
})

/** Tags that are opened and not closed, or closed out of turn. */
function openTags(svg: string): readonly string[] {
  const open: string[] = []
  for (const [, slash, name = "", self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === "/") {
      if (open.pop() !== name) return [`</${name}> closes nothing`]
    } else if (self !== "/") open.push(name)
  }
  return open
}

describe("rehearse", () => {
  test("tells the same story for a seed, and another for another", async () => {
    const [first, again, other] = await Promise.all([
      one("everything"),
      one("everything"),
      one("everything", { seed: 2 }),
    ])
    expect(again.svg).toBe(first.svg)
    expect(again.report).toBe(first.report)
    expect(other.report).not.toBe(first.report)
  })

  test.each(["aws", "gcp", "azure", "local"] as const)("plays %s", async (provider) => {
    const types = { aws: "c7g.4xlarge", gcp: "n2-standard-4", azure: "Standard_D4s_v5", local: "local-1" }
    const { running, receipt, calls, notes } = await rehearse({ provider, instanceType: types[provider] }, "calm-day", {
      workers: 12,
      duration: "10m",
    })
    expect([running, receipt.instances.length, receipt.leaked.length]).toEqual([12, 12, 0])
    expect(new Set(receipt.instances.map((row) => `${row.provider} ${row.instanceType}`))).toEqual(
      new Set([`${provider} ${types[provider]}`]),
    )
    const creates = calls.filter(({ api }) => /^(Create|Put)/.test(api)).map(({ sent }) => sent)
    expect(sum(creates)).toBe(provider === "azure" ? 12 : 1)
    expect(notes.some((note) => note.includes("not modelled"))).toBe(provider === "local")
  })

  test("plays a provider object by its name and limits, and does not call it", async () => {
    const world = new World({ clock: new VirtualClock(), provider: "mine", region: "north" })
    const real = worldProvider(world)
    const provider: Provider = { ...real, limits: { ...real.limits, bootMs: 1_234_567 } }
    const { receipt, notes } = await rehearse({ provider, instanceType: "m1.large" }, "calm-day", { workers: 2 })
    expect(receipt.instances.map((row) => [row.provider, row.region])).toEqual([
      ["mine", "north"],
      ["mine", "north"],
    ])
    expect(notes.join()).toContain("mine is not modelled")
    expect(world.ledger.count()).toBe(0)
  })

  test("says what it does not know: a type, a price, a market", async () => {
    const { notes, cost, report } = await rehearse(
      { provider: "aws", region: "eu-west-2", instanceType: "x99.huge" },
      "spot-storm",
      {
        workers: 1,
        duration: "2m",
      },
    )
    expect(notes).toHaveLength(2)
    expect(notes[0]).toContain("x99.huge is not among the types modelled for aws")
    expect(notes[1]).toContain("nothing of this spec is spot")
    expect(cost.estimated).toBeUndefined()
    expect(report).toContain("no price is known")
  })

  test("takes a world of one's own: its stock, its quotas, its types", async () => {
    const types = [
      { name: "big", family: "f", vcpus: 8, memoryGiB: 32, arch: "x86_64", price: { "on-demand": 1 } },
    ] as const
    const { shortfall, running } = await rehearse(
      { provider: "aws", region: "eu-west-2", instanceType: "big" },
      "calm-day",
      {
        workers: 10,
        world: { types, capacity: [{ count: 2 }] },
      },
    )
    expect([running, shortfall.count]).toEqual([8, 2])
  })

  test("refuses what it cannot play, all of it at once", async () => {
    const wrong = rehearse(SPEC, "spot-strom" as ScenarioName, { workers: 0, duration: "soon" as "1m" })
    await expect(wrong).rejects.toThrow(SpecError)
    await expect(wrong).rejects.toThrow(/scenario[\s\S]*spot-storm[\s\S]*workers[\s\S]*duration/)
    await expect(rehearse({ ...SPEC, name: "Not A Name" }, "calm-day", { workers: 1 })).rejects.toThrow(/cluster\.name/)
    await expect(rehearse({ provider: "aws", vcpus: { min: 4000 } }, "calm-day", { workers: 1 })).rejects.toThrow(
      /vcpus/,
    )
  })
})

test("plays a spec whose workers would be brought files and secrets", async () => {
  const groups = { web: { files: "nowhere", secrets: ["NOT_SET_HERE"] } }
  const { running } = await rehearse({ provider: "local", groups, secrets: ["NOT_SET_HERE"] }, "calm-day", {
    workers: 2,
  })
  expect(running).toBe(2)
})
