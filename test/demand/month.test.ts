/** A month: a cluster follows its work for thirty virtual days, over many lifetimes, and keeps nothing of it. */
import { describe, expect, it } from "vitest"
import type { ClusterEvent } from "../../src/events.js"
import { live, rig } from "../cluster/support.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"
import { isLong, LONG } from "../support/long.js"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const DAYS = 30
/** What one instance that is gone may leave: its line in the receipt, and the world's own memory of it. */
const KEPT_KB = 8
/** So much is what the engine itself moves about. */
const NOISE_MB = 6

describe.skipIf(!isLong)(`thirty days (${LONG})`, () => {
  it("memory is flat, and no timer is left", { timeout: 600_000 }, async () => {
    const { clock, world, cluster: make } = rig({ seed: 5 })
    const cluster = make({ name: "month", maxLifetime: "12h" })
    const told = new Map<ClusterEvent["type"], number>()
    cluster.on("*", ({ type }) => void told.set(type, (told.get(type) ?? 0) + 1))
    const begun = clock.now()
    // Half an hour of work each six hours, and each tenth reading is none.
    let readings = 0
    const demand = () => {
      readings += 1
      if (readings % 10 === 0) throw new Error("connection reset")
      return (clock.now() - begun) % (6 * HOUR) < HOUR / 2 ? 5 : 0
    }
    const adapting = await clock.run(cluster.adapt({ maximum: 8, demand, every: "20s" }))
    const days: { readonly heap: number; readonly made: number; readonly timers: number }[] = []
    for (let day = 1; day <= DAYS; day += 1) {
      await clock.run(clock.sleep(DAY))
      world.ledger.clear()
      days.push({ heap: heldBytes() / MEBIBYTE, made: world.truth().length, timers: clock.asleep })
    }
    expect(readings).toBeGreaterThan((DAYS * DAY) / 20_000 - DAYS)
    expect(world.truth().length).toBe(4 * 5 * DAYS)
    const [early, last] = [days[9], days[DAYS - 1]]
    if (early === undefined || last === undefined) throw new Error("no day has passed")
    const grownMb = last.heap - early.heap
    console.log(
      `30 days: ${readings} readings, ${last.made} instances, heap ${early.heap.toFixed(1)} MB after 10 days, ${last.heap.toFixed(1)} MB after 30, ${last.timers} timers`,
    )
    expect(grownMb).toBeLessThan(NOISE_MB + ((last.made - early.made) * KEPT_KB) / 1024)
    expect(Math.max(...days.map(({ timers }) => timers))).toBeLessThanOrEqual(early.timers + 5)
    adapting.stop()
    await clock.run(cluster.close())
    await clock.run(clock.sleep(HOUR))
    expect([live(world).length, clock.asleep]).toEqual([0, 0])
  })
})
