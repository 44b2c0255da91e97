import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { createCalls } from "../../src/calls/send.js"
import type { Bucket } from "../../src/provider.js"
import { simulate, type World, type WorldProviderOptions, worldProvider } from "../../src/simulator/index.js"
import { contract, type FaultHooks, type ForeignInstance, type Skip, type Subject } from "./index.js"

interface Style extends WorldProviderOptions {
  readonly title: string
  readonly bulk: number
  readonly skip: readonly Skip[]
}

/** The three ways in which clouds take a create request. */
const STYLES: readonly Style[] = [
  { title: "a batch under a token, settled at once", bulk: 1001, skip: [] },
  { title: "a batch under a token, settled later", settleMs: [2_000, 20_000], bulk: 1001, skip: [] },
  {
    title: "one instance under a name, settled later",
    names: true,
    settleMs: [10_000, 60_000],
    bulk: 201,
    skip: [
      {
        promise: "replay: after all that it made was terminated makes nothing again",
        reason: "a name is free again when its instance is gone, as on Azure: a PUT then makes a new one",
      },
    ],
  },
]

/** Bare calls pace nothing, so nothing may refuse them; the core's calls meet the default buckets. */
const WIDE: Readonly<Record<string, Bucket>> = {
  reads: { kind: "token", capacity: 10_000, perSecond: 1_000 },
  writes: { kind: "token", capacity: 10_000, perSecond: 1_000 },
}

function subjectOf(style: Style, pace: "bare" | "core"): Subject {
  const clock = new VirtualClock()
  const { title: _title, skip: _skip, bulk, ...options } = style
  const { world, provider } = simulate({ clock, ...options, ...(pace === "bare" ? { buckets: WIDE } : {}) })
  return {
    provider,
    clock,
    run: (promise) => clock.run(promise),
    bulk,
    another: () => worldProvider(world, options),
    foreign: () => foreignIn(world),
    faults: faultsOf(world),
    ...(pace === "bare" ? {} : { calls: (given) => coreCalls(clock, provider.limits, given) }),
  }
}

type CoreCalls = Parameters<NonNullable<Subject["calls"]>>[0]

function coreCalls(clock: VirtualClock, limits: Subject["provider"]["limits"], { signal, readOnly }: CoreCalls) {
  const given = signal ?? new AbortController().signal
  return createCalls({ clock, limits, signal: given, readOnly: readOnly ?? false })
}

async function foreignIn(world: World): Promise<ForeignInstance> {
  const zone = world.settings.zones[0] ?? ""
  const pool = { zone, instanceType: "m1.large", market: "on-demand" } as const
  const made = world.create({ ...pool, min: 1, max: 1, tags: { name: "somebody's database" } })
  const id = made.kind === "created" ? (made.instances[0]?.id ?? "") : ""
  return { id, alive: async () => world.instance(id)?.state === "running" || world.instance(id)?.state === "pending" }
}

function faultsOf({ faults }: World): FaultHooks {
  return {
    loseReply: () => faults.loseReply("*"),
    hang: () => faults.hang("*"),
    fail: (error) => faults.fail("*", { error }),
  }
}

for (const style of STYLES) {
  for (const pace of ["bare", "core"] as const) {
    describe(`simulated: ${style.title}, with ${pace} calls`, () => {
      for (const { name, run, skipped } of contract(() => subjectOf(style, pace), { skip: style.skip })) {
        test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
      }
    })
  }
}

describe("contract", () => {
  const factory = () => subjectOf({ title: "", bulk: 12, skip: [] }, "bare")

  test("has each promise once", () => {
    const names = contract(factory).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(60)
  })

  test("refuses to skip a promise that does not exist, and names the one that was meant", () => {
    const skip = [{ promise: "terminate: nothing to end is succes", reason: "a test" }]
    expect(() => contract(factory, { skip })).toThrow(/did you mean "terminate: nothing to end is success"/)
  })

  test("refuses to skip without a reason", () => {
    const skip = [{ promise: "terminate: nothing to end is success", reason: " " }]
    expect(() => contract(factory, { skip })).toThrow(/gives no reason/)
  })

  test("says why a skipped promise is skipped", () => {
    const skip = [{ promise: "terminate: nothing to end is success", reason: "a test" }]
    const skipped = contract(factory, { skip }).filter((entry) => entry.skipped !== undefined)
    expect(skipped).toMatchObject(
      [{ ...skip[0], name: "terminate: nothing to end is success", skipped: "a test" }].map(({ name, skipped }) => ({
        name,
        skipped,
      })),
    )
  })
})
