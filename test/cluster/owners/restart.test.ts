/** What a process that ended without a word has left, and what the next one of the name makes of it. */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Cluster } from "../../../src/cluster.js"
import { AuthError, LeakError } from "../../../src/errors.js"
import { live, type Rig, rig } from "../support.js"

let folder = ""
let journal = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-restart-"))
  journal = join(folder, "journal")
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const LAG_MS = 40_000
const CONSISTENCY_MS = 90_000
const lagging = { listLagMs: LAG_MS, limits: { consistencyMs: CONSISTENCY_MS } } as const

/** As it is on the disk at this moment, if its process ended now. */
function leftBehind(pid: number): string {
  const left = join(folder, "left")
  cpSync(journal, left, { recursive: true })
  for (const file of readdirSync(left).map((name) => join(left, name))) {
    writeFileSync(file, readFileSync(file, "utf8").replace(/"pid":\d+/, `"pid":${pid}`))
  }
  return left
}

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid
}

/** Scales to five, and stops as soon as the launch call was answered. */
async function answered({ clock, cluster: make }: Rig): Promise<Cluster> {
  const first = make({ name: "render" }, { journal })
  const ended = new Promise<void>((resolve) => first.on("launch-ended", () => resolve()))
  first.scale(5).catch(() => {})
  await clock.run(ended)
  await clock.run(clock.sleep(1))
  return first
}

test("what a launch call made a moment before the crash is not made again, although no list shows it", async () => {
  const at = rig(lagging)
  const first = await answered(at)
  expect(live(at.world)).toHaveLength(5)
  expect(at.world.visible()).toEqual([])
  const left = leftBehind(deadPid())
  await at.clock.run(first.detach())
  const second = at.cluster({ name: "render", existing: "connect" }, { journal: left })
  expect(await at.clock.run(second.scale(5))).toMatchObject({ running: 5 })
  expect(at.world.truth()).toHaveLength(5)
  const receipt = await at.clock.run(second.close())
  expect(receipt.instances).toHaveLength(5)
  expect(live(at.world)).toEqual([])
})

test("nothing of it is ended before a list or a reply has shown whose it is", async () => {
  const at = rig(lagging)
  const first = await answered(at)
  const left = leftBehind(deadPid())
  await at.clock.run(first.detach())
  const ids = new Set(at.world.truth().map(({ id }) => id))
  for (const id of ids) at.world.retag(id, { "muster-cluster": "somebody-elses" })
  const second = at.cluster({ name: "render", existing: "connect" }, { journal: left })
  await at.clock.run(second.scale(2))
  await expect(at.clock.run(second.close())).rejects.toThrow(LeakError)
  expect(new Set(live(at.world).map(({ id }) => id))).toEqual(ids)
})

test("what was told to end before the crash is not waited for", async () => {
  const at = rig(lagging)
  const first = await answered(at)
  await at.clock.run(first.scale(5))
  await at.clock.run(first.scale(1))
  const left = leftBehind(deadPid())
  await at.clock.run(first.detach())
  const second = at.cluster({ name: "render", existing: "connect" }, { journal: left })
  const begun = at.clock.now()
  await at.clock.run(second.scale(1))
  expect(at.clock.now() - begun).toBeLessThan(LAG_MS)
  await at.clock.run(second.close())
  expect(live(at.world)).toEqual([])
})

/** A cluster whose process and instances are gone, but not its template. */
async function emptied(at: Rig, pid: number): Promise<string> {
  const first = at.cluster({ name: "render" }, { journal })
  await at.clock.run(first.scale(2))
  const left = leftBehind(pid)
  await at.clock.run(first.detach())
  at.world.terminate(at.world.truth().map(({ id }) => id))
  await at.clock.run(at.clock.sleep(3_600_000))
  return left
}

const ofRender = ({ world }: Rig) => world.resources.list({ tags: { "muster-cluster": "render" } })

test("what a dead owner made beside instances goes with the next cluster of the name, and so do its journals", async () => {
  const at = rig()
  const left = await emptied(at, deadPid())
  expect(ofRender(at).length).toBeGreaterThan(0)
  const second = at.cluster({ name: "render" }, { journal: left })
  await at.clock.run(second.scale(1))
  await at.clock.run(second.close())
  expect(ofRender(at)).toEqual([])
  expect(readdirSync(left)).toEqual([])
})

test("a call that is known by its names alone is not sent again once lists show what it made: that may be gone", async () => {
  const at = rig({ ...lagging, names: true })
  const first = at.cluster({ name: "render" }, { journal })
  at.world.faults.loseReply("PutInstance", 100)
  first.scale(2).catch(() => {})
  while (at.world.truth().length < 2) await at.clock.run(at.clock.sleep(100))
  const left = leftBehind(deadPid())
  await at.clock.run(first.detach().catch(() => {}))
  at.world.faults.clear()
  at.world.terminate(at.world.truth().map(({ id }) => id))
  await at.clock.run(at.clock.sleep(10 * CONSISTENCY_MS))
  const second = at.cluster({ name: "render", existing: "connect" }, { journal: left })
  await at.clock.run(second.scale(0))
  await at.clock.run(second.scale(1))
  expect(at.world.truth()).toHaveLength(3)
  await at.clock.run(second.close())
  expect(live(at.world)).toEqual([])
})

test("as long as that owner's process lives, it is left alone", async () => {
  const at = rig()
  const left = await emptied(at, process.pid)
  const before = ofRender(at)
  const second = at.cluster({ name: "render" }, { journal: left })
  await at.clock.run(second.scale(1))
  await at.clock.run(second.close())
  expect(ofRender(at)).toEqual(before)
  expect(readdirSync(left)).toHaveLength(1)
})

test("without a journal who connects goes on under the uid that its set-up tells, and closing takes that along", async () => {
  const at = rig()
  await emptied(at, deadPid())
  const [left] = ofRender(at)
  const second = at.cluster({ name: "render", existing: "connect", maxLifetime: "2h" })
  const begun = at.clock.now()
  await at.clock.run(second.scale(1))
  const [worker] = second.workers
  expect(worker?.tags["muster-uid"]).toBe(left?.tags["muster-uid"])
  expect(worker?.tags["muster-generation"]).toBe("2")
  // Nothing of it lived: its lifetime begins anew.
  expect(worker?.tags["muster-deadline"]).toBe(String(Math.floor(begun / 1000) + 7_200))
  await at.clock.run(second[Symbol.asyncDispose]())
  expect([live(at.world), ofRender(at)]).toEqual([[], []])
})

test("without a journal an instance that lists show late is known for the next owner's, and is taken away", async () => {
  const at = rig(lagging)
  const first = at.cluster({ name: "render" })
  const ended = new Promise<void>((resolve) => first.on("launch-ended", () => resolve()))
  first.scale(5).catch(() => {})
  await at.clock.run(ended)
  await at.clock.run(first.detach())
  const second = at.cluster({ name: "render", existing: "connect" })
  await at.clock.run(second.scale(2))
  await at.clock.run(at.clock.sleep(CONSISTENCY_MS))
  expect(live(at.world)).toHaveLength(2)
  await at.clock.run(second.close())
  expect(live(at.world)).toEqual([])
})

test("who may not look for set-up connects all the same", async () => {
  const at = rig()
  const blind = {
    ...at.provider,
    leftovers: () => Promise.reject(new AuthError("not allowed to look")),
  }
  const cluster = at.cluster({ name: "render", existing: "connect", provider: blind })
  expect(await at.clock.run(cluster.scale(1))).toMatchObject({ running: 1 })
  await at.clock.run(cluster.close().catch(() => {}))
  expect(live(at.world)).toEqual([])
})
