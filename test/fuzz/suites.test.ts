/** The fuzz suites with as many seeds as go into a few seconds, and whether a failure is told with what plays it again. */
import { describe, expect, test } from "vitest"
import { playSuite, wordsOf } from "./play.js"
import { FailedRun, type FuzzSuite } from "./suite.js"
import { SUITES } from "./suites.js"

const PATIENCE_MS = 10 * 60_000

test.each(SUITES.filter(({ testRuns }) => testRuns > 0))(
  "$name: $about",
  async (suite) => {
    const { counts, failures, runs } = await playSuite(suite, { firstSeed: 1, runs: suite.testRuns })
    console.log(`${suite.name}: ${runs} seeds from 1 on: ${wordsOf(counts)}`)
    expect(failures).toEqual([])
    expect([...counts.values()].some((count) => count > runs)).toBe(true)
  },
  PATIENCE_MS,
)

describe("a suite that fails", () => {
  const odd: FuzzSuite = {
    name: "odd",
    about: "even numbers only",
    testRuns: 0,
    ciRuns: 0,
    run: async (seed) => {
      if (seed % 2 === 1) throw new Error(`${seed} is odd`)
      return { numbers: 1 }
    },
  }

  test("says with which seed, and what plays that alone", async () => {
    const { failures, runs, counts } = await playSuite(odd, { firstSeed: 4, runs: 2 })
    const again = "npm run fuzz -- --only odd --seed 5 --runs 1"
    expect(failures).toEqual([{ seed: 5, message: "5 is odd", again }])
    expect([runs, counts]).toEqual([2, new Map([["numbers", 1]])])
  })

  test("tells what its runs have seen all the same, to the last where that was wished", async () => {
    const seen: FuzzSuite = {
      ...odd,
      playsAll: true,
      run: async (seed) => {
        const counts = { numbers: 1, "lowest number": seed, "highest number": seed }
        if (seed % 2 === 1) throw new FailedRun(`${seed} is odd`, counts)
        return counts
      },
    }
    const told: number[] = []
    const onFailure = ({ seed }: { readonly seed: number }) => void told.push(seed)
    const { failures, counts } = await playSuite(seen, { firstSeed: 3, runs: 10, onFailure })
    expect([failures.length, told]).toEqual([5, [3, 5, 7]])
    expect(Object.fromEntries(counts)).toEqual({ numbers: 10, "lowest number": 3, "highest number": 12 })
  })

  test("is not asked for ever", async () => {
    const { failures, runs } = await playSuite(odd, { firstSeed: 1, runs: 100 })
    expect([failures.length, runs]).toEqual([3, 5])
  })
})

test("every suite has a name of its own, and says what it is about", () => {
  expect(new Set(SUITES.map(({ name }) => name)).size).toBe(SUITES.length)
  for (const { name, about } of SUITES) expect([/^[a-z-]+$/.test(name), about.length > 10]).toEqual([true, true])
})
