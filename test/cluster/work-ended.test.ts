/** How the end of a worker's work counts: for the target, for what takes its place, and in what is said of it. */
import { describe, expect, it } from "vitest"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import { ShortfallError, SpecError, TimeoutError } from "../../src/errors.js"
import { CONSOLE, TERMINATE } from "../../src/simulator/provider/instances.js"
import type { SimulateOptions } from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "./support.js"

const GUESTS = ["end", "stop", "delete"] as const
const MINUTE = 60_000
const END = { startup: "./work", whenDone: "end" } as const

/** A cluster on a cloud whose guests end their instances in one of the three ways. */
function work(spec: Partial<ClusterSpec>, options: SimulateOptions = {}) {
  const made = rig({ listLagMs: 0, ...options })
  const cluster = made.cluster({ name: "work", ...spec } as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const finished = () => events.filter((event): event is EventOf<"finished"> => event.type === "finished")
  const { ledger, faults } = made.world
  const requests = (name: string) => ledger.count(name)
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  return { ...made, cluster, events, finished, requests, faults, run }
}

describe.each(GUESTS)("a guest that ends its instance by: %s", (guests) => {
  it("success with end: the target falls, nothing takes its place, and finished tells how many", async () => {
    const { run, cluster, world, faults, finished } = work(END, { guests })
    faults.endStartups(3, {}, { afterMs: 2 * MINUTE })
    faults.endStartups(1, {}, { afterMs: 3 * MINUTE, exitCode: 3, tail: "no data" })
    const result = await run(async () => {
      await cluster.scale(4)
      return cluster.finished()
    })
    expect(result).toEqual({ succeeded: 3, failed: 1 })
    expect(world.truth({}).length).toBe(4)
    expect(cluster.group("default").desired).toBe(0)
    expect(finished().map(({ outcome, action, desired, exitCode }) => [outcome, action, desired, exitCode])).toEqual([
      ["success", "end", 3, 0],
      ["success", "end", 2, 0],
      ["success", "end", 1, 0],
      ["failure", "end", 0, 3],
    ])
    expect(finished()[3]).toMatchObject({ step: "startup", tail: "no data", advice: expect.stringContaining("keep") })
    const receipt = await run(() => cluster.close())
    expect(live(world)).toEqual([])
    expect(receipt.instances.map(({ exitCode }) => exitCode).sort()).toEqual([0, 0, 0, 3])
  })

  it("failure with replace: another takes its place, and the target stays", async () => {
    const { clock, run, cluster, world, faults, finished } = work({ startup: "./work" }, { guests })
    faults.endStartups(1, {}, { exitCode: 7, tail: "out of luck" })
    await run(async () => {
      await cluster.scale(3)
      await clock.sleep(10 * MINUTE)
    })
    expect(finished()).toMatchObject([{ outcome: "failure", action: "replace", exitCode: 7, desired: 3 }])
    expect(world.truth({}).length).toBe(4)
    expect(live(world).length).toBe(3)
    const text = String(cluster.explain())
    expect(text).toContain("failed on 1 worker since the last target, which has cost $")
    expect(text).toContain("startup ended with exit code 7")
    expect(text).toContain("out of luck")
    await run(() => cluster.close())
  })

  it("success with replace: replaced again and again without a breaker or growing pauses", async () => {
    const { clock, run, cluster, world, faults, finished } = work(
      { startup: "x", whenDone: { success: "replace" } },
      { guests },
    )
    faults.rateStartups(1, {}, { afterMs: MINUTE })
    await run(async () => {
      await cluster.scale(2)
      await clock.sleep(60 * MINUTE)
    })
    // A life takes a boot, a minute and a look.
    expect(world.truth({}).length).toBeGreaterThan(30)
    expect(finished().every(({ action }) => action === "replace")).toBe(true)
    expect(cluster.explain().groups[0]?.stopped).toBeUndefined()
    await run(() => cluster.close())
  })

  it("a startup that always fails is given up within two rounds, with its code and tail", async () => {
    for (const target of [1, 2, 3, 5, 10, 30, 100]) {
      const { clock, run, cluster, world, faults, events } = work({ startup: "x" }, { guests, seed: target })
      // What is given up is not tried again.
      let againAt: readonly number[] | undefined
      cluster.on("problem", ({ error }) => {
        if (error !== "StartupFailures") return
        againAt = cluster
          .explain()
          .groups.flatMap(({ shortfall }) => shortfall.reasons.flatMap((row) => row.retryAt ?? []))
      })
      faults.rateStartups(1, {}, { exitCode: 3, tail: "apt-get: not found" })
      await run(async () => {
        await cluster.scale(target).catch(() => {})
        await clock.sleep(60 * MINUTE)
      })
      expect(world.truth({}).length, `target ${target}`).toBeLessThanOrEqual(2 * target)
      expect(live(world)).toEqual([])
      const [problem] = events.filter(({ type, ...event }) => type === "problem" && "group" in event)
      expect(problem).toMatchObject({
        error: "StartupFailures",
        message: expect.stringContaining("apt-get: not found"),
      })
      expect(cluster.explain().groups[0]?.stopped).toMatch(/too many startups failed.*exit code 3/)
      expect(againAt, `target ${target}`).toEqual([])
      const again = await run(() => cluster.finished().catch((error: unknown) => error))
      expect(again).toBeInstanceOf(SpecError)
      await run(() => cluster.close())
    }
  })
})

describe("scale and the end of work", () => {
  it("counts what finishes while it waits", async () => {
    // The last instance takes longer to boot than the others work.
    const { run, cluster, faults } = work(END, { latency: { bootMs: [1_000, 300_000] } })
    faults.rateStartups(1, {}, { afterMs: 10_000 })
    const result = await run(() => cluster.scale(6))
    const { succeeded, failed } = result.finished
    expect(failed).toBe(0)
    expect(succeeded).toBeGreaterThan(0)
    expect(result.desired + succeeded).toBe(6)
    expect(result.running).toBe(result.desired)
    expect(result.shortfall.count).toBe(0)
    await run(() => cluster.close())
  })

  it("fails with code and tail where every startup fails while it waits, also at a minimum", async () => {
    const { run, cluster, faults } = work({ startup: "x" }, { latency: { bootMs: [1_000, 400_000] } })
    faults.rateStartups(1, {}, { exitCode: 3, afterMs: 1_000, tail: "no such module" })
    const error = await run(() => cluster.scale(20, { minimum: 10, timeout: "2h" }).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(ShortfallError)
    const { shortfall, message } = error as ShortfallError
    expect(message).toContain("no such module")
    expect(shortfall.reasons).toMatchObject([{ reason: "startup", code: "startup-3" }])
    expect(shortfall.reasons[0]?.advice).toContain("keep")
    await run(() => cluster.close())
  })

  it("a new target counts anew", async () => {
    const { clock, run, cluster, faults } = work(END)
    faults.endStartups(2, {}, { afterMs: MINUTE })
    await run(async () => {
      await cluster.scale(3)
      await clock.sleep(10 * MINUTE)
      expect(cluster.explain().groups[0]?.finished).toEqual({ succeeded: 2, failed: 0 })
      const { desired, running, finished } = await cluster.scale(4)
      expect({ desired, running, finished }).toEqual({ desired: 4, running: 4, finished: { succeeded: 0, failed: 0 } })
      await cluster.close()
    })
  })
})

describe("what is asked, and of whom", () => {
  it("one look at the console of each that ended by itself, and none of any other", async () => {
    const { clock, run, cluster, world, faults, requests } = work(END)
    faults.endStartups(2, {}, { afterMs: MINUTE })
    await run(async () => {
      await cluster.scale(5)
      await clock.sleep(10 * MINUTE)
      faults.interrupt(
        live(world)
          .slice(0, 1)
          .map(({ id }) => id),
      )
      world.terminate(
        live(world)
          .slice(1, 2)
          .map(({ id }) => id),
      )
      await clock.sleep(10 * MINUTE)
      expect(requests(CONSOLE)).toBe(2)
      await cluster.close()
    })
    expect(requests(CONSOLE)).toBe(2)
  })

  it("what has stopped is looked at before it is deleted: its console goes with it", async () => {
    const { clock, run, cluster, world, faults } = work({ startup: "x" }, { guests: "stop" })
    faults.endStartups(1, {}, { exitCode: 1 })
    await run(async () => {
      await cluster.scale(1)
      await clock.sleep(5 * MINUTE)
      await cluster.close()
    })
    const [console] = world.ledger.of(CONSOLE)
    const [end] = world.ledger.of(TERMINATE)
    // Its answer takes some time.
    expect(console?.at).toBeLessThan(end?.at ?? 0)
  })

  it("none where nothing of a group ends, or both ends are kept", async () => {
    for (const spec of [{}, { startup: "x", whenDone: "keep" }] as const) {
      const { clock, run, cluster, world, requests } = work(spec)
      await run(async () => {
        await cluster.scale(2)
        world.lose(live(world).map(({ id }) => id))
        await clock.sleep(5 * MINUTE)
        expect(live(world).length).toBe(2)
        await cluster.close()
      })
      expect(requests(CONSOLE)).toBe(0)
    }
  })

  it("what vanishes without a word is unknown: looked at twice, replaced, never a success", async () => {
    const { clock, run, cluster, world, requests, finished } = work({ startup: "x" })
    await run(async () => {
      await cluster.scale(2)
      world.lose(
        live(world)
          .slice(0, 1)
          .map(({ id }) => id),
      )
      await clock.sleep(30_000)
      expect(live(world).length).toBe(1)
      await clock.sleep(5 * MINUTE)
      expect(live(world).length).toBe(2)
      await cluster.close()
    })
    expect(requests(CONSOLE)).toBe(2)
    expect(finished()).toMatchObject([{ outcome: "unknown", action: "replace" }])
    expect(finished()[0]).not.toHaveProperty("exitCode")
  })

  it("a console that does not answer holds a replacement for a minute and a half at most", async () => {
    const { clock, run, cluster, world, faults, finished } = work({ startup: "x" })
    await run(async () => {
      await cluster.scale(1)
      faults.hang(CONSOLE, 100)
      world.lose(live(world).map(({ id }) => id))
      await clock.sleep(4 * MINUTE)
      expect(live(world).length).toBe(1)
      await cluster.close()
    })
    expect(finished()).toMatchObject([{ outcome: "unknown" }])
  })

  it("nothing is a failure at the deadline, and nothing when the target is lowered", async () => {
    const { clock, run, cluster, faults, finished } = work({ startup: "x", maxLifetime: "30m" })
    await run(async () => {
      faults.rateStartups(1, {}, { afterMs: 30 * MINUTE, exitCode: 1 })
      await cluster.scale(3)
      await cluster.scale(1)
      await clock.sleep(40 * MINUTE)
      await cluster.close()
    })
    expect(finished()).toEqual([])
  })
})

describe("finished", () => {
  it("refuses what never finishes, and names whenDone", async () => {
    for (const spec of [{}, { startup: "x" }, { startup: "x", whenDone: { success: "replace" } }] as const) {
      const { run, cluster } = work(spec as Partial<ClusterSpec>)
      const error = await run(async () => {
        await cluster.scale(1)
        return cluster.finished().catch((thrown: unknown) => thrown)
      })
      expect(error).toBeInstanceOf(SpecError)
      expect((error as SpecError).problems[0]?.option).toBe("cluster.whenDone")
      await run(() => cluster.close())
    }
  })

  it("has nothing to follow where every script is blank", () => {
    expect(() => work({ startup: " \n", setup: "", whenDone: "end" })).toThrow(
      /whenDone: is given, but nothing that ends/,
    )
  })

  it("says at its timeout what was waited for, how long, and what exists", async () => {
    const { run, cluster, faults } = work(END)
    faults.endStartups(1, {}, { afterMs: MINUTE })
    const error = await run(async () => {
      await cluster.scale(3)
      return cluster.finished({ timeout: "10m" }).catch((thrown: unknown) => thrown)
    })
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as Error).message).toMatch(
      /"work".*after 600 s 1 have succeeded, 0 have failed, and 2 have not finished, of which 2 run/,
    )
    await run(() => cluster.close())
  })

  it("ends with the signal, with close and with detach", async () => {
    const { run, cluster } = work(END)
    const abort = new AbortController()
    const errors = await run(async () => {
      await cluster.scale(1)
      const first = cluster.finished({ signal: abort.signal }).catch((error: unknown) => error)
      const second = cluster.finished().catch((error: unknown) => error)
      abort.abort(new Error("enough"))
      const reason = await first
      await cluster.close()
      return [reason, await second]
    })
    expect(errors.map((error) => (error as Error).message)).toEqual(["enough", expect.stringContaining("closed")])
  })

  it("waits for a scale that has not set its target yet", async () => {
    const { run, cluster, faults } = work({ ...END, budget: { total: 100 } })
    faults.rateStartups(1, {}, { afterMs: MINUTE })
    const done = await run(async () => {
      const scaling = cluster.scale(2)
      const finished = await cluster.finished()
      await scaling
      await cluster.close()
      return finished
    })
    expect(done).toEqual({ succeeded: 2, failed: 0 })
  })
})
