/** What an outside observer can know of a VM: that it stopped, that it was evicted, its console, its spec, its page. */
import { describe, expect, test } from "vitest"
import { remainingOf } from "../../providers/azure/client/send.js"
import { consoleUrl } from "../../providers/azure/observe/console.js"
import { Cluster } from "../../src/cluster.js"
import type { Instance, LaunchCall } from "../../src/provider.js"
import type { ClusterSpec } from "../../src/spec.js"
import {
  azureCloud,
  type Cloud,
  type GROUP,
  launchMany,
  offersOf,
  OWNER,
  planMany,
  prepareOf,
} from "./support/cloud.js"

const PUT = "VirtualMachines_CreateOrUpdate"
const SELECTOR = { uid: OWNER.uid }
const listOf = (cloud: Cloud, selector = {}) =>
  cloud.run(cloud.provider.list({ ...SELECTOR, ...selector }, cloud.bare()))
const later = (cloud: Cloud, ms: number) => cloud.run(cloud.clock.sleep(ms))

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", ...spec }
  return new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

describe("a guest that shut itself down is still paid for", () => {
  test.each([
    ["stopped", false],
    ["deallocated", true],
  ])("%s: listed as stopped, by list and by id, and as nothing else", async (_power, deallocates) => {
    const cloud = await azureCloud()
    cloud.wire.quirks.deallocates = deallocates
    await launchMany(cloud, 3)
    await later(cloud, 400_000)
    const [victim = ""] = cloud.world.stop([cloud.world.truth()[0]?.id ?? ""])
    const name = cloud.world.instance(victim)?.attributes.name
    const stopped = await listOf(cloud, { states: ["stopped"] })
    expect(stopped.map((instance) => instance.name)).toEqual([name])
    expect((await listOf(cloud, { states: ["running"] })).map((instance) => instance.name)).not.toContain(name)
    expect(await listOf(cloud, { ids: stopped.map(({ id }) => id) })).toMatchObject([{ state: "stopped" }])
  })

  test("while a burst boots nothing is asked for that", async () => {
    const cloud = await azureCloud()
    await launchMany(cloud, 3)
    await later(cloud, 60_000)
    await listOf(cloud)
    expect(cloud.world.ledger.of("VirtualMachines_ListAll")).toEqual([])
  })

  test("without the right to read the subscription: running, as far as one can tell", async () => {
    const cloud = await azureCloud()
    cloud.wire.quirks.forbidden.add("VirtualMachines_ListAll")
    await launchMany(cloud, 1)
    await later(cloud, 400_000)
    cloud.world.stop([cloud.world.truth()[0]?.id ?? ""])
    expect(await listOf(cloud)).toMatchObject([{ state: "running" }])
  })

  test.each(["VirtualMachines_ListAll", "NetworkInterfaces_List", "PublicIPAddresses_List"])(
    "%s only informs: refused for good it is done without, and what passes is asked for again",
    async (api) => {
      const cloud = await azureCloud()
      await launchMany(cloud, 1)
      await later(cloud, 400_000)
      cloud.wire.answer({ api, place: "whole", status: 500, code: "InternalServerError", message: "x", times: 1 })
      await expect(listOf(cloud)).rejects.toThrow(/InternalServerError/)
      cloud.wire.answer({ api, place: "whole", status: 400, code: "NeverSeen", message: "x" })
      expect(await listOf(cloud)).toMatchObject([{ state: "running" }])
    },
  )

  test("the cluster ends it and makes another", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(3))
    await later(cloud, 400_000)
    const [victim = ""] = cloud.world.stop([cloud.world.truth()[1]?.id ?? ""])
    await later(cloud, 120_000)
    expect(cloud.world.instance(victim)?.state).toBe("terminated")
    expect(cloud.world.truth({ states: ["running"] })).toHaveLength(3)
    await cloud.run(cluster.close())
  })
})

describe("evictions", () => {
  test("what vanished on the spot market was evicted, as far as anybody can tell", async () => {
    const cloud = await azureCloud()
    const [call] = await planMany(cloud, 1, { markets: ["spot"] })
    const { instances } = await cloud.run(cloud.provider.launch(call as LaunchCall, cloud.bare()))
    const before = cloud.world.ledger.count()
    const ask = (given: readonly Instance[]) => cloud.provider.interruptions?.(given, cloud.bare())
    expect(await ask(instances)).toEqual({ notices: [], reasons: [] })
    const gone = instances.map((instance): Instance => ({ ...instance, state: "terminated" }))
    expect(await ask(gone)).toMatchObject({
      notices: [],
      reasons: [{ id: gone[0]?.id, failure: { reason: "interrupted", inferred: true, ttlMs: 0, code: "Evicted" } }],
    })
    expect(await ask(gone.map((instance): Instance => ({ ...instance, market: "on-demand" })))).toMatchObject({
      reasons: [],
    })
    expect(cloud.world.ledger.count()).toBe(before)
  })

  test("the cluster asks about those that it lost, and only then", async () => {
    const cloud = await azureCloud()
    const told: string[] = []
    const { interruptions, ...rest } = cloud.provider
    const provider = {
      ...rest,
      interruptions: async (instances: readonly Instance[], calls = cloud.bare()) => {
        const found = (await interruptions?.(instances, calls)) ?? { notices: [], reasons: [] }
        told.push(...found.reasons.map(({ id }) => id))
        return found
      },
    }
    const cluster = clusterOn(cloud, { market: "spot", provider })
    await cloud.run(cluster.scale(4))
    const lost = cluster.workers.slice(0, 2).map(({ id }) => id)
    const taken = cloud.world
      .truth()
      .filter(({ attributes }) => lost.some((id) => id.endsWith(`/${String(attributes.name)}`)))
    cloud.world.faults.interrupt(taken.map(({ id }) => id))
    await later(cloud, 200_000)
    expect(told.sort()).toEqual([...lost].sort())
    expect(cloud.world.truth({ states: ["running"] })).toHaveLength(4)
    await cloud.run(cluster.close())
  })
})

describe("the console", () => {
  test("its last lines; the address that opens it carries no token of ours, and is not said", async () => {
    const cloud = await azureCloud()
    cloud.world.faults.failBoots(1)
    await launchMany(cloud, 1)
    await later(cloud, 100_000)
    const [failed] = await listOf(cloud)
    const log = cloud.run(cloud.provider.consoleLog?.(failed as Instance, cloud.bare()) ?? Promise.resolve(""))
    expect(await log).toMatch(/Linux version[\s\S]*Kernel panic - not syncing: OSProvisioningTimedOut/)
    expect(cloud.world.ledger.of("BootDiagnosticsLog")).toHaveLength(1)

    cloud.world.faults.fail("BootDiagnosticsLog", { error: "auth" })
    const refused = cloud.run(cloud.provider.consoleLog?.(failed as Instance, cloud.bare()) ?? Promise.resolve(""))
    await expect(refused).rejects.toThrow(
      /^reading the console of default-[0-9a-f]+: https:\S+ answered with HTTP 403$/,
    )
  })

  test.each([
    ["it may not be read", { forbidden: true }],
    ["it was switched off", { overrides: { diagnosticsProfile: { bootDiagnostics: { enabled: false } } } }],
  ])(
    "%s: there is none",
    async (_why, { forbidden = false, overrides }: { forbidden?: boolean; overrides?: object }) => {
      const cloud = await azureCloud({ azure: overrides === undefined ? {} : { overrides: overrides as never } })
      if (forbidden) cloud.wire.quirks.forbidden.add("VirtualMachines_RetrieveBootDiagnosticsData")
      const [instance] = await launchMany(cloud, 1)
      expect(
        await cloud.run(cloud.provider.consoleLog?.(instance as Instance, cloud.bare()) ?? Promise.resolve("")),
      ).toBe("")
    },
  )

  test("a boot that failed is asked for it before it is gone", async () => {
    const cloud = await azureCloud()
    cloud.world.faults.failBoots(1)
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(2))
    expect(cloud.world.ledger.of("BootDiagnosticsLog").map(({ outcome }) => outcome)).toEqual(["ok"])
    await cloud.run(cluster.close())
  })

  test.each([
    ["together", {}],
    ["one after another", { requestMs: 20, createMs: [50, 60_000] as const, bootMs: 5_000, stopMs: 60_000 }],
  ])("boots that fail %s end a group with what a console of theirs says", async (_how, latency) => {
    const cloud = await azureCloud({ world: { ...(Object.keys(latency).length === 0 ? {} : { latency }) } })
    cloud.world.faults.rateBoots(1)
    const cluster = clusterOn(cloud)
    const error = await cloud.run(cluster.scale(8).catch((thrown: unknown) => thrown))
    // Failed VMs are listed on until they are gone, in the cloud's own words.
    await later(cloud, 30_000)
    expect(cluster.explain().groups[0]?.stopped).toMatch(/too many boots failed; [\s\S]*Kernel panic/)
    expect(error).toMatchObject({ shortfall: { reasons: [{ reason: "boot", message: /the last of its console/ }] } })
    await cloud.run(cluster.close())
  })
})

describe("the group's spec", () => {
  const spec = { text: `{"startup":"echo 'ü'"}`, digest: "0123456789abcdef" }
  const recallOf = async (cloud: Cloud, group: Partial<typeof GROUP>) => {
    const [call] = await planMany(cloud, 1, {}, group)
    const { instances } = await cloud.run(cloud.provider.launch(call as LaunchCall, cloud.bare()))
    const [instance] = instances
    return {
      instance,
      text: await cloud.run(cloud.provider.recall?.(instance as Instance, cloud.bare()) ?? Promise.resolve("none")),
    }
  }

  test("travels in the user data, with its digest in a tag", async () => {
    const { instance, text } = await recallOf(await azureCloud(), { spec })
    expect(instance?.tags["muster-spec"]).toBe(spec.digest)
    expect(text).toBe(spec.text)
  })

  test("too long for it, or in the way of the user's own: the tag alone, and the plan says so", async () => {
    const long = { ...spec, text: "x".repeat(70_000) }
    expect((await recallOf(await azureCloud(), { spec: long })).text).toBeUndefined()
    const cloud = await azureCloud({ azure: { overrides: { userData: "aGVsbG8=" } } })
    expect((await prepareOf(cloud, { spec })).notes).toContainEqual(expect.stringContaining("must give it again"))
    expect((await prepareOf(await azureCloud(), { spec })).notes).not.toContainEqual(expect.stringContaining("again"))
  })

  test("nothing is asked of an instance that was made without", async () => {
    const cloud = await azureCloud()
    const [instance] = await launchMany(cloud, 1)
    cloud.world.ledger.clear()
    expect(await cloud.provider.recall?.(instance as Instance, cloud.bare())).toBeUndefined()
    expect(cloud.world.ledger.count()).toBe(0)
  })
})

test("the instance's page: of the cloud that it is in", () => {
  const id = "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/default-1"
  expect(consoleUrl({}, { id })).toBe(`https://portal.azure.com/#resource${id}/overview`)
  expect(consoleUrl({ endpoint: "https://management.usgovcloudapi.net" }, { id })).toContain(
    "https://portal.azure.us/#resource",
  )
})

test("offers say where their price is from", async () => {
  const [offer] = await offersOf(await azureCloud())
  expect(offer?.priceSource).toBe("Azure Retail Prices API")
  const unpriced = await azureCloud({ azure: { pricesEndpoint: "https://127.0.0.1:1" } })
  expect((await offersOf(unpriced))[0]).not.toHaveProperty("priceSource")
})

test.each([
  ["Microsoft.Compute/PutVM3Min;237,Microsoft.Compute/PutVM30Min;1196", { "compute.puts": 237 }],
  ["Microsoft.Compute/PutVM3Min;237, Microsoft.Compute/PutVM30Min;11", { "compute.puts": 11 }],
  ["Microsoft.Compute/HighCostGet3Min;159", { "compute.lists": 159 }],
  [
    "Microsoft.Compute/LowCostGetSubscriptionMaximum;23990,Microsoft.Compute/LowCostGetResource;3",
    { "compute.gets": 23990 },
  ],
  ["Microsoft.Compute/DeleteVM3Min;0", { "compute.deletes": 0 }],
  [
    "Microsoft.Compute/DeleteVMScaleSet3Min;107,Microsoft.Compute/VMScaleSetBatchedVMRequests5Min;3704;VmssQueuedVMOperations;4720",
    {},
  ],
  ["nonsense", {}],
])("what compute says is left: %s", (header, expected) => {
  expect(remainingOf({ headers: { "x-ms-ratelimit-remaining-resource": header } })).toEqual(expected)
})

test("somebody else uses up compute's own creates: the header is believed, and nothing is refused", async () => {
  const buckets = { "compute.PutVM": { kind: "token", capacity: 1_500, perSecond: 500 / 60 } } as const
  const cloud = await azureCloud({ world: { buckets } })
  await cloud.run(cloud.world.serve("other", {}, { cost: { "compute.PutVM": 1_460 } }, () => undefined))
  const [first, ...rest] = await planMany(cloud, 80)
  const calls = cloud.calls()
  const launch = (call: LaunchCall) => cloud.provider.launch(call, calls)
  await cloud.run(launch(first as LaunchCall))
  await cloud.run(Promise.all(rest.map(launch)))
  expect(cloud.world.ledger.of(PUT).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 80 }, () => "ok"))
})
