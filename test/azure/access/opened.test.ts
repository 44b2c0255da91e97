/** Access and peers over the wire: what is open to whom, and that nothing of it is left. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { priorityOf } from "../../../providers/azure/access/names.js"
import { isLong } from "../../support/long.js"
import { azureCloud, type Cloud, GROUP, OWNER, prepareOf, SUBSCRIPTION } from "../support/cloud.js"
import {
  ACCESS,
  another,
  controlOf,
  doorsLeft,
  endAll,
  HOME,
  launched,
  leftOf,
  ownerOf,
  prioritiesOf,
} from "./doors.js"

const NAMED = `muster-render-${OWNER.uid}`

describe("access", () => {
  test("is open to exactly the ranges, at port 22 alone, and everything goes with the cluster", async () => {
    const cloud = await azureCloud()
    const from = [HOME, "198.51.100.77/24", "198.51.100.8/32", "2001:db8::/48"]
    const { notes } = await prepareOf(cloud, { access: { ...ACCESS, from } })
    expect(notes.join()).toContain("nobody comes from 2001:db8::/48")
    expect(notes.join()).toContain("nothing can come in but what access opens")
    const [worker] = await launched(cloud, 1, { access: { ...ACCESS, from } })
    if (worker === undefined) throw new Error("no worker")
    const { isOpen } = cloud.wire
    const tried = ["192.0.2.7", "192.0.2.8", "198.51.100.1", "198.51.101.1", "203.0.113.5", "2001:db8::1"]
    expect(tried.filter((address) => isOpen(worker.id, 22, address))).toEqual(["192.0.2.7", "198.51.100.1"])
    expect([21, 23, 80, 443].filter((port) => isOpen(worker.id, port, "192.0.2.7"))).toEqual([])
    const owned = { "muster-uid": OWNER.uid, "muster-cluster": "render", "muster-deadline": OWNER.deadline }
    const left = await leftOf(cloud, { provider: another(cloud) })
    expect(left.map(({ kind, tags }) => [kind, tags])).toEqual(
      expect.arrayContaining([
        ["security-rule", expect.objectContaining(owned)],
        ["application-security-group", expect.objectContaining(owned)],
      ]),
    )
    await endAll(cloud, { provider: another(cloud) })
    expect(doorsLeft(cloud)).toEqual([])
  })

  test("of which only IPv6 is given is refused before anything is made", async () => {
    const cloud = await azureCloud()
    const group = { access: { ...ACCESS, from: ["2001:db8::/48"] } }
    await expect(prepareOf(cloud, group)).rejects.toThrow(/access\.from: .*IPv4 addresses alone; add your IPv4 range/)
    expect(doorsLeft(cloud)).toEqual([])
    await endAll(cloud)
  })

  test("nobody asked: neither a rule nor a group is asked for, and no interface names one", async () => {
    const seen: string[] = []
    const cloud = await azureCloud({
      onExchange: ({ api, request }) => void seen.push(`${api} ${JSON.stringify(request)}`),
    })
    await launched(cloud, 1)
    await endAll(cloud)
    expect(seen.join("\n")).not.toMatch(
      /SecurityRules_|ApplicationSecurityGroups_|applicationSecurityGroups|muster-access/,
    )
    const network = seen.filter((line) => /^(NetworkSecurityGroups|VirtualNetworks_C)/.test(line))
    expect(network.map((line) => line.split(" ")[0])).toEqual([
      "NetworkSecurityGroups_CreateOrUpdate",
      "VirtualNetworks_CreateOrUpdate",
    ])
  })

  test("opened earlier stays open beside what is asked now", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud, { access: ACCESS })
    const [worker] = await launched(cloud, 1, { access: { ...ACCESS, from: ["203.0.113.0/24"] } })
    if (worker === undefined) throw new Error("no worker")
    const tried = ["192.0.2.7", "203.0.113.9", "198.51.100.1"]
    expect(tried.map((address) => cloud.wire.isOpen(worker.id, 22, address))).toEqual([true, true, false])
  })
})

describe("peers", () => {
  test("reach each other at every port, and no neighbour reaches them at any; ssh stays as access has it", async () => {
    const cloud = await azureCloud()
    const [one, two] = await launched(cloud, 2, { access: ACCESS, peers: true })
    const [neighbour] = await launched(cloud, 1, {}, { owner: ownerOf("feedfeedfeedfeed"), provider: another(cloud) })
    if (one === undefined || two === undefined || neighbour === undefined) throw new Error("no workers")
    const { isOpen } = cloud.wire
    const ports = [22, 80, 8786]
    expect(ports.map((port) => isOpen(one.id, port, two.privateIp ?? ""))).toEqual([true, true, true])
    expect(ports.map((port) => isOpen(one.id, port, neighbour.privateIp ?? ""))).toEqual([false, false, false])
    expect(ports.map((port) => isOpen(one.id, port, "10.60.0.200"))).toEqual([false, false, false])
    expect(ports.map((port) => isOpen(one.id, port, "192.0.2.7"))).toEqual([true, false, false])
    // Whoever has not asked is as before: Azure's default rule lets neighbours in.
    expect(isOpen(neighbour.id, 80, one.privateIp ?? "")).toBe(true)
    expect(isOpen(neighbour.id, 22, "192.0.2.7")).toBe(false)
    expect(doorsLeft(cloud)).toEqual([
      `${NAMED}-peers`,
      `${NAMED}-peers`,
      `${NAMED}-rest`,
      `${NAMED}-ssh`,
      `${NAMED}-ssh`,
    ])
    await endAll(cloud)
    expect(doorsLeft(cloud)).toEqual([])
  })
})

/** A cluster whose rule would have the same priority. */
function rivalOf(uid: string): string {
  const wanted = priorityOf(uid, "ssh", new Set())
  for (let tried = 0; ; tried += 1) {
    const other = tried.toString(16).padStart(16, "0")
    if (priorityOf(other, "ssh", new Set()) === wanted) return other
  }
}

describe("together", () => {
  test("two clusters that choose one priority at once, while the location's network is made: both open, apart", async () => {
    const cloud = await azureCloud()
    const rival = ownerOf(rivalOf(OWNER.uid))
    const group = { access: ACCESS, peers: true } as const
    const prepares = [
      cloud.provider.prepare(OWNER, { ...GROUP, ...group }, cloud.calls()),
      another(cloud).prepare(rival, { ...GROUP, ...group }, cloud.calls()),
    ]
    await cloud.run(Promise.all(prepares))
    const priorities = prioritiesOf(cloud)
    expect(Object.keys(priorities)).toHaveLength(6)
    expect(new Set(Object.values(priorities)).size).toBe(6)
    const [a = 0, b = 0] = [priorities[`${NAMED}-ssh`], priorities[`muster-other-${rival.uid}-ssh`]]
    expect(Math.abs(a - b)).toBe(1)
    await endAll(cloud, { owner: rival })
    expect(Object.keys(prioritiesOf(cloud)).sort()).toEqual([`${NAMED}-peers`, `${NAMED}-rest`, `${NAMED}-ssh`])
    await endAll(cloud)
    expect(doorsLeft(cloud)).toEqual([])
  })

  test("two processes of one cluster with different ranges: both are open", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud, {})
    const [worker] = await launched(cloud, 1)
    if (worker === undefined) throw new Error("no worker")
    const control = () => controlOf(another(cloud))
    const opened = [HOME, "203.0.113.0/24", "198.51.100.0/24"].map((range) =>
      control().open(OWNER, { ...ACCESS, from: [range] }, [worker], cloud.calls()),
    )
    await cloud.run(Promise.all(opened))
    const tried = ["192.0.2.7", "203.0.113.9", "198.51.100.1", "198.51.101.1"]
    expect(tried.map((address) => cloud.wire.isOpen(worker.id, 22, address))).toEqual([true, true, true, false])
  })

  const AGAIN = [
    ["is gone", undefined],
    ["has failed", { failure: { code: "InternalServerError", message: "no" } }],
  ] as const

  test.each(isLong ? AGAIN : AGAIN.slice(1))(
    "a network that %s is made again, and keeps the rules of others",
    async (_what, failure) => {
      const cloud = await azureCloud()
      await prepareOf(cloud, { access: ACCESS })
      const before = prioritiesOf(cloud)
      const id = "muster-westeurope/muster-westeurope"
      const network = cloud.world.resources.get("virtualNetworks", id)
      if (network === undefined) throw new Error("no network")
      if (failure === undefined) cloud.world.resources.delete("virtualNetworks", id)
      else cloud.world.resources.put({ ...network, attributes: { ...network.attributes, ...failure } })
      const other = ownerOf("feedfeedfeedfeed")
      await cloud.run(another(cloud).prepare(other, GROUP, cloud.calls()))
      expect(prioritiesOf(cloud)).toEqual(before)
      expect(cloud.world.ledger.count("VirtualNetworks_CreateOrUpdate")).toBe(2)
    },
  )
})

const TOOLS = { seed: 1, journal: false } as const

function clusterOn(cloud: Cloud, more: object = {}): Cluster {
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", ...more }
  return new Cluster(spec, { clock: cloud.clock, ...TOOLS })
}

const idsOf = (cloud: Cloud) => cloud.wire.remains().flatMap(({ kind, id }) => (kind === "vm" ? [fullId(id)] : []))

function fullId(id: string): string {
  const [group = "", name = ""] = id.split("/")
  return `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachines/${name}`
}

function openTo(cloud: Cloud, address: string, port = 22): readonly boolean[] {
  return idsOf(cloud).map((id) => cloud.wire.isOpen(id, port, address))
}

describe("a cluster", () => {
  test("with access and peers: the plan says it, both are there, and both are gone after close", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud, { access: { from: [HOME] }, peers: true })
    const plan = await cloud.run(cluster.plan(3))
    expect(JSON.stringify(plan)).toContain(`port 22 of its workers is opened to ${HOME}`)
    await cloud.run(cluster.scale(3))
    expect(openTo(cloud, "192.0.2.7")).toEqual([true, true, true])
    expect(openTo(cloud, "192.0.2.8")).toEqual([false, false, false])
    expect(openTo(cloud, "10.60.0.9", 8786)).toEqual([false, false, false])
    const { leaked } = await cloud.run(cluster.close())
    expect(leaked).toEqual([])
    expect(doorsLeft(cloud)).toEqual([])
  })

  test("whose process is gone: a sweep shows what it has opened, and removes it", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud, { access: { from: [HOME] }, peers: true })
    await cloud.run(cluster.scale(2))
    await cluster.detach()
    const spec = { provider: another(cloud), name: "render" }
    const kinds = (rows: readonly { readonly kind: string }[]) => rows.map(({ kind }) => kind)
    const seen = await cloud.run(Cluster.sweep({ ...spec, dryRun: true }, { clock: cloud.clock }))
    expect(kinds(seen).filter((kind) => kind.startsWith("security"))).toHaveLength(3)
    expect(kinds(seen).filter((kind) => kind.startsWith("application"))).toHaveLength(2)
    const rows = await cloud.run(Cluster.sweep(spec, { clock: cloud.clock }))
    expect(rows.filter(({ removed }) => !removed)).toEqual([])
    expect(doorsLeft(cloud)).toEqual([])
  })

  test("whose groups and rules somebody has deleted gets them again with its next launch", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud, { access: { from: [HOME] } })
    await cloud.run(cluster.scale(1))
    await cloud.run(cluster.scale(0))
    await cloud.run(cloud.clock.sleep(60_000))
    for (const { kind, id } of cloud.world.resources.list())
      if (/^(securityRules|applicationSecurityGroups)$/.test(kind)) cloud.world.resources.delete(kind, id)
    await cloud.run(cluster.scale(2))
    expect(openTo(cloud, "192.0.2.7")).toEqual([true, true])
    await cloud.run(cluster.close())
    expect(doorsLeft(cloud)).toEqual([])
  })

  test("without access is opened by the verb, and closed again, and leaves nothing", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(2))
    const place = "azure westeurope"
    const opened = await cloud.run(cluster.openAccess(HOME))
    expect(opened).toMatchObject([{ place, from: [HOME] }])
    expect(openTo(cloud, "192.0.2.7")).toEqual([true, true])
    expect(await cloud.run(cluster.openings())).toEqual(opened)
    await cloud.run(cluster.closeAccess())
    expect(openTo(cloud, "192.0.2.7")).toEqual([false, false])
    await cloud.run(cluster.close())
    expect(doorsLeft(cloud)).toEqual([])
  })
})

/** As likely as not to strike any single request. */
const FAULTS: Readonly<Record<string, (cloud: Cloud) => unknown>> = {
  "lost replies": ({ world }) => world.faults.rate("*", 0.1, { kind: "lose-reply" }),
  "server errors": ({ world }) => world.faults.rate("*", 0.15, { kind: "fail", error: "transient" }),
  "replies after the deadline": ({ world }) => world.faults.rate("*", 0.1, { kind: "late", ms: 90_000 }),
  throttles: ({ world }) => world.faults.rate("*", 0.15, { kind: "fail", error: "throttled", retryAfterMs: 3_000 }),
  "interfaces that stay": ({ wire }) => Object.assign(wire.quirks, { keptInterfaces: 4 }),
}

test.each(isLong ? Object.keys(FAULTS) : [])("%s: what was opened is open, and nothing of it is left", async (name) => {
  const cloud = await azureCloud()
  FAULTS[name]?.(cloud)
  const cluster = clusterOn(cloud, { access: { from: [HOME] }, peers: true })
  await cloud.run(cluster.scale(8, { minimum: 0, timeout: "20m" }))
  const open = openTo(cloud, "192.0.2.7")
  expect(open.filter((is) => !is)).toEqual([])
  const { leaked } = await cloud.run(cluster.close({ timeout: "1h" }))
  expect(leaked).toEqual([])
  await cloud.run(cloud.clock.sleep(300_000))
  expect(doorsLeft(cloud)).toEqual([])
})
