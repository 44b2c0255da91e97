import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"
import { Cluster } from "../../src/cluster.js"
import type { ClusterSpec } from "../../src/spec.js"
import { isLong } from "../support/long.js"

let root = ""
let open: Cluster[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-cluster-"))
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((cluster) => cluster.close().catch(() => {})))
  rmSync(root, { recursive: true, force: true })
})

function make(spec: Partial<ClusterSpec> = {}): Cluster {
  const provider = local({ root: join(root, "state"), graceMs: 200, prices: { "local-1": 0.01 } })
  const cluster = new Cluster(
    { provider, instanceType: "local-1", startup: "exec sleep 600", ...spec } as ClusterSpec,
    { journal: join(root, "journal") },
  )
  open.push(cluster)
  return cluster
}

/** Whatever a cluster leaves: instances, claims, cluster directories, journals. */
function traces(): string[] {
  const folders = ["state/instances", "state/claims", "state/clusters", "journal"].map((path) => join(root, path))
  return folders.flatMap((path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []))
}

test("0 → 20 → 5 → 0 with real processes, and nothing is left", async () => {
  const cluster = make()
  expect(await cluster.scale(20)).toMatchObject({ running: 20, shortfall: { count: 0 } })
  expect(new Set(cluster.workers.map((worker) => worker.privateIp)).size).toBe(20)
  expect(await cluster.scale(5)).toMatchObject({ desired: 5, running: 5 })
  const receipt = await cluster.close()
  expect(receipt.instances).toHaveLength(20)
  expect(receipt).toMatchObject({ leaked: [], leftovers: [] })
  expect(receipt.cost).toBeGreaterThan(0)
  expect(traces()).toEqual([])
})

// The same on this machine and on a wire is a row of `test/guest/table.test.ts`.
test.runIf(isLong)(
  "a startup script that always fails: two rounds, then its exit code and its last words",
  async () => {
    const cluster = make({ startup: "echo no such file; exit 3", whenDone: { success: "end" } })
    // Running is not done: whether one fails before it is seen to run is chance.
    await cluster.scale(3).catch(() => {})
    const error = await cluster.finished().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toContain("startup ended with exit code 3")
    expect(String(error)).toContain("no such file")
    const receipt = await cluster.close()
    expect(receipt.instances.length).toBeLessThanOrEqual(6)
    // Of the last ones the end may come before their exit codes were read.
    const codes = receipt.instances.flatMap(({ exitCode }) => exitCode ?? [])
    expect(codes.length).toBeGreaterThanOrEqual(3)
    expect(new Set(codes)).toEqual(new Set([3]))
    expect(traces()).toEqual([])
  },
)

test("a machine that is full says so; what fits runs", async () => {
  const provider = local({ root: join(root, "state"), graceMs: 200, capacity: 4 })
  const cluster = make({ provider })
  expect(await cluster.scale(6, { minimum: 4 })).toMatchObject({
    running: 4,
    shortfall: { count: 2, reasons: [{ reason: "capacity", count: 2 }] },
  })
  await cluster.close()
  expect(traces()).toEqual([])
})

test("one that was ended by somebody else is replaced", async () => {
  const cluster = make()
  await cluster.scale(3)
  const [victim] = cluster.workers
  const provider = local({ root: join(root, "state"), graceMs: 200 })
  const calls = bareCalls({ clock: systemClock })
  const replaced = new Promise<string>((resolve) => {
    cluster.on("worker", ({ to, id }) => {
      if (to === "running") resolve(id)
    })
  })
  await provider.terminate(await provider.list({ ids: [victim?.id ?? ""] }, calls), calls)
  const successor = await replaced
  expect(successor).not.toBe(victim?.id)
  expect(await cluster.scale(3)).toMatchObject({ running: 3 })
  await cluster.close()
  expect(traces()).toEqual([])
})

test("a name that lives is refused, attached to, and closed from there", async () => {
  const first = make({ name: "render" })
  await first.scale(2)
  await expect(make({ name: "render" }).scale(1)).rejects.toThrow("one of this name lives already (2 instances")
  await first.detach()
  const provider = local({ root: join(root, "state"), graceMs: 200 })
  const second = await Cluster.attach("render", { provider }, { journal: join(root, "journal") })
  open.push(second)
  expect(second.workers).toHaveLength(2)
  await second.close()
  expect(traces()).toEqual([])
})

test("a state directory that cannot be used stops the launch with its path", async () => {
  const cluster = make({ provider: local({ root: "/proc/muster-state" }) })
  await expect(cluster.scale(1)).rejects.toThrow("/proc/muster-state")
  await cluster.close().catch(() => {})
})

test("scale starts exactly the launch calls that plan names", async () => {
  const cluster = make()
  for (const target of [30, 31, 60]) {
    const { groups } = await cluster.plan(target)
    const started: (readonly [string, number])[] = []
    const stop = cluster.on("launch-started", ({ api, count }) => started.push([api, count]))
    const before = new Set(cluster.workers.map(({ id }) => id))
    await cluster.scale(target)
    stop()
    const calls = groups.flatMap((group) => group.calls)
    expect(started.sort()).toEqual(calls.map(({ api, count }) => [api, count]).sort())
    const places = cluster.workers.flatMap(({ id, zone, instanceType }) =>
      before.has(id) ? [] : [`${zone}/${instanceType}`],
    )
    expect(new Set(places)).toEqual(new Set(calls.map(({ zone, instanceTypes }) => `${zone}/${instanceTypes.join()}`)))
  }
})
