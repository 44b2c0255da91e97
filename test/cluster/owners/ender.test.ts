/** The process that goes on when a second signal has ended this one. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Cluster } from "../../../src/cluster.js"
import { type EndRequest, endAll } from "../../../src/exit/ender.js"
import { bareCalls } from "../../../src/calls/send.js"
import { launchTags, TAG } from "../../../src/fleet/tags.js"
import type { Instance, LaunchCall } from "../../../src/provider.js"
import { live, rig, type Rig, SMALL } from "../support.js"

const SLOW = { latency: { requestMs: 20, createMs: 8_000, bootMs: 1_000, stopMs: 500 }, listLagMs: 5_000 } as const

/** A cluster of three, and what another process is told of it. */
async function left(at: Rig, size = 3): Promise<{ readonly cluster: Cluster; readonly request: EndRequest }> {
  const cluster = at.cluster({ name: "render" })
  await at.clock.run(cluster.scale(size))
  await at.clock.run(cluster.detach())
  const calls = bareCalls({ clock: at.clock })
  await at.clock.run(at.clock.sleep(30_000))
  const instances = await at.clock.run(at.provider.list({ cluster: "render" }, calls))
  const uid = instances[0]?.tags[TAG.uid] ?? ""
  const owner = { cluster: "render", uid, owner: "default", generation: 1 }
  return { cluster, request: { provider: "aws", region: "x", options: {}, owner, instances, launches: [] } }
}

function make({ world }: Rig, count: number, tags: Readonly<Record<string, string>>): void {
  const offer = world.offers.find(({ instanceType, market }) => instanceType === SMALL && market === "on-demand")
  if (offer === undefined) throw new Error("it is not sold")
  const { zone, instanceType, market } = offer
  world.create({ zone, instanceType, market, min: count, max: count, tags })
}

const end = (at: Rig, ...requests: readonly EndRequest[]) =>
  at.clock.run(endAll(requests, at.clock, () => Promise.resolve(at.provider)))

/** What is there of the cluster beside instances. */
const setUp = ({ world }: Rig) => world.resources.list().filter(({ tags }) => tags[TAG.cluster] === "render")

test("ends what was known, and takes its set-up along", async () => {
  const at = rig()
  const { request } = await left(at)
  expect(setUp(at).length).toBeGreaterThan(0)
  await end(at, request)
  expect([live(at.world), setUp(at)]).toEqual([[], []])
})

test("what was on the wire is waited for to the end of its window, and ended", async () => {
  const at = rig(SLOW)
  const { request } = await left(at)
  const owner = { ...request.owner, deadline: "4102444800", claim: "c" }
  const tags = launchTags(owner, "default", "token")
  const call = { api: "CreateInstances", group: "default", token: "token", count: 2, offers: [], body: {}, cost: {} }
  const sent = { call: call as LaunchCall, sentAt: at.clock.now() }
  void at.clock.sleep(40_000).then(() => make(at, 2, tags))
  const begun = at.clock.now()
  await end(at, { ...request, launches: [sent] })
  expect(at.clock.now() - begun).toBeGreaterThan(70_000)
  expect([at.world.truth().length, live(at.world), setUp(at)]).toEqual([5, [], []])
})

test("what cannot be told to go is told again, though no list shows it yet", async () => {
  const at = rig({ ...SLOW, listLagMs: 60_000, limits: { consistencyMs: 70_000 } })
  const owner = { cluster: "render", uid: "u", owner: "default", generation: 1 }
  make(at, 2, launchTags({ ...owner, deadline: "4102444800", claim: "c" }, "default", "token"))
  expect(at.world.visible()).toEqual([])
  const instances = at.world.truth().map(({ id, zone, tags, createdAt }): Instance => {
    const place = { provider: "simulated", region: "sim-1", zone, instanceType: SMALL, market: "on-demand" } as const
    return { id, name: id, state: "pending", launchedAt: createdAt, tags, ...place }
  })
  at.world.faults.fail("TerminateInstances", { error: "rejected", message: "not now", times: 1 })
  await end(at, { provider: "aws", region: "x", options: {}, owner, instances, launches: [] })
  expect(live(at.world)).toEqual([])
})

test("a cluster that somebody has taken over since is left alone", async () => {
  const at = rig()
  const { request } = await left(at)
  const next = at.cluster({ name: "render", existing: "connect" })
  await at.clock.run(next.scale(5))
  const known = { ...request, instances: [] }
  await end(at, known)
  expect([live(at.world).length, setUp(at).length > 0]).toEqual([5, true])
  await at.clock.run(next.close())
})

test("the journal goes once nothing is left of what it tells, and only then", async () => {
  const directory = mkdtempSync(join(tmpdir(), "muster-ender-"))
  const at = rig()
  const { request } = await left(at)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `render.${request.owner.uid}.1.c.jsonl`), "")
  writeFileSync(join(directory, "other.u.1.c.jsonl"), "")
  at.world.faults.fail("TerminateInstances", { error: "rejected", message: "protected", times: 10_000 })
  await end(at, { ...request, journal: directory })
  expect(readdirSync(directory)).toHaveLength(2)
  at.world.faults.clear()
  await end(at, { ...request, journal: directory })
  expect(readdirSync(directory)).toEqual(["other.u.1.c.jsonl"])
  rmSync(directory, { recursive: true })
})
