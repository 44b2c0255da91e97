import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import type { ClusterEventBody } from "../../src/events.js"
import type { Fleet } from "../../src/fleet/state/context.js"
import { History, historyDirectory } from "../../src/history/history.js"
import { earlierPath, historyPath, MOST_FILE_BYTES } from "../../src/history/history-file.js"
import { followHistory, listHistories, readHistory } from "../../src/history/read.js"
import { type HistoryRow, MOST_ROWS } from "../../src/history/rows.js"

const OF = { cluster: "render", uid: "0a1b" }
const SECRET = "hunter2-hunter2"
let root = ""
let journal = ""
let clock: VirtualClock
let warnings: string[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-history-"))
  journal = join(root, "journal")
  clock = new VirtualClock()
  warnings = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const path = () => historyPath(historyDirectory(journal), OF)
const read = (options: object = {}) => readHistory("render", { journal, clock, ...options })

/** A history of a cluster that somebody holds. */
function begun(fleet: Partial<{ isOwner: boolean }> = {}): History {
  const costNow = () => ({ soFar: 1.5, perHour: 3, byGroup: { default: 1.5 }, unpriced: 0 })
  const history = new History({
    directory: historyDirectory(journal),
    clock,
    warn: (text) => warnings.push(text),
    costNow,
  })
  const groups = new Map([
    ["default", { group: { environment: { TOKEN: SECRET }, tags: { team: "very-secret-team" }, secrets: new Map() } }],
  ])
  history.begin({ owner: { ...OF, owner: "default" }, isOwner: true, groups, ...fleet } as unknown as Fleet)
  return history
}

const TARGET: ClusterEventBody = { type: "target", desired: { default: 2 } }
const worker = (name: string, to: "pending" | "running" = "running"): ClusterEventBody => ({
  type: "worker",
  id: name,
  name,
  group: "default",
  to,
})
const note = (message: string): ClusterEventBody => ({ type: "note", message })
const pass: ClusterEventBody = {
  type: "pass",
  desired: 2,
  running: 2,
  ready: 2,
  pending: 0,
  booked: 0,
  terminating: 0,
  pricePerHour: 3,
  unpriced: 0,
}

/** Notes them, a second for each, and ends. */
async function play(events: readonly ClusterEventBody[], history = begun()): Promise<void> {
  const playing = (async () => {
    for (const event of events) {
      history.note(event)
      await clock.sleep(1500)
    }
    await history.end("ended")
  })()
  await clock.run(playing)
}

const kinds = (rows: readonly HistoryRow[] = []) => rows.map(({ type, count }) => `${type} ${count}`)

describe("what is written", () => {
  test("events of note, in their order, for this user alone", async () => {
    await play([
      TARGET,
      worker("a"),
      { type: "launch-started", token: "t", group: "default", api: "Run", count: 1 },
      note("hi"),
      { type: "closed", instances: 2, leaked: 0 },
    ])
    const history = await read()
    expect(kinds(history?.rows)).toEqual(["target 1", "worker 1", "note 1", "closed 1", "cost 1"])
    expect(history).toMatchObject({ cluster: "render", uid: "0a1b", damaged: 0, isClosed: true })
    expect(history?.cost).toMatchObject({ soFar: 1.5, perHour: 3 })
    expect([statSync(path()).mode & 0o777, statSync(historyDirectory(journal)).mode & 0o777]).toEqual([0o600, 0o700])
  })

  test("what happens within a second is one row for each kind, with the first names", async () => {
    const history = begun()
    history.note(TARGET)
    for (let at = 0; at < 10_000; at += 1) history.note(worker(`w${at}`))
    for (let at = 0; at < 300; at += 1) history.note(note(`note ${at}`))
    await clock.run(history.end("ended"))
    const rows = (await read())?.rows ?? []
    const workers = rows.find((row) => row.type === "worker")
    expect(workers).toMatchObject({ count: 10_000, names: Array.from({ length: 10 }, (_, at) => `w${at}`) })
    expect(rows.filter(({ type }) => type !== "cost").length).toBe(MOST_ROWS + 1)
    expect(rows.find(({ type }) => type === "more")).toMatchObject({ count: 300 - (MOST_ROWS - 2) })
  })

  test("nothing of a cluster that was only asked for a plan, or that this process only watches", async () => {
    await play([note("nothing that is sold fits")])
    await play([TARGET, worker("a")], begun({ isOwner: false }))
    expect(existsSync(historyDirectory(journal))).toBe(false)
  })

  test("one write a second at most, and the cost every five minutes while nothing changes", async () => {
    const history = begun()
    history.note(TARGET)
    const playing = (async () => {
      for (let second = 0; second < 3600; second += 1) {
        history.note(pass)
        await clock.sleep(1000)
      }
      await history.end("detached")
    })()
    await clock.run(playing)
    expect(kinds((await read())?.rows)).toEqual([
      "target 1",
      ...Array.from({ length: 13 }, () => "cost 1"),
      "detached 1",
    ])
    expect((await read())?.isClosed).toBe(false)
  })

  test("no value of an environment or a tag, wherever it may come from", async () => {
    const failed: ClusterEventBody = {
      type: "worker",
      id: "a",
      name: "a",
      group: "default",
      to: "failed",
      reason: `exit 1: ${SECRET}`,
    }
    const what = { outcome: "failure", action: "end", step: "startup", exitCode: 1, desired: 0 } as const
    const ended = { type: "finished", id: "b", name: "b", group: "default", ...what, tail: `it is ${SECRET}` } as const
    await play([TARGET, failed, ended, note(`the group of very-secret-team said ${SECRET}`)])
    const text = readFileSync(path(), "utf8")
    expect(text).toContain("exit 1: ***")
    expect(text).not.toMatch(/hunter2|secret-team/)
  })
})

describe("what goes wrong", () => {
  test.each([
    { type: "target", at: 1, count: 1 },
    { type: "target", at: 1, count: 1, desired: null },
    { type: "cost", at: 1, count: 1, soFar: 1, perHour: 1, unpriced: 0 },
    { type: "closed", at: 1, count: 1 },
    { type: "worker", at: 1, count: 1, group: "default" },
    { type: "note", at: 1e300, count: 1, message: "later than any date" },
    { type: "note", at: 1, until: 1e300, count: 1, message: "as late" },
  ])("a row that lacks what it is shown by is damaged: %j", async (row) => {
    await play([TARGET])
    const at = row.at === 1 ? clock.now() : row.at
    appendFileSync(path(), `${JSON.stringify({ ...row, at })}\n`)
    const history = await read()
    expect([kinds(history?.rows), history?.damaged]).toEqual([["target 1", "cost 1"], 1])
    expect(history?.cost?.soFar).toBe(1.5)
  })

  test("lines that are damaged are left out and counted, and a line that was cut short takes none with it", async () => {
    await play([TARGET, note("before")])
    appendFileSync(path(), `{"type":"note","at":1\nnot json\n\0\0\0\n{"type":7}\n{"type":"note","mess`)
    await play([TARGET, note("after")])
    const history = await read()
    expect(history?.damaged).toBe(5)
    expect(history?.rows.flatMap((row) => (row.type === "note" ? [row.message] : []))).toEqual(["before", "after"])
  })

  test("a crash after any byte leaves a history that can be read and added to", async () => {
    await play([TARGET, note("first"), note("second")])
    const whole = readFileSync(path())
    for (let size = 0; size <= whole.length; size += 7) {
      writeFileSync(path(), whole.subarray(0, size), { mode: 0o600 })
      await play([TARGET, note("newest")])
      const { rows = [], damaged = 0 } = (await read()) ?? {}
      expect(kinds(rows).slice(-3)).toEqual(["target 1", "note 1", "cost 1"])
      expect(damaged).toBeLessThanOrEqual(1)
    }
  })

  test("two files, which together stay below 10 MiB and keep the newest", async () => {
    await play([TARGET])
    const line = `${JSON.stringify({ type: "note", message: "x".repeat(900), at: clock.now(), count: 1 })}\n`
    for (let turn = 0; turn < 3; turn += 1) {
      appendFileSync(path(), line.repeat(Math.floor((MOST_FILE_BYTES - statSync(path()).size) / line.length)))
      await play([TARGET, note(`turn ${turn}`), note("y".repeat(900))])
      expect(statSync(path()).size + statSync(earlierPath(path())).size).toBeLessThanOrEqual(2 * MOST_FILE_BYTES)
      const { rows = [], cost } = (await read()) ?? {}
      expect(rows.some((row) => row.type === "note" && row.message === `turn ${turn}`)).toBe(true)
      expect(cost?.soFar).toBe(1.5)
    }
    expect(readdirSync(historyDirectory(journal)).sort()).toEqual(["render.0a1b.1.jsonl", "render.0a1b.jsonl"])
  })

  test("nothing older than 30 days is kept or told", async () => {
    await play([TARGET, note("old")])
    await clock.run(clock.sleep(16 * 86_400_000))
    await play([TARGET, note("young")])
    expect(existsSync(earlierPath(path()))).toBe(true)
    await clock.run(clock.sleep(16 * 86_400_000))
    const notes = (await read())?.rows.flatMap((row) => (row.type === "note" ? [row.message] : []))
    expect(notes).toEqual(["young"])
    await play([TARGET, note("newest")])
    expect(readFileSync(earlierPath(path()), "utf8")).not.toContain('"old"')
  })

  const BLOCKED: readonly (readonly [string, () => void])[] = [
    ["a directory that others can write to", () => open(0o777)],
    ["a file in the directory's place", () => writeFileSync(historyDirectory(journal), "")],
    [
      "a link in the file's place",
      () => {
        open(0o700)
        symlinkSync(join(root, "elsewhere"), path())
      },
    ],
    [
      "a directory in the file's place",
      () => {
        open(0o700)
        mkdirSync(path())
      },
    ],
  ]
  function open(mode: number): void {
    mkdirSync(historyDirectory(journal))
    chmodSync(historyDirectory(journal), mode)
  }

  test.each(BLOCKED)("%s is told once, and stops nothing", async (_what, block) => {
    block()
    await play([TARGET, note("a"), note("b")])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^the history of what happens cannot be kept in .*; the cluster goes on without$/)
    expect(existsSync(join(root, "elsewhere"))).toBe(false)
    expect((await read())?.rows ?? []).toEqual([])
  })

  test("what a disk did not take once is not in the way of what it takes later", async () => {
    const history = begun()
    mkdirSync(historyDirectory(journal))
    mkdirSync(path())
    history.note(TARGET)
    await clock.run(clock.sleep(2000))
    rmSync(path(), { recursive: true })
    await play([note("later")], history)
    expect(kinds((await read())?.rows)).toEqual(["note 1", "cost 1"])
  })

  test("a file of 100 MB that somebody made is not read whole", async () => {
    await play([TARGET])
    truncateSync(path(), 100_000_000)
    await play([TARGET, note("newest")])
    expect((await read())?.rows.some(({ type }) => type === "note")).toBe(true)
  })
})

describe("reading", () => {
  test("since a moment, and the last ones", async () => {
    await play([TARGET, note("a"), note("b")])
    const [, , { at: since = 0 } = {}] = (await read())?.rows ?? []
    expect(kinds((await read({ since }))?.rows)).toEqual(["note 1", "cost 1"])
    expect(kinds((await read({ last: 1 }))?.rows)).toEqual(["cost 1"])
    expect((await read({ last: 0 }))?.rows).toEqual([])
  })

  test("by a uid; nothing of what there is not", async () => {
    await play([TARGET])
    expect((await readHistory("0a1b", { journal, clock }))?.cluster).toBe("render")
    expect(await readHistory("other", { journal, clock })).toBeUndefined()
    expect(await listHistories({ journal: join(root, "none", "journal") })).toEqual([])
    expect((await listHistories({ journal })).map(({ cluster }) => cluster)).toEqual(["render"])
  })

  test("what is added while somebody follows, across the turn of the file, to the end", async () => {
    await play([TARGET])
    const seen: string[] = []
    const history = begun()
    const following = (async () => {
      for await (const row of followHistory("render", { journal, clock }))
        seen.push(row.type === "note" ? row.message : row.type)
    })()
    const playing = (async () => {
      await clock.sleep(1000)
      history.note(note("one"))
      history.note(TARGET)
      await clock.sleep(2000)
      // Written, and the file turned, between two looks.
      appendFileSync(path(), `${JSON.stringify({ ...note("between"), at: clock.now(), count: 1 })}\n`)
      renameSync(path(), earlierPath(path()))
      history.note(note("two"))
      await clock.sleep(2000)
      history.note({ type: "closed", instances: 1, leaked: 0 })
      await history.end("ended")
      await following
    })()
    await clock.run(playing)
    expect(existsSync(earlierPath(path()))).toBe(true)
    expect(seen).toEqual(["one", "target", "between", "two", "closed"])
  })
})
