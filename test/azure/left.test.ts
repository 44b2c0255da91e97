/** After `close()`, whatever went wrong on the way, nothing of ours is left in the world. */
import { expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { LeakError } from "../../src/errors.js"
import type { Receipt } from "../../src/fleet/reports/receipt-types.js"
import type { Market } from "../../src/provider.js"
import { azureCloud, type Cloud, optionsFor, SUBSCRIPTION } from "./support/cloud.js"
import { connect } from "../../providers/azure/client/sdk.js"

const LATENCY = {
  requestMs: [20, 200],
  createMs: [200, 1_000],
  bootMs: [5_000, 60_000],
  stopMs: [5_000, 30_000],
} as const

/** Faults of the cloud's own, as likely as not to strike any single request or VM of a run. */
const FAULTS: Readonly<Record<string, (cloud: Cloud) => unknown>> = {
  "lost replies": ({ world }) => world.faults.rate("*", 0.1, { kind: "lose-reply" }),
  "half replies": ({ world }) => world.faults.rate("*", 0.1, { kind: "cut-reply" }),
  "replies that are not Azure's": ({ world }) => world.faults.rate("*", 0.1, { kind: "garble-reply" }),
  "replies after the deadline": ({ world }) => world.faults.rate("*", 0.1, { kind: "late", ms: 90_000 }),
  hangs: ({ world }) => world.faults.rate("*", 0.05, { kind: "hang" }),
  "server errors": ({ world }) => world.faults.rate("*", 0.15, { kind: "fail", error: "transient" }),
  throttles: ({ world }) => world.faults.rate("*", 0.15, { kind: "fail", error: "throttled", retryAfterMs: 3_000 }),
  "lists that lag": ({ world }) => world.faults.lagLists(45_000),
  "no capacity": ({ world }) => world.setCapacity({ zone: "1" }, 3),
  "boots that fail": ({ world }) => world.faults.rateBoots(0.3),
  evictions: ({ world }) => world.faults.storm({ share: 0.6, withinMs: 120_000 }),
  "guests that stop": ({ world, clock }) =>
    clock.timer(60_000, () => void world.stop(world.truth().map(({ id }) => id))),
  "interfaces that stay": ({ wire }) => Object.assign(wire.quirks, { keptInterfaces: 4 }),
  "disks that stay": ({ wire }) => Object.assign(wire.quirks, { keptDisks: 4 }),
}

/** What is there beside the shared network, once Azure has finished with what it accepted. */
async function leftBehind(cloud: Cloud): Promise<readonly string[]> {
  cloud.world.faults.clear()
  await cloud.run(cloud.clock.sleep(300_000))
  return cloud.wire.remains().flatMap(({ kind, id }) => (id.includes("muster-westeurope") ? [] : [`${kind} ${id}`]))
}

async function upAndDown(cloud: Cloud, market: Market): Promise<void> {
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", market } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await cloud.run(cluster.scale(12, { minimum: 0, timeout: "20m" }))
  await cloud.run(cloud.clock.sleep(150_000))
  const { leaked } = await cloud.run(cluster.close({ timeout: "1h" }))
  expect(leaked).toEqual([])
}

test.each(Object.keys(FAULTS))("%s: nothing is left", async (name) => {
  const cloud = await azureCloud({ world: { latency: LATENCY, listLagMs: [0, 3_000] } })
  FAULTS[name]?.(cloud)
  await upAndDown(cloud, name === "evictions" ? "spot" : "on-demand")
  expect(await leftBehind(cloud)).toEqual([])
})

test.each(["interfaces that stay", "disks that stay", "evictions"])(
  "%s, in a group of the user's: nothing but the group is left",
  async (name) => {
    const cloud = await azureCloud({ world: { latency: LATENCY }, azure: { resourceGroup: "theirs" } })
    const group = `/subscriptions/${SUBSCRIPTION}/resourcegroups/theirs?api-version=1`
    const { signal } = new AbortController()
    const body = { location: "westeurope", tags: {} }
    const made = connect(optionsFor(cloud.wire)).arm({ method: "PUT", path: group, body }, signal)
    await cloud.run(cloud.clock.busy("their group", made))
    FAULTS[name]?.(cloud)
    await upAndDown(cloud, name === "evictions" ? "spot" : "on-demand")
    expect(await leftBehind(cloud)).toEqual(["group theirs"])
  },
)

test("a lock on the group: what is left is named, and goes once the lock has", async () => {
  const cloud = await azureCloud({ world: { latency: LATENCY } })
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" } as const
  const tools = { clock: cloud.clock, seed: 1, journal: false } as const
  const cluster = new Cluster(spec, tools)
  await cloud.run(cluster.scale(2))
  const { quirks } = cloud.wire
  for (const { kind, id } of cloud.wire.remains()) if (kind === "group") quirks.locked.add(id)
  const error = await cloud.run(cluster.close({ timeout: "3m" })).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LeakError)
  const { leaked } = (error as LeakError<Receipt>).receipt
  expect(leaked.map(({ consoleUrl }) => consoleUrl)).toEqual([
    expect.stringContaining("https://portal.azure.com/#resource/subscriptions/"),
    expect.stringContaining("https://portal.azure.com/#resource/subscriptions/"),
  ])
  quirks.locked.clear()
  const again = new Cluster({ ...spec, existing: "connect" }, tools)
  await cloud.run(again.scale(0))
  expect((await cloud.run(again.close())).leaked).toEqual([])
  expect(await leftBehind(cloud)).toEqual([])
})
