/** The smallest case that fails is looked for, and not for ever. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { tryOne } from "./smallest.js"

test("one value is tried, and no more where that goes well", async () => {
  const tried: number[] = []
  await tryOne(fc.integer(), { seed: 1 }, async (value) => void tried.push(value))
  expect(tried).toHaveLength(1)
})

test("what fails is told with the smallest value that fails as well", async () => {
  const large = async (value: number) => {
    if (value >= 1_000) throw new Error(`${value} is large`)
  }
  const kind = fc.integer({ min: 100_000, max: 1_000_000 }).map((value) => value / 100)
  await expect(tryOne(kind, { seed: 1 }, large)).rejects.toThrow("1000 is large\n1000")
})

test("the search for a smaller one ends after 200 tries, with the smallest so far", async () => {
  let tries = 0
  const failing: string[] = []
  // Whether a value fails says nothing of those beside it, as where each try is another course of events.
  const odd = async (times: readonly number[]) => {
    tries += 1
    if (tries % 20 !== 1) return
    failing.push(JSON.stringify(times, undefined, 2))
    throw new Error("odd")
  }
  const times = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 60, maxLength: 60 })
  const error = await tryOne(times, { seed: 1 }, odd).catch((thrown: Error) => thrown)
  expect(tries).toBe(200)
  expect(error).toEqual(new Error(`odd\n${failing.at(-1)}`))
})
