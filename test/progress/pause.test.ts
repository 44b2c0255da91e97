/** Progress that is paused, begun at the end, or shown of many clusters at once. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { showProgress } from "../../src/progress/index.js"
import { Screen } from "../../src/progress/screen.js"
import { rig } from "../cluster/support.js"
import { Paper } from "./support/paper.js"
import { TerminalDouble } from "./support/screen.js"

beforeEach(() => {
  vi.stubEnv("LC_ALL", "C.UTF-8")
  vi.stubEnv("NO_COLOR", "1")
  vi.stubEnv("FORCE_COLOR", undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe("a pause", () => {
  test("leaves nothing of the frame, and what follows has all that was known and what has happened since", async () => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const terminal = new TerminalDouble(80, 24)
    await world.clock.run(
      (async () => {
        const shown = showProgress(cluster, { stream: terminal, mode: "terminal", clock: world.clock })
        await cluster.scale(1)
        await world.clock.sleep(2_000)
        shown.pause()
        expect([terminal.text, terminal.isCursorShown]).toEqual(["", true])
        terminal.write("close it? no\n")
        await cluster.scale(2)
        await world.clock.sleep(60_000)
        expect(terminal.text).toBe("close it? no")
        shown.resume()
        expect(terminal.text).toMatch(/^close it\? no\nfew {2}\S.* {2}running {2}[12] min [\s\S]*2 of 2[\s\S]*as of/)
        shown.stop()
        shown.pause()
        shown.resume()
        expect(terminal.isCursorShown).toBe(true)
        await cluster.close()
      })(),
    )
    expect(terminal.scrolled).toBe(0)
  })

  test("ends with the last state when the cluster is closed meanwhile", async () => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const terminal = new TerminalDouble(80, 24)
    await world.clock.run(
      (async () => {
        const shown = showProgress(cluster, { stream: terminal, mode: "terminal", clock: world.clock })
        await cluster.scale(1)
        shown.pause()
        await cluster.close()
        expect(terminal.text).toMatch(/^few .*closed/)
        expect(terminal.isCursorShown).toBe(true)
      })(),
    )
  })

  test.each(["plain", "json"] as const)("writes no %s line", async (mode) => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const stream = new Paper()
    await world.clock.run(
      (async () => {
        const shown = showProgress(cluster, { stream, mode, clock: world.clock })
        await cluster.scale(1)
        shown.pause()
        const { text } = stream
        await world.clock.sleep(120_000)
        expect(stream.text).toBe(text)
        shown.resume()
        await world.clock.sleep(2_000)
        expect(stream.text).not.toBe(text)
        await cluster.close()
      })(),
    )
  })
})

describe("what has ended before", () => {
  test("a closed cluster says how it ended, and one that was let go of says so", async () => {
    const world = rig()
    const [closed, left] = [world.cluster({ name: "few" }), world.cluster({ name: "left" })]
    const [one, two] = [new Paper(), new Paper()]
    await world.clock.run(
      (async () => {
        await Promise.all([closed.scale(2), left.scale(1)])
        await closed.close()
        await left.detach()
        showProgress(closed, { stream: one, mode: "plain", clock: world.clock })
        showProgress(left, { stream: two, mode: "plain", clock: world.clock })
        await world.clock.sleep(0)
      })(),
    )
    expect(one.text).toMatch(
      /^few 0 s: "few" is closed: 2 instances ended, nothing of it is left\nfew 0 s: closed: 0 running/,
    )
    expect(two.text).toMatch(/^left 0 s: cluster "left" is detached; .*\nleft 0 s: running: 1 of 1 running/)
  })

  test("so does one that was closed before it was opened", async () => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const stream = new Paper()
    await world.clock.run(
      (async () => {
        await cluster.close()
        showProgress(cluster, { stream, mode: "plain", clock: world.clock })
        await world.clock.sleep(0)
      })(),
    )
    expect(stream.text).toMatch(/few 0 s: closed: 0 running/)
  })
})

describe("many clusters on one terminal", () => {
  test.each([
    [80, 24, 3, 11],
    [80, 24, 30, 12],
    [40, 10, 30, 9],
    [40, 2, 30, 1],
    [80, 24, 12, 12],
  ])("on %i x %i, %i clusters take %i lines, and the rest are counted", (columns, rows, count, most) => {
    const terminal = new TerminalDouble(columns, rows)
    const screen = Screen.on(terminal)
    const frames = Array.from({ length: count }, (_, at) => (size: { rows: number }) => {
      return size.rows === 1 ? [`c${at}`] : [`c${at}`, "more", "and more"]
    })
    for (const frame of frames) screen.add(frame)
    screen.draw(0, 1)
    const lines = terminal.text.split("\n")
    expect(lines.length).toBeLessThanOrEqual(most)
    const named = lines.filter((line) => /^c\d+$/.test(line)).length
    const rest = Number(/(\d+) (?:more|clusters)$/m.exec(terminal.text)?.[1] ?? 0)
    expect(named + rest).toBe(count)
    for (const [at, frame] of frames.entries()) {
      screen.draw(1_000 * (at + 1), 1)
      screen.remove(frame)
      expect(terminal.text.split("\n").length).toBeLessThanOrEqual(rows)
    }
    expect(terminal.isCursorShown).toBe(true)
  })
})
