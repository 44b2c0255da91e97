import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Provider } from "../../../src/provider.js"
import { Cluster } from "../../../src/cluster.js"
import { rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let home = ""
folderForEachTest((path) => {
  home = path
})

const HOUR_MS = 3_600_000

/** A world whose offers may be used for an hour without asking, and clusters that keep what they learn. */
function kept() {
  const { clock, world, provider: plain, cluster: make } = rig()
  const provider: Provider = { ...plain, limits: { ...plain.limits, offersFreshMs: HOUR_MS } }
  const burst = async () => {
    const cluster = make({ provider }, { journal: join(home, "journal") })
    const asked = world.ledger.count("ListOffers")
    await clock.run(cluster.scale(1))
    const plan = await clock.run(cluster.plan(2))
    await clock.run(clock.sleep(1000))
    await clock.run(cluster.close())
    return { asked: world.ledger.count("ListOffers") - asked, at: plan.groups[0]?.offersAt ?? 0 }
  }
  return { clock, burst }
}

test("offers are asked for once, then taken from the disk with their age, and refreshed behind the scenes", async () => {
  const { clock, burst } = kept()
  const first = await burst()
  expect(first.asked).toBe(1)
  const second = await burst()
  expect(second).toEqual({ asked: 0, at: first.at })
  await clock.run(clock.sleep(2 * HOUR_MS))
  const third = await burst()
  // What is two hours old is used, and asked for again for the next one.
  expect(third).toEqual({ asked: 1, at: first.at })
  const fourth = await burst()
  expect(fourth.asked).toBe(0)
  expect(fourth.at).toBeGreaterThan(first.at + HOUR_MS)
  await clock.run(clock.sleep(8 * 24 * HOUR_MS))
  const old = await burst()
  expect(old.asked).toBe(1)
  expect(old.at).toBeGreaterThan(fourth.at)
})

test("a file that is not whole is asked for again", async () => {
  const { burst } = kept()
  await burst()
  for (const name of readdirSync(join(home, "offers"))) writeFileSync(join(home, "offers", name), '{"at":1,"off')
  expect((await burst()).asked).toBe(1)
})

test("an answer that lacks something says so, and is asked for again by the next scale", async () => {
  const { clock, provider: inner } = rig()
  let isSilent = true
  const provider: Provider = {
    ...inner,
    offers: async (query, calls) => {
      const all = await inner.offers(query, calls)
      if (!isSilent) return all
      calls.note?.("sim-1a is left out, because it does not answer")
      return all.filter(({ zone }) => zone !== "sim-1a")
    },
  }
  const cluster = new Cluster({ provider, instanceType: SMALL, zones: ["sim-1a", "sim-1b"] }, { clock, journal: false })
  expect((await clock.run(cluster.plan(2))).groups[0]?.notes).toContain(
    "sim-1a is left out, because it does not answer",
  )
  await clock.run(cluster.scale(2))
  expect(cluster.workers.map(({ zone }) => zone)).toEqual(["sim-1b", "sim-1b"])
  isSilent = false
  await clock.run(cluster.scale(4))
  expect((await clock.run(cluster.plan(4))).groups[0]?.offers.map(({ zone }) => zone).sort()).toEqual([
    "sim-1a",
    "sim-1b",
  ])
  await clock.run(cluster.close())
})
