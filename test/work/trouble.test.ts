/** Tasks that make trouble: each fails by itself, in words, and what comes after it runs. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { remote } from "../../src/work/remote-module.js"
import type { WorkOptions } from "../../src/work/types.js"
import type { AnyTask } from "../../src/work/work.js"
import { isLong } from "../support/long.js"
import { allOf, begin } from "./support/begin.js"
import { RealPlaces } from "./support/real.js"

const troubles = remote<typeof import("./support/troubles.js")>(new URL("./support/troubles.ts", import.meta.url))
const tasks = remote<typeof import("./support/tasks.js")>(new URL("./support/tasks.ts", import.meta.url))

let directory = ""
let places: RealPlaces
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-trouble-"))
  places = new RealPlaces(join(directory, "workers"), { NODE_OPTIONS: "--max-old-space-size=48" })
  places.add("w")
})
afterEach(async () => {
  await places.close()
  rmSync(directory, { recursive: true, force: true })
})

async function cameTo(task: AnyTask, options: WorkOptions = {}, inputs: readonly unknown[] = [1]) {
  const found = await allOf(await begin(places, inputs, task, { errors: "yield", slots: 1, ...options }))
  return found.map((one) => (one instanceof Error ? one.message : one))
}

describe("a function", () => {
  test.each([
    ["that throws later", troubles.throwsLater, {}, "RangeError: later"],
    ["that ends, and leaves what holds its output", troubles.endsWithDaemon, {}, "its process ended with exit code 4"],
    ...(isLong
      ? ([
          ["that rejects beside its result", troubles.rejectsAside, {}, "aside"],
          ["that blocks for ever", tasks.blocksAt, { taskTimeout: "300ms" }, "did not end within 0.3 s"],
          ["that takes all memory", troubles.greedy, {}, "its process ended with signal SIGABRT"],
          ["that kills itself", troubles.ends, {}, "its process ended with signal SIGKILL"],
        ] as const)
      : []),
  ] as const)("%s fails alone", async (_what, task, options, words) => {
    const [failed] = await cameTo(task as AnyTask, options)
    expect(failed).toContain(words)
    expect(await cameTo(tasks.double as AnyTask)).toEqual([2])
  })

  test("may remove its runner's files, and the directory that it is in: what comes after it runs there", async () => {
    const to = join(directory, "out")
    const runners = new Set<unknown>()
    for (const what of isLong ? ["all", "own", "files", "cwd", "here"] : ["all", "here"]) {
      const [pid] = await cameTo(troubles.removes as AnyTask, {}, [what])
      expect(pid).toEqual(expect.any(Number))
      runners.add(pid)
      // Another module, a directory for its files, and more slots than there were.
      expect(await cameTo(tasks.writes as AnyTask, { outputs: to, slots: 2 }, [1, 2])).toEqual([undefined, undefined])
      expect(await cameTo(tasks.double as AnyTask)).toEqual([2])
    }
    expect(runners.size).toBe(1)
    expect(readdirSync(join(directory, "workers", "w", ".muster-work"))).toHaveLength(1)
    // Whoever takes the worker over finds what runs there.
    const [mine = ""] = readdirSync(join(directory, "workers", "w", ".muster-work"))
    const kept = readdirSync(join(directory, "workers", "w", ".muster-work", mine))
    expect(kept).toEqual(expect.arrayContaining(["runner", "1.pid"]))
  })

  test("writes what it likes to its output, and leaves what it likes", async () => {
    expect(await cameTo(troubles.binary as AnyTask)).toEqual(["written"])
    expect(await cameTo(troubles.daemon as AnyTask)).toEqual([expect.any(Number)])
    expect(await cameTo(tasks.double as AnyTask, {}, [1, 2])).toEqual([2, 4])
  })

  test("is told of its worker's end, and how long it has; its result counts", async () => {
    const opened = await begin(places, [1], troubles.listens as AnyTask, {
      taskTimeout: "1h",
      onLog: () => places.notice("w", 90_000),
    })
    const [[before, after] = []] = (await allOf(opened)) as number[][]
    expect(before).toBeGreaterThan(3500)
    expect(after).toBeLessThanOrEqual(90)
    expect(after).toBeGreaterThan(60)
  })

  test("on a worker that is let finish is told shortly before its end alone", async () => {
    const opened = await begin(places, [1], troubles.listens as AnyTask, {
      onLog: () => places.drain("w", 31_000),
    })
    const [[, after] = []] = (await allOf(opened)) as number[][]
    expect(after).toBeLessThanOrEqual(30)
    expect(after).toBeGreaterThan(20)
  })

  test("may have a thousand slots", async () => {
    expect(await cameTo(tasks.double as AnyTask, { slots: 1000 }, [1, 2, 3])).toEqual([2, 4, 6])
  })
})

describe("a command", () => {
  test("that leaves the group is told when it ends, and its child holds nothing up", async () => {
    const [output] = await cameTo({ command: "setsid sleep 20 & echo here" })
    expect(output).toMatchObject({ stdout: "here\n" })
  })

  test("that is none is said to be none", async () => {
    const odd = (value: unknown) => cameTo({ command: () => value as string })
    expect((await odd(undefined))[0]).toContain("its command is undefined; use a text for sh")
    expect((await odd([]))[0]).toContain("its command is []; use a text")
    expect((await odd(["echo", "a\0b"]))[0]).toContain("NUL byte")
    expect((await odd(["no-such-program"]))[0]).toMatch(/exit code 127; .*not found/s)
  })

  test("names its files as it likes", async () => {
    const to = join(directory, "out")
    const names = ["a\nb", "ü🙂", "-rf", " ", "a b'\"$x`", "C:\\x"]
    const command = `cd "$MUSTER_OUTPUT"; for n in ${names.map((name) => `'${name.replaceAll("'", `'\\''`)}'`).join(" ")}; do : >"./$n"; done`
    await cameTo({ command }, { outputs: to, errors: "throw" })
    expect(readdirSync(to).sort()).toEqual([...names].sort())
  })

  test.skipIf(!isLong)(
    "leaves twenty thousand files",
    async () => {
      const to = join(directory, "out")
      const command = 'cd "$MUSTER_OUTPUT" && seq 20000 | xargs touch'
      await cameTo({ command }, { outputs: to, errors: "throw" })
      expect(readdirSync(to)).toHaveLength(20_000)
    },
    300_000,
  )

  const small = process.getuid?.() === 0 && isLong
  test.skipIf(!small)("that fills its disk fails, and so do those after it until there is room", async () => {
    const disk = join(directory, "workers", "small")
    mkdirSync(disk, { recursive: true })
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).status).toBe(0)
    try {
      await places.close()
      places = new RealPlaces(join(directory, "workers"))
      places.add("small")
      const [full, next, freed, last] = await cameTo({ command: (text) => String(text) }, {}, [
        "cat /dev/zero >fill",
        "echo on",
        "rm -f fill",
        "echo on",
      ])
      // What it says of that has no room either.
      expect(full).toContain("exit code 1")
      expect(next).toMatch(/is the worker's disk full\?|exit code|No space/)
      expect([freed, last]).toEqual([expect.anything(), expect.anything()])
      rmSync(join(disk, "fill"), { force: true })
      expect(await cameTo({ command: "echo on" })).toEqual([{ stdout: "on\n", stderr: "", isCut: false }])
    } finally {
      await places.close()
      spawnSync("umount", ["-l", disk])
    }
  })
})
