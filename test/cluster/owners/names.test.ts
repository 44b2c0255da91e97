/** Two starts of one name at once: never do both stay, and never do both go. */
import { readdirSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { NAME_TAKEN, OwnershipError } from "../../../src/errors.js"
import type { Provider } from "../../../src/provider.js"
import { type SimulateOptions, World, worldProvider } from "../../../src/simulator/index.js"
import { live, rig, type Rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

const MINUTE_MS = 60_000

let journal = ""
folderForEachTest((path) => {
  journal = path
})

/** A cloud that has nothing that can be made only once, as Compute Engine. */
function unclaimed({ claim: _claim, ...provider }: Provider): Provider {
  return { ...provider, prepare: (owner, group, calls) => provider.prepare(owner, group, { ...calls, readOnly: true }) }
}

interface Started {
  readonly at: Rig
  readonly clusters: readonly Cluster[]
  /** What each scale came to. */
  readonly results: readonly (number | Error)[]
}

/** Two, the second so much later, each from a machine of its own unless told otherwise. */
async function startTwo(
  existing: "refuse" | "connect",
  gapMs: number,
  options: { readonly isClaimed?: boolean; readonly journal?: string; readonly world?: SimulateOptions } = {},
): Promise<Started> {
  const at = rig(options.world)
  const provider = options.isClaimed === false ? unclaimed(at.provider) : at.provider
  const start = () => at.cluster({ name: "runners", provider, existing }, { journal: options.journal ?? false })
  const clusters = [start(), start()]
  const scaled = clusters.map((cluster, index) =>
    at.clock
      .sleep(index * gapMs)
      .then(() => cluster.scale(3))
      .then(({ running }) => running)
      .catch((error: Error) => error),
  )
  return { at, clusters, results: await at.clock.run(Promise.all(scaled)) }
}

const uidsOf = (at: Rig) => new Set(live(at.world).map(({ tags }) => tags["muster-uid"]))

describe.each([
  ["claimed by its name", true],
  ["told by lists alone", false],
] as const)("%s", (_how, isClaimed) => {
  const gaps = [0, 50, 100, 200, 300, 400, 600, 1000, 3000, 6000]

  test.each(gaps)("refuse, %i ms apart: one stays, the other has an OwnershipError and nothing left", async (gapMs) => {
    const { at, clusters, results } = await startTwo("refuse", gapMs, { isClaimed })
    await at.clock.run(at.clock.sleep(5 * MINUTE_MS))
    expect([live(at.world).length, uidsOf(at).size]).toEqual([3, 1])
    const isLoser = (result: number | Error) => result instanceof OwnershipError
    expect(results.filter(isLoser)).toHaveLength(1)
    expect(results.filter((result) => result === 3)).toHaveLength(1)
    const [loser, winner] = isLoser(results[0] ?? 0) ? clusters : [...clusters].reverse()
    // Whatever it had made, and nothing that is the other's.
    if (winner === undefined || loser === undefined) throw new Error("two were started")
    await at.clock.run(loser.close())
    expect(live(at.world)).toHaveLength(3)
    if (isClaimed) expect(at.world.ledger.count("TerminateInstances")).toBe(0)
    expect(await at.clock.run(winner.scale(5))).toMatchObject({ running: 5 })
    await at.clock.run(winner.close())
    expect(live(at.world)).toEqual([])
    expect(at.world.resources.list().filter(({ tags }) => Object.keys(tags).length > 0)).toEqual([])
    expect(at.clock.asleep).toBe(0)
  })

  test.each(gaps)("connect, %i ms apart: both work on one cluster, of which one holds it in the end", async (gapMs) => {
    const { at, clusters, results } = await startTwo("connect", gapMs, { isClaimed })
    await at.clock.run(at.clock.sleep(5 * MINUTE_MS))
    expect([live(at.world).length, uidsOf(at).size]).toEqual([3, 1])
    for (const result of results) expect(result === 3 || result instanceof OwnershipError).toBe(true)
    expect(results).toContain(3)
    const ends = await at.clock.run(Promise.allSettled(clusters.map((cluster) => cluster.close())))
    expect(ends.some(({ status }) => status === "fulfilled")).toBe(true)
    await at.clock.run(at.clock.sleep(MINUTE_MS))
    expect(live(at.world)).toEqual([])
    expect(at.clock.asleep).toBe(0)
  })
})

test.each([0, 100, 300, 1000])(
  "on one machine, %i ms apart: the journal of the one that yields goes",
  async (gapMs) => {
    const { at, clusters, results } = await startTwo("refuse", gapMs, { journal })
    expect(results.filter((result) => result === 3)).toHaveLength(1)
    expect(readdirSync(journal)).toHaveLength(1)
    await at.clock.run(Promise.all(clusters.map((cluster) => cluster.close())))
    expect(readdirSync(journal)).toEqual([])
    expect(live(at.world)).toEqual([])
  },
)

test("in several places the claims are asked for in one order: of two one has them all", async () => {
  for (const gapMs of [0, 30, 60, 100, 200]) {
    const { clock } = rig()
    const worlds = ["r1", "r2", "r3"].map((region, index) => new World({ clock, region, seed: index + 7 }))
    const providers = worlds.map((world) => worldProvider(world))
    const start = (order: readonly Provider[]) =>
      new Cluster({ name: "ours", provider: [...order], instanceType: SMALL }, { clock, journal: false })
    const [one, two] = [start(providers), start([...providers].reverse())]
    const scaled = [one.scale(4), clock.sleep(gapMs).then(() => two.scale(4))]
    const outcomes = await clock.run(Promise.allSettled(scaled))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
    const alive = worlds.flatMap((world) => live(world))
    expect([alive.length, new Set(alive.map(({ tags }) => tags["muster-uid"])).size]).toEqual([4, 1])
    await clock.run(Promise.all([one.close(), two.close()]))
  }
})

test("a claim that is left of a cluster that rests, or has died, keeps nobody from the name for long", async () => {
  const at = rig()
  const first = at.cluster({ name: "ours" })
  await at.clock.run(first.scale(1))
  await at.clock.run(first.scale(0))
  await at.clock.run(first.detach())
  // Lists are a few seconds behind.
  await at.clock.run(at.clock.sleep(5_000))
  await expect(at.clock.run(at.cluster({ name: "ours" }).scale(1))).rejects.toThrow("has claimed it a moment ago")
  await at.clock.run(at.clock.sleep(2 * MINUTE_MS))
  const others = [at.cluster({ name: "ours" }), at.cluster({ name: "ours" })]
  const outcomes = await at.clock.run(Promise.allSettled(others.map((cluster) => cluster.scale(1))))
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
  await at.clock.run(Promise.all(others.map((cluster) => cluster.close())))
  // What the first one has left is still its own.
  expect(at.world.resources.list({ kind: "claim" })).toHaveLength(1)
})

test.each(["refuse", "connect"] as const)(
  "who opened a name long before its first launch looks again (%s)",
  async (existing) => {
    const at = rig()
    const early = at.cluster({ name: "runners", existing })
    await at.clock.run(early.plan(3))
    const late = at.cluster({ name: "runners" })
    await at.clock.run(at.clock.sleep(5 * MINUTE_MS))
    await at.clock.run(late.scale(3))
    await at.clock.run(at.clock.sleep(5 * MINUTE_MS))
    const scaled = await at.clock.run(early.scale(3).catch((error: Error) => error))
    if (existing === "refuse") expect(scaled).toMatchObject({ name: "OwnershipError", code: NAME_TAKEN })
    else expect(scaled).toMatchObject({ running: 3 })
    expect(at.world.truth()).toHaveLength(3)
    await at.clock.run((existing === "refuse" ? late : early).close())
    expect(live(at.world)).toEqual([])
  },
)

test("twins whose makers are gone: attach and connect name the command that removes both", async () => {
  const at = rig({ listLagMs: [8_000, 9_000] })
  const clusters = [1, 2].map(() => at.cluster({ name: "runners", provider: unclaimed(at.provider) }))
  for (const cluster of clusters) cluster.scale(3).catch(() => {})
  while (live(at.world).length < 6) await at.clock.run(at.clock.sleep(100))
  await at.clock.run(Promise.all(clusters.map((cluster) => cluster.detach())))
  await at.clock.run(at.clock.sleep(2 * MINUTE_MS))
  expect(uidsOf(at).size).toBe(2)
  const { provider, clock } = at
  const said = /two clusters have this name .* end both: muster delete runners/
  await expect(clock.run(Cluster.attach("runners", { provider }, { clock, journal: false }))).rejects.toThrow(said)
  await expect(clock.run(at.cluster({ name: "runners", existing: "connect" }).scale(3))).rejects.toThrow(said)
  const rows = await clock.run(Cluster.sweep({ provider, name: "runners" }, { clock }))
  expect(rows.filter(({ kind, removed }) => kind === "instance" && removed)).toHaveLength(6)
  expect(live(at.world)).toEqual([])
})

test("a name is free again at once for the process that has ended its cluster, although lists lag", async () => {
  const at = rig({ listLagMs: 5_000 })
  const make = () => at.cluster({ name: "render" }, { journal })
  for (let round = 0; round < 3; round += 1) {
    const cluster = make()
    expect(await at.clock.run(cluster.scale(3))).toMatchObject({ running: 3 })
    expect((await at.clock.run(cluster.close())).leaked).toEqual([])
  }
  expect(live(at.world)).toEqual([])
})

test("whoever seems to have come second, and gives up what it has made, launches once the other one is gone", async () => {
  const at = rig()
  const start = () => at.cluster({ name: "runners", provider: unclaimed(at.provider) }, { journal: false })
  const [first, second] = [start(), start()]
  const behind = new Promise<void>((resolve) => {
    second.on("problem", ({ message }) => void (message.includes("that one came first") && resolve()))
  })
  const play = async () => {
    const scaled = [first.scale(2), at.clock.sleep(50).then(() => second.scale(2))]
    await behind
    await Promise.allSettled([...scaled, second.scale(0), first.close()])
    return (await second.scale(2, { timeout: "30m" })).running
  }
  expect(await at.clock.run(play())).toBe(2)
  expect(uidsOf(at).size).toBe(1)
  await at.clock.run(second.close())
})
