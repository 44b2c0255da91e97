/** Whatever comes back in place of Compute Engine's answers: a walk comes to its end, and nothing outlives its deadline. */
import { expect, test } from "vitest"
import { isLong } from "../../../support/long.js"
import { expectNothingLeft, told } from "../support.js"
import { anything, failures } from "./anything.js"
import { walkOnGce } from "./scene.js"

/** Requests that fail at random. */
const FAILING = [0.05, 0.15, 0.3]

const COUNT = Number(process.env.MUSTER_SEEDS ?? (isLong ? 40 : 2))
const FIRST = Number(process.env.MUSTER_SEED ?? 1)
const SEEDS = Array.from({ length: COUNT }, (_, at) => FIRST + at)

/** From an odd answer now and then to hardly one that is right. */
const SHARES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.6]

test.each(SEEDS)("seed %i", async (seed) => {
  const share = SHARES[seed % SHARES.length] ?? 0.1
  const { cloud, outcome } = await walkOnGce({ everyMs: 10_000, wire: { rim: anything(seed, share) } })
  expect(outcome.assumptions.length).toBeGreaterThan(20)
  for (const { verdict } of outcome.assumptions) expect(["confirmed", "refuted", "not seen"]).toContain(verdict)
  // Guests' deadlines are ten minutes after the launch at most.
  await cloud.run(cloud.clock.sleep(15 * 60_000))
  try {
    expectNothingLeft(cloud.world)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${told(outcome)}`)
  }
})

test.each(SEEDS.filter((seed) => isLong || seed > FIRST))("failures by seed %i refute nothing", async (seed) => {
  const share = FAILING[seed % FAILING.length] ?? 0.1
  const { cloud, outcome } = await walkOnGce({ everyMs: 10_000, wire: { rim: failures(seed, share) } })
  const refuted = outcome.assumptions.filter(({ verdict }) => verdict === "refuted").map(({ id }) => id)
  expect(refuted, told(outcome)).toEqual([])
  await cloud.run(cloud.clock.sleep(15 * 60_000))
  expectNothingLeft(cloud.world)
})
