/** Walks of the small cloud on which something fails all the time, or takes much longer than it should. */
import { describe, expect, test } from "vitest"
import { TransientError } from "../../../src/errors.js"
import type { Provider, Walk } from "../../../src/provider.js"
import { SMALL } from "../../cluster/support.js"
import { play, watching } from "./played.js"
import { expectAll, expectNothingLeft, told, walked } from "./support.js"
import { type Toy, toy } from "./toy.js"

const POOL = { zone: "sim-1a", instanceType: SMALL, market: "on-demand" } as const

describe("what fails all the time", () => {
  const failing = (provider: Provider): Provider => ({
    ...provider,
    list: () => Promise.reject(new TransientError("HTTP 500")),
  })

  test("answers to launches as well as lists: nothing is made beside what nobody can know of", async () => {
    const launch: (provider: Provider) => Provider["launch"] = (provider) => async (call, calls) => {
      await provider.launch(call, calls)
      throw new TransientError("no answer")
    }
    const change = (provider: Provider) => ({ ...failing(provider), launch: launch(provider) })
    const cloud = await play({ change, staysOn: true })
    expect(cloud.world.truth({})).toHaveLength(1)
    expect(cloud.outcome.stopped).toMatch(/^no list has told what came of launches without an answer/)
    expect(cloud.outcome.left.join("\n")).toContain("not swept: HTTP 500")
  })

  test("lists, from the moment at which three boot: what may have run is told as spent", async () => {
    let lists = 0
    const list: (provider: Provider) => Provider["list"] = (provider) => (selector, calls) => {
      lists += 1
      return lists > 12 ? failing(provider).list(selector, calls) : provider.list(selector, calls)
    }
    const cloud = await play({ change: (provider) => ({ ...provider, list: list(provider) }) })
    expectNothingLeft(cloud.world)
    const [spent, billed] = [cloud.outcome.usd.spent, cloud.world.cost()]
    expect([billed > 0, spent >= billed, spent < 2 * billed], `${spent} said, ${billed} billed`).toEqual([
      true,
      true,
      true,
    ])
  })

  test("lists: no more than three machines, all ended", async () => {
    const cloud = await play({
      change: (provider) => ({ ...provider, list: () => Promise.reject(new TransientError("HTTP 500")) }),
    })
    expectNothingLeft(cloud.world)
    expect(cloud.outcome.problems).toContain("listing: HTTP 500")
    expect(cloud.outcome.left.join("\n")).toContain("not swept: HTTP 500")
  })

  test("boots, and hooks that hang or throw", async () => {
    const hanging = toy({
      walk: { free: () => new Promise(() => {}), booted: () => Promise.reject(new Error("no boot")) },
    })
    const outcome = await walked(hanging, { instanceType: SMALL })
    hanging.stop()
    expectNothingLeft(hanging.world)
    expect(outcome.problems).toEqual(["looking at refusals: it took longer than 90 s", "looking at a boot: no boot"])
    expectAll(outcome, { "toy.boots": "not seen" })
    const stuck = toy()
    stuck.stop()
    stuck.world.faults.rateBoots(1, {}, { how: "stuck" })
    const late = await walked(stuck, { instanceType: SMALL })
    expectNothingLeft(stuck.world)
    expect(late.problems.join("\n")).toMatch(/^their startup was not seen to end: .*\ntheir startup was not seen/)
  })
})

describe("with others that looks make", () => {
  /**
   * Beside each launch of the first wave its look makes another one, as on Compute Engine.
   *
   * @param stopMs for how long they go.
   * @param listLagMs for how long lists miss them.
   */
  async function slowly(stopMs: number, listLagMs: readonly [number, number] = [0, 0]) {
    let create: Toy["world"]["create"] = () => ({ kind: "refused" }) as never
    const launched: Walk["launched"] = (stage, [worker]) => {
      if (worker?.wave !== "brief") return Promise.resolve()
      const made = create({ ...POOL, min: 1, max: 1, tags: worker.made.tags })
      if (made.kind === "created") for (const { id } of made.instances) stage.makes(id)
      return Promise.resolve()
    }
    const latency = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs }
    const change = (provider: Provider): Provider => ({
      ...provider,
      limits: { ...provider.limits, goneStates: ["terminated"] },
    })
    const cloud = toy({ world: { latency, listLagMs }, walk: { launched, extras: { brief: 1 } }, change })
    create = (request) => cloud.world.create(request)
    const watch = watching(cloud, ["terminating"])
    const outcome = await walked(cloud, { instanceType: SMALL })
    cloud.stop()
    return { outcome, most: watch.most() }
  }

  test("machines that go slowly are never beside more than two others", async () => {
    const { outcome, most } = await slowly(20 * 60_000)
    expect(most, told(outcome)).toBeLessThanOrEqual(3)
    expect(outcome.problems.join("\n")).toMatch(
      /not launched: 2 machines are still there, and more than 3 at once must/,
    )
  })

  test("machines that go slowly take nothing of the time that the next ones have until their deadline", async () => {
    const { outcome } = await slowly(400_000)
    const [, second] = outcome.workers
    expect(second?.wave, told(outcome)).toBe("brief")
    expect((second?.deadlineAt ?? 0) - (second?.sentAt ?? 0)).toBeGreaterThan(295_000)
  })

  test("those that lists show late are waited for, and ended, before there are three", async () => {
    const { outcome, most } = await slowly(5_000, [0, 30_000])
    expect(most, told(outcome)).toBeLessThanOrEqual(3)
    expect([outcome.workers.length, outcome.left, outcome.problems]).toEqual([9, [], []])
  })
})
