/** `muster doctor`: how the report is shown, and with which exit code. */
import { expect, test } from "vitest"
import { AuthError } from "../../src/errors.js"
import { AT, desk } from "./support.js"

test("a table with what to do below each line, and the count at the end", async () => {
  const { muster, provider } = desk()
  const line = `doctor ${AT} --instance-type s1.small -n 2`
  const { code, out, said } = await muster(line)
  expect(code).toBe(0)
  expect(out).toMatch(/^STATUS +CHECK +FOUND\nOK +node +Node /)
  expect(out).toMatch(/\nOK +types +s1\.small in /)
  expect(said).toMatch(/^0 fail, \d+ warn, \d+ ok; requests: \d+ to simulated sim-1; nothing was made\n$/)
  provider.list = () => Promise.reject(new AuthError("not allowed to list"))
  const lacking = await muster(line)
  expect(lacking.code).toBe(0)
  expect(lacking.out).toMatch(/\nWARN +leftovers +not allowed to list\n/)
})

test("the same as data, and exit code 1 where something fails", async () => {
  const { muster } = desk()
  const { code, out, said } = await muster(`doctor ${AT} --instance-type no-such-type --json`)
  const report = JSON.parse(out) as {
    status: string
    lines: readonly { check: string; status: string; place?: string }[]
  }
  expect([code, said, report.status]).toEqual([1, "", "fail"])
  expect(report.lines).toContainEqual(
    expect.objectContaining({ check: "types", status: "fail", place: "simulated sim-1" }),
  )
})

test.each([
  ["doctor --provider aws", /--region: is missing/],
  [`doctor ${AT} --timeout soon`, /--timeout: is "soon"; use 30s, 2m or the like/],
  [`doctor ${AT} --vcpus many`, /--vcpus/],
  [`doctor ${AT} -n other=2`, /there is no such group/],
])("%s is refused before anything is asked", async (line, message) => {
  const { muster, world } = desk()
  const { code, out, said } = await muster(line)
  expect([code, out, world.ledger.count()]).toEqual([2, "", 0])
  expect(said).toMatch(message)
})
