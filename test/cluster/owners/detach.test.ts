/** Letting go ends, whatever the cloud does, and says what was still open. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { SpecError, TimeoutError } from "../../../src/errors.js"
import type { Fault } from "../../../src/simulator/index.js"
import { live, rig, type Rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let journal = ""
folderForEachTest((path) => {
  journal = path
})

const MINUTE_MS = 60_000

/** What letting go came to, and after how long. */
async function letGo(at: Rig, cluster: Cluster, options = {}): Promise<{ error: unknown; ms: number }> {
  const begun = at.clock.now()
  const error: unknown = await at.clock.run(cluster.detach(options).catch((thrown: unknown) => thrown))
  return { error, ms: at.clock.now() - begun }
}

test.each([
  ["go unanswered", { kind: "hang" }],
  ["are throttled", { kind: "fail", error: "throttled", code: "RateLimit", retryAfterMs: 2000 }],
  ["fail", { kind: "fail", error: "transient", code: "InternalError" }],
] as const satisfies readonly (readonly [string, Fault])[])(
  "while looks at a launch that was accepted %s: at once, for the journal has what was accepted",
  async (_what, fault) => {
    const at = rig({ settleMs: 20_000 })
    const cluster = at.cluster({ name: "ours" }, { journal })
    const scaled = cluster.scale(5).catch((error: Error) => error.message)
    await at.clock.run(at.clock.sleep(6_000))
    at.world.faults.rate("GetOperation", 1, fault)
    await at.clock.run(at.clock.sleep(10_000))
    expect(await letGo(at, cluster)).toEqual({ error: undefined, ms: 0 })
    expect(await scaled).toContain("was detached while this waited; its instances go on")
    expect(at.clock.asleep).toBe(0)
    expect(readFileSync(join(journal, readdirSync(journal)[0] ?? ""), "utf8")).toContain('"outcome":"unsettled"')
  },
)

/** Its launch call is on the wire, and is never answered. */
async function unanswered() {
  const at = rig()
  at.world.faults.hang("CreateInstances", 10)
  const cluster = at.cluster({ name: "ours" }, { journal })
  cluster.scale(5).catch(() => {})
  while (at.world.ledger.count("CreateInstances") === 0) await at.clock.run(at.clock.sleep(100))
  return { at, cluster }
}

test("a launch call on the wire is awaited to its own deadline, and not sent again", async () => {
  const { at, cluster } = await unanswered()
  const { error, ms } = await letGo(at, cluster)
  expect(error).toBeUndefined()
  expect(ms).toBeLessThanOrEqual(MINUTE_MS)
  await at.clock.run(at.clock.sleep(10 * MINUTE_MS))
  expect(at.world.ledger.count("CreateInstances")).toBe(1)
  expect(at.clock.asleep).toBe(0)
})

test("at its timeout it says what was still open, and is let go of all the same", async () => {
  const { at, cluster } = await unanswered()
  const { error, ms } = await letGo(at, cluster, { timeout: "10s" })
  expect(error).toBeInstanceOf(TimeoutError)
  expect(String(error)).toMatch(/detaching "ours": after 10 s .*still open: 1 launch calls for 5 without an answer/)
  expect(ms).toBe(10_000)
  // Asked again it says the same.
  expect((await letGo(at, cluster)).error).toBe(error)
  await at.clock.run(at.clock.sleep(MINUTE_MS))
  expect(at.clock.asleep).toBe(0)
})

test("when its signal is aborted it throws that reason, and is let go of all the same", async () => {
  const { at, cluster } = await unanswered()
  const leaving = new AbortController()
  at.clock.timer(3_000, () => leaving.abort(new Error("enough")))
  const { error, ms } = await letGo(at, cluster, { signal: leaving.signal })
  expect([String(error), ms]).toEqual(["Error: enough", 3_000])
  await expect(cluster.scale(1)).rejects.toThrow("is detached")
})

test("five minutes when nothing is said", async () => {
  const { at, cluster } = await unanswered()
  at.world.faults.clear()
  // A cloud whose requests may be on the wire for an hour.
  const slow = { ...at.provider, limits: { ...at.provider.limits, attemptMs: 60 * MINUTE_MS } }
  const other = at.cluster({ name: "slow", provider: slow }, { journal })
  at.world.faults.hang("CreateInstances", 1)
  other.scale(2).catch(() => {})
  await at.clock.run(at.clock.sleep(20_000))
  const { error, ms } = await letGo(at, other)
  expect([error instanceof TimeoutError, ms]).toEqual([true, 5 * MINUTE_MS])
  await letGo(at, cluster)
})

test("terminations on the wire are awaited; nothing new is begun", async () => {
  const at = rig()
  const cluster = at.cluster({ name: "ours" }, { journal })
  await at.clock.run(cluster.scale(6))
  at.world.setLatency({ requestMs: [5_000, 5_000] })
  cluster.scale(2).catch(() => {})
  await at.clock.run(at.clock.sleep(1_000))
  const asked = at.world.ledger.count("TerminateInstances")
  expect((await letGo(at, cluster)).error).toBeUndefined()
  await at.clock.run(at.clock.sleep(MINUTE_MS))
  expect([asked, at.world.ledger.count("TerminateInstances"), live(at.world).length]).toEqual([1, 1, 2])
})

test("what it launched before it was let go of is the next one's", async () => {
  const { at, cluster } = await unanswered()
  await letGo(at, cluster)
  at.world.faults.clear()
  const next = await at.clock.run(
    Cluster.attach("ours", { provider: at.provider, instanceType: SMALL }, { clock: at.clock, journal }),
  )
  expect(await at.clock.run(next.scale(5))).toMatchObject({ running: 5 })
  expect(live(at.world)).toHaveLength(5)
  await at.clock.run(next.close())
})

test("a signal that was aborted before changes nothing; wrong options are refused", async () => {
  const at = rig()
  const cluster = at.cluster()
  await expect(cluster.detach({ signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no")
  expect(await at.clock.run(cluster.scale(1))).toMatchObject({ running: 1 })
  await expect(cluster.detach({ timeout: "1s", timeoutMs: 1 })).rejects.toThrow(SpecError)
  expect((await letGo(at, cluster)).error).toBeUndefined()
})

test("of a cluster that closes: it waits for the end, and whoever closes it has the receipt", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(5))
  const closing = cluster.close()
  const [receipt] = await clock.run(Promise.all([closing, clock.sleep(50).then(() => cluster.detach())]))
  expect(receipt.instances).toHaveLength(5)
  expect(receipt.leaked).toEqual([])
  expect(live(world)).toEqual([])
})
