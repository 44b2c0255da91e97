/** Tables: as wide as they are, or as a terminal is. */
import { expect, test } from "vitest"
import { table } from "../../src/cli/table.js"

const HEAD = ["TYPE", "AGE", "MESSAGE"]
const ROWS = [
  ["plan", "4s", "to start: m1.large spot in aws eu-west-2"],
  ["detached", "1h2m", "let go of: nobody replaces what is lost"],
]

test("a line for each row, however long, where there is no terminal", () => {
  expect(table(HEAD, ROWS)).toBe(
    [
      "TYPE       AGE    MESSAGE",
      "plan       4s     to start: m1.large spot in aws eu-west-2",
      "detached   1h2m   let go of: nobody replaces what is lost",
      "",
    ].join("\n"),
  )
})

test.each([80, 57])("on a terminal of %i columns the gaps are narrower before anything breaks", (columns) => {
  const lines = table(HEAD, ROWS, columns).trimEnd().split("\n")
  expect([lines.length, Math.max(...lines.map(({ length }) => length)) <= columns]).toEqual([3, true])
})

test("what has no room breaks between words, and goes on below itself", () => {
  expect(table(HEAD, ROWS, 40)).toBe(
    [
      "TYPE      AGE   MESSAGE",
      "plan      4s    to start: m1.large spot",
      "                in aws eu-west-2",
      "detached  1h2m  let go of: nobody",
      "                replaces what is lost",
      "",
    ].join("\n"),
  )
})

test("words and heads are never broken, however narrow the terminal is", () => {
  const lines = table(HEAD, [["plan", "4s", "instance-1234567890"]], 5).split("\n")
  expect(lines.slice(0, 2)).toEqual(["TYPE  AGE  MESSAGE", "plan  4s   instance-1234567890"])
})
