/** What is made of a guest's marks: the parts of a boot, what is kept of them, and in what words they are told. */
import { expect, test } from "vitest"
import { type Boot, noteMarks, phasesOf, readBootMarks } from "../../../src/ready/boot.js"
import { bootingText, type BootTiming, bootTimings } from "../../../src/ready/boot-timings.js"
import { heldBytes } from "../../support/held.js"

const MARKS = [
  ...["0 identity begun", "120 identity ended 0", "130 limits skipped host", "140 setup begun", "61000 setup ended 0"],
  ...["61010 startup begun", "61020 ready begun", "70500 ready ended 0", "200000 health ended 1"],
]
const at = (count: number) => readBootMarks(MARKS.slice(0, count))
const parts = (boot: Boot, now: number) => phasesOf(boot, now).map(({ phase, ms }) => `${phase} ${ms}`)

test("marks are read as they come: what has ended, what goes on, and when the checks had passed", () => {
  expect(at(4)).toEqual({
    ended: [{ step: "identity", atMs: 120, exitCode: 0 }],
    current: { step: "setup", sinceMs: 140 },
    latestMs: 140,
  })
  expect(at(9)).toMatchObject({ readyMs: 70_500, latestMs: 200_000 })
  expect(at(9).ended.map(({ step }) => step)).toEqual(["identity", "setup"])
})

test("after a restart marks count anew: they tell nothing of the boot, and what is no mark tells nothing at all", () => {
  const { readyMs, latestMs, ended } = readBootMarks([...MARKS.slice(0, 5), "0 reboot ended 0", "5 startup begun"])
  expect([readyMs, latestMs, ended.length]).toEqual([undefined, undefined, 2])
  expect(
    readBootMarks(["", "x y z", "99999999999999 setup ended 0", "5 setup ended 9999", "7 ready noted x"]),
  ).toMatchObject({
    ended: [{ step: "setup", exitCode: 999 }],
  })
  expect(readBootMarks(Array.from({ length: 999 }, (_, ms) => `${ms} setup ended 0`)).ended.length).toBe(24)
})

test("the parts add up, the earliest start that was heard of counts, and a guest's own clock needs no date", () => {
  const boot: Boot = { requestedAt: 1_000_000, acceptedAt: 1_002_000, runningAt: 1_030_000 }
  expect(parts(boot, 1_040_000)).toEqual(["request 2000", "machine 28000", "system 10000"])
  // 10 s after its start, which was before this process saw it run.
  noteMarks(boot, at(4), 1_038_000, 10_000)
  expect(parts(boot, 1_040_000)).toEqual(["request 2000", "machine 26000", "system 0", "identity 120", "setup 11880"])
  noteMarks(boot, at(8), 1_099_000, 70_900)
  boot.readyAt = 1_099_500
  expect(boot.reachedAt).toBe(1_038_000)
  expect(parts(boot, 2_000_000)).toEqual([
    "request 2000",
    "machine 26000",
    "system 0",
    "identity 120",
    "setup 60880",
    "ready 9500",
    "told 1000",
  ])
  // Nothing that comes later changes it.
  noteMarks(boot, at(9), 1_300_000, 271_000)
  expect(phasesOf(boot, 2_000_000).reduce((sum, { ms }) => sum + ms, 0)).toBe(99_500)
})

test("with an engine the last part is the wait for its head, also where nobody asks the guest", () => {
  const boot: Boot = { requestedAt: 1_000_000, acceptedAt: 1_002_000, joins: true }
  expect(parts(boot, 1_020_000)).toEqual(["request 2000", "machine 18000"])
  boot.runningAt = 1_030_000
  expect(parts(boot, 1_090_000)).toEqual(["request 2000", "machine 28000", "join 60000"])
  expect(parts({ ...boot, readyAt: 1_080_000 }, 1_090_000)).toEqual(["request 2000", "machine 28000", "join 50000"])
  noteMarks(boot, at(8), 1_099_000, 70_900)
  expect(parts({ ...boot, readyAt: 1_100_000 }, 2_000_000).slice(-2)).toEqual(["ready 9500", "join 1400"])
  // Its startup goes on where its guest is asked, and has no check.
  const other: Boot = { acceptedAt: 1_000_000, runningAt: 1_005_000, joins: true }
  const marks = readBootMarks(["2000 setup begun", "9000 setup ended 0", "9000 startup begun"])
  noteMarks(other, marks, 1_020_000, 12_000)
  expect(parts(other, 1_020_000).slice(-2)).toEqual(["setup 9000", "startup 3000"])
  expect(parts({ ...other, readyAt: 1_030_000 }, 2_000_000).slice(-2)).toEqual(["setup 9000", "join 13000"])
  const { providers } = bootTimings([
    timing("a", [
      ["machine", 3_000],
      ["join", 61_000],
    ]),
  ])
  expect(providers[0]?.advice).toMatch(
    /^most of the time, 95 %, goes to join, the wait until the head of the engine has taken/,
  )
})

const timing = (
  name: string,
  phases: readonly (readonly [string, number])[],
  more: Partial<BootTiming> = {},
): BootTiming => ({
  ...{
    id: name,
    name,
    group: "default",
    provider: "aws",
    region: "eu-west-2",
    zone: "eu-west-2a",
    instanceType: "c7g.large",
  },
  ...{ outcome: "ready", acceptedAt: 0, steps: [], ms: phases.reduce((sum, [, ms]) => sum + ms, 0) },
  phases: phases.map(([phase, ms]) => ({ phase, ms })),
  ...more,
})

test("a place, and each type where it has several, with the largest part and what shortens it", () => {
  const own = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) =>
    timing(`w-${n}`, [
      ["machine", 5_000],
      ["setup", n * 10_000],
    ]),
  )
  const other = timing(
    "x",
    [
      ["machine", 90_000],
      ["setup", 1_000],
    ],
    { instanceType: "c7g.metal" },
  )
  const { providers, types } = bootTimings([...own, other])
  expect(providers).toMatchObject([{ ready: 11, largest: "setup", boot: { slowestMs: 105_000, slowest: "w-10" } }])
  expect(providers[0]?.phases[1]).toMatchObject({ phase: "setup", medianMs: 50_000, p90Ms: 90_000, slowestMs: 100_000 })
  expect(types.map(({ instanceType, largest }) => [instanceType, largest])).toEqual([
    ["c7g.large", "setup"],
    ["c7g.metal", "machine"],
  ])
  expect(providers[0]?.advice).toMatch(
    /^most of the time, 80 %, goes to setup \(50 s at the median\): .* image of your own/,
  )
  expect(String(bootTimings(own))).toMatchInlineSnapshot(`
    "aws eu-west-2: 10 ready
      PHASE    MEDIAN  P90         SLOWEST     WHICH  OF ALL
      machine  5.0 s   5.0 s       5.0 s       w-10   8 %
      setup    50 s    1 min 30 s  1 min 40 s  w-10   92 %
      boot     55 s    1 min 35 s  1 min 45 s  w-10
      most of the time, 92 %, goes to setup (50 s at the median): put what it installs into an image of your own, which has halved whole boots; or install fewer packages, from a mirror nearer by"
  `)
  expect(bootTimings([]).providers).toEqual([])
})

test("who still boots is told of: the slowest, where it is, and what would help", () => {
  const booting = timing(
    "w-2",
    [
      ["machine", 30_000],
      ["setup", 240_000],
      ["startup", 1_500],
    ],
    { outcome: "booting" },
  )
  const timings = bootTimings([
    timing("w-1", [
      ["machine", 30_000],
      ["setup", 60_000],
    ]),
    booting,
  ])
  expect(bootingText(timings)).toMatch(
    /^boots: the slowest is w-2 for 4 min 32 s: in startup for 1.5 s; most went to setup, 4 min; most of the time, 67 %, goes to setup/,
  )
  expect(bootingText(bootTimings([timing("w-1", [["machine", 1]])]))).toBeUndefined()
})

test("ten thousand boots take less than 1 KB each", () => {
  const steps = [
    "identity",
    "deadline",
    "lease",
    "limits",
    "access",
    "scratch",
    "environment",
    "files",
    "secrets",
    "container",
    "setup",
    "startup",
  ]
  const lines = steps.flatMap((step, n) => [`${n * 1000} ${step} begun`, `${n * 1000 + 999} ${step} ended 0`])
  const text = [...lines, "12000 ready begun", "13000 ready ended 0"].join("\n")
  const before = heldBytes()
  const kept = Array.from({ length: 10_000 }, (_, n): Boot => {
    const boot: Boot = { requestedAt: 1e12 + n + 0.5, acceptedAt: 1e12 + n + 0.5, runningAt: 1e12 + n + 0.5 }
    noteMarks(boot, readBootMarks(text.split("\n")), 1e12 + 20_000 + n + 0.5, 19_000)
    boot.readyAt = 1e12 + 21_000 + n + 0.5
    return boot
  })
  const each = (heldBytes() - before) / kept.length
  expect(each).toBeLessThan(1024)
  expect(kept.length).toBe(10_000)
})
