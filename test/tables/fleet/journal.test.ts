import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, describe, expect, test, vi } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { JournalError } from "../../../src/errors.js"
import { readJournals } from "../../../src/fleet/journal/history.js"
import { FileJournal } from "../../../src/fleet/journal/journal.js"
import type { Intent } from "../../../src/fleet/journal/types.js"
import type { JsonObject, Owner } from "../../../src/provider.js"
import { folderForEachTest } from "../../support/folder.js"

let directory = ""
folderForEachTest((path) => {
  directory = path
})
afterEach(() => {
  vi.restoreAllMocks()
})

const LONG = "x".repeat(5000)

function ownerOf(change: Partial<Owner> = {}): Owner {
  const owner = { cluster: "render", uid: "u1", owner: "default", generation: 1, deadline: "4102444800", claim: "c1" }
  return { ...owner, ...change }
}

function journalOf(change: Partial<Owner> = {}): FileJournal {
  return new FileJournal(join(directory, "journal"), ownerOf(change), systemClock)
}

function intentOf(token: string, body: JsonObject = {}): Intent {
  const call = { api: "Create", token, group: "default", offers: [], count: 1, body, cost: {} }
  return { provider: "p", region: "r", wish: "w", generation: 1, at: 1, call: call as Intent["call"] }
}

function files(): readonly string[] {
  const folder = join(directory, "journal")
  return readdirSync(folder).map((name) => join(folder, name))
}

function kinds(): readonly string[] {
  const lines = readFileSync(files()[0] ?? "", "utf8")
    .trimEnd()
    .split("\n")
  return lines.map((line) => String((JSON.parse(line) as { kind: string }).kind))
}

const read = () => readJournals(join(directory, "journal"), "render", "default", systemClock)
const openTokens = async () => (await read()).flatMap(({ open: intents }) => intents.map(({ call }) => call.token))

/** The file calls of journals, to count them and to let them fail. */
async function fileCalls() {
  const file = await open(join(directory, "probe"), "w")
  const prototype = Object.getPrototypeOf(file) as FileHandle
  await file.close()
  return { append: vi.spyOn(prototype, "appendFile"), sync: vi.spyOn(prototype, "datasync") }
}

describe("batches", () => {
  test("intents of one turn are one write and one sync; long texts are stored once", async () => {
    const { append, sync } = await fileCalls()
    const journal = journalOf()
    const tokens = Array.from({ length: 50 }, (_, index) => `t${index}`)
    await Promise.all(tokens.map((token) => journal.intend(intentOf(token, { userData: LONG }))))
    expect([append.mock.calls.length, sync.mock.calls.length]).toEqual([1, 1])
    await journal.intend(intentOf("later", { userData: LONG, nested: [{ again: LONG }] }))
    await journal.close()
    expect(kinds().filter((kind) => kind === "text")).toHaveLength(1)
    expect(await openTokens()).toEqual([...tokens, "later"])
    expect((await read())[0]?.open.at(-1)?.call.body).toEqual({ userData: LONG, nested: [{ again: LONG }] })
  })

  test("outcomes go without a sync, and with the intents that come meanwhile", async () => {
    const { append, sync } = await fileCalls()
    const journal = journalOf()
    await journal.intend(intentOf("a"))
    journal.outcome("a", "settled")
    await journal.close()
    expect([append.mock.calls.length, sync.mock.calls.length]).toEqual([2, 1])
    expect(kinds()).toEqual(["header", "intent", "outcome"])
  })

  test("the file is for its owner alone", async () => {
    const journal = journalOf()
    await journal.intend(intentOf("a"))
    await journal.close()
    expect(statSync(files()[0] ?? "").mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, "journal")).mode & 0o777).toBe(0o700)
  })
})

describe("a file is made whole or not at all", () => {
  /** A process that begins a journal, and is killed before or after one step of that on the disk. */
  function killedAt(step: string, edge: "before" | "after"): void {
    const script = `
      import fs from "node:fs/promises"
      import { syncBuiltinESMExports } from "node:module"
      const own = fs[${JSON.stringify(step)}]
      fs[${JSON.stringify(step)}] = async (...given) => {
        if (${JSON.stringify(edge)} === "before") process.kill(process.pid, "SIGKILL")
        await own(...given)
        process.kill(process.pid, "SIGKILL")
      }
      syncBuiltinESMExports()
      const { FileJournal } = await import(${JSON.stringify(new URL("../../../.cache/js/src/fleet/journal/journal.js", import.meta.url).href)})
      const { systemClock } = await import(${JSON.stringify(new URL("../../../.cache/js/src/calls/clock.js", import.meta.url).href)})
      await new FileJournal(${JSON.stringify(join(directory, "journal"))}, ${JSON.stringify(ownerOf())}, systemClock).begin()
    `
    expect(spawnSync(process.execPath, ["--input-type=module", "-e", script]).signal).toBe("SIGKILL")
  }

  test.each([
    ["writeFile", "before", 0],
    ["writeFile", "after", 0],
    ["rename", "before", 0],
    ["rename", "after", 1],
    ["open", "before", 1],
  ] as const)("killed at %s (%s) it leaves %i files once it was read", async (step, edge, left) => {
    killedAt(step, edge)
    expect(await read()).toHaveLength(left)
    expect(files().map((path) => readFileSync(path, "utf8").endsWith("}\n"))).toEqual(Array(left).fill(true))
  })

  test("what cannot be written leaves nothing, and a later try makes it", async () => {
    const journal = journalOf()
    const draft = join(directory, "journal", `render.u1.1.c1.jsonl.${process.pid}.new`)
    mkdirSync(draft, { recursive: true })
    await expect(journal.begin()).rejects.toThrow(/EISDIR.*nothing was launched/)
    rmdirSync(draft)
    await journal.begin()
    expect(kinds()).toEqual(["header"])
    await journal.close()
  })

  test("what a successor has removed is not made anew by a late outcome", async () => {
    const journal = journalOf()
    await journal.intend(intentOf("a"))
    await journal.close()
    rmSync(files()[0] ?? "")
    journal.outcome("a", "settled")
    await journal.close()
    expect(files()).toEqual([])
  })
})

describe("a write that fails", () => {
  test("fails every intent of its batch, with the path, and only those", async () => {
    const { append } = await fileCalls()
    const journal = journalOf()
    await journal.intend(intentOf("before"))
    append.mockRejectedValueOnce(new Error("ENOSPC: no space left"))
    const failed = await Promise.allSettled([journal.intend(intentOf("a")), journal.intend(intentOf("b"))])
    for (const { reason } of failed as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(JournalError)
      expect(String(reason)).toMatch(/render\.u1\.1\.c1\.jsonl: ENOSPC: .*nothing was launched/)
    }
    await journal.intend(intentOf("after"))
    await journal.close()
    expect(await openTokens()).toEqual(["before", "after"])
  })

  test("leaves no half of a line before the next one", async () => {
    const { append } = await fileCalls()
    const journal = journalOf()
    await journal.intend(intentOf("before"))
    const path = files()[0] ?? ""
    append.mockImplementationOnce(async () => {
      appendFileSync(path, '{"kind":"int')
      throw new Error("ENOSPC")
    })
    await expect(journal.intend(intentOf("torn"))).rejects.toThrow("ENOSPC")
    await journal.intend(intentOf("after"))
    await journal.close()
    expect(await openTokens()).toEqual(["before", "after"])
  })

  test("a text that it lost is written again by the batch that waited behind it", async () => {
    const { append } = await fileCalls()
    const journal = journalOf()
    await journal.intend(intentOf("before"))
    let behind: Promise<void> = Promise.resolve()
    append.mockImplementationOnce(async () => {
      behind = journal.intend(intentOf("behind", { userData: LONG }))
      throw new Error("ENOSPC")
    })
    await expect(journal.intend(intentOf("lost", { userData: LONG }))).rejects.toThrow("ENOSPC")
    await behind
    await journal.close()
    const [history] = await read()
    expect(history?.open.at(-1)?.call.body).toEqual({ userData: LONG })
  })
})

describe("what is read after a crash", () => {
  test("intents without an outcome; unsettled ones with what is needed to look again", async () => {
    const journal = journalOf()
    await Promise.all(["none", "settled", "refused", "unsettled"].map((token) => journal.intend(intentOf(token))))
    journal.outcome("settled", "unsettled", { id: 1 })
    journal.outcome("settled", "settled")
    journal.outcome("refused", "refused")
    journal.outcome("unsettled", "unsettled", { operation: "op-1" })
    await journal.close()
    const [history] = await read()
    expect(history).toMatchObject({ uid: "u1", generation: 1, deadline: "4102444800" })
    expect(history?.open).toMatchObject([
      { call: { token: "none" }, outcome: "none" },
      { call: { token: "unsettled" }, outcome: "unsettled", ref: { operation: "op-1" } },
    ])
  })

  test("what answered calls have made, also those of an earlier generation, but nothing that was ended", async () => {
    const made = (id: string) => {
      const fields = { zone: "z", instanceType: "t", market: "on-demand", launchedAt: 7 } as const
      return { id, name: "", ...fields }
    }
    const first = journalOf()
    await Promise.all(["one", "two"].map((token) => first.intend(intentOf(token))))
    first.outcome("one", "settled", undefined, [made("a"), made("b")])
    first.ended(["b"])
    await first.close()
    const second = journalOf({ generation: 2, claim: "c2" })
    await second.begin()
    second.outcome("two", "settled", undefined, [made("c")])
    second.ended(["a"])
    await second.close()
    const [history] = await read()
    expect(history?.made).toEqual([
      { provider: "p", region: "r", generation: 1, at: 1, group: "default", token: "two", instance: made("c") },
    ])
  })

  test("when a launch call was sent last, also by a later generation", async () => {
    const first = journalOf()
    await Promise.all(["one", "two", "three"].map((token) => first.intend(intentOf(token))))
    await first.resend("one", 20)
    await first.resend("two", 30)
    await first.close()
    expect(kinds().filter((kind) => kind === "sent")).toHaveLength(2)
    const sentAt = async () => (await read())[0]?.open.map(({ at, sentAt: last }) => [at, last])
    expect(await sentAt()).toEqual([
      [1, 20],
      [1, 30],
      [1, 1],
    ])
    const second = journalOf({ generation: 2, claim: "c2" })
    await second.begin()
    await second.resend("two", 40)
    second.outcome("three", "settled")
    await second.close()
    expect(await sentAt()).toEqual([
      [1, 20],
      [1, 40],
    ])
  })

  test("that it was begun, and whether its process lives", async () => {
    const journal = journalOf()
    await journal.begin()
    await journal.close()
    expect(await read()).toMatchObject([{ uid: "u1", open: [], isAbandoned: false }])
    const [path = ""] = files()
    const text = readFileSync(path, "utf8")
    const ended = spawnSync(process.execPath, ["--version"]).pid
    writeFileSync(path, text.replace(/"pid":\d+/, `"pid":${ended}`))
    expect(await read()).toMatchObject([{ isAbandoned: true }])
    writeFileSync(path, text.replace(/"host":"[^"]*"/, '"host":"another"'))
    expect(await read()).toMatchObject([{ isAbandoned: false }])
  })

  test.each([
    ["an intent cut short", '{"kind":"intent","call":{"tok'],
    ["a whole intent without its line's end", JSON.stringify({ kind: "intent", ...intentOf("torn") })],
  ])("%s was never sent", async (_title, tail) => {
    const journal = journalOf()
    await journal.intend(intentOf("whole"))
    await journal.close()
    appendFileSync(files()[0] ?? "", tail)
    expect(await openTokens()).toEqual(["whole"])
  })

  test("a draft says nothing: it is left to a process that lives, and goes with one that was killed", async () => {
    const journal = journalOf()
    await journal.intend(intentOf("whole"))
    await journal.close()
    const [path = ""] = files()
    const [living, dead] = [process.pid, spawnSync(process.execPath, ["--version"]).pid].map(
      (pid) => `${path}.${pid}.new`,
    )
    for (const draft of [living, dead]) writeFileSync(draft ?? "", '{"kind":"hea')
    expect(await openTokens()).toEqual(["whole"])
    expect(files()).toEqual([path, living])
    await journal.discard()
    expect(files()).toEqual([])
  })

  test("a file without a whole header says nothing", async () => {
    const journal = journalOf()
    await journal.intend(intentOf("whole"))
    await journal.close()
    for (const text of ["", '{"kind":"header","vers']) {
      writeFileSync(files()[0] ?? "", text)
      expect(await read()).toEqual([])
    }
  })

  test("a later generation closes what an earlier one left open, and both are one history", async () => {
    const first = journalOf()
    await Promise.all(["one", "two"].map((token) => first.intend(intentOf(token))))
    await first.close()
    const second = journalOf({ generation: 2, claim: "c2" })
    await second.intend(intentOf("three"))
    second.outcome("one", "settled")
    await second.close()
    const histories = await read()
    expect(histories).toMatchObject([{ uid: "u1", generation: 2 }])
    expect(await openTokens()).toEqual(["two", "three"])
  })

  test("two that claimed one generation at the same moment write two files", async () => {
    const both = [journalOf({ claim: "c1" }), journalOf({ claim: "c2" })]
    await Promise.all(both.map((journal, index) => journal.intend(intentOf(`t${index}`))))
    await Promise.all(both.map((journal) => journal.close()))
    expect(files()).toHaveLength(2)
    expect((await openTokens()).sort()).toEqual(["t0", "t1"])
  })

  test("only this name's and this owner's, one history for each uid", async () => {
    const owners = [{}, { uid: "u2" }, { owner: "ops", uid: "u3" }, { cluster: "render-2", uid: "u4" }]
    for (const change of owners) {
      const journal = journalOf(change)
      await journal.intend(intentOf("a"))
      await journal.close()
    }
    expect((await read()).map(({ uid }) => uid).sort()).toEqual(["u1", "u2"])
  })

  test("nothing was ever written", async () => {
    expect(await read()).toEqual([])
  })
})

describe("discard", () => {
  test("removes this cluster's files of every generation, and nobody else's", async () => {
    const first = journalOf()
    await first.intend(intentOf("a"))
    await first.close()
    const other = journalOf({ uid: "u2" })
    await other.intend(intentOf("b"))
    await other.close()
    const second = journalOf({ generation: 2, claim: "c2" })
    await second.intend(intentOf("c"))
    await second.discard()
    expect((await read()).map(({ uid }) => uid)).toEqual(["u2"])
  })

  test("what was never written needs no removing", async () => {
    await expect(journalOf().discard()).resolves.toBeUndefined()
  })
})
