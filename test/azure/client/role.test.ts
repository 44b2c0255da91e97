/** The role in docs/azure.md is what a cluster needs, and no more: the wire refuses every other action. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { actionsOf } from "../../../providers/azure/wire/client/actions.js"
import { isLong } from "../../support/long.js"
import { ACCESS, another, doorsLeft, endAll, launched, ownerOf } from "../access/doors.js"
import { azureCloud, type Cloud, OWNER } from "../support/cloud.js"

/** @param which of the page's lists of actions: that of every cluster, or what access adds. */
function roleInDocs(which = 0): readonly string[] {
  const text = readFileSync(new URL("../../../docs/azure.md", import.meta.url), "utf8")
  const [, json = "{}"] = [...text.matchAll(/```json\n([\s\S]*?)```/g)][which] ?? []
  return (JSON.parse(json) as { readonly Actions: readonly string[] }).Actions
}

/** A cluster's whole life: a failed boot, a lost answer, a look after some minutes, an attach, and the end. */
async function liveThrough(cloud: Cloud): Promise<void> {
  cloud.world.faults.failBoots(1)
  cloud.world.faults.loseReply("VirtualMachines_CreateOrUpdate")
  const spec: ClusterSpec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" }
  const tools = { clock: cloud.clock, seed: 1, journal: false } as const
  const first = new Cluster(spec, tools)
  const { running } = await cloud.run(first.scale(20))
  expect(running).toBe(20)
  await cloud.run(cloud.clock.sleep(600_000))
  await first.detach()
  const second = new Cluster({ ...spec, existing: "connect" }, tools)
  await cloud.run(second.scale(21))
  const receipt = await cloud.run(second.close())
  expect(receipt.leaked).toEqual([])
}

test("a full burst with the role and nothing else, of which nothing is superfluous", async () => {
  const needed = new Set<string>()
  const cloud = await azureCloud({
    onExchange: ({ api, request }) => {
      for (const action of actionsOf(api, request)) needed.add(action)
    },
  })
  cloud.wire.quirks.role = new Set(roleInDocs())
  await liveThrough(cloud)
  const refused = cloud.world.ledger.entries.filter(({ outcome }) => outcome === "AuthorizationFailed")
  expect(refused.map(({ api }) => api)).toEqual([])
  expect([...needed].sort()).toEqual([...roleInDocs()].sort())
  await cloud.run(cloud.clock.sleep(300_000))
  expect(cloud.wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))).toEqual([])
})

/** Access and peers from the first launch, and then access that is opened to instances that live, and closed. */
async function openThrough(cloud: Cloud): Promise<void> {
  const workers = await launched(cloud, 1, { peers: true })
  const { access } = cloud.provider
  await cloud.run(access?.open(OWNER, ACCESS, workers, cloud.calls()) ?? Promise.resolve([]))
  expect(workers.map((worker) => cloud.wire.isOpen(worker.id, 22, "192.0.2.7"))).toEqual([true])
  await cloud.run(access?.close(OWNER, workers, cloud.calls()) ?? Promise.resolve())
  await endAll(cloud)
  expect(doorsLeft(cloud)).toEqual([])
}

test("access and peers need what the page adds for them, of which nothing is superfluous", async () => {
  const needed = new Set<string>()
  const cloud = await azureCloud({
    onExchange: ({ api, request }) => {
      for (const action of actionsOf(api, request)) needed.add(action)
    },
  })
  const [role, more] = [roleInDocs(), roleInDocs(1)]
  cloud.wire.quirks.role = new Set([...role, ...more])
  await openThrough(cloud)
  expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome === "AuthorizationFailed")).toEqual([])
  expect([...needed].filter((action) => !role.includes(action)).sort()).toEqual([...more].sort())
  expect(more.filter((action) => role.includes(action))).toEqual([])
})

test("who has not the rights for access ends its cluster as before where others have opened theirs", async () => {
  const cloud = await azureCloud()
  await launched(cloud, 1, { access: ACCESS })
  cloud.wire.quirks.role = new Set(roleInDocs())
  const [owner, provider] = [ownerOf("feedfeedfeedfeed"), another(cloud)]
  await launched(cloud, 1, {}, { owner, provider })
  await endAll(cloud, { owner, provider })
  expect(cloud.wire.remains().filter(({ kind }) => kind === "vm")).toHaveLength(1)
  expect(doorsLeft(cloud)).toHaveLength(2)
})

const ACTIONS_TO_LAUNCH = roleInDocs(1).filter((action) => !action.endsWith("/delete"))

test.each(isLong ? ACTIONS_TO_LAUNCH : ACTIONS_TO_LAUNCH.slice(0, 1))(
  "without %s access is refused, and the action is named",
  async (left) => {
    const cloud = await azureCloud()
    cloud.wire.quirks.role = new Set([...roleInDocs(), ...roleInDocs(1)].filter((action) => action !== left))
    await expect(launched(cloud, 1, { access: ACCESS, peers: true })).rejects.toThrow(`perform action '${left}'`)
  },
)

test("the wire refuses what a role leaves out, and names it", async () => {
  const cloud = await azureCloud()
  const role = roleInDocs().filter((action) => action !== "Microsoft.Compute/disks/write")
  cloud.wire.quirks.role = new Set(role)
  const spec: ClusterSpec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" }
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await expect(cloud.run(cluster.scale(2))).rejects.toThrow(/perform action 'Microsoft.Compute\/disks\/write'/)
  await cloud.run(cluster.close())
})
