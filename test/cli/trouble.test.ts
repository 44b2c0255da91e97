/** Trouble around the command line: names that would control a terminal, state that is not there, a terminal one character wide. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { describe, expect, test } from "vitest"
import { EXIT, EXIT_TABLE, exitCodeOf, InterruptedError, NothingThereError } from "../../src/cli/exit-codes.js"
import { shortTable } from "../../src/cli/verbs/end/removing.js"
import { VERBS } from "../../src/cli/verbs/index.js"
import { onTheWay } from "../../src/cli/verbs/work/transport.js"
import * as errors from "../../src/errors.js"
import type { SweepRow } from "../../src/verbs/removals.js"
import { live } from "../cluster/support.js"
import { startMuster } from "./bin.js"
import { AT, desk } from "./support.js"

describe("exit codes", () => {
  const shortfall = { desired: 1, running: 0, shortfall: { count: 1, reasons: [] } }
  const rows: readonly (readonly [number, Error])[] = [
    [1, new Error("anything")],
    [1, new errors.RejectedError("no")],
    [1, new errors.OwnershipError("taken")],
    [2, new errors.SpecError([])],
    [3, new errors.AuthError("who")],
    [4, new errors.CapacityError("none", { code: "c", scope: {}, ttlMs: 0 })],
    [4, new errors.QuotaError("none", { code: "c", scope: {}, ttlMs: 0 })],
    [4, new errors.ShortfallError("short", shortfall)],
    [4, new errors.BudgetError("dear")],
    [4, new errors.LeakError("left", { receipt: [] })],
    [5, new errors.TimeoutError("late")],
    [6, new NothingThereError("nothing")],
    [129, new InterruptedError("SIGHUP")],
    [130, new InterruptedError("SIGINT")],
    [143, new InterruptedError("SIGTERM")],
  ]
  test.each(rows)("%i for %s", (code, error) => expect(exitCodeOf(error)).toBe(code))

  const ways = [
    new errors.TransientError("lost"),
    new errors.HostKeyError("changed", { known: ["a"], shown: "b" }),
    new errors.AuthError("not let in"),
  ]
  test.each(ways)("255 for %s on the way to a worker, and what else is wrong stays what it is", async (error) => {
    let said = ""
    const say = (text: string) => {
      said += text
    }
    expect(await onTheWay({ say }, Promise.reject(error))).toBe(255)
    expect(said).toBe(`muster: ${error.message}\n`)
    expect(await onTheWay({ say }, Promise.resolve(7))).toBe(7)
    await expect(onTheWay({ say }, Promise.reject(new errors.SpecError([])))).rejects.toThrow(errors.SpecError)
  })

  test("each is in the table of the help, once, and each has an error or is that of success, of `run`, or of the way to a worker", async () => {
    const codes = EXIT_TABLE.map(([code]) => code)
    expect(codes).toEqual(Object.values(EXIT))
    expect(new Set([0, EXIT.taskTimeout, EXIT.ownFailure, EXIT.transport, ...rows.map(([code]) => code)])).toEqual(
      new Set(codes),
    )
    const { out } = await desk().muster("help")
    // Lines break between words.
    const flat = out.replaceAll(/\s+/g, " ")
    for (const [code, what] of EXIT_TABLE) expect(flat).toContain(` ${code} ${what} `)
  })
})

describe("what would go", () => {
  const row = (more: Partial<SweepRow>): SweepRow => ({
    ...{ kind: "instance", id: "i-1", place: "aws eu-west-2", cluster: "render", owner: "default", uid: "1" },
    ...{ why: "named", removed: false },
    ...more,
  })

  test("delete of 100 workers asks in 12 lines at most, and names the cluster", async () => {
    const { muster, abandon, world } = desk()
    await abandon("render", 100)
    let question = ""
    const { code, said } = await muster(`delete render ${AT}`, {
      ask: (asked) => {
        question = asked
        return Promise.resolve(false)
      },
    })
    expect([code, live(world).length]).toEqual([1, 100])
    expect(`${said}${question}`.split("\n").length).toBeLessThanOrEqual(12)
    expect(said).toMatch(/instance +i-\S+ and 99 more +render/)
    expect(question).toMatch(/^remove 100 instances.* of "render"\?$/)
  })

  test.each([1, 9, 10, 40, 10_000])("%i rows of many kinds are few lines", (count) => {
    const rows = Array.from({ length: count }, (_, at) => row({ id: `i-${at}`, kind: `kind-${at % 37}` }))
    expect(shortTable(rows).trimEnd().split("\n").length).toBeLessThanOrEqual(10)
  })
})

describe("words of others", () => {
  test("do not control the terminal, and are as they were in JSON", async () => {
    const { muster, abandon, world } = desk()
    await abandon("render", 1)
    const [one] = live(world)
    world.retag(one?.id ?? "", { ...one?.tags, "muster-group": "a\u001b[2Jb", "muster-owner": "default" })
    for (const verb of ["get workers render", "describe render", "explain render", "list"]) {
      const { out, said } = await muster(`${verb} ${AT}`)
      expect(out + said, verb).not.toContain("\u001b")
    }
    expect((await muster(`get workers render ${AT} -o json`)).out).toContain("\\u001b[2J")
  })
})

describe("state on this machine", () => {
  test("that is not there is no trouble: nothing is known", async () => {
    const { muster } = desk()
    expect(await muster("get")).toMatchObject({ code: 0, out: "" })
    expect(await muster(["completion", "words", "--", "delete", ""])).toEqual({ code: 0, out: "", said: "" })
  })

  test("that others may write is not believed", async () => {
    const { muster, journal, clock, cluster } = desk()
    const own = cluster({ name: "render" }, { journal })
    await clock.run(own.scale(1))
    await clock.run(own.detach())
    chmodSync(journal, 0o777)
    expect((await muster("get -o name")).out).toBe("")
  })

  test("that is damaged is left out", async () => {
    const { muster, journal } = desk()
    mkdirSync(journal, { recursive: true, mode: 0o700 })
    writeFileSync(join(journal, "render.abc.1.def.jsonl"), '{"kind":"hea')
    writeFileSync(join(journal, "other.abd.1.def.jsonl"), '{"kind":"header","version":99,"uid":"a"}\n')
    expect(await muster("get -o name")).toMatchObject({ code: 0, out: "" })
  })

  test("that cannot be written stops what would launch, and names the path once", async () => {
    const { muster, directory, world } = desk()
    writeFileSync(join(directory, "file"), "")
    const env = { MUSTER_JOURNAL: join(directory, "file", "journal") }
    for (const verb of [`up render ${AT} --instance-type s1.small -n 1 -d`, `scale render 1 ${AT}`]) {
      const progress = new PassThrough() as unknown as NodeJS.WriteStream
      const { code, said } = await muster(verb, { env, progress })
      const all = `${said}${String(progress.read() ?? "")}`
      expect([code, all.split("cannot be written").length - 1], all).toEqual([1, 1])
      expect(all).toContain(`in ${env.MUSTER_JOURNAL}: ENOTDIR`)
      expect(all).toContain("nothing was launched")
    }
    expect(live(world)).toEqual([])
  })

  test("no HOME, and no user directory: only what needs it says so, and looking needs none", async () => {
    const { muster, abandon } = desk()
    await abandon("render", 1)
    const env = { XDG_STATE_HOME: "", MUSTER_JOURNAL: "" }
    expect((await muster(`get workers render ${AT} -o name`, { env })).code).toBe(0)
    expect((await muster(`list ${AT}`, { env })).code).toBe(0)
  })
})

describe("a terminal of any width", () => {
  test.each([1, 5, 39, 40, 80, 500])("%i characters: help is whole", async (columns) => {
    const { muster } = desk()
    for (const { name, examples } of VERBS) {
      const { code, out } = await muster(`help ${name}`, { columns })
      expect(code).toBe(0)
      for (const line of examples) expect(out).toContain(line)
    }
    expect((await muster("help", { columns })).out).toContain("Exit codes:")
  })
})

test("the list of all verbs keeps within a terminal of 80 characters, and of 60", async () => {
  const { muster } = desk()
  for (const columns of [80, 60]) {
    const { out } = await muster("help", { columns })
    expect(out.split("\n").filter((line) => line.length > columns)).toEqual([])
  }
})

test("a terminal without a size has help as one of 80 characters", async () => {
  const { muster } = desk()
  expect((await muster("help", { columns: 0 })).out).toBe((await muster("help", { columns: 80 })).out)
})

describe("a file on standard input", () => {
  test("is read no further than a file may be long", async () => {
    const block = "a".repeat(64 * 1024)
    let blocks = 0
    const endless = async function* () {
      for (; blocks < 1_000; blocks += 1) yield block
    }
    const { code, said } = await desk().muster("plan -f -", { input: endless() })
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining("-: is longer than 1 MiB") })
    expect(blocks).toBeLessThan(20)
  })

  test("is refused when it is no UTF-8", async () => {
    const latin = async function* () {
      yield Buffer.from("provider: local\nname: \u00e9\n", "latin1")
    }
    expect((await desk().muster("plan -f -", { input: latin() })).said).toContain("-: is no text in UTF-8")
  })
})

test("a first file says how it is named from then on", async () => {
  const { muster } = desk()
  expect((await muster("init a --provider local -f here.yaml")).said).toContain("muster plan -f here.yaml, then")
  expect((await muster("init a --provider local -f muster.yml")).said).toContain("next: muster plan, then muster up")
})

describe("the program itself", () => {
  const directory = mkdtempSync(join(tmpdir(), "muster-trouble-"))
  const env = { HOME: directory, LANG: "C" }

  test("whose output is closed ends with 0, and no stack", async () => {
    const closed = await startMuster(["help"], env, { closeOutput: true }).ended
    expect(closed).toMatchObject({ code: 0, said: "" })
    rmSync(directory, { recursive: true, force: true })
  })
})
