/** The verbs over HTTPS: what is asked of Azure, and what is made of its answers. */
import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { connect } from "../../providers/azure/client/sdk.js"
import { isoTime, parseTime } from "../../src/tables/times.js"
import { azure, type AzureOptions } from "../../providers/azure/index.js"
import { familyOf } from "../../providers/azure/offers/families.js"
import { missingFrom } from "../../providers/azure/prepare/overrides.js"
import { Cluster } from "../../src/cluster.js"
import { SpecError } from "../../src/errors.js"
import type { JsonObject, Offer } from "../../src/provider.js"
import { ARM_COMPUTE } from "../support/newer-sdks.js"
import {
  azureCloud,
  launchMany,
  NO_ROOM,
  offersOf,
  optionsFor,
  OWNER,
  planMany,
  prepareOf,
  SUBSCRIPTION,
  wishFor,
} from "./support/cloud.js"
import { sdkModel } from "./support/model.js"

const id = (type: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/theirs/providers/${type}`

/** Everything that can be chosen, at once where Azure allows it. */
const ALL_OPTIONS: Partial<AzureOptions> = {
  image: {
    x86_64: "Canonical:ubuntu-24_04-lts:server:24.04.202510010",
    arm64: id("Microsoft.Compute/galleries/g/images/i/versions/1.0.0"),
  },
  identity: id("Microsoft.ManagedIdentity/userAssignedIdentities/workers"),
  sshPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOHDfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdfsdf me",
  adminUsername: "ops",
  maxPrice: 0.05,
  disk: { sizeGiB: 64, type: "Premium_LRS" },
  capacityReservationGroup: id("Microsoft.Compute/capacityReservationGroups/ours"),
  overrides: { licenseType: "UBUNTU_PRO", additionalCapabilities: { hibernationEnabled: false }, userData: "aGVsbG8=" },
}

test("a VM whose guest has something to do before its end says so by a tag, for whoever deletes it", async () => {
  const cloud = await azureCloud()
  const tagOf = async (group: Parameters<typeof planMany>[3]) => {
    const [call] = await planMany(cloud, 1, {}, group)
    const vm = call?.body.vm as { readonly tags: Readonly<Record<string, string>> } | undefined
    return vm?.tags["muster-notice"]
  }
  expect(await tagOf({ onNotice: "save" })).toBe("1")
  expect(await tagOf({})).toBeUndefined()
})

test("a public address of the Standard kind is static: Azure takes no other", async () => {
  const cloud = await azureCloud()
  const [call] = await planMany(cloud, 1, {}, { publicAddress: true })
  if (call === undefined) throw new Error("no launch call")
  const dynamic = JSON.parse(JSON.stringify(call).replace('"publicIPAllocationMethod":"Static",', "")) as typeof call
  expect(dynamic).not.toEqual(call)
  await expect(cloud.run(cloud.provider.launch(dynamic, cloud.bare()))).rejects.toThrow(
    /StandardSkuPublicIPAddressesMustBeStatic/,
  )
  expect((await cloud.run(cloud.provider.launch(call, cloud.bare()))).instances).toHaveLength(1)
})

for (const { title, sdk, isThere } of ARM_COMPUTE)
  describe.skipIf(!isThere)(title, () => {
    test.each([
      [ALL_OPTIONS, {}],
      [
        { proximityPlacementGroup: id("Microsoft.Compute/proximityPlacementGroups/near") },
        { markets: ["spot"] as const },
      ],
      [{ disk: { ephemeral: true } }, { instanceTypes: ["Standard_E8ds_v5"] }],
      [{}, { instanceTypes: ["Standard_D2ps_v5"] }],
    ] as const)("the serializer drops nothing of what we send: %#", async (options, query) => {
      const cloud = await azureCloud({ azure: options, sdk })
      const [call] = await planMany(cloud, 1, query)
      const { vm } = (call?.body ?? {}) as { readonly vm: JsonObject }
      const sent = await connect(optionsFor(cloud.wire), sdk).serialize(vm as never)
      expect(missingFrom(vm, sent)).toEqual([])
      expect(sdkModel(sdk).check(sent, "VirtualMachine", "request")).toEqual([])
      const { instances } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
      expect(instances).toHaveLength(1)
    })

    test("an override that the SDK does not know is an error before anything is made", async () => {
      const cloud = await azureCloud({
        azure: { overrides: { osProfile: { windowsConfig: { enabled: true } }, licenceType: "x" } },
        sdk,
      })
      const error = await prepareOf(cloud).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(SpecError)
      expect((error as SpecError).problems.map(({ option }) => option)).toEqual([
        "azure.overrides.osProfile.windowsConfig.enabled",
        "azure.overrides.licenceType",
      ])
      expect(cloud.world.ledger.count()).toBe(0)
    })
  })

test("the model's check finds what is wrong", () => {
  const model = sdkModel("@azure/arm-compute")
  const check = (vm: unknown) =>
    model.check(vm, "VirtualMachine", "request").map((problem) => problem.replace(/ is none of .*/, " is none"))
  expect(check({ location: "x", properties: { priority: "Spot" } })).toEqual([])
  expect(check({})).toEqual(["VirtualMachine.location: is missing"])
  expect(check({ location: "x", priority: "Spot" })).toEqual([
    "VirtualMachine.priority: VirtualMachine has no such member in REST",
  ])
  expect(check({ location: "x", properties: { priority: "Cheap", vmId: "1" } })).toEqual([
    'VirtualMachine.properties.priority: "Cheap" is none',
    "VirtualMachine.properties.vmId: only Azure sets it",
  ])
})

describe("offers", () => {
  test("each zone, and regional last; Linux prices, spot's beside them", async () => {
    const cloud = await azureCloud()
    const offers = await offersOf(cloud, { markets: ["on-demand", "spot"] })
    expect(offers.map(({ zone, market }) => `${zone} ${market}`)).toEqual(
      ["1", "2", "3", "regional"].flatMap((zone) => [`${zone} on-demand`, `${zone} spot`]),
    )
    expect(offers[0]).toMatchObject({ family: "standardDSv5Family", vcpus: 2, memoryGiB: 8, pricePerHour: 0.115 })
    expect(offers[1]?.pricePerHour).toBeCloseTo(0.023)
  })

  test("a price that does not grow with its family's is no price", async () => {
    const cloud = await azureCloud({
      world: {
        types: [
          { name: "Standard_D2s_v5", family: "f", vcpus: 2, memoryGiB: 8, arch: "x86_64", price: { "on-demand": 0.1 } },
          {
            name: "Standard_D4s_v5",
            family: "f",
            vcpus: 4,
            memoryGiB: 16,
            arch: "x86_64",
            price: { "on-demand": 0.38 },
          },
          {
            name: "Standard_D8s_v5",
            family: "f",
            vcpus: 8,
            memoryGiB: 32,
            arch: "x86_64",
            price: { "on-demand": 0.4 },
          },
        ],
      },
    })
    const offers = await offersOf(cloud, { instanceTypes: undefined as never, zones: ["1"] })
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([0.1, undefined, 0.4])
  })

  test("a price list that does not answer: unpriced, and at once", async () => {
    const cloud = await azureCloud({ azure: { pricesEndpoint: "https://127.0.0.1:1" } })
    const start = cloud.clock.now()
    const offers = await cloud.run(
      cloud.provider.offers({ markets: ["on-demand"], instanceTypes: ["Standard_D2s_v5"] }, cloud.calls()),
    )
    expect(offers).toHaveLength(4)
    expect(offers[0]).not.toHaveProperty("pricePerHour")
    expect(cloud.clock.now() - start).toBeLessThan(1_000)
  })

  test("GPUs are named by their sizes", async () => {
    const cloud = await azureCloud()
    const [offer] = await offersOf(cloud, { instanceTypes: undefined as never, gpu: { name: "t4" } })
    expect(offer).toMatchObject({ instanceType: "Standard_NC4as_T4_v3", gpu: { name: "T4", count: 1, memoryGiB: 16 } })
  })
})

test("workers know their addresses once they run; without a public address there is none", async () => {
  const cloud = await azureCloud()
  await launchMany(cloud, 2)
  const list = () => cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
  expect((await list())[0]).not.toHaveProperty("privateIp")
  await cloud.run(cloud.clock.sleep(10_000))
  const truth = cloud.world.truth()
  expect((await list()).map(({ privateIp, publicIp }) => [privateIp, publicIp])).toEqual(
    truth.map(({ privateIp, publicIp }) => [privateIp, publicIp]),
  )
  expect(truth[0]?.publicIp).toBeDefined()

  const closed = await azureCloud()
  const offers = await offersOf(closed)
  const prepared = await prepareOf(closed, { publicAddress: false })
  const [call] = closed.provider.split(wishFor(offers, 1), prepared, NO_ROOM)
  await closed.run(closed.provider.launch(call as never, closed.bare()))
  await closed.run(closed.clock.sleep(10_000))
  const [worker] = await closed.run(closed.provider.list({ uid: OWNER.uid }, closed.bare()))
  expect(worker?.privateIp).toBeDefined()
  expect(worker).not.toHaveProperty("publicIp")
})

test("headroom: the family's quota and the location's, or spot's", async () => {
  const quotas = [
    { family: "standardDSv5Family", market: "on-demand", vcpus: 20 },
    { market: "on-demand", vcpus: 100 },
    { market: "spot", vcpus: 30 },
  ] as const
  const cloud = await azureCloud({ world: { quotas } })
  await launchMany(cloud, 3)
  const offers = await offersOf(cloud)
  const rows = await cloud.run(cloud.provider.headroom?.(wishFor(offers, 1), cloud.bare()) ?? Promise.resolve([]))
  expect(rows.map(({ limit, used }) => [limit, used])).toEqual([
    [20, 6],
    [100, 6],
  ])
  const spot = offers.map((offer): Offer => ({ ...offer, market: "spot" }))
  const spotRows = await cloud.run(cloud.provider.headroom?.(wishFor(spot, 1), cloud.bare()) ?? Promise.resolve([]))
  expect(spotRows.map(({ limit }) => limit)).toEqual([30])
})

test("others draw on the same buckets: the headers are believed, and nothing is refused", async () => {
  const cloud = await azureCloud()
  // Somebody else has used 150 of the 200 writes just now.
  await cloud.run(cloud.world.serve("other", {}, { cost: { "arm.writes": 150 } }, () => undefined))
  const calls = cloud.calls()
  const offers = await cloud.run(
    cloud.provider.offers({ markets: ["on-demand"], instanceTypes: ["Standard_D2s_v5"] }, calls),
  )
  const group = { name: "default", environment: {}, publicAddress: false, tags: {}, archs: ["x86_64"] } as const
  const prepared = await cloud.run(cloud.provider.prepare(OWNER, group, calls))
  const launches = cloud.provider.split(wishFor(offers, 100), prepared, NO_ROOM)
  await cloud.run(Promise.all(launches.map((call) => cloud.provider.launch(call, calls))))
  expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome === "Throttled")).toEqual([])
})

test("10,000 launch calls are cheap: they share what they have in common", async () => {
  const cloud = await azureCloud()
  const offers = await offersOf(cloud)
  const prepared = await prepareOf(cloud)
  const calls = cloud.provider.split(wishFor(offers, 10_000), prepared, NO_ROOM)
  const bodies = calls.map(
    ({ body }) => body as { readonly vm: { readonly osProfile: JsonObject; readonly storageProfile: JsonObject } },
  )
  expect(new Set(bodies.map(({ vm }) => vm.storageProfile.imageReference)).size).toBe(1)
  expect(new Set(bodies.map(({ vm }) => vm.osProfile.linuxConfiguration)).size).toBe(1)
})

test.each([
  ["Standard_D4s_v5", "standardDSv5Family"],
  ["Standard_E8ds_v5", "standardEDSv5Family"],
  ["Standard_F16s_v2", "standardFSv2Family"],
  ["Standard_D16ps_v5", "standardDPSv5Family"],
  ["Custom_1", "Custom_1"],
])("%s is of %s", (size, family) => {
  expect(familyOf(size)).toBe(family)
})

test("moments are read as Azure writes them", () => {
  for (const ms of [0, Date.UTC(2024, 1, 29, 23, 59, 59, 999), Date.UTC(2026, 11, 31), Date.UTC(2100, 2, 1, 12)]) {
    expect(isoTime(ms)).toBe(new Date(ms).toISOString())
    expect(parseTime(isoTime(ms))).toBe(ms)
  }
  expect(parseTime("2026-01-01T02:00:00.1234567+02:00")).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 123))
  expect(parseTime("yesterday")).toBeUndefined()
})

test("bad options: all at once, each with what is allowed", () => {
  const options = {
    subscriptionId: "mine",
    location: "West Europe",
    endpoint: "http://127.0.0.1:1",
    subnetId: "subnet-1",
    image: "ubuntu",
    sshPublicKey: "hunter2",
    adminUsername: "root",
    maxPrice: 0,
    identiy: "x",
    overrides: { tags: {} },
  }
  const error = (() => {
    try {
      return azure(options as never)
    } catch (thrown) {
      return thrown
    }
  })() as SpecError
  expect(error).toBeInstanceOf(SpecError)
  expect(error.problems.map(({ option }) => option).sort()).toEqual(
    [
      "adminUsername",
      "endpoint",
      "identiy",
      "image",
      "location",
      "maxPrice",
      "overrides.tags",
      "sshPublicKey",
      "subnetId",
      "subscriptionId",
    ].map((name) => `azure.${name}`),
  )
  expect(error.message).toContain('did you mean "identity"?')
})

test("the plan says that nothing ends the workers without an identity", async () => {
  const cloud = await azureCloud()
  expect((await prepareOf(cloud)).notes).toContainEqual(
    expect.stringContaining("bills instances that power themselves off"),
  )
  const safe = await azureCloud({ azure: { identity: ALL_OPTIONS.identity } })
  expect((await prepareOf(safe)).notes).not.toContainEqual(expect.stringContaining("power themselves off"))
})

test("custom data above 64 KB is refused before anything is asked", async () => {
  const cloud = await azureCloud()
  const spec = {
    name: "big",
    provider: cloud.provider,
    instanceType: "Standard_D2s_v5",
    // What cannot be compressed.
    startup: randomBytes(100_000).toString("base64"),
  } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await expect(cloud.run(cluster.scale(1))).rejects.toThrow(/startup.*compressed; Azure takes 65535/)
  expect(cloud.wire.remains()).toEqual([])
})
