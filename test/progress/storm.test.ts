/** A storm as a person sees it: the frames themselves, how much is written, and that nothing scrolls. */
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { TROUBLE_KINDS } from "../../src/progress/model/kinds.js"
import { type Storm, watchStorm } from "./support/storm.js"

const MINUTE_MS = 60_000
/** What a slow line carries. */
const MOST_BYTES_PER_SECOND = 8 * 1024

beforeAll(() => {
  vi.stubEnv("LC_ALL", "C.UTF-8")
  vi.stubEnv("NO_COLOR", "1")
  vi.stubEnv("FORCE_COLOR", undefined)
})
afterAll(() => {
  vi.unstubAllEnvs()
})

describe("1,000 workers through a spot storm on 80 x 24", () => {
  let storm: Storm
  beforeAll(async () => {
    storm = await watchStorm({ workers: 1_000, columns: 80, rows: 24, momentsMs: [5_000, 45_000, 7 * MINUTE_MS] })
  })

  test("while it launches", () => {
    expect(storm.moments[0]?.text).toMatchInlineSnapshot(`
      "storm  simulated sim-1 a1.large spot and 1 more                    scaling  5 s
        running                                                          0 of 1000
        booting    ████████████▍                                       260
        requested  ███████████████████████████████████▌                740
        missing                                                          0
      $8.19/h · $0.0083 so far (estimate) · as of now
      oldest: default-38eb2f88 boots for 3 s
      ! 1.6k capacity
        1.6k capacity InsufficientCapacity, again in 5 min (sim-1a m1.large spot):…"
    `)
  })

  test("while it boots", () => {
    expect(storm.moments[1]?.text).toMatchInlineSnapshot(`
      "storm  simulated sim-1 a1.large on-demand and 2 more              scaling  45 s
        running    ███████▎                                            153 of 1000
        booting    ████████████████████████████████████████▋           847
        requested                                                        0
        missing                                                          0
      $42.17/h · $0.20 so far (estimate) · as of 4 s ago
      oldest: default-38eb2f88 boots for 43 s (typical 30 s)
      ! 3.3k capacity
        3.3k capacity InsufficientCapacity, again in 2 min 27 s (sim-1c m1.large s…"
    `)
  })

  test("while it is taken back", () => {
    expect(storm.moments[2]?.text).toMatchInlineSnapshot(`
      "storm  simulated sim-1 a1.large on-demand and…  scaling  7 min  ETA ~1 min 10 s
        running    ██████████████████████████████████████████████▍     968 of 1000
        booting    █▌                                                   32
        requested                                                        0
        missing                                                          0
        leaving    ████▎                                                91
      $49.45/h · $4.54 so far (estimate) · as of now
      oldest: default-be00ef29 boots for 1 min (typical 56 s)
      ! 3.3k capacity, 91 interrupted
        3.3k capacity InsufficientCapacity, again in 3 min 17 s (sim-1b m1.large spo…
        91 interrupted (default-057156eb)"
    `)
  })

  test("the page on progress shows these", () => {
    const page = readFileSync(new URL("../../docs/progress.md", import.meta.url), "utf8")
    for (const { text } of storm.moments) expect(page).toContain(`\`\`\`text\n${text}\n\`\`\``)
  })

  test("leaves its last frame in view, and the cursor", () => {
    expect(storm.last).toMatch(/^storm .* closed /)
    expect(storm.terminal.isCursorShown).toBe(true)
  })

  test("no line scrolls or breaks, and little is written", () => {
    const { scrolled, broken, mostBytesInASecond } = storm.terminal
    expect({ scrolled, broken }).toEqual({ scrolled: 0, broken: 0 })
    expect(mostBytesInASecond).toBeGreaterThan(100)
    expect(mostBytesInASecond).toBeLessThan(MOST_BYTES_PER_SECOND)
  })
})

test("10,000 workers on 40 x 10", async () => {
  const { terminal, moments } = await watchStorm({
    ...{ workers: 10_000, columns: 40, rows: 10, momentsMs: [5_000, 30_000, 60_000] },
  })
  expect(terminal.scrolled + terminal.broken).toBe(0)
  expect(terminal.mostBytesInASecond).toBeLessThan(MOST_BYTES_PER_SECOND)
  for (const { text } of moments) {
    expect(text.split("\n").length).toBeLessThanOrEqual(10)
    expect(text).toMatch(/\d of 10000 running/)
    expect(TROUBLE_KINDS.filter((kind) => text.includes(` ${kind}`))).toContain("capacity")
  }
})

test("on a terminal that is made narrower, lower and larger again, nothing of an older frame is left", async () => {
  const { terminal, moments, last } = await watchStorm({
    ...{ workers: 100, columns: 120, rows: 40, momentsMs: [10_000, 20_000, 30_000, 40_000, 50_000] },
    sizes: [
      [50, 40],
      [20, 40],
      [20, 5],
      [1, 1],
      [80, 24],
    ],
  })
  expect(moments.map(({ text }) => text.split("\n").length <= 12)).toEqual([true, true, true, true, true])
  for (const { text } of moments.slice(0, 2)) expect(text.match(/^storm /gm)).toHaveLength(1)
  for (const { text } of moments.slice(2, 4)) expect(text.match(/of 100/g)).toHaveLength(1)
  expect(moments[4]?.text).toHaveLength(1)
  expect(last).toMatch(/^storm .* closed /)
  expect(terminal.broken).toBe(0)
})
