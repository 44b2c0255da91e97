/** What newcomers write, and what they are told. */
import { expect, test } from "vitest"
import { messageOf, WRONG_INPUTS } from "../../support/wrong-inputs.js"

/** As much as is read before the eye goes on. */
const MOST_BEFORE_REMEDY = 300

test.each(WRONG_INPUTS.map((row) => [row.input, row] as const))("%s", async (_input, row) => {
  const message = await messageOf(row)
  expect(message).toContain(row.option)
  expect(message).toContain(row.remedy)
  expect(message.indexOf(row.remedy)).toBeLessThanOrEqual(MOST_BEFORE_REMEDY)
})

test("there are many of them, each once", () => {
  expect(WRONG_INPUTS.length).toBeGreaterThanOrEqual(40)
  expect(new Set(WRONG_INPUTS.map(({ input }) => input)).size).toBe(WRONG_INPUTS.length)
})
