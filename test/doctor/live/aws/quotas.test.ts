/** Walks on accounts whose quotas have no room for three machines of one market, as a new account's. */
import { expect, test } from "vitest"
import { ec2World } from "../../../../providers/aws/wire/index.js"
import { isLong } from "../../../support/long.js"
import { expectAll, expectNothingLeft } from "../support.js"
import { awsWalk, mostAlive } from "./cloud.js"

/** @param vcpus of each market; a machine of the walk has two. */
async function walkWithin(vcpus: number) {
  const { latency = {} } = ec2World()
  const quotas = (["spot", "on-demand"] as const).map((market) => ({ name: market, market, vcpus }))
  const { outcome, cloud } = await awsWalk(undefined, { world: { latency, quotas } })
  expectNothingLeft(cloud.world)
  expect([outcome.left, outcome.problems]).toEqual([[], []])
  expect(outcome.ms).toBeLessThanOrEqual(15 * 60_000)
  return { outcome, most: mostAlive(cloud.world) }
}

test("with room for two, the third is made in the other market, and all is confirmed", async () => {
  const { outcome, most } = await walkWithin(5)
  expectAll(outcome)
  expect(most).toBe(3)
  const waves = (["brief", "batch", "timed"] as const).map(
    (wave) => outcome.workers.filter((worker) => worker.wave === wave).length,
  )
  expect(waves).toEqual([3, 2, 3])
  expect(outcome.notes.join("\n")).toMatch(/only 1 of 3 were made \(.*\); on-demand in us-east-1a is tried instead/)
})

test.runIf(isLong)("with room for one, fewer are asked for, and what has ended is waited for", async () => {
  const { outcome, most } = await walkWithin(2)
  const few = ["aws.min-count", "aws.reason-by-guest", "aws.guest-deadline"]
  expectAll(outcome, Object.fromEntries(few.map((id) => [id, "not seen"])))
  expect(most).toBeLessThanOrEqual(3)
  expect(outcome.notes.join("\n")).toMatch(/once more after \d+ s, when what has ended does not count any more/)
  expect(outcome.notes.join("\n")).toMatch(/MaxSpotInstanceCountExceeded.*; 2 are tried instead/)
})
