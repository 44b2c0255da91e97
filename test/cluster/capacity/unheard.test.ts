/** What nobody waits for any more must not end the process: node does that with a rejection that nobody hears. */
import { afterEach, beforeEach, expect, test } from "vitest"
import type { Cluster } from "../../../src/cluster.js"
import type { ScaleResult } from "../../../src/fleet/scaling/target.js"
import { withCluster } from "../../../src/with-cluster.js"
import { live, rig, type Rig, SMALL } from "../support.js"

const unheard: unknown[] = []
const hear = (reason: unknown) => void unheard.push(reason)
beforeEach(() => {
  unheard.length = 0
  process.on("unhandledRejection", hear)
})
afterEach(() => void process.off("unhandledRejection", hear))

/** Node tells of rejections once the turn in which they came is over. */
async function unheardOf(): Promise<readonly unknown[]> {
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  return unheard
}

function refusing(): Rig {
  const at = rig()
  at.world.faults.fail("ListInstances", { error: "auth", code: "ExpiredToken", times: 100 })
  return at
}

const ABORTED = AbortSignal.abort(new Error("not now"))

test("a first scale whose signal was aborted before begins nothing, and nothing is heard of it later", async () => {
  const at = refusing()
  const cluster = at.cluster({ name: "ours" })
  await expect(cluster.scale(3, { signal: ABORTED })).rejects.toThrow("not now")
  await at.clock.run(at.clock.sleep(60_000))
  expect(at.world.ledger.entries).toEqual([])
  expect(await unheardOf()).toEqual([])
})

test("an opening that fails after everybody left", async () => {
  const at = refusing()
  const cluster = at.cluster({ name: "ours" })
  const leaving = new AbortController()
  const scaled = cluster.scale(3, { signal: leaving.signal })
  leaving.abort(new Error("enough"))
  await expect(scaled).rejects.toThrow("enough")
  await at.clock.run(at.clock.sleep(60_000))
  expect(at.world.ledger.count("ListInstances")).toBeGreaterThan(0)
  expect(await unheardOf()).toEqual([])
})

/** Makes the call and looks away; what it came to may be asked later. */
function lookAway(cluster: Cluster, count: number): () => Promise<ScaleResult> {
  const result = cluster.scale(count)
  return () => result
}

test("a scale that nobody awaits, and that close overtakes while the name is looked for, is superseded", async () => {
  const at = rig()
  const cluster = at.cluster({ name: "ours" })
  const result = lookAway(cluster, 3)
  await at.clock.run(cluster.close())
  expect(await unheardOf()).toEqual([])
  expect(await result()).toMatchObject({ desired: 0, running: 0, superseded: true })
  expect(live(at.world)).toEqual([])
})

test("a scale that nobody awaits, and that fails while the cluster is closed or let go", async () => {
  const ends: readonly ((cluster: Cluster) => Promise<unknown>)[] = [(one) => one.close(), (one) => one.detach()]
  for (const end of ends) {
    const at = refusing()
    const cluster = at.cluster({ name: "ours" })
    const result = lookAway(cluster, 3)
    await at.clock.run(end(cluster))
    expect(await unheardOf()).toEqual([])
    await expect(result()).rejects.toThrow()
  }
})

test("both inside withCluster: the work's own result is what is heard", async () => {
  const at = refusing()
  const options = { clock: at.clock, journal: false } as const
  const work = withCluster(
    { name: "ours", provider: at.provider, instanceType: SMALL },
    async (cluster) => {
      await cluster.scale(3, { signal: ABORTED }).catch(() => {})
      lookAway(cluster, 3)
      return "done"
    },
    options,
  )
  expect(await at.clock.run(work)).toBe("done")
  await at.clock.run(at.clock.sleep(60_000))
  expect(await unheardOf()).toEqual([])
})

test("a scale that nobody awaits and that fails by itself is still told as node tells it", async () => {
  const at = refusing()
  const cluster = at.cluster({ name: "ours" })
  const others = process.listeners("unhandledRejection")
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", hear)
  void cluster.scale(3)
  await at.clock.run(at.clock.sleep(60_000))
  expect(String(await unheardOf())).toContain("AuthError")
  process.removeAllListeners("unhandledRejection")
  for (const other of others) process.on("unhandledRejection", other)
  await at.clock.run(cluster.close())
})
