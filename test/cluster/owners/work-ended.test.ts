/** The end of work, and other owners: what a process that attaches takes as the target, and where no guest can end its instance. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { SpecError } from "../../../src/errors.js"
import { readJournals } from "../../../src/fleet/journal/history.js"
import { CONSOLE } from "../../../src/simulator/provider/instances.js"
import { live, rig } from "../support.js"

const directory = mkdtempSync(join(tmpdir(), "muster-work-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const MINUTE = 60_000
const END = { name: "work", startup: "./work", whenDone: "end" } as const

describe("a process that attaches", () => {
  it.each(["end", "stop", "delete"] as const)("makes no finished work again (guests: %s)", async (guests) => {
    const journal = join(directory, guests)
    const { clock, world, provider, cluster } = rig({ listLagMs: 0, guests })
    world.faults.endStartups(2, {}, { afterMs: MINUTE })
    world.faults.endStartups(1, {}, { afterMs: 10 * MINUTE })
    await clock.run(
      (async () => {
        const first = cluster(END, { journal })
        await first.scale(5)
        await clock.sleep(4 * MINUTE)
        expect(first.group("default").desired).toBe(3)
        await first.detach()
        const [history] = await readJournals(journal, "work", "default", clock)
        expect(history?.made.length).toBe(3)
        // One more ends while nobody holds the cluster.
        await clock.sleep(8 * MINUTE)
        const next = await Cluster.attach("work", { provider, ...END, takeOver: true }, { clock, journal })
        await clock.sleep(10 * MINUTE)
        expect(live(world).filter(({ state }) => state === "running").length).toBe(2)
        expect(world.truth({}).length).toBe(5)
        expect(next.group("default").desired).toBe(2)
        await next.close()
      })(),
    )
    expect(live(world)).toEqual([])
  })

  it("waits for the rest once it has taken over, and only watches before", async () => {
    const { clock, world, provider, cluster } = rig({ listLagMs: 0 })
    world.faults.rateStartups(1, {}, { afterMs: 20 * MINUTE })
    const [refused, done] = await clock.run(
      (async () => {
        const first = cluster(END)
        await first.scale(3)
        await first.detach()
        const watcher = await Cluster.attach("work", { provider }, { clock, journal: false })
        const error = await watcher.finished().catch((thrown: unknown) => thrown)
        await watcher.detach()
        const next = await Cluster.attach("work", { provider, ...END, takeOver: true }, { clock, journal: false })
        const finished = await next.finished()
        await next.close()
        return [error, finished] as const
      })(),
    )
    expect(refused).toMatchObject({ message: expect.stringContaining("only watches") })
    expect(done).toEqual({ succeeded: 3, failed: 0 })
  })
})

describe("where no guest can end its instance", () => {
  const without = "no VM can delete itself; give identity"

  it("an end that was asked for is refused before any request, and the option is named", async () => {
    for (const whenDone of ["end", "replace", { failure: "replace" }] as const) {
      const { clock, world, provider } = rig()
      const limits = { ...provider.limits, keepsEnded: without }
      const cluster = new Cluster(
        { provider: { ...provider, limits }, instanceType: "s1.small", startup: "x", whenDone },
        { clock, journal: false },
      )
      const error = await clock.run(cluster.scale(1).catch((thrown: unknown) => thrown))
      expect(error).toBeInstanceOf(SpecError)
      expect((error as Error).message).toMatch(/cluster.whenDone: .*identity/)
      expect(world.ledger.count()).toBe(0)
      await clock.run(cluster.close())
    }
  })

  it("by default every worker is kept, plan says so, and no console is read", async () => {
    const { clock, world, provider } = rig()
    world.faults.rateStartups(1, {}, { exitCode: 1 })
    const limits = { ...provider.limits, keepsEnded: without }
    const cluster = new Cluster(
      { provider: { ...provider, limits }, instanceType: "s1.small", startup: "x" },
      { clock, journal: false },
    )
    const plan = await clock.run(cluster.plan(2))
    expect(String(plan)).toContain("a worker is kept, and paid for, when what it runs has failed: no VM can")
    await clock.run(cluster.scale(2))
    await clock.run(clock.sleep(30 * MINUTE))
    expect(live(world).length).toBe(2)
    expect(world.ledger.count(CONSOLE)).toBe(0)
    await clock.run(cluster.close())
  })
})
