/** What owners do to each other, over any cloud's wire: one after the other takes over, and two start one name at once. */
import { expect, test } from "vitest"
import type { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { OwnershipError } from "../../src/errors.js"
import type { Provider } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"

export interface Owned {
  readonly clock: VirtualClock
  readonly world: World
  readonly provider: Provider
}

const MINUTE_MS = 60_000
const TAKEOVERS = 8

export function keepOwnersApart(instanceType: string, make: () => Promise<Owned>): void {
  /** From a machine of its own: no two have a journal in common. */
  const own = ({ clock, provider }: Owned, existing: "refuse" | "connect", seed: number) =>
    new Cluster({ name: "render", provider, instanceType, existing }, { clock, seed, journal: false })
  const live = ({ world }: Owned) =>
    world.truth({ tags: { "muster-cluster": "render" }, states: ["pending", "running"] })

  test(`one after the other takes over and launches nothing; the last one launches, and ends it all`, async () => {
    const at = await make()
    const { clock } = at
    const first = own(at, "refuse", 1)
    await clock.run(first.scale(TAKEOVERS + 1))
    await clock.run(first.detach())
    for (let taken = 1; taken <= TAKEOVERS; taken += 1) {
      await clock.run(clock.sleep(MINUTE_MS))
      const next = own(at, "connect", taken + 1)
      const count = TAKEOVERS + 1 - taken
      expect(await clock.run(next.scale(count))).toMatchObject({ running: count })
      await clock.run(next.detach())
    }
    const last = own(at, "connect", TAKEOVERS + 2)
    expect(await clock.run(last.scale(3))).toMatchObject({ running: 3 })
    await clock.run(last.close())
    expect(live(at)).toEqual([])
  })

  test("whom it is taken from stops within a look, although nothing is launched or ended, and asks for no more until then", async () => {
    const at = await make()
    const { clock, world } = at
    const first = own(at, "refuse", 1)
    const problems: string[] = []
    first.on("problem", ({ message }) => problems.push(message))
    await clock.run(first.scale(2))
    await clock.run(clock.sleep(5 * MINUTE_MS))
    const asked = (ms: number) => {
      const before = world.ledger.count()
      return clock.run(clock.sleep(ms)).then(() => world.ledger.count() - before)
    }
    const atRest = await asked(5 * MINUTE_MS)
    const next = own(at, "connect", 2)
    expect(await clock.run(next.scale(2))).toMatchObject({ running: 2 })
    await clock.run(next.detach())
    expect(await asked(35_000)).toBeLessThanOrEqual(atRest / 5)
    expect(problems).toEqual([expect.stringMatching(/process \d+ on \S+, which has it since .* took it over/)])
    await clock.run(clock.sleep(MINUTE_MS))
    const last = own(at, "connect", 3)
    await clock.run(last.close())
    expect(live(at)).toEqual([])
  })

  test("of two that start one name at once exactly one stays, and the other has nothing left", async () => {
    const at = await make()
    const { clock } = at
    const both = [own(at, "refuse", 1), own(at, "refuse", 2)]
    const scaled = both.map((cluster) => cluster.scale(2).catch((error: Error) => error))
    const outcomes = await clock.run(Promise.all(scaled))
    expect(outcomes.filter((outcome) => outcome instanceof OwnershipError)).toHaveLength(1)
    await clock.run(clock.sleep(5 * MINUTE_MS))
    expect([live(at).length, new Set(live(at).map(({ tags }) => tags["muster-uid"])).size]).toEqual([2, 1])
    await clock.run(Promise.all(both.map((cluster) => cluster.close())))
    expect(live(at)).toEqual([])
  })
}
