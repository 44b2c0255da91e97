/** An engine's head in the small cloud: how it is launched, how its loss ends, and how it stands idle. */
import { expect, it } from "vitest"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import { HeadLostError } from "../../src/errors.js"
import type { ClusterSpec } from "../../src/spec.js"
import type { Provider } from "../../src/provider.js"
import { Cluster } from "../../src/cluster.js"
import type { SimulateOptions } from "../../src/simulator/index.js"
import { live, rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"
import { EngineDouble } from "./support/double.js"

const MINUTE = 60_000

function engined(spec: Partial<ClusterSpec> = {}, changes: Partial<Provider> = {}, cloud: SimulateOptions = {}) {
  const made = rig({ seed: 5, listLagMs: 0, ...cloud })
  const double = new EngineDouble(made)
  const cluster = made.cluster({
    provider: { ...made.provider, ...changes },
    name: "work",
    engine: double.engine,
    access: "10.0.0.1/32",
    ...spec,
  } as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const of = <T extends ClusterEvent["type"]>(type: T) =>
    events.filter((event): event is EventOf<T> => event.type === type)
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  return { ...made, cluster, double, events, of, run }
}

it("its workers' launch calls go out within one look of when its address is known, while it boots", async () => {
  const { run, cluster, of, provider } = engined()
  await run(() => cluster.scale(600))
  const known = of("worker").find(({ group }) => group === "head")
  const running = of("worker").find(({ group, to }) => group === "head" && to === "running")
  const last = of("launch-started").findLast(({ group }) => group === "default")
  expect(last?.at).toBeGreaterThan(known?.at ?? Number.POSITIVE_INFINITY)
  expect((last?.at ?? 0) - (known?.at ?? 0)).toBeLessThanOrEqual(provider.limits.look.everyMs ?? 0)
  expect(last?.at).toBeLessThan(running?.at ?? 0)
  await run(() => cluster.close())
})

it.each([
  ["no list has it any more", 0],
  ["lists still have it, and nothing can be read of it", 5_000],
])(
  "that was lost while nobody held the cluster is made up for by the next process that scales it: %s",
  async (_what, listLagMs) => {
    const { run, cluster, world, clock, double, provider } = engined({ whenHeadLost: "restart" }, {}, { listLagMs })
    await run(() => cluster.scale(2))
    await run(() => cluster.detach())
    world.lose(double.heads().map(({ id }) => id))
    const spec = {
      ...{ provider, instanceType: SMALL, engine: double.engine },
      ...{ access: "10.0.0.1/32", whenHeadLost: "restart" },
    }
    const next = await run(() => Cluster.attach("work", spec as never, { clock, journal: false }))
    expect(await run(() => next.scale(3))).toMatchObject({ ready: 3 })
    expect(double.heads()).toHaveLength(1)
    expect(live(world)).toHaveLength(4)
    await run(() => next.close())
    expect(live(world)).toEqual([])
  },
)

it("does not answer yet: what is missing says who is waited for, and nothing of guests, whom nobody asks", async () => {
  const { run, cluster, double } = engined()
  double.trouble("broken", 10 * MINUTE)
  const short = await run(() => cluster.scale(2, { timeout: "50s" })).catch(String)
  expect(short).toMatch(/running, but not ready; default-\w+.*: it has not joined the head of its engine yet/)
  const text = String(cluster.explain())
  expect(text).toMatch(/running, but not ready; head-\w+: the scheduler of its engine does not answer yet/)
  expect(text).not.toContain("guest")
  await run(() => cluster.close())
})

type Blow = "ended" | "stopped" | "scheduler" | "silent" | "broken"

/** What befalls the head that runs now. */
function strike({ world, double }: ReturnType<typeof engined>, blow: Blow): void {
  const ids = double.heads().map(({ id }) => id)
  if (blow === "ended") world.lose(ids)
  else if (blow === "stopped") world.stop(ids)
  else if (blow === "scheduler") double.endScheduler()
  else double.trouble(blow, 30 * MINUTE)
}

const BLOWS = isLong ? (["ended", "stopped", "scheduler", "silent", "broken"] as const) : (["silent"] as const)

it.each(BLOWS)("%s: with close all ends within a minute, and whoever waits is told why", async (blow) => {
  const stage = engined()
  const { run, cluster, of, world, clock } = stage
  await run(() => cluster.scale(3))
  const scaling = cluster.scale(5).catch((error: unknown) => error)
  await run(() => clock.sleep(5_000))
  const at = clock.now()
  strike(stage, blow)
  await run(() => clock.sleep(2 * MINUTE))
  expect(await run(() => scaling)).toBeInstanceOf(HeadLostError)
  expect(of("head")).toMatchObject([{ what: "lost", action: "close" }])
  expect((of("head")[0]?.at ?? 0) - at).toBeLessThanOrEqual(MINUTE)
  await expect(run(() => cluster.scale(1))).rejects.toThrow(HeadLostError)
  expect(live(world)).toEqual([])
  expect(of("closed")).toMatchObject([{ leaked: 0, reason: expect.stringMatching(/^cluster "work" has ended: head /) }])
  expect((await run(() => cluster.close())).leaked).toEqual([])
})

it.each(BLOWS)(
  "%s: with restart another head takes its place within a minute, and all workers join it",
  async (blow) => {
    const stage = engined({ whenHeadLost: "restart" })
    const { run, cluster, of, world, clock, double } = stage
    await run(() => cluster.scale(3))
    const at = clock.now()
    strike(stage, blow)
    await run(() => clock.sleep(MINUTE))
    double.calm()
    expect(of("launch-started").filter(({ group }) => group === "head")).toHaveLength(2)
    expect((of("head")[0]?.at ?? 0) - at).toBeLessThanOrEqual(MINUTE)
    await run(() => clock.sleep(20 * MINUTE))
    expect(of("head")).toMatchObject([{ what: "lost", action: "restart" }, { what: "restarted" }])
    expect(cluster.workers.filter(({ ready, group }) => ready && group !== "head")).toHaveLength(3)
    expect(live(world)).toHaveLength(4)
    await run(() => cluster.close())
    expect(live(world)).toEqual([])
  },
)

it("in the place of another one is where all go that are launched from then on, also those whose launch waited for its turn", async () => {
  const buckets = { writes: { kind: "token" as const, capacity: 6, perSecond: 0.05 } }
  const stage = engined({ whenHeadLost: "restart" }, {}, { limits: { createBatch: 1 }, buckets })
  const { run, cluster, of, clock, world, double } = stage
  const scaling = cluster.scale(12, { timeout: "30m" })
  await run(() => clock.sleep(90_000))
  strike(stage, "ended")
  expect(await run(() => scaling)).toMatchObject({ ready: 12 })
  expect(of("head")).toMatchObject([{ what: "lost", action: "restart" }, { what: "restarted" }])
  const [lost] = of("head")
  const later = world
    .truth({ tags: { "muster-group": "default" } })
    .filter(({ createdAt }) => createdAt > (lost?.at ?? 0))
  expect(later.length).toBeGreaterThan(3)
  const [head] = double.heads()
  expect(later.map(({ attributes }) => attributes.environment)).toEqual(
    later.map(() => ({ MUSTER_HEAD_ADDRESS: head?.privateIp })),
  )
  await run(() => cluster.close())
})

it("in the place of another one says anew who has joined: until then nobody is ready, and nobody is replaced for that", async () => {
  // Workers live on: each is about to be reached, so that none is replaced at once.
  const stage = engined({ whenHeadLost: "restart" }, { route: () => undefined })
  const { run, cluster, of, clock, double, world } = stage
  await run(() => cluster.scale(4))
  // Longer than any of them may take for its first time.
  await run(() => clock.sleep(40 * MINUTE))
  const ready = () => cluster.workers.filter((worker) => worker.ready && worker.group !== "head").length
  const until = async (what: () => boolean) => {
    for (let tries = 0; !what() && tries < 600; tries += 1) await run(() => clock.sleep(500))
    expect(what()).toBe(true)
  }
  const before = cluster.workers.flatMap(({ id, group }) => (group === "head" ? [] : [id])).sort()
  double.endScheduler()
  await until(() => of("head").length === 1)
  expect(ready()).toBe(0)
  const away = of("ready").filter(({ isReady, group }) => !isReady && group === "default")
  expect(away.map(({ id }) => id).sort()).toEqual(before)
  const tail = "its head was lost, and the one that takes its place has not told of it yet"
  expect(away[0]).toMatchObject({ action: "wait", check: "membership", tail })
  const scaling = cluster.scale(4)
  await until(() => of("head").length === 2)
  // The new head answers, and nobody has told its workers where it is.
  expect(ready()).toBe(0)
  const [head] = double.heads()
  const [one = "", two = "", ...others] = before
  for (const id of [one, two]) double.tell(id, head?.privateIp ?? "")
  await until(() => ready() === 2)
  expect(of("ready").filter(({ action }) => action === "replace")).toEqual([])
  // Who has not joined it in a minute is unhealthy, as ever.
  expect(await run(() => scaling)).toMatchObject({ ready: 4 })
  const replaced = of("ready").filter(({ action }) => action === "replace")
  expect(replaced.map(({ id }) => id).sort()).toEqual([...others].sort())
  expect(live(world)).toHaveLength(5)
  await run(() => cluster.close())
})

it("closing while another one is on its way leaves no timer behind, so that a process can end", async () => {
  const { run, cluster, of, world, clock, double } = engined({ whenHeadLost: "restart" })
  await run(() => cluster.scale(2))
  double.endScheduler()
  while (of("head").length === 0) await run(() => clock.sleep(1_000))
  expect(of("head")).toMatchObject([{ what: "lost", action: "restart" }])
  await run(() => cluster.close())
  expect(live(world)).toEqual([])
  expect(clock.asleep).toBe(0)
})

it("ends all once nobody has had anything to do for so long, and tells the reason", async () => {
  const { run, cluster, of, world, clock, double } = engined({ idleTimeout: "20m" })
  await run(() => cluster.scale(2))
  double.busy.set("somebody", 1)
  await run(() => clock.sleep(15 * MINUTE))
  // A target is something to do, whatever the head says of its tasks.
  await run(() => cluster.scale(3))
  const at = clock.now()
  await run(() => clock.sleep(19 * MINUTE))
  expect(of("idle")).toEqual([])
  expect(live(world)).toHaveLength(4)
  await run(() => clock.sleep(5 * MINUTE))
  expect(live(world)).toEqual([])
  const [idle] = of("idle")
  expect((idle?.at ?? 0) - at).toBeGreaterThanOrEqual(20 * MINUTE)
  expect((idle?.at ?? 0) - at).toBeLessThan(21 * MINUTE)
  expect(of("closed")).toMatchObject([{ reason: expect.stringMatching(/^nobody has had anything to do for 20 min/) }])
  await expect(run(() => cluster.scale(1))).rejects.toThrow("(idleTimeout)")
  expect(String(cluster.explain())).toContain("(idleTimeout)")
})

it("with members that have work it goes on", async () => {
  const { run, cluster, of, clock, double } = engined({ idleTimeout: "5m" })
  await run(() => cluster.scale(2))
  const [{ name = "" } = {}] = cluster.workers.filter(({ group }) => group === "default")
  double.busy.set(name, 1)
  await run(() => clock.sleep(60 * MINUTE))
  expect(of("idle")).toEqual([])
  double.busy.clear()
  double.idleFrom = clock.now()
  await run(() => clock.sleep(6 * MINUTE))
  expect(of("idle")).toHaveLength(1)
})

it("that fails while it boots ends all at once, with the last lines that it has written", async () => {
  const { run, cluster, of, clock, double } = engined()
  const scaling = cluster.scale(2).catch((error: unknown) => error)
  while (double.heads().length === 0) await run(() => clock.sleep(1_000))
  double.endScheduler("port 8786 is in use")
  const error = await run(() => scaling)
  expect(error).toMatchObject({ name: "HeadLostError", tail: "port 8786 is in use" })
  expect((error as Error).message).toMatch(
    /^cluster "work" has ended: head head-\w+ is lost: startup has ended with exit code 1; the last that it has written:\nport 8786 is in use$/,
  )
  expect(of("head")).toMatchObject([{ tail: "port 8786 is in use" }])
})

it("gives up after three heads in a row that were lost soon", async () => {
  const { run, cluster, of, world, clock, double } = engined({ whenHeadLost: "restart" })
  await run(() => cluster.scale(2))
  for (let count = 0; count < 3; count += 1) {
    double.endScheduler()
    await run(() => clock.sleep(5 * MINUTE))
  }
  expect(of("head").flatMap(({ action }) => action ?? [])).toEqual(["restart", "restart", "close"])
  expect(live(world)).toEqual([])
  await expect(run(() => cluster.scale(2))).rejects.toThrow("3 in a row were lost soon")
})

it("gives up where no other head can be had, and says why", async () => {
  const { run, cluster, of, world, clock, double } = engined({ whenHeadLost: "restart" })
  await run(() => cluster.scale(2))
  world.setCapacity({ market: "on-demand" }, 0)
  double.endScheduler()
  await run(() => clock.sleep(30 * MINUTE))
  expect(of("head").map(({ what }) => what)).toEqual(["lost"])
  expect(live(world)).toEqual([])
  await expect(run(() => cluster.scale(2))).rejects.toThrow("no other one takes its place")
})

it.each<readonly [string, Partial<ClusterSpec>, string]>([
  ["one group", { instanceType: SMALL }, "x86_64"],
  [
    "two groups",
    { instanceType: SMALL, groups: { a: { instanceType: "a1.4xlarge" }, b: { instanceType: "a1.large" } } },
    "arm64",
  ],
  ["several, and the cheapest", { instanceType: ["m1.large", "a1.large"] }, "arm64"],
  ["that of the spec", { instanceType: ["m1.large", "a1.large"], arch: "x86_64" }, "x86_64"],
])("has the architecture of its workers, where all have one: %s", async (_whose, fields, arch) => {
  const made = rig()
  const { engine } = new EngineDouble(made)
  const { clock } = made
  const cluster = made.cluster({ engine, ...fields })
  await clock.run(cluster.scale(fields.groups === undefined ? 1 : { a: 1, b: 1 }))
  expect(made.world.truth({ tags: { "muster-group": "head" } }).map(({ offer }) => offer.arch)).toEqual([arch])
  await clock.run(cluster.close())
})
