/** The live walk on EC2, over its wire and the real SDK. */
import { expect, test } from "vitest"
import { billOf } from "../../../../src/simulator/world/bill.js"
import { ASSUMPTIONS, UNTRIED } from "../../../../providers/aws/live/assumptions.js"
import { existsSync } from "node:fs"
import { isLong } from "../../../support/long.js"
import { ec2World } from "../../../../providers/aws/wire/index.js"
import { awsWalk, mostAlive } from "./cloud.js"
import { expectAll, expectNothingLeft, expectPrices } from "../support.js"

const MINUTES_MS = 15 * 60_000

test("all that holds is confirmed, by three machines at most, and nothing is left", async () => {
  const { outcome, cloud } = await awsWalk()
  const { world, provider } = cloud
  expectAll(outcome)
  expect([outcome.problems, outcome.left]).toEqual([[], []])
  expectNothingLeft(world)
  const unproven = outcome.assumptions.filter(({ observations }) =>
    observations.some((one) => one.exchanges.length === 0),
  )
  expect(unproven.map(({ id }) => id)).toEqual([])
  expect(world.resources.list({ kind: "launch-template" })).toEqual([])
  expect(mostAlive(world)).toBe(3)
  expect(outcome.ms).toBeLessThanOrEqual(MINUTES_MS)
  const { usd } = billOf(world, provider.limits.leastBilledSeconds)
  expectPrices(outcome, usd)
  expect(JSON.stringify(outcome.exchanges)).not.toMatch(/AKIDEXAMPLE|Signature=|planted/)
})

test.runIf(isLong)("with EC2's own times, lists that lag and ends that do, too, all is confirmed as well", async () => {
  const { latency = {} } = ec2World()
  for (const seed of [1, 2, 3, 4]) {
    const world = { seed, latency, listLagMs: [0, 3_000] } as const
    const { outcome, cloud } = await awsWalk(undefined, { world, wire: { terminateLags: seed % 2 === 0 } })
    expectAll(outcome)
    expect([outcome.problems, outcome.left]).toEqual([[], []])
    expect(mostAlive(cloud.world)).toBe(3)
    expect(outcome.ms).toBeLessThanOrEqual(MINUTES_MS)
  }
})

test("each assumption has an id of its own, and names files that are there", () => {
  const ids = [...ASSUMPTIONS, ...UNTRIED].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { id, code } of [...ASSUMPTIONS, ...UNTRIED]) {
    expect(id).toMatch(/^aws\.[a-z-]+$/)
    expect(code.filter((file) => !existsSync(file))).toEqual([])
  }
})
