/** What the command line tells of a cluster whose process is gone, from what it has written down. */
import { appendFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { deduplicated } from "../../src/cli/verbs/look/happened.js"
import type { HistoryRow } from "../../src/history/rows.js"
import { AT, desk } from "./support.js"

const UP = `up render ${AT} --instance-type s1.small`

describe("a cluster that was deleted", () => {
  const gone = async () => {
    const all = desk()
    await all.muster(`${UP} -n 3 -d`)
    await all.muster(`delete render ${AT} -y`)
    return all
  }

  test.each(["", ` ${AT}`])("describe%s tells what it was, when it ended, and what happened", async (at) => {
    const { muster } = await gone()
    const { code, out } = await muster(`describe render${at}`)
    expect(code).toBe(0)
    expect(out).toMatch(/^Name: +render\n/)
    expect(out).toMatch(/\nState: +nothing of it was found/)
    expect(out).toMatch(/\nClosed: +\d{4}-\d\d-\d\d \d\d:\d\d UTC\n/)
    expect(out).toMatch(/\nLast target: +default 3\n/)
    expect(out).toMatch(/closed: 3 instances ended, 0 left\n$/)
    expect(JSON.parse((await muster(`describe render${at} -o json`)).out)).toMatchObject({
      ...{ name: "render", isGone: true, target: { default: 3 }, closedAt: expect.any(Number) as number },
    })
  })

  test.each(["explain", "get workers", "get groups", "audit", "scale"])(
    "%s: 6, with what tells of it",
    async (verb) => {
      const { muster } = await gone()
      const line = `${verb} render${verb === "scale" ? " 2" : ""}`
      for (const at of verb === "audit" ? [""] : ["", ` ${AT}`]) {
        const { code, out, said } = await muster(`${line}${at}`)
        expect([code, out]).toEqual([6, ""])
        expect(said).toMatch(/it was closed at \d{4}.* UTC: muster describe render tells what this machine has kept/)
      }
    },
  )

  test("whose end was not written down is told with the last that was", async () => {
    const { muster, clock } = desk()
    await muster(`${UP} -n 1 -d`)
    await clock.run(clock.sleep(13 * 3_600_000))
    expect((await muster(`describe render ${AT}`)).out).toMatch(
      /\nClosed: +not written down; the last of it is of \d{4}/,
    )
  })

  test("of which nothing was kept is told as before", async () => {
    const { muster } = desk()
    expect((await muster("describe render")).said).toContain("--provider: is missing")
    expect((await muster(`describe render ${AT}`)).said).toContain("check name, owner and region")
  })
})

describe("muster explain", () => {
  test("tells of failures that only the owner has met, by its history", async () => {
    const { muster, clock, cluster, journal, world } = desk()
    world.faults.rateStartups(1, {}, { exitCode: 3, afterMs: 1000, tail: "no licence" })
    const owner = cluster({ name: "render", startup: "exit 3" }, { journal })
    const failed = owner.scale(2).catch((error: unknown) => error)
    await clock.run(failed)
    await clock.run(owner.finished().catch(() => {}))
    const { code, out } = await muster(`explain render ${AT}`)
    expect(code).toBe(0)
    expect(out).toMatch(/What its owner met since the last target:/)
    expect(out).toMatch(/finished .*startup ended with exit code 3; it is replaced; no licence/)
    expect(out).toMatch(/problem .*StartupFailures/)
    const data = JSON.parse((await muster(`explain render ${AT} -o json`)).out) as { events: readonly object[] }
    expect(data.events.length).toBeGreaterThan(1)
    await clock.run(owner.close())
  })
})

describe("muster events", () => {
  test("tells what happened, alike events together, when the cluster and its process are gone", async () => {
    const { muster } = desk()
    await muster(`${UP} -n 3 -d`)
    await muster(`delete render ${AT} -y`)
    const { code, out, said } = await muster("events render")
    expect([code, said]).toEqual([0, ""])
    expect(out).toMatch(/^TYPE +AGE +GROUP +MESSAGE\n/)
    expect(out).toMatch(/\nworker +\S+ \(×3 over \S+\) +default +running\n/)
    expect(out).toContain("let go of: nobody replaces what is lost")
    const rows = JSON.parse((await muster("events render -o json")).out) as readonly HistoryRow[]
    expect(rows.map(({ type }) => type)).toContain("plan")
    expect((await muster("events render --last 1 -o json")).out.match(/"type"/g)).toHaveLength(1)
  })

  test("counts each worker once, whoever has taken it over since", async () => {
    const { muster } = desk()
    await muster(`${UP} -n 3 -d`)
    await muster(`${UP} -n 4 -d --take-over`)
    await muster(`scale render 4 ${AT} --take-over`)
    const { out } = await muster("events render")
    const counts = [...out.matchAll(/^worker +\S+ \(×(\d+) over [^)]*\) +default +(.*)$/gm)]
    expect(counts.map(([, count, message]) => [message, Number(count)])).toEqual([
      ["pending", 4],
      ["running", 4],
      ["taken over: running", 4],
    ])
  })

  test("counts what has no name beside what has one", () => {
    const row = { type: "worker", group: "g", to: "running", at: 1 } as const
    const names = (from: number) => Array.from({ length: 10 }, (_, at) => `w${from + at}`)
    const rows = [
      { ...row, names: names(0), count: 14 },
      { ...row, names: names(5), count: 10 },
    ]
    expect(deduplicated(rows)).toMatchObject([{ message: "running", count: 19 }])
  })

  test("of a cluster that nobody has written of: 6, with where they are kept", async () => {
    const { code, said } = await desk().muster("events render")
    expect(code).toBe(6)
    expect(said).toContain("events are kept where the process that owns it runs")
  })

  test("--follow shows what comes, a line each, until the cluster is closed", async () => {
    const { muster, clock, cluster, journal } = desk()
    const owner = cluster({ name: "render" }, { journal })
    await clock.run(owner.scale(2))
    clock.timer(60_000, () => void owner.scale(3))
    clock.timer(600_000, () => void owner.close())
    const { code, out } = await muster("events render -f")
    expect(code).toBe(0)
    expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC {2}target {2}target: default 2\n/)
    expect(out).toMatch(/target {2}target: default 3\n/)
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/closed {2}closed: 3 instances ended, 0 left$/)
  })

  test("delete ends the history of a cluster whose process is gone, and --follow with it", async () => {
    const { muster } = desk()
    await muster(`${UP} -n 3 -d`)
    await muster(`delete render ${AT} -y`)
    const { code, out, said } = await muster("events render -f --last 2")
    expect([code, said]).toEqual([0, ""])
    expect(out).toMatch(/detached {2}.*\n.*closed {2}closed: 3 instances ended, 0 left\n$/)
  })

  test("a delete that is only shown, or leaves something, ends no history", async () => {
    const { muster } = desk()
    await muster(`${UP} -n 1 -d`)
    expect((await muster(`delete render ${AT} --dry-run`)).code).toBe(0)
    expect((await muster("events render")).out).not.toContain("closed")
  })

  test("lines that cannot be read are counted, and stop nothing", async () => {
    const { muster, journal } = desk()
    await muster(`${UP} -n 1 -d`)
    const directory = join(journal, "..", "history")
    const [file = ""] = readdirSync(directory)
    appendFileSync(join(directory, file), '{"type":"work\n')
    expect(await muster("events render")).toMatchObject({ code: 0, said: "1 line of the history could not be read\n" })
  })

  test("wrong numbers and times are told what to use", async () => {
    const { muster } = desk()
    expect((await muster("events render --since soon")).said).toContain("use a number with a unit")
    expect((await muster("events render --last few")).said).toContain("use a whole number")
  })
})

describe("muster cost", () => {
  test("of what lives is asked of the cloud; of what is gone it is what was written down", async () => {
    const { muster, clock } = desk()
    await muster(`${UP} -n 3 -d`)
    await clock.run(clock.sleep(3_600_000))
    const living = JSON.parse((await muster(`cost render ${AT} -o json`)).out) as Record<string, number>
    expect(living).toMatchObject({ workers: 3, unpriced: 0 })
    expect(living.soFar).toBeCloseTo(living.perHour ?? 0, 2)
    expect(living.atDeadline).toBeCloseTo((living.perHour ?? 0) * 12, 2)
    await muster(`delete render ${AT} -y`)
    const gone = await muster(`cost render ${AT}`)
    expect([gone.code, gone.said.includes("nothing of it was found, and this was written down at")]).toEqual([0, true])
    expect((await muster("cost render")).code).toBe(0)
    expect((await muster(`cost other ${AT}`)).code).toBe(6)
  })
})

describe("muster describe", () => {
  test("is one page, which ends with events", async () => {
    const { muster, clock } = desk()
    await muster(`${UP} -n 30 -d`)
    await clock.run(clock.sleep(3_600_000))
    const { code, out } = await muster(`describe render ${AT}`)
    expect(code).toBe(0)
    for (const head of ["Name:     render", "Held by:  nobody was seen holding it", "Groups:", "Workers:", "Events:"]) {
      expect(out).toContain(head)
    }
    expect(out).toContain("and 10 more: muster get workers render")
    expect(out.slice(out.indexOf("Events:"))).toMatch(/^Events:\nTYPE +AGE +GROUP +MESSAGE\n[\s\S]*let go of/)
    const json = JSON.parse((await muster(`describe render ${AT} -o json`)).out) as { workers: unknown[] }
    expect(json.workers).toHaveLength(30)
  })
})

describe("alike rows", () => {
  test("are one with their count, in the order of the last of each", () => {
    const worker = (at: number, to: string, count: number): HistoryRow => {
      return { type: "worker", group: "default", to, names: [], at, count }
    }
    const rows = [worker(1, "running", 3), worker(2, "lost", 1), worker(3, "running", 2)]
    expect(deduplicated(rows)).toMatchObject([
      { message: "lost", count: 1 },
      { message: "running", count: 5, firstAt: 1, lastAt: 3 },
    ])
  })
})
