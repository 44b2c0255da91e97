/** Who does not hold the cluster wakes for looks alone, whatever its journal tells of; and no loop runs without time passing. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import { live, rig, type Rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let journal = ""
folderForEachTest((path) => {
  journal = path
})

const MINUTE_MS = 60_000

/** How many passes a cluster makes in a minute. */
async function passesIn(at: Rig, cluster: Cluster): Promise<number> {
  let passes = 0
  const stop = cluster.on("pass", () => {
    passes += 1
  })
  await at.clock.run(at.clock.sleep(MINUTE_MS))
  stop()
  return passes
}

/** An owner whose launch call is on its way, and who watches it from another process of this machine. */
async function watched(options: SimulateOptions, api: string) {
  const at = rig(options)
  const owner = at.cluster({ name: "ours" }, { journal })
  const begun = owner.scale(4).catch((error: Error) => error)
  while (at.world.ledger.count(api) === 0) await at.clock.run(at.clock.sleep(100))
  return { at, owner, begun }
}

describe.each([
  ["accepted, and not settled for minutes", { settleMs: 3 * MINUTE_MS }, 0],
  ["without an answer", {}, 600],
] as const)("a launch call %s", (_what, options, hangs) => {
  const spec = { instanceType: SMALL }
  const ways = [
    ["attach", ({ clock, provider }: Rig) => Cluster.attach("ours", { provider, ...spec }, { clock, journal })],
    [
      "takeOver: false",
      ({ clock, provider }: Rig) => Cluster.attach("ours", { provider, takeOver: false }, { clock, journal }),
    ],
    [
      "existing: connect, before its first scale",
      async (at: Rig) => {
        const cluster = at.cluster({ name: "ours", existing: "connect" }, { journal })
        await cluster.plan(1)
        return cluster
      },
    ],
  ] as const

  test.each(ways)("%s: one look each 5 to 30 s", async (_way, join) => {
    const { at, owner, begun } = await watched(options, "ListOffers")
    at.world.faults.hang("CreateInstances", hangs)
    while (at.world.ledger.count("CreateInstances") === 0) await at.clock.run(at.clock.sleep(100))
    await at.clock.run(at.clock.sleep(1000))
    const watcher = await at.clock.run(join(at))
    for (let minute = 0; minute < 4; minute += 1) {
      const passes = await passesIn(at, watcher)
      expect(passes).toBeGreaterThanOrEqual(2)
      expect(passes).toBeLessThanOrEqual(13)
    }
    await at.clock.run(watcher.detach())
    await at.clock.run(owner.close())
    await at.clock.run(begun)
    expect(live(at.world)).toEqual([])
  })
})

test("a loop that wakes itself without end is found out by the virtual clock, which names what woke it", async () => {
  const at = rig()
  // An adapter's mistake: it always wants to be looked at again at once.
  const spinning = { ...at.provider.limits, look: { firstMs: 0, everyMs: -1, watchMs: -1 } }
  const list = () => Promise.resolve([])
  const wrong = at.cluster({ name: "wrong", provider: { ...at.provider, limits: spinning, list } })
  void wrong.scale(3).catch(() => {})
  await expect(at.clock.run(at.clock.sleep(10 * MINUTE_MS))).rejects.toThrow(
    /turned 1000 times without time passing; woken by a look at simulated sim-1 \(\d+\)/,
  )
})
