/** `access` of a cluster that lives: opened and closed by any process, and what happens when a process dies or may not. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { Instance } from "../../../src/provider.js"
import { isLong } from "../../support/long.js"
import { azureCloud, type Cloud, GROUP, OWNER, prepareOf, SUBSCRIPTION } from "../support/cloud.js"
import { ACCESS, another, controlOf, doorsLeft, endAll, HOME, launched, leftOf, put } from "./doors.js"

function nicOf({ world }: Cloud, { name }: Instance) {
  return world.resources.list({ kind: "nic" }).find(({ attributes }) => attributes.madeFor === name)
}

const CHANGED = { code: "PreconditionFailed", message: "Precondition failed.", status: 412 } as const

describe("a living cluster", () => {
  test("is opened beside what is open, its interfaces keep all they had, and it is closed again", async () => {
    const cloud = await azureCloud()
    const workers = await launched(cloud, 2)
    const [one, two] = workers
    if (one === undefined || two === undefined) throw new Error("no workers")
    const before = nicOf(cloud, one)
    const control = controlOf(another(cloud))
    const ask = (from: string) => cloud.run(control.open(OWNER, { ...ACCESS, from: [from] }, workers, cloud.calls()))
    const rule = `muster-render-${OWNER.uid}-ssh`
    expect(await cloud.run(control.openings(OWNER, workers, cloud.calls()))).toEqual([])
    expect(await ask(HOME)).toEqual([{ rule, from: [HOME] }])
    expect([one, two].map((worker) => cloud.wire.isOpen(worker.id, 22, "192.0.2.7"))).toEqual([true, true])
    const { ledger } = cloud.world
    const writes = () => ledger.count("NetworkInterfaces_CreateOrUpdate") + ledger.count("SecurityRules_CreateOrUpdate")
    expect(writes()).toBe(3)
    expect(await ask(HOME)).toEqual([{ rule, from: [HOME] }])
    expect(writes()).toBe(3)
    expect(await ask("203.0.113.0/24")).toEqual([{ rule, from: [HOME, "203.0.113.0/24"] }])
    expect(writes()).toBe(4)
    const after = nicOf(cloud, one)
    const { publicIp, subnet, privateIp } = before?.attributes ?? {}
    expect(after?.attributes).toMatchObject({ publicIp, subnet, privateIp })
    expect(after?.tags).toEqual(before?.tags)
    await cloud.run(control.close(OWNER, workers, cloud.calls()))
    await cloud.run(control.close(OWNER, workers, cloud.calls()))
    expect(cloud.wire.isOpen(one.id, 22, "192.0.2.7")).toBe(false)
    expect(await cloud.run(control.openings(OWNER, workers, cloud.calls()))).toEqual([])
    await endAll(cloud)
    expect(doorsLeft(cloud)).toEqual([])
  })

  test.each(["NetworkInterfaces_CreateOrUpdate", "SecurityRules_CreateOrUpdate"])(
    "%s: what another has changed in the same moment is read anew",
    async (api) => {
      const cloud = await azureCloud()
      const workers = await launched(cloud, 1)
      cloud.wire.answer({ place: "whole", api, times: 2, ...CHANGED })
      await cloud.run(controlOf(cloud.provider).open(OWNER, ACCESS, workers, cloud.calls()))
      expect(workers.map((worker) => cloud.wire.isOpen(worker.id, 22, "192.0.2.7"))).toEqual([true])
      expect(cloud.world.ledger.count(api)).toBe(3)
    },
  )

  test("the rules of the user's own in the shared security group are shown, and stay", async () => {
    const cloud = await azureCloud()
    const workers = await launched(cloud, 1)
    const path =
      "muster-westeurope/providers/Microsoft.Network/networkSecurityGroups/muster-westeurope/securityRules/ours"
    const any = { protocol: "Tcp", sourcePortRange: "*", destinationAddressPrefix: "*", direction: "Inbound" }
    await put(cloud, path, {
      ...{ ...any, access: "Allow", priority: 300, destinationPortRange: "20-30" },
      sourceAddressPrefix: "198.51.100.0/24",
    })
    await cloud.run(cloud.clock.sleep(10_000))
    const control = controlOf(cloud.provider)
    const ours = { rule: "ours", from: ["198.51.100.0/24"] }
    expect(await cloud.run(control.openings(OWNER, workers, cloud.calls()))).toEqual([ours])
    await cloud.run(control.close(OWNER, workers, cloud.calls()))
    await endAll(cloud)
    expect(doorsLeft(cloud)).toEqual(["ours"])
  })
})

describe("a process that dies", () => {
  const STEPS = [
    ["ResourceGroups_CreateOrUpdate", 4],
    ["ApplicationSecurityGroups_CreateOrUpdate", 1],
    ["ApplicationSecurityGroups_CreateOrUpdate", 2],
    ["SecurityRules_CreateOrUpdate", 1],
    ["SecurityRules_CreateOrUpdate", 2],
    ["SecurityRules_CreateOrUpdate", 3],
  ] as const

  test.each(isLong ? STEPS : STEPS.slice(3, 4))(
    "after %s, the %ith: another finds what it has made, and removes it",
    async (api, nth) => {
      const dying = new AbortController()
      let seen = 0
      const cloud = await azureCloud({
        onExchange: (exchange) => {
          if (exchange.api === api) seen += 1
          if (exchange.api === api && seen === nth) dying.abort(new Error("died"))
        },
      })
      const prepared = cloud.provider.prepare(
        OWNER,
        { ...GROUP, access: ACCESS, peers: true },
        cloud.calls({ signal: dying.signal }),
      )
      await expect(cloud.run(prepared)).rejects.toThrow("died")
      await endAll(cloud, { provider: another(cloud) })
      expect(doorsLeft(cloud)).toEqual([])
      expect(await leftOf(cloud, { provider: another(cloud) })).toEqual([])
    },
  )

  test("another goes on with what it finds, and makes nothing twice", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud, { access: ACCESS, peers: true }, cloud.calls())
    const apis = ["ApplicationSecurityGroups_CreateOrUpdate", "SecurityRules_CreateOrUpdate"]
    const counts = () => apis.map((api) => cloud.world.ledger.count(api))
    expect(counts()).toEqual([2, 3])
    const group = { ...GROUP, access: ACCESS, peers: true as const }
    await cloud.run(another(cloud).prepare(OWNER, group, cloud.calls()))
    expect(counts()).toEqual([2, 3])
  })

  test("while its instances live, their group cannot be deleted, and the rules are gone first", async () => {
    const cloud = await azureCloud()
    await launched(cloud, 1, { access: ACCESS })
    const found = (await leftOf(cloud)).filter(({ kind }) => kind !== "resource-group")
    await expect(cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())).rejects.toThrow(
      /cannot be deleted because it is referenced by IpConfiguration/,
    )
    expect(doorsLeft(cloud)).toEqual([`muster-render-${OWNER.uid}-ssh`])
    await endAll(cloud)
    expect(doorsLeft(cloud)).toEqual([])
  })
})

test("what a plan counts is what is made", async () => {
  const cloud = await azureCloud()
  const group = { ...GROUP, access: ACCESS, peers: true as const }
  const counted = async () => {
    const { toMake } = await cloud.run(cloud.provider.prepare(OWNER, group, cloud.calls({ readOnly: true })))
    return toMake?.access
  }
  expect(await counted()).toEqual({ "arm.writes": 6 })
  expect(doorsLeft(cloud)).toEqual([])
  await cloud.run(cloud.provider.prepare(OWNER, group, cloud.calls()))
  expect(await counted()).toEqual({ "arm.writes": 0 })
})

describe("a subnet of the user's", () => {
  const network = "theirs/providers/Microsoft.Network/virtualNetworks/net"
  const filter = "theirs/providers/Microsoft.Network/networkSecurityGroups/nsg"
  const idOf = (path: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/${path}`
  const any = { protocol: "Tcp", sourcePortRange: "*", destinationAddressPrefix: "*", direction: "Inbound" }

  async function theirs() {
    const cloud = await azureCloud({ azure: { subnetId: idOf(`${network}/subnets/workers`) } })
    await put(cloud, "theirs")
    const rule = {
      ...any,
      access: "Allow",
      priority: 300,
      destinationPortRange: "22",
      sourceAddressPrefix: "192.0.2.0/24",
    }
    await put(cloud, filter, { securityRules: [{ name: "office", properties: rule }] })
    const subnet = { addressPrefix: "10.1.0.0/16", networkSecurityGroup: { id: idOf(filter) } }
    await put(cloud, network, {
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
      subnets: [{ name: "workers", properties: subnet }],
    })
    await cloud.run(cloud.clock.sleep(10_000))
    return cloud
  }

  test("is read, and said; nothing of it is changed", async () => {
    const cloud = await theirs()
    const access = { ...ACCESS, from: [HOME, "203.0.113.0/24", "10.1.2.0/24"] }
    const { notes } = await prepareOf(cloud, { access, peers: true }, cloud.calls())
    expect(notes.join("\n")).toContain("port 22 of subnet workers is open to 192.0.2.7/32 by rule office")
    expect(notes.join("\n")).toMatch(
      /not open to 203\.0\.113\.0\/24 by rule DenyAllInBound|not open to 203\.0\.113\.0\/24, and Muster changes no rule there; add one: az network nsg rule create -g theirs --nsg-name nsg .*--source-address-prefixes 203\.0\.113\.0\/24/,
    )
    expect(notes.join("\n")).toMatch(/open to 10\.1\.2\.0\/24 depends on its rule AllowVnetInBound/)
    expect(notes.join("\n")).toContain("is yours, and Muster changes none of its rules")
    expect(cloud.provider.access).toBeUndefined()
    expect(doorsLeft(cloud)).toEqual(["office"])
    expect(cloud.world.ledger.count("SecurityRules_CreateOrUpdate")).toBe(0)
  })

  test("is told of by the plan as one that nothing is opened in", async () => {
    const cloud = await theirs()
    const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", peers: true } as const
    const cluster = new Cluster({ ...spec, access: { from: [HOME] } }, { clock: cloud.clock, seed: 1, journal: false })
    const said = JSON.stringify(await cloud.run(cluster.plan(1)))
    expect(said).toContain("no firewall rule is made for access")
    expect(said).toContain("no firewall rule is made for peers")
    expect(said).not.toContain("is opened to")
    await cloud.run(cluster.close())
  })

  test("that may not be read is said too", async () => {
    const cloud = await theirs()
    cloud.wire.quirks.forbidden.add("NetworkSecurityGroups_Get")
    const { notes } = await prepareOf(cloud, { access: ACCESS }, cloud.calls())
    expect(notes.join("\n")).toMatch(/security group of subnet workers may not be read: port 22 must be open there/)
  })
})

describe("the login", () => {
  const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOHDfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdf"
  const OTHER = KEY.replace("IOHD", "IOHE")

  test.each([
    [{ adminUsername: "ops" }, {}, /azure\.adminUsername: .*\("muster"\); keep access, and leave this option out/],
    [{ sshPublicKey: `${KEY} me` }, { plantedKey: OTHER }, /azure\.sshPublicKey: .*is no key that access lets in/],
  ])("%j beside access: another is refused before anything is made", async (options, group, message) => {
    const cloud = await azureCloud({ azure: options })
    await expect(prepareOf(cloud, { access: ACCESS, ...group }, cloud.calls())).rejects.toThrow(message)
    expect(cloud.world.ledger.count("ResourceGroups_CreateOrUpdate")).toBe(0)
  })

  test.each([
    [
      { adminUsername: "ops", sshPublicKey: KEY },
      { user: "ops", plantedKey: OTHER, authorizedKeys: [`restrict ${KEY} me@laptop`] },
    ],
    [{ sshPublicKey: `${KEY} me` }, { plantedKey: `${KEY} muster` }],
  ])("%j beside access: the same is taken", async (options, group) => {
    const cloud = await azureCloud({ azure: options })
    const { body } = await prepareOf(cloud, { access: ACCESS, ...group }, cloud.calls())
    expect(body.securityGroups).toHaveLength(1)
  })

  test("without access both stay as they are", async () => {
    const cloud = await azureCloud({ azure: { adminUsername: "ops", sshPublicKey: KEY } })
    const { body } = await prepareOf(cloud, { plantedKey: OTHER }, cloud.calls())
    expect(JSON.stringify(body.login)).toContain(KEY)
  })
})
