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
