import { expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { OwnershipError, RejectedError, SpecError, TransientError } from "../../src/errors.js"
import type { Provider } from "../../src/provider.js"
import { type SimulatedCloud, simulate } from "../../src/simulator/index.js"
import type { SweepSpec } from "../../src/verbs/verbs.js"
import { live, rig, type Rig, SMALL } from "./support.js"

const HOUR_MS = 3_600_000

/** Clusters whose processes have gone, and one of another owner. */
async function abandoned(cloud: Rig): Promise<void> {
  const { clock, cluster: make } = cloud
  const short = make({ name: "short", maxLifetime: "1h" })
  const long = make({ name: "long" })
  const other = make({ name: "short", owner: "ops", maxLifetime: "1h" })
  await clock.run(Promise.all([short.scale(3), long.scale(2), other.scale(1)]))
  await clock.run(Promise.all([short.detach(), long.detach(), other.detach()]))
}

/** The simulated cloud ends what has expired by itself; one that forgets to is what sweeping is for. */
function forgetful(): Rig {
  const cloud = rig()
  const { provider } = cloud
  const forgetting = {
    ...provider,
    split: (...asked: Parameters<typeof provider.split>) =>
      provider.split(...asked).map((call) => {
        const { expiresAt: _expiry, ...body } = call.body
        return { ...call, body }
      }),
  }
  return {
    ...cloud,
    provider: forgetting,
    cluster: (spec, own) => cloud.cluster({ provider: forgetting, ...spec }, own),
  }
}

test("what has outlived its deadline goes, whole; what may be held by somebody, and another owner's, stays", async () => {
  const cloud = forgetful()
  const { clock, world, provider } = cloud
  await abandoned(cloud)
  expect(await clock.run(Cluster.sweep({ provider }, { clock }))).toEqual([])
  await clock.run(clock.sleep(2 * HOUR_MS))
  const seen = await clock.run(Cluster.sweep({ provider, dryRun: true }, { clock }))
  expect(live(world)).toHaveLength(6)
  expect(seen.every(({ removed, why }) => !removed && why === "expired")).toBe(true)
  const rows = await clock.run(Cluster.sweep({ provider }, { clock }))
  const keyOf = ({ kind, id, why }: (typeof rows)[number]) => `${kind} ${id} ${why}`
  expect(rows.map(keyOf).sort()).toEqual(seen.map(keyOf).sort())
  expect(rows.filter(({ kind }) => kind === "instance")).toHaveLength(3)
  expect(
    rows
      .filter(({ kind }) => kind !== "instance")
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(["claim", "template"])
  expect(
    rows.every(({ removed, cluster, place }) => removed && cluster === "short" && place === "simulated sim-1"),
  ).toBe(true)
  expect(
    live(world)
      .map(({ tags }) => `${tags["muster-owner"]} ${tags["muster-cluster"]}`)
      .sort(),
  ).toEqual(["default long", "default long", "ops short"])
})

test("a name takes all of that cluster at once, whoever holds it, with its left-overs and never its neighbours'", async () => {
  const cloud = rig()
  const { clock, world, provider } = cloud
  await abandoned(cloud)
  const before = world.ledger.entries.length
  const rows = await clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))
  expect(rows.map(({ kind, removed }) => `${kind} ${removed}`).sort()).toEqual([
    "claim true",
    "instance true",
    "instance true",
    "template true",
  ])
  const apis = world.ledger.entries.slice(before).map(({ api }) => api)
  expect(apis.indexOf("TerminateInstances")).toBeLessThan(apis.indexOf("DeleteResource"))
  expect(live(world)).toHaveLength(4)
  expect(await clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))).toEqual([])
})

test("a process that launches anew what was swept is found out, and named as the reason", async () => {
  const { clock, provider, cluster: make } = rig()
  const owner = make({ name: "stubborn" })
  await clock.run(owner.scale(2))
  const launchMore = async () => {
    for (let more = 4; more <= 20; more += 2) {
      await clock.sleep(3_000)
      void owner.scale(more).catch(() => {})
    }
  }
  const [rows] = await clock.run(Promise.all([Cluster.sweep({ provider, name: "stubborn" }, { clock }), launchMore()]))
  expect(rows.filter(({ removed }) => removed).length).toBeGreaterThanOrEqual(2)
  const anew = rows.filter(({ problem }) => problem?.includes("end the process that holds the cluster first"))
  expect(anew.length).toBeGreaterThan(0)
  // What belongs to instances that live stays with them.
  expect(rows.every(({ kind }) => kind === "instance")).toBe(true)
  await clock.run(owner.close())
})

test("olderThan takes what is older, of any cluster of the owner", async () => {
  const cloud = rig()
  const { clock, world, provider, cluster: make } = cloud
  await abandoned(cloud)
  await clock.run(clock.sleep(HOUR_MS / 2))
  const young = make({ name: "young" })
  await clock.run(young.scale(2))
  const rows = await clock.run(Cluster.sweep({ provider, olderThan: "10m" }, { clock }))
  expect(new Set(rows.map(({ cluster }) => cluster))).toEqual(new Set(["short", "long"]))
  expect(live(world).filter(({ tags }) => tags["muster-owner"] === "default")).toHaveLength(2)
  await clock.run(young.close())
})

test("shared set-up goes only when it is asked for and nothing lives beside it", async () => {
  const cloud = rig()
  const { clock, provider } = cloud
  await abandoned(cloud)
  expect(await clock.run(Cluster.sweep({ provider, shared: true }, { clock }))).toEqual([])
  for (const [name, owner] of [
    ["short", "default"],
    ["short", "ops"],
    ["long", "default"],
  ] as const) {
    await clock.run(Cluster.sweep({ provider, name, owner }, { clock }))
  }
  const rows = await clock.run(Cluster.sweep({ provider, shared: true }, { clock }))
  expect(rows).toMatchObject([{ kind: "network", why: "shared", removed: true, cluster: "" }])
})

test("a list that fails is no proof of anything, and what cannot be ended is named", async () => {
  const cloud = rig()
  const { clock, world, provider } = cloud
  await abandoned(cloud)
  world.faults.fail("ListInstances", { error: "auth", message: "no", times: 1 })
  await expect(clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))).rejects.toThrow("no")
  expect(live(world)).toHaveLength(6)
  world.faults.fail("TerminateInstances", { error: "rejected", message: "protected", times: 1 })
  const rows = await clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))
  const instances = rows.filter(({ kind }) => kind === "instance")
  expect(instances).toMatchObject([{ removed: false }, { removed: false }])
  expect(instances[0]?.problem).toContain("protected")
  // What belongs to instances that live stays with them.
  expect(rows).toHaveLength(2)
})

test("audit tells all that is there, while it lives and after it closed", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const cluster = make({ name: "render" })
  expect(await clock.run(cluster.audit())).toEqual([])
  await clock.run(cluster.scale(2))
  const rows = await clock.run(cluster.audit())
  expect(rows.map(({ kind }) => kind).sort()).toEqual(["claim", "instance", "instance", "template"])
  expect(rows.find(({ kind }) => kind === "instance")).toMatchObject({ cluster: "render", state: "running" })
  await clock.run(cluster.close())
  await clock.run(clock.sleep(10_000))
  expect(await clock.run(cluster.audit())).toEqual([])
  world.resources.add({ kind: "disk", id: "disk-1", tags: { ...rowsTags(rows), "muster-group": "x" }, attributes: {} })
  expect(await clock.run(cluster.audit())).toMatchObject([{ kind: "disk", id: "disk-1" }])
  world.faults.fail("ListInstances", { error: "auth", message: "not allowed", times: 1 })
  await expect(clock.run(cluster.audit())).rejects.toThrow("not allowed")
  expect(provider.leftovers).toBeDefined()
})

function rowsTags(rows: Awaited<ReturnType<Cluster["audit"]>>): Record<string, string> {
  const [{ cluster, uid, owner }] = rows as [(typeof rows)[number]]
  return { "muster-cluster": cluster, "muster-uid": uid, "muster-owner": owner }
}

test("the arguments of sweep are checked, each with its value", async () => {
  const { provider } = rig()
  const wrong = { provider, dryrun: true } as unknown as Parameters<typeof Cluster.sweep>[0]
  await expect(Cluster.sweep(wrong)).rejects.toThrow('did you mean "dryRun"?')
  await expect(Cluster.sweep({ provider, olderThan: "6 hours" as "6h" })).rejects.toThrow(SpecError)
  const twice = { provider: "aws", region: "eu-west-1", regions: ["eu-west-2"] } as const
  await expect(Cluster.sweep(twice)).rejects.toThrow("give one of them")
  await expect(Cluster.sweep({ provider: "aws" } as SweepSpec)).rejects.toThrow("aws needs one")
})

test("what cannot be confirmed gone is named with the page where a person can end it", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const shown = { ...provider, consoleUrl: ({ id }: { id: string }) => `https://console.example/${id}` }
  const cluster = make({ name: "stuck", provider: shown })
  await clock.run(cluster.scale(1))
  world.faults.fail("TerminateInstances", { error: "rejected", times: 100_000, message: "protected" })
  const error = await clock.run(cluster.close({ timeout: "2m" }).catch((thrown: unknown) => thrown))
  const id = live(world)[0]?.id
  expect(error).toMatchObject({
    name: "LeakError",
    receipt: { leaked: [{ id, consoleUrl: `https://console.example/${id}` }] },
  })
  expect(String(error)).toContain(`https://console.example/${id}`)
  expect(error).not.toBeInstanceOf(OwnershipError)
})

test("a region that does not answer is named beside what was found and swept in the others", async () => {
  const clock = new VirtualClock()
  const [north, south] = ["north", "south"].map((region, seed) => simulate({ clock, region, seed })) as [
    SimulatedCloud,
    SimulatedCloud,
  ]
  const provider = [north.provider, south.provider]
  const lost = new Cluster({ name: "long", provider: south.provider, instanceType: SMALL }, { clock, journal: false })
  await clock.run(lost.scale(2))
  await clock.run(lost.detach())
  north.world.faults.rate("ListInstances", 1, { kind: "fail", error: "auth", message: "not opted in" })
  const listed = await clock.run(Cluster.list({ provider }, { clock }))
  expect([...listed]).toMatchObject([{ name: "long", instances: 2 }])
  expect(listed.failures).toMatchObject([{ place: "simulated north", error: { message: /not opted in/ } }])
  const rows = await clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))
  expect(rows.filter(({ kind }) => kind === "instance")).toMatchObject([{ removed: true }, { removed: true }])
  const failed = { kind: "place", place: "simulated north", removed: false, hindrance: "unanswered" }
  expect(rows.filter(({ kind }) => kind === "place")).toMatchObject([{ ...failed, problem: /not opted in/ }])
  expect(live(south.world)).toEqual([])
  south.world.faults.rate("ListInstances", 1, { kind: "fail", error: "auth", message: "not opted in" })
  await expect(clock.run(Cluster.sweep({ provider, name: "long" }, { clock }))).rejects.toThrow("not opted in")
  await expect(clock.run(Cluster.list({ provider }, { clock }))).rejects.toThrow("not opted in")
})

test("what a cloud holds a while is asked for again until the sweep's own deadline; what it refuses is not", async () => {
  const outcomes: [readonly (Error | undefined)[], number, string | undefined][] = [
    [[new TransientError("in use"), new TransientError("in use"), undefined], 3, undefined],
    [[new RejectedError("not allowed"), undefined], 1, "not allowed"],
    [Array.from({ length: 99 }, () => new TransientError("in use")), 10, "in use"],
  ]
  for (const [answers, tries, problem] of outcomes) {
    const cloud = rig()
    const { clock, provider } = cloud
    const made = cloud.cluster({ name: "short" })
    await clock.run(made.scale(1))
    await clock.run(made.detach())
    await clock.run(clock.sleep(HOUR_MS))
    let tried = 0
    const holding: Provider = {
      ...provider,
      remove: async (leftovers, calls) => {
        const error = answers[tried++]
        if (error !== undefined) throw error
        await provider.remove?.(leftovers, calls)
      },
    }
    const spec = { provider: holding, name: "short", timeout: "2m" } as const
    const rows = await clock.run(Cluster.sweep(spec, { clock, journal: false }))
    const left = rows.filter(({ removed }) => !removed)
    expect([Math.min(tried, 10), left[0]?.problem]).toEqual([tries, problem])
    expect(left.every(({ hindrance }) => hindrance === "refused")).toBe(true)
  }
})
