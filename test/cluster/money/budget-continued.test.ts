import { cpSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { billOf } from "../../../src/simulator/world/bill.js"
import { live, type Rig, rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

const HOUR_MS = 3_600_000
const USD = 0.02

let folder = ""
folderForEachTest((path) => {
  folder = path
})

const quick = { listLagMs: 0, latency: { bootMs: 20_000, requestMs: 10 } } as const
const spec = { name: "render", budget: { total: 1 } } as const

/** A process that ends without a word: what it had on its disk at that moment is all that is left of it. */
async function crash({ clock }: Rig, cluster: Cluster, journal: string): Promise<string> {
  const left = `${journal}-left`
  cpSync(journal, left, { recursive: true })
  await clock.run(cluster.detach())
  return left
}

/** Twenty for an hour, then ten for an hour: 0.60 USD. */
async function spendSome(at: Rig): Promise<{ readonly journal: string; readonly cluster: Cluster }> {
  const journal = join(folder, "journal")
  const cluster = at.cluster(spec, { journal })
  await at.clock.run(cluster.scale(20))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  await at.clock.run(cluster.scale(10))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  return { journal, cluster }
}

test("a successor goes on from the journal: the same total, to within a look", async () => {
  const at = rig(quick)
  const { journal, cluster } = await spendSome(at)
  const before = cluster.cost().soFar
  const left = await crash(at, cluster, journal)
  const next = at.cluster({ ...spec, existing: "connect" }, { journal: left })
  await at.clock.run(next.scale(10))
  expect(next.cost().soFar).toBeCloseTo(before, 3)
  expect(next.cost().earlier).toBeCloseTo(10 * USD, 2)
  // 0.40 USD are left: two hours of ten.
  await at.clock.run(at.clock.sleep(3 * HOUR_MS))
  expect(live(at.world)).toEqual([])
  expect(billOf(at.world).usd).toBeCloseTo(1, 2)
  const receipt = await at.clock.run(next.close())
  expect(receipt.cost).toBeCloseTo(1, 2)
  expect(receipt.earlierCost).toBeCloseTo(10 * USD, 2)
})

test("also when nothing is left of it, and its own successor knows too", async () => {
  const at = rig(quick)
  const { journal, cluster } = await spendSome(at)
  await at.clock.run(cluster.scale(0))
  const left = await crash(at, cluster, journal)
  const second = at.cluster({ ...spec, existing: "connect" }, { journal: left })
  await at.clock.run(second.scale(1))
  expect(second.cost().earlier).toBeCloseTo(0.6, 2)
  const third = at.cluster({ ...spec, existing: "connect" }, { journal: await crash(at, second, left) })
  await at.clock.run(third.scale(1))
  expect(third.cost().soFar).toBeCloseTo(billOf(at.world).usd, 2)
  await at.clock.run(third.close())
})

test("one that vanished unseen counts until the successor looks", async () => {
  const at = rig(quick)
  const { journal, cluster } = await spendSome(at)
  const left = await crash(at, cluster, journal)
  const gone = live(at.world)
    .slice(0, 5)
    .map(({ id }) => id)
  at.world.terminate(gone)
  await at.clock.run(at.clock.sleep(HOUR_MS))
  const next = at.cluster({ ...spec, existing: "connect" }, { journal: left })
  const plan = await at.clock.run(next.plan(5))
  expect(plan.groups[0]?.notes.join()).toMatch(
    /budget.total \$1.00 goes on from \$0\.\d+ that instances which are gone/,
  )
  // Ten for an hour, and five for two hours until the crash and one more at most.
  expect(next.cost().earlier).toBeCloseTo((10 + 5 * 3) * USD, 2)
  await at.clock.run(next.close())
})

test("what was launched and has gone before anybody saw it run is billed from its launch until the successor looks", async () => {
  const at = rig(quick)
  const journal = join(folder, "journal")
  const cluster = at.cluster(spec, { journal })
  const scaling = cluster.scale(10).catch((error: unknown) => error)
  await at.clock.run(at.clock.sleep(10_000))
  expect(cluster.workers.map(({ state }) => state)).toEqual(Array.from({ length: 10 }, () => "pending"))
  const left = await crash(at, cluster, journal)
  await at.clock.run(scaling)
  await at.clock.run(at.clock.sleep(HOUR_MS))
  at.world.terminate(live(at.world).map(({ id }) => id))
  const next = at.cluster({ ...spec, existing: "connect" }, { journal: left })
  await at.clock.run(next.scale(0))
  const { usd } = billOf(at.world)
  expect(next.cost().earlier).toBeGreaterThanOrEqual(usd)
  expect(next.cost().earlier).toBeCloseTo(10 * USD, 2)
  const receipt = await at.clock.run(next.close())
  expect([receipt.earlierCost, receipt.cost]).toEqual([next.cost().earlier, next.cost().earlier])
})

test("without a journal it counts what is still listed, and says so", async () => {
  const at = rig(quick)
  const { cluster } = await spendSome(at)
  await at.clock.run(cluster.detach())
  const notes: string[] = []
  const next = at.cluster({ ...spec, existing: "connect" }, { journal: false })
  next.on("note", ({ message }) => notes.push(message))
  await at.clock.run(next.scale(10))
  // Ten that have run for two hours, from their launch on.
  expect(next.cost()).toMatchObject({ earlier: 0, unpriced: 0 })
  expect(next.cost().soFar).toBeCloseTo(0.4, 2)
  expect(notes.join()).toContain("budget.total $1.00 counts only what is still listed")
  await at.clock.run(next.close())
})

test("attached, it watches; from the first scale on it holds the cluster to the budget", async () => {
  const at = rig(quick)
  const { journal, cluster } = await spendSome(at)
  const left = await crash(at, cluster, journal)
  const options = { clock: at.clock, journal: left }
  const attached = await at.clock.run(
    Cluster.attach("render", { provider: at.provider, instanceType: SMALL, budget: { total: 0.61 } }, options),
  )
  expect(attached.cost().soFar).toBeCloseTo(0.6, 2)
  await at.clock.run(attached.scale(9))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  expect(live(at.world)).toEqual([])
  await at.clock.run(attached.close())
})

test("what a worker costs is written when it is first seen, when it runs, when it is asked to go and when it has gone", async () => {
  const at = rig(quick)
  const journal = join(folder, "journal")
  const cluster = at.cluster({ name: "render" }, { journal })
  await at.clock.run(cluster.scale(1))
  await at.clock.run(cluster.scale(0))
  // Rows are gathered before they are written.
  await at.clock.run(at.clock.sleep(1_000))
  const [file = ""] = readdirSync(journal)
  const rows = readFileSync(join(journal, file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; from?: number; to?: number; usdPerHour?: number })
    .filter(({ kind }) => kind === "bill")
  const [life] = at.world.truth()
  expect(rows.length).toBeGreaterThanOrEqual(3)
  expect(rows.every(({ usdPerHour }) => usdPerHour === USD)).toBe(true)
  expect(rows[0]?.from).toBe(life?.createdAt)
  // A list may be ten seconds late.
  const seenMs = (life?.runningAt ?? 0) - (rows[1]?.from ?? 0)
  expect([seenMs >= 0, seenMs <= 16_000]).toEqual([true, true])
  expect(rows.slice(0, 2).map((row) => Object.hasOwn(row, "to"))).toEqual([false, false])
  expect(rows.at(-1)?.to).toBeGreaterThanOrEqual(life?.leftAt ?? Number.POSITIVE_INFINITY)
  await at.clock.run(cluster.close())
  expect(readdirSync(journal)).toEqual([])
})
