/** Showing a cluster: where, how, and until when. */
import { Writable } from "node:stream"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Cluster } from "../../src/cluster.js"
import { SpecError } from "../../src/errors.js"
import { showProgress, type Watched } from "../../src/progress/index.js"
import { lookFor, modeFor } from "../../src/progress/look.js"
import { Screen } from "../../src/progress/screen.js"
import { type Rig, rig } from "../cluster/support.js"
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

/** Up to three workers, and back to none. */
async function play({ clock }: Rig, cluster: Cluster): Promise<void> {
  await cluster.scale(3)
  await clock.sleep(70_000)
  await cluster.close()
}

describe("plain lines", () => {
  test("one for each change, and a sign of life", async () => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const stream = new Paper()
    await world.clock.run(
      (async () => {
        showProgress(cluster, { stream, mode: "plain", clock: world.clock })
        await play(world, cluster)
      })(),
    )
    expect(stream.text).toMatchInlineSnapshot(`
      "few 0 s: opening: 0 running; $0.00/h, $0.00 so far (estimate)
      few 1 s: scaling: 0 of 3 running, 3 requested; $0.00/h, $0.00 so far (estimate)
      few 16 s: scaling: 0 of 3 running, 3 booting; $0.06/h, $0.0002 so far (estimate)
      few 31 s: scaling: 0 of 3 running, 3 booting; $0.06/h, $0.0002 so far (estimate)
      few 37 s: scaling: 1 of 3 running, 2 booting; $0.06/h, $0.0002 so far (estimate)
      few 47 s: scaling: 2 of 3 running, 1 booting; $0.06/h, $0.0003 so far (estimate)
      few 1 min 2 s: running: 3 of 3 running; $0.06/h, $0.0005 so far (estimate)
      few 2 min 2 s: running: 3 of 3 running; $0.06/h, $0.0015 so far (estimate)
      few 2 min 12 s: ending: 0 running, 3 ending; $0.06/h, $0.0016 so far (estimate)
      few 2 min 12 s: closed: 0 running; $0.00/h, $0.0016 so far (estimate)
      "
    `)
  })
})

describe("JSON lines", () => {
  test("each is an object of this version, and the last says so", async () => {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    const stream = new Paper()
    await world.clock.run(
      (async () => {
        showProgress(cluster, { stream, mode: "json", clock: world.clock })
        await play(world, cluster)
      })(),
    )
    const lines = stream.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(new Set(lines.map(({ v }) => v))).toEqual(new Set([1]))
    expect(lines.slice(0, -1).every(({ type }) => type === "progress")).toBe(true)
    expect(lines.at(-1)).toMatchObject({ type: "end", phase: "closed", cluster: "few", gone: 3 })
    const times = lines.slice(0, -1).map(({ at }) => at as number)
    for (const [index, at] of times.entries())
      if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(1_000)
  })
})

describe("it ends", () => {
  test("by itself when the cluster is closed or let go of, and by stop: nothing is left behind", async () => {
    const listeners = () => [...["SIGINT", "SIGTERM", "exit", "warning"].map((name) => process.listenerCount(name))]
    const before = listeners()
    for (const end of ["close", "detach", "stop"] as const) {
      const world = rig()
      const cluster = world.cluster()
      const terminal = new TerminalDouble(80, 24)
      await world.clock.run(
        (async () => {
          const shown = showProgress(cluster, { stream: terminal, mode: "terminal", clock: world.clock })
          await cluster.scale(2)
          if (end === "stop") {
            expect(listeners()).not.toEqual(before)
            shown.stop()
            shown.stop()
          } else await cluster[end]()
          await world.clock.sleep(0)
          expect(terminal.isCursorShown).toBe(true)
          expect(listeners()).toEqual(before)
          const { text } = terminal
          await world.clock.sleep(10_000)
          expect(terminal.text).toBe(text)
          if (end === "stop") await cluster.close()
        })(),
      )
    }
  })

  test("where it was stopped nothing listens to a cluster that goes on", async () => {
    const world = rig()
    const cluster = world.cluster()
    let listening = 0
    async function* counted() {
      listening += 1
      try {
        yield* cluster.events()
      } finally {
        listening -= 1
      }
    }
    const { name, workers } = cluster
    const watched: Watched = {
      ...{ name, workers, explain: () => cluster.explain(), cost: () => cluster.cost() },
      ...{ on: cluster.on.bind(cluster), events: counted },
    }
    await world.clock.run(
      (async () => {
        for (let count = 1; count <= 3; count += 1) {
          const shown = showProgress(watched, { stream: new Paper(), mode: "plain", clock: world.clock })
          await cluster.scale(count)
          expect(listening).toBe(1)
          shown.stop()
          // With the next that there is to hear.
          await world.clock.sleep(60_000)
          expect(listening).toBe(0)
        }
        await cluster.close()
      })(),
    )
  })

  test("before whoever hears next that it is closed", async () => {
    const world = rig()
    const cluster = world.cluster()
    const terminal = new TerminalDouble(80, 24)
    let isBack = false
    await world.clock.run(
      (async () => {
        showProgress(cluster, { stream: terminal, mode: "terminal", clock: world.clock })
        cluster.on("closed", () => {
          isBack = terminal.isCursorShown
        })
        await cluster.scale(1)
        expect(terminal.isCursorShown).toBe(false)
        await cluster.close()
      })(),
    )
    expect(isBack).toBe(true)
  })

  test("without a word where nothing is to be said", async () => {
    const world = rig()
    const cluster = world.cluster()
    const stream = new Paper()
    await world.clock.run(
      (async () => {
        showProgress(cluster, { stream, mode: "quiet", clock: world.clock })
        await play(world, cluster)
      })(),
    )
    expect(stream.text).toBe("")
  })
})

describe("what the program says and counts itself", () => {
  /** With a line before and one after, and a piece of work half done. */
  async function speak(stream: NodeJS.WritableStream, mode: "terminal" | "plain" | "json"): Promise<void> {
    const world = rig()
    const cluster = world.cluster({ name: "few" })
    await world.clock.run(
      (async () => {
        const shown = showProgress(cluster, { stream, mode, clock: world.clock })
        shown.tell({ noun: "tile", done: 48, total: 96, latest: "tile 47" })
        await cluster.scale(2)
        await world.clock.sleep(1_000)
        shown.say("one\u001b[2J\ntwo")
        shown.stop()
        shown.say("three")
        await cluster.close()
      })(),
    )
  }

  test("stands above the frame, and the work is a bar", async () => {
    const terminal = new TerminalDouble(80, 24)
    await speak(terminal, "terminal")
    expect(terminal.text).toMatch(/^one\[2J\ntwo\nfew [\s\S]* {2}tiles +█{24} +48 of 96\n[\s\S]*tile 47\nthree$/)
    expect(terminal.text.match(/^few /gm)).toHaveLength(1)
  })

  test("is a line among others, and left out of JSON", async () => {
    const [plain, json] = [new Paper(), new Paper()]
    await speak(plain, "plain")
    expect(plain.text).toMatch(/\none\[2J\ntwo\nfew .*: 2 of 2 running, 48 of 96 tiles;.*\nthree\n$/)
    await speak(json, "json")
    expect(json.text).not.toMatch(/^[^{]/m)
    expect(json.text).toContain('"work":{"noun":"tile","done":48,"total":96,"latest":"tile 47"}')
  })
})

describe("where it is shown", () => {
  test("two clusters on one terminal stand one below the other, and share its rows", async () => {
    const world = rig()
    const [one, two] = [world.cluster({ name: "one" }), world.cluster({ name: "two" })]
    const terminal = new TerminalDouble(80, 14)
    await world.clock.run(
      (async () => {
        for (const cluster of [one, two])
          showProgress(cluster, { stream: terminal, mode: "terminal", clock: world.clock })
        await Promise.all([one.scale(2), two.scale(3)])
        await world.clock.sleep(1_000)
        expect(terminal.text).toMatch(/^one [\s\S]*2 of 2 running[\s\S]*^two [\s\S]*3 of 3 running/m)
        expect(terminal.text.split("\n").length).toBeLessThan(14)
        await Promise.all([one.close(), two.close()])
      })(),
    )
    expect(terminal.scrolled).toBe(0)
  })

  test("a terminal that takes nothing more is not given more", async () => {
    const world = rig()
    const cluster = world.cluster()
    const slow = Object.assign(new Writable({ highWaterMark: 1, write: () => {} }), { isTTY: true })
    const written = vi.spyOn(slow, "write")
    await world.clock.run(
      (async () => {
        const shown = showProgress(cluster, { stream: slow, mode: "terminal", clock: world.clock })
        await cluster.scale(2)
        expect(written).toHaveBeenCalledTimes(1)
        shown.stop()
        await cluster.close()
      })(),
    )
  })

  test("a stream that has failed is left alone", async () => {
    const world = rig()
    const cluster = world.cluster()
    const stream = new Paper()
    const written = vi.spyOn(stream, "write")
    await world.clock.run(
      (async () => {
        showProgress(cluster, { stream, mode: "json", clock: world.clock })
        const before = written.mock.calls.length
        stream.emit("error", new Error("EPIPE"))
        await play(world, cluster)
        expect(written).toHaveBeenCalledTimes(before)
      })(),
    )
  })

  test("the last row of a terminal stays free, and frames share the others", () => {
    const screen = Screen.on(new TerminalDouble(80, 24))
    const sizes: unknown[] = []
    const frame = (size: unknown) => {
      sizes.push(size)
      return ["x"]
    }
    const other = () => ["y"]
    screen.add(frame)
    screen.draw(0, 1)
    screen.add(other)
    screen.draw(1_000, 1)
    expect(sizes).toEqual([
      { columns: 80, rows: 23 },
      { columns: 80, rows: 11 },
    ])
    screen.remove(frame)
    screen.remove(other)
  })

  test("a terminal that says it has no columns and no rows is taken for 80 by 24", () => {
    const stream = new TerminalDouble(0, 0)
    const screen = Screen.on(stream)
    const sizes: unknown[] = []
    const frame = (size: unknown) => {
      sizes.push(size)
      return ["x"]
    }
    screen.add(frame)
    screen.draw(0, 1)
    screen.remove(frame)
    expect(sizes[0]).toEqual({ columns: 80, rows: 23 })
  })

  test("a frame that ends is as long as it was written, whatever it would be a moment later", () => {
    const stream = new TerminalDouble(80, 24)
    const screen = Screen.on(stream)
    let calls = 0
    const ending = () => (++calls < 3 ? ["a", "b"] : ["a"])
    let other = "x"
    const staying = () => [other]
    screen.add(ending)
    screen.add(staying)
    screen.draw(0, 1)
    screen.remove(ending)
    other = "y"
    screen.draw(1_000, 1)
    screen.remove(staying)
    expect(stream.text).toBe("a\nb\ny")
  })

  test.each<unknown>([{ write: () => true }, { write: () => true, on: () => {} }, 3])(
    "a stream that lacks something is named: %#",
    (stream) => {
      expect(() => showProgress(rig().cluster(), { stream: stream as never })).toThrow(
        /showProgress\.stream: is .*must be a stream/,
      )
    },
  )

  test("wrong options are named", () => {
    const cluster = rig().cluster()
    const wrong = { mode: "tty", stream: 3, clock: {}, colour: true } as never
    expect(() => showProgress(cluster, wrong)).toThrow(SpecError)
    expect(() => showProgress(cluster, wrong)).toThrow(/mode[\s\S]*stream|stream[\s\S]*mode/)
  })
})

test.each([
  ["terminal", true, { TERM: "xterm" }],
  ["plain", false, { TERM: "xterm" }],
  ["plain", true, { TERM: "dumb" }],
  ["plain", true, { TERM: "xterm", CI: "true" }],
  ["terminal", true, { TERM: "xterm", CI: "" }],
  ["terminal", true, { TERM: "xterm", CI: "false" }],
] as const)("auto is %s: terminal %s, %j", (mode, isTTY, env) => {
  expect(modeFor("auto", { isTTY }, env)).toBe(mode)
  expect(modeFor("json", { isTTY }, env)).toBe("json")
})

test.each([
  [true, true, {}],
  [false, false, {}],
  [false, true, { NO_COLOR: "1" }],
  [true, true, { NO_COLOR: "" }],
  [true, false, { FORCE_COLOR: "1" }],
  [true, false, { FORCE_COLOR: "", NO_COLOR: "1" }],
  [false, true, { FORCE_COLOR: "0" }],
  [false, true, { TERM: "dumb" }],
] as const)("colours %s: terminal %s, %j", (isColoured, isTTY, env) => {
  expect(lookFor({ isTTY }, env, "linux").paint("red", "x")).toBe(isColoured ? "\u001b[31mx\u001b[39m" : "x")
})

test.each([
  [true, "linux", { LANG: "de_DE.UTF-8" }],
  [true, "linux", { LC_ALL: "C.utf8", LANG: "C" }],
  [false, "linux", { LC_ALL: "C", LANG: "de_DE.UTF-8" }],
  [false, "linux", {}],
  [false, "win32", { LANG: "de_DE.UTF-8" }],
  [true, "win32", { WT_SESSION: "1" }],
] as const)("more than ASCII %s: %s, %j", (hasMore, platform, env) => {
  expect(lookFor({}, env, platform).unicode).toBe(hasMore)
})
