/** Logs that are followed into files, of workers of this machine and of a simulated cloud's consoles. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"
import { safeName, WorkerFile } from "../../src/session/logs/keep/worker-file.js"
import { rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"

const root = mkdtempSync(join(tmpdir(), "muster-keep-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const read = (...path: readonly string[]) => readFileSync(join(root, ...path), "utf8")

describe("the file of a worker", () => {
  const piece = (text: string, next: number) => ({ bytes: Buffer.from(text), next })

  test("another process goes on at the byte after the last, whatever it was cut off in", async () => {
    const file = new WorkerFile(join(root, "file"), "w-1", "i-1")
    expect(await file.find()).toBeUndefined()
    await file.add(piece("", 0))
    await file.add(piece("0123", 4))
    await file.add(piece("\n… 6 bytes dropped …\n", 10))
    await file.add(piece("ab", 12))
    // What was written, but of which nothing was noted any more.
    appendFileSync(join(root, "file/w-1.log"), "cd")
    const next = new WorkerFile(join(root, "file"), "w-1", "i-1")
    expect(await next.find()).toBe(14)
    await next.add(piece("ef", 16))
    expect(read("file/w-1.log")).toBe("0123\n… 6 bytes dropped …\nabcdef")
    expect(await next.lastText()).toMatch(/^\n… 6 bytes dropped …\nabcdef$/)
    await next.end("--- over")
    expect(read("file/w-1.log")).toMatch(/abcdef\n--- over\n$/)
    expect(readdirSync(join(root, "file"))).toEqual(["w-1.log"])
  })

  test("another instance of the name begins anew, behind what is there", async () => {
    const first = new WorkerFile(join(root, "again"), "w-1", "i-1")
    await first.find()
    await first.add(piece("one\n", 4))
    const second = new WorkerFile(join(root, "again"), "w-1", "i-2")
    expect([await second.find(), await second.lastText()]).toEqual([undefined, ""])
    await second.add(piece("two\n", 4))
    expect(read("again/w-1.log")).toBe("one\ntwo\n")
    expect(await new WorkerFile(join(root, "again"), "w-1", "i-2").find()).toBe(4)
  })

  test("names lead nowhere", () => {
    expect(["../../etc/passwd", "..", "a b\n", ".at", "", "x".repeat(300)].map(safeName)).toEqual([
      ...["__.._etc_passwd", "_", "a_b_", "_at", "_", "x".repeat(200)],
    ])
  })
})

const WORKERS = isLong ? 20 : 3

test(`${WORKERS} workers of this machine: all that each wrote, once, over another process, and how each ended`, async () => {
  const provider = local({ root: join(root, "local"), graceMs: 0 })
  const journal = join(root, "state", "journal")
  const keepLogs = join(root, "kept")
  const startup =
    'i=0; while [ ! -e over ]; do i=$((i + 1)); echo "$MUSTER_NAME $i"; sleep 0.1; done; echo last; sleep 600'
  const spec = { provider, keepLogs, groups: { web: { startup } } }
  const cluster = new Cluster({ ...spec, name: "kept" }, { journal })
  await cluster.scale(WORKERS)
  const names = cluster.workers.map(({ name }) => name).toSorted()
  const some = () =>
    names.every((name) => readdirSync(keepLogs).includes(`${name}.log`) && /5\n/.test(read("kept", `${name}.log`)))
  await expect.poll(some).toBe(true)
  await cluster.detach()
  // What comes while nobody follows is not lost.
  const attached = await Cluster.attach("kept", { ...spec, takeOver: true }, { journal })
  await attached.exec("touch over")
  const lasts = () => names.every((name) => read("kept", `${name}.log`).endsWith("last\n"))
  await expect.poll(lasts).toBe(true)
  await attached.close()
  expect(readdirSync(keepLogs).toSorted()).toEqual(names.map((name) => `${name}.log`))
  for (const name of names) {
    const lines = read("kept", `${name}.log`).trimEnd().split("\n")
    const count = lines.length - 2
    const expected = Array.from({ length: count }, (_, at) => `${name} ${at + 1}`)
    expect(lines.slice(0, count)).toEqual(expected)
    expect(lines.slice(count)).toEqual([
      "last",
      expect.stringMatching(new RegExp(`^--- ${name} is gone since \\d{4}-.* UTC: its cluster was closed$`)),
    ])
  }
})

test("what is written right before an end of ours is kept", async () => {
  const provider = local({ root: join(root, "local"), graceMs: 0 })
  const keepLogs = join(root, "right-before")
  const cluster = new Cluster({ provider, keepLogs, groups: { web: { startup: "sleep 600" } } }, { journal: false })
  await cluster.scale(1)
  const [{ name = "", id = "" } = {}] = cluster.workers
  await expect.poll(() => readdirSync(keepLogs)).toContain(`.${name}.at`)
  appendFileSync(join(root, "local/instances", id, "guest/boot.log"), "the very last\n")
  await cluster.close()
  expect(read("right-before", `${name}.log`)).toMatch(/^the very last\n--- /)
})

describe("from consoles", () => {
  const scene = (directory: string) => {
    const simulated = rig()
    const spec = { name: "render", provider: simulated.provider, instanceType: SMALL, keepLogs: directory }
    return { ...simulated, cluster: new Cluster(spec, { clock: simulated.clock, journal: false }) }
  }

  test("once a minute, what came since; plan says that it is slow", async () => {
    const { clock, world, cluster } = scene(join(root, "consoles"))
    expect((await clock.run(cluster.plan(1))).groups[0]?.notes).toContainEqual(
      expect.stringContaining("keepLogs without access"),
    )
    await clock.run(cluster.scale(1))
    const [{ id = "", name = "" } = {}] = cluster.workers
    for (const word of ["first", "second", "third"]) {
      world.write(id, `${word}\n`)
      await clock.run(clock.sleep(70_000))
    }
    const looks = world.ledger.entries.filter(({ api }) => /console/i.test(api)).length
    expect(looks).toBeGreaterThan(2)
    expect(looks).toBeLessThan(6)
    await clock.run(cluster.close())
    const text = read("consoles", `${name}.log`)
    for (const word of ["first", "second", "third"]) expect(text.split(word)).toHaveLength(2)
    expect(text).toMatch(/third\n--- .*: its cluster was closed\n$/)
  })

  test("a directory that cannot be written is said once, and stops nothing", async () => {
    writeFileSync(join(root, "a file"), "")
    const { clock, cluster } = scene(join(root, "a file", "logs"))
    const notes: string[] = []
    cluster.on("note", ({ message }) => notes.push(message))
    await clock.run(cluster.scale(3))
    await clock.run(clock.sleep(600_000))
    expect(cluster.workers).toHaveLength(3)
    await clock.run(cluster.close())
    expect(notes.filter((note) => note.startsWith("logs cannot be kept in"))).toHaveLength(1)
  })
})
