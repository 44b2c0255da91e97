/** Whatever comes back in place of Azure's answers: a walk comes to its end, and nothing outlives its deadline. */
import { expect, test } from "vitest"
import { isLong } from "../../../support/long.js"
import { expectNothingLeft, told } from "../support.js"
import { anything, failures } from "./anything.js"
import { type Played, playWalk } from "./cloud.js"

const COUNT = Number(process.env.MUSTER_SEEDS ?? (isLong ? 40 : 1))
const FIRST = Number(process.env.MUSTER_SEED ?? 1)
const SEEDS = Array.from({ length: COUNT }, (_, at) => FIRST + at)

/** From an odd answer now and then to hardly one that is right. */
const SHARES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.6]
/** Requests that fail. */
const FAILING = [0.05, 0.15, 0.3]

/** Guests' deadlines are ten minutes after the launch at most. */
const DEADLINES_MS = 15 * 60_000

async function expectNothingOutlives({ cloud, outcome }: Played, seed: number): Promise<void> {
  await cloud.run(cloud.clock.sleep(DEADLINES_MS))
  try {
    expectNothingLeft(cloud.world)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${told(outcome)}`)
  }
}

test.each(SEEDS)("anything, by seed %i: there is an outcome", async (seed) => {
  const rim = anything(seed, SHARES[seed % SHARES.length] ?? 0.1)
  const played = await playWalk({ lookEveryMs: 10_000, wire: { rim } })
  const { assumptions, problems, left } = played.outcome
  expect(assumptions.length).toBeGreaterThan(30)
  for (const { verdict } of assumptions) expect(["confirmed", "refuted", "not seen"]).toContain(verdict)
  for (const words of [...problems, ...left]) expect(words).toEqual(expect.any(String))
  // Lists that deny twice what lives, after an end that was answered and not carried out, cannot be told from the truth.
  expect(played.most).toBeLessThanOrEqual(6)
  await expectNothingOutlives(played, seed)
})

test.each(SEEDS)("failures, by seed %i: they refute nothing", async (seed) => {
  const rim = failures(seed, FAILING[seed % FAILING.length] ?? 0.1)
  const played = await playWalk({ lookEveryMs: 10_000, wire: { rim } })
  const refuted = played.outcome.assumptions.filter(({ verdict }) => verdict === "refuted").map(({ id }) => id)
  expect(refuted, told(played.outcome)).toEqual([])
  expect(played.most).toBeLessThanOrEqual(3)
  await expectNothingOutlives(played, seed)
})
