import { expect, test } from "vitest"
import { climbs, FLOORS, placeOf, shortestCircle } from "./floors.js"
import { readSource } from "./source.js"
import { sourcesIn } from "./sources.js"

const sources = [...sourcesIn("src"), ...sourcesIn("providers")]

test("no import leads up, or across to another room of its floor", () => {
  expect(climbs(sources)).toEqual([])
})

test("there is no circle of imports", () => {
  expect(shortestCircle(sources)).toBeUndefined()
})

test("every room of the list is there", () => {
  const rooms = new Set(sources.map(({ path }) => placeOf(path)?.room))
  const named = FLOORS.flat().filter((room) => !room.includes("*"))
  expect(named.filter((room) => !rooms.has(room))).toEqual([])
})

const read = (path: string, ...targets: readonly string[]) =>
  readSource(path, targets.map((target, index) => `import type { T${index} } from "${target}"`).join("\n"))

const CASES: readonly (readonly [path: string, target: string, problem: RegExp | undefined])[] = [
  ["src/calls/send.ts", "../fleet/state/context.js", /no floor below src\/calls\//],
  ["src/fleet/state/roster.ts", "../launch.js", /of src\/fleet\/launch.ts/],
  ["src/fleet/ending/lease.ts", "../planning/rank.js", /no floor below src\/fleet\/ending\//],
  ["src/fleet/launch.ts", "./state/roster.js", undefined],
  ["src/fleet/state/roster.ts", "./members.js", undefined],
  ["src/session/session.ts", "../cluster.js", /of src\/cluster.ts/],
  ["src/simulator/world/world.ts", "../../cluster.js", /of src\/cluster.ts/],
  ["providers/aws/offers/types.ts", "../launch/launch.js", /of providers\/aws\/launch\//],
  ["providers/aws/launch/launch.ts", "../offers/types.js", undefined],
  ["providers/aws/wire/client/serve.ts", "../launch/fleets.js", /of providers\/aws\/wire\/launch\//],
  ["providers/aws/wire/index.ts", "./client/serve.js", undefined],
  ["attic/file.ts", "../src/errors.js", /is on no floor/],
]

test.each(CASES)("%s imports %s", (path, target, problem) => {
  const [first = ""] = climbs([read(path, target)])
  if (problem === undefined) expect(first).toBe("")
  else expect(first).toMatch(problem)
})

test("the shortest circle is told, types included", () => {
  const long = [read("src/a.ts", "./b.js"), read("src/b.ts", "./c.js"), read("src/c.ts", "./a.js", "./d.js")]
  const short = read("src/d.ts", "./c.js")
  expect(shortestCircle([...long, short])).toEqual(["src/c.ts", "src/d.ts", "src/c.ts"])
  expect(shortestCircle([read("src/a.ts", "./b.js"), read("src/b.ts")])).toBeUndefined()
})
