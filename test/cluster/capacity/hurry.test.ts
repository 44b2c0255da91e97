/** Targets that change faster than anything can come of them: the last one counts, and no more ever lives than was wanted. */
import * as fc from "../../support/property.js"
import { expect, test } from "vitest"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import { isLong } from "../../support/long.js"
import { live, rig } from "../support.js"

interface Step {
  readonly group: "a" | "b"
  readonly count: number
  readonly afterMs: number
  readonly aborts: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  group: fc.constantFrom("a", "b"),
  count: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }) }),
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 15_000 })),
  aborts: fc.boolean(),
})

const STYLES: readonly SimulateOptions[] = [
  {},
  { fleets: true },
  { names: true },
  { settleMs: [2_000, 20_000] },
  { terminatedVisibleMs: 0, billsUntilGone: true },
]

const hurry = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  style: fc.constantFrom(...STYLES),
  lagMs: fc.constantFrom(0, 3_000, 30_000),
  lost: fc.constantFrom(0, 0.2, 0.5),
  throttled: fc.constantFrom(0, 0.3),
  narrow: fc.boolean(),
  steps: fc.array(step, { minLength: 50, maxLength: 50 }),
  last: fc.record({ a: fc.integer({ min: 0, max: 20 }), b: fc.integer({ min: 0, max: 20 }) }),
})

test("fifty targets in a hurry: never more alive than the highest, exactly the last in the end, nothing after close", async () => {
  await fc.assert(
    fc.asyncProperty(hurry, async ({ seed, style, lagMs, lost, throttled, narrow, steps, last }) => {
      const slow = { writes: { kind: "token" as const, capacity: 4, perSecond: 2 } }
      const {
        clock,
        world,
        cluster: make,
      } = rig({
        ...style,
        seed,
        listLagMs: [0, lagMs],
        limits: { consistencyMs: lagMs + 10_000, createBatch: 7 },
        latency: { bootMs: 10_000 },
        ...(narrow ? { buckets: slow } : {}),
      })
      const cluster = make({ groups: { a: {}, b: {} } })
      for (const api of ["CreateInstances", "CreateFleet", "PutInstance"]) {
        world.faults.rate(api, lost, { kind: "lose-reply" })
        world.faults.rate(api, throttled, { kind: "fail", error: "throttled" })
      }
      const highest = { a: 0, b: 0 }
      const calls: Promise<unknown>[] = []
      const check = () => {
        for (const group of ["a", "b"] as const) {
          const alive = live(world).filter(({ tags }) => tags["muster-group"] === group).length
          expect(alive, `alive in ${group}`).toBeLessThanOrEqual(highest[group])
        }
      }
      for (const { group, count, afterMs, aborts } of steps) {
        highest[group] = Math.max(highest[group], count)
        const abort = new AbortController()
        calls.push(cluster.scale({ [group]: count }, { signal: abort.signal }).catch((error: Error) => error))
        if (aborts && count % 5 === 0) clock.timer(afterMs / 2, () => abort.abort(new Error("aborted")))
        if (afterMs > 0) await clock.run(clock.sleep(afterMs))
        check()
      }
      world.faults.clear()
      for (const group of ["a", "b"] as const) highest[group] = Math.max(highest[group], last[group])
      expect(await clock.run(cluster.scale(last))).toMatchObject({ running: last.a + last.b, superseded: false })
      check()
      const alive = (group: string) => live(world).filter(({ tags }) => tags["muster-group"] === group).length
      expect([alive("a"), alive("b")]).toEqual([last.a, last.b])
      const answers = await clock.run(Promise.all(calls))
      for (const answer of answers) {
        if (!(answer instanceof Error)) continue
        expect(["aborted", "ShortfallError"]).toContain(answer.message === "aborted" ? "aborted" : answer.name)
      }
      const receipt = await clock.run(cluster.close())
      expect(live(world)).toEqual([])
      expect(receipt.instances.length).toBe(world.truth({}).length)
      await clock.run(clock.sleep(600_000))
      expect(live(world)).toEqual([])
    }),
    { numRuns: isLong ? 100 : 8 },
  )
})
