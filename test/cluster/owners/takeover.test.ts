/** Taking over without launching anything: the twentieth does it as the first did, and whoever was overtaken finds out. */
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { AuthError, OwnershipError } from "../../../src/errors.js"
import type { Provider } from "../../../src/provider.js"
import { live, rig, type Rig, SMALL } from "../support.js"

/** From another machine: there is no journal in common. */
function attach({ clock }: Rig, provider: Provider): Promise<Cluster> {
  return clock.run(Cluster.attach("ours", { provider, instanceType: SMALL }, { clock, journal: false }))
}

async function begun(at: Rig, count: number): Promise<Cluster> {
  const first = at.cluster({ name: "ours" })
  await at.clock.run(first.scale(count))
  return first
}

test.each([
  ["", (provider: Provider) => provider],
  [
    ", also by a principal that may not read set-up",
    (provider: Provider): Provider => ({ ...provider, leftovers: () => Promise.reject(new AuthError("not allowed")) }),
  ],
])("the twentieth takes over as the first did%s", async (_who, as) => {
  const at = rig()
  const provider = as(at.provider)
  await at.clock.run((await begun(at, 22)).detach())
  for (let taken = 1; taken <= 20; taken += 1) {
    const next = await attach(at, provider)
    const before = at.world.ledger.count("ClaimGeneration")
    expect(await at.clock.run(next.scale(22 - taken))).toMatchObject({ running: 22 - taken })
    if (provider === at.provider) expect(at.world.ledger.count("ClaimGeneration") - before).toBeLessThanOrEqual(2)
    await at.clock.run(next.detach())
  }
  // Lists are a few seconds behind.
  await at.clock.run(at.clock.sleep(10_000))
  const last = await attach(at, at.provider)
  expect(await at.clock.run(last.scale(4))).toMatchObject({ running: 4 })
  expect(new Set(live(at.world).map(({ tags }) => tags["muster-generation"]))).toEqual(new Set(["1", "22"]))
  await at.clock.run(last.close())
  expect([live(at.world), at.world.resources.list({ kind: "claim" })]).toEqual([[], []])
})

test("who was overtaken by one that launches nothing stops as soon as something goes, and replaces nothing", async () => {
  const at = rig()
  const first = await begun(at, 6)
  const second = await attach(at, at.provider)
  expect(await at.clock.run(second.scale(2))).toMatchObject({ running: 2 })
  await at.clock.run(at.clock.sleep(120_000))
  await expect(first.scale(9)).rejects.toThrow(OwnershipError)
  await at.clock.run(at.clock.sleep(600_000))
  expect([live(at.world).length, at.world.ledger.count("CreateInstances")]).toEqual([2, 1])
  await at.clock.run(second.close())
  expect(live(at.world)).toEqual([])
})

test("what goes by itself is replaced, and looking for a claim that is not there costs one request", async () => {
  const at = rig()
  const first = await begun(at, 3)
  const [one] = first.workers
  at.world.lose([one?.id ?? ""])
  await at.clock.run(at.clock.sleep(180_000))
  expect([live(at.world).length, at.world.ledger.count("ListResources")]).toEqual([3, 1])
  await at.clock.run(first.close())
})

test("whom it is taken from stops within one look although nothing changes, names who has it, and asks for nothing more at rest", async () => {
  const at = rig()
  const first = await begun(at, 3)
  const problems: string[] = []
  first.on("problem", ({ message }) => problems.push(message))
  const restMs = 10 * 60_000
  const before = at.world.ledger.count()
  await at.clock.run(at.clock.sleep(restMs))
  // One list each half a minute.
  expect(at.world.ledger.count() - before).toBe(restMs / 30_000)
  const second = await attach(at, at.provider)
  const asked = at.world.ledger.count()
  expect(await at.clock.run(second.scale(3))).toMatchObject({ running: 3 })
  await at.clock.run(second.detach())
  expect(at.world.ledger.count() - asked).toBeLessThanOrEqual(3)
  await at.clock.run(at.clock.sleep(35_000))
  expect(problems).toEqual([
    expect.stringMatching(
      /^cluster "ours": process \d+ on \S+, which has it since \d{4}-\S+ \S+ UTC, took it over \(its generation is 2, ours 1\) and decides now how many workers run; this one has stopped/,
    ),
  ])
  await expect(first.scale(4)).rejects.toThrow(OwnershipError)
  expect(first.explain().ended?.how).toBe("taken-over")
  expect(
    live(at.world)
      .map(({ tags }) => tags["muster-taken"])
      .filter(Boolean),
  ).toEqual(["2"])
})

test("a role that may not tag takes over all the same", async () => {
  const at = rig()
  await begun(at, 3)
  const provider = { ...at.provider, mark: () => Promise.reject(new AuthError("not allowed")) }
  const second = await attach(at, provider)
  expect(await at.clock.run(second.scale(3))).toMatchObject({ running: 3 })
  await at.clock.run(second.close())
})
