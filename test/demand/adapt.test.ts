/** Adapt: a cluster on a simulated cloud follows a demand. */
import { expect, it } from "vitest"
import type { Demand } from "../../src/demand/types.js"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { SimulateOptions } from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "../cluster/support.js"

const MINUTE = 60_000

function adapted(spec: Partial<ClusterSpec> = {}, options: SimulateOptions = {}) {
  const made = rig({ listLagMs: 0, ...options })
  const cluster = made.cluster({ name: "work", ...spec } as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const of = <T extends ClusterEvent["type"]>(type: T) =>
    events.filter((event): event is EventOf<T> => event.type === type)
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const wait = (ms: number) => run(() => made.clock.sleep(ms))
  return { ...made, cluster, events, of, run, wait }
}

it("follows a demand up at once, and down to nothing after three readings", async () => {
  const { cluster, run, wait, world, clock, of } = adapted()
  let wanted = 0
  const adapting = await run(() => cluster.adapt({ maximum: 10, demand: () => wanted }))
  await wait(MINUTE)
  expect(live(world)).toEqual([])
  wanted = 6
  await wait(5_001)
  expect(adapting.target).toBe(6)
  await wait(2 * MINUTE)
  expect(live(world)).toHaveLength(6)
  wanted = 0
  const endedAt = clock.now()
  await wait(20_000)
  expect(adapting.target).toBe(0)
  expect(cluster.workers.every(({ state }) => state === "terminating" || state === "terminated")).toBe(true)
  expect(of("adapt").map(({ target, why }) => [target, why])).toEqual([
    [6, "demand 6"],
    [0, "demand 0 at the end of 3 readings that wanted less"],
  ])
  expect((of("adapt")[1]?.at ?? 0) - endedAt).toBeLessThanOrEqual(15_000)
  await wait(MINUTE)
  expect(live(world)).toEqual([])
  await run(() => cluster.close())
  expect(clock.asleep).toBe(0)
})

it.each<readonly [what: string, answer: () => unknown, said: RegExp]>([
  [
    "an error",
    () => Promise.reject(new Error("connection refused")),
    /not known: connection refused; the target stays 3/,
  ],
  ["NaN", () => Number.NaN, /it returned NaN; use a number of workers from 0 on/],
  ["less than nothing", () => -1, /it returned -1;/],
  ["no end", () => Number.POSITIVE_INFINITY, /it returned Infinity;/],
  ["a text", () => "7", /it returned "7";/],
  ["nothing", () => undefined, /it returned undefined;/],
  ["an object without workers", () => ({ seconds: 3 }), /it returned workers undefined;/],
  ["seconds that are none", () => ({ workers: 3, seconds: -2 }), /it returned seconds -2;/],
  ["silence", () => new Promise(() => {}), /it has not answered within 30 s;/],
  ["what is no error", () => Promise.reject("gone" as unknown as Error), /not known: gone;/],
])("keeps the last target for %s, says so once, and goes on when it is known again", async (_, answer, said) => {
  const { cluster, run, wait, world, of } = adapted()
  let demand: () => unknown = () => 3
  await run(() => cluster.adapt({ maximum: 10, demand: (() => demand()) as Demand }))
  await wait(2 * MINUTE)
  demand = answer
  await wait(10 * MINUTE)
  expect(live(world)).toHaveLength(3)
  const problems = of("problem")
  expect(problems.map(({ error, group }) => [error, group])).toEqual([["DemandError", "default"]])
  expect(problems[0]?.message).toMatch(said)
  const [group] = cluster.explain().groups
  expect(group?.adapting).toMatchObject({ target: 3, wanted: 3, problem: expect.any(String) })
  expect(String(cluster.explain())).toContain("its demand is not known for ")
  demand = () => 4
  await wait(2 * MINUTE)
  expect(live(world)).toHaveLength(4)
  expect(of("note").filter(({ message }) => message.includes("is known again, after "))).toHaveLength(1)
  expect(cluster.explain().groups[0]?.adapting).not.toHaveProperty("problem")
  await run(() => cluster.close())
})
