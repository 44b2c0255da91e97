/** Bad days over HTTPS, through the real SDK: each ends in an error a user can act on, and nothing is lost. */
import { describe, expect, test, vi } from "vitest"
import { launchTags } from "../../../src/fleet/tags.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError, OwnershipError, RejectedError, SpecError, TransientError } from "../../../src/errors.js"
import type { LaunchCall } from "../../../src/provider.js"
import {
  azureCloud,
  type Cloud,
  launchMany,
  offersOf,
  OWNER,
  planMany,
  prepareOf,
  SUBSCRIPTION,
} from "../support/cloud.js"

const SELECTOR = { uid: OWNER.uid }
const PUT = "VirtualMachines_CreateOrUpdate"

async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

async function callFor(cloud: Cloud, query: Parameters<typeof planMany>[2] = {}): Promise<LaunchCall> {
  const [call] = await planMany(cloud, 1, query)
  if (call === undefined) throw new Error("no launch call")
  return call
}

const launchOf = (cloud: Cloud, call: LaunchCall) => cloud.run(cloud.provider.launch(call, cloud.bare()))

test("no login: which ways were tried, and what to do", async () => {
  const error = Object.assign(new Error("EnvironmentCredential is unavailable.\nAzureCliCredential: run az login."), {
    name: "AggregateAuthenticationError",
  })
  const cloud = await azureCloud({ azure: { credential: { getToken: () => Promise.reject(error) } } })
  const thrown = await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.calls())))
  expect(thrown).toBeInstanceOf(AuthError)
  expect(thrown.message).toMatch(
    /^run "az login", .*: listing resource groups: no Azure login: EnvironmentCredential is unavailable.; AzureCliCredential/,
  )
  expect(cloud.world.ledger.count()).toBe(0)
})

test("the subscription is not registered for compute", async () => {
  const cloud = await azureCloud()
  cloud.wire.quirks.unregistered = true
  const error = await errorOf(offersOf(cloud))
  expect(error).toBeInstanceOf(AuthError)
  expect(error.message).toContain("az provider register --namespace Microsoft.Compute")
})

test("a location that is misspelt", async () => {
  const cloud = await azureCloud({ azure: { location: "westeurpe" } })
  const error = await errorOf(offersOf(cloud))
  expect(error).toBeInstanceOf(SpecError)
  expect(error.message).toMatch(/azure\.location: is "westeurpe", which sells no VMs/)
})

test("a size that is not sold there, and one that is not for this subscription: both at once", async () => {
  const cloud = await azureCloud()
  cloud.wire.quirks.restricted.add("Standard_F16s_v2")
  const error = await errorOf(offersOf(cloud, { instanceTypes: ["Standard_D2_v5", "Standard_F16s_v2"] }))
  expect((error as SpecError).problems.map(({ message }) => message)).toEqual([
    '"Standard_D2_v5" is not sold in westeurope; did you mean "Standard_D2s_v5"?',
    expect.stringContaining("NotAvailableForSubscription"),
  ])
  // Not named, it is simply not offered.
  const all = await offersOf(cloud, { instanceTypes: undefined as never })
  expect(all.map(({ instanceType }) => instanceType)).not.toContain("Standard_F16s_v2")
})

test("a family's quota of 0 is told with the family, and remembered for an hour", async () => {
  const cloud = await azureCloud({
    world: { quotas: [{ family: "standardDSv5Family", market: "on-demand", vcpus: 0 }] },
  })
  const { instances, failures } = await launchOf(cloud, await callFor(cloud))
  expect(instances).toEqual([])
  expect(failures).toMatchObject([
    { reason: "quota", count: 1, ttlMs: 3_600_000, scope: { family: "standardDSv5Family" } },
  ])
  expect(failures[0]?.message).toMatch(
    /^launching Standard_D2s_v5 \(on-demand, zone 1\) in westeurope: .*Current Limit: 0/,
  )
})

test("no spot capacity refuses at once; nothing is left", async () => {
  const cloud = await azureCloud({ world: { capacity: [{ market: "spot", count: 0 }] } })
  const { failures } = await launchOf(cloud, await callFor(cloud, { markets: ["spot"] }))
  expect(failures).toMatchObject([{ reason: "capacity", code: "SkuNotAvailable" }])
  expect(cloud.wire.remains().filter(({ kind }) => kind === "vm" || kind === "nic")).toEqual([])
})

test("an allocation that fails after acceptance: the VM is listed with its reason, read once, and can be deleted", async () => {
  const cloud = await azureCloud({ world: { capacity: [{ count: 0 }] } })
  const { instances } = await launchOf(cloud, await callFor(cloud))
  expect(instances).toMatchObject([{ state: "pending" }])
  await cloud.run(cloud.clock.sleep(30_000))
  cloud.world.ledger.clear()
  const listed = await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))
  expect(listed).toMatchObject([
    { failure: { reason: "capacity", code: "ZonalAllocationFailed", scope: { zone: "1" } } },
  ])
  expect(cloud.world.ledger.entries.map(({ api }) => api)).toEqual([
    "ResourceGroups_List",
    "VirtualMachines_List",
    "VirtualMachines_Get",
  ])
  await cloud.run(cloud.provider.terminate(listed, cloud.bare()))
  await cloud.run(cloud.clock.sleep(10_000))
  expect(cloud.wire.remains().filter(({ kind }) => ["vm", "disk", "address"].includes(kind))).toEqual([])
})

test.each([
  ["ServerTimeout", "transient", { zone: "1", instanceType: "Standard_D2s_v5", market: "on-demand" }, 2_000],
  ["NetworkingInternalOperationError", "transient", { zone: "1", market: "on-demand" }, 2_000],
  ["RequestDisallowedByPolicy", "rejected", { provider: "azure", region: "westeurope" }, 60_000],
  ["NeverSeen", "rejected", { zone: "1", instanceType: "Standard_D2s_v5" }, 60_000],
] as const)(
  "accepted, and Failed with %s: as if the request had been answered so, and no failed boot",
  async (code, reason, scope, ttlMs) => {
    const cloud = await azureCloud()
    const said = { place: "failed-view", code, message: "It ended like this.", times: 1 } as const
    cloud.wire.answer({ api: PUT, ...said })
    const { instances } = await launchOf(cloud, await callFor(cloud))
    expect(instances).toMatchObject([{ state: "pending" }])
    await cloud.run(cloud.clock.sleep(30_000))
    const listed = await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))
    expect(listed).toMatchObject([{ failure: { reason, code, scope, ttlMs } }])
    expect(listed[0]?.failure?.message).toContain("It ended like this.")
    await cloud.run(cloud.provider.terminate(listed, cloud.bare()))
    await cloud.run(cloud.clock.sleep(200_000))
    expect(cloud.wire.remains().filter(({ kind }) => ["vm", "disk", "nic", "address"].includes(kind))).toEqual([])
  },
)

test("five VMs that fail for a reason of Azure's own are no failed boots: all run in the end", async () => {
  const cloud = await azureCloud()
  cloud.wire.answer({ api: PUT, place: "failed-view", code: "InternalExecutionError", message: "Sorry.", times: 5 })
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  expect(await cloud.run(cluster.scale(6))).toMatchObject({ running: 6 })
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
})

test("spot, evicted while it is created: it is gone, and a replay says so", async () => {
  const cloud = await azureCloud({ world: { noticeMs: 0 } })
  const call = await callFor(cloud, { markets: ["spot"] })
  await launchOf(cloud, call)
  cloud.world.faults.interrupt({ market: "spot" })
  await cloud.run(cloud.clock.sleep(20_000))
  expect(await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))).toEqual([])
  const { instances, failures } = await cloud.run(cloud.provider.settle(call, null, cloud.bare()))
  expect(instances).toEqual([])
  expect(failures).toMatchObject([{ reason: "interrupted", ttlMs: 0 }])
})

test("a lock on the group: it stays, and the error says how to find the lock", async () => {
  const cloud = await azureCloud()
  await prepareOf(cloud)
  cloud.wire.quirks.locked.add("muster-render-0123456789abcdef-1")
  const found = (await cloud.run(cloud.provider.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))).filter(
    ({ shared }) => !shared,
  )
  const error = await errorOf(cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve()))
  expect(error).toBeInstanceOf(RejectedError)
  expect(error.message).toContain("az lock list")
})

test("a policy that requires a tag", async () => {
  const cloud = await azureCloud()
  const call = await callFor(cloud)
  cloud.wire.quirks.requiredTag = "costcentre"
  const error = await errorOf(launchOf(cloud, call))
  expect(error).toBeInstanceOf(RejectedError)
  expect(error.message).toMatch(/Require the tag costcentre.*give the tags that it wants/)
})

test("a group that is being deleted fences its generation, and the next one is free", async () => {
  const cloud = await azureCloud()
  const call = await callFor(cloud)
  const found = (await cloud.run(cloud.provider.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))).filter(
    ({ shared }) => !shared,
  )
  await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  // A launch's answer is no proof of whose doing it is: what it names is to be prepared anew, and that reads the group.
  const error = await errorOf(launchOf(cloud, call))
  expect(error).toMatchObject({ name: "NotFoundError", code: "ResourceGroupBeingDeleted", ours: true, graceMs: 0 })
  const ended = await errorOf(prepareOf(cloud))
  expect(ended).toBeInstanceOf(OwnershipError)
  expect(ended.message).toContain("muster-render-0123456789abcdef-1 is being deleted")
  await cloud.run(cloud.provider.claim?.({ ...OWNER, generation: 2 }, cloud.bare()) ?? Promise.resolve())
  expect(cloud.wire.remains().map(({ id }) => id)).toContain("muster-render-0123456789abcdef-2")
})

test("a VM of somebody else's in our group: it is not touched, and neither is the group", async () => {
  const cloud = await azureCloud()
  const [theirs] = await planMany(cloud, 1)
  const body = theirs?.body as { group: string; name: string; vm: { tags: Record<string, string> } }
  await launchOf(cloud, { ...theirs, body: { ...body, vm: { ...body.vm, tags: { name: "database" } } } } as LaunchCall)
  expect(await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))).toEqual([])
  expect(await errorOf(launchOf(cloud, theirs as LaunchCall))).toMatchObject({ code: "NameTaken" })
  const found = (await cloud.run(cloud.provider.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))).filter(
    ({ shared }) => !shared,
  )
  const error = await errorOf(cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve()))
  expect(error).toMatchObject({ code: "ForeignVm" })
  expect(cloud.world.truth({ states: ["pending", "running"] })).toHaveLength(1)
})

test("Retry-After: 1200 is waited for, or said when the deadline is earlier", async () => {
  const cloud = await azureCloud()
  cloud.world.faults.fail(PUT, { error: "throttled", retryAfterMs: 1_200_000 })
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5" } as const
  const said: string[] = []
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  cluster.on("call", (event) => event.error === "ThrottledError" && said.push(event.message ?? ""))
  const started = cloud.clock.now()
  const error = await errorOf(cloud.run(cluster.scale(1, { timeout: "2m" })))
  expect(cloud.clock.now() - started).toBeLessThan(130_000)
  expect(error.name).toBe("ShortfallError")
  expect(said).toEqual([expect.stringContaining("Azure asks to wait 1200 s")])
  await cloud.run(cloud.clock.sleep(1_200_000))
  expect(cloud.world.truth({ states: ["running"] })).toHaveLength(1)
  await cloud.run(cluster.close())
})

test("a principal that may only read groups and VMs, create and delete: still a burst, and the plan says what was not read", async () => {
  const subnetId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/muster-westeurope/providers/Microsoft.Network/virtualNetworks/muster-westeurope/subnets/workers`
  const image = "Canonical:ubuntu-24_04-lts:server:24.04.202510010"
  const owner = await azureCloud({ azure: { subnetId, image } })
  // Somebody made the network before.
  const { quirks } = owner.wire
  const { adapterOf } = await import("../../../providers/azure/adapter.js")
  const { parseAzureOptions } = await import("../../../providers/azure/options-check.js")
  const { optionsFor } = await import("../support/cloud.js")
  await owner.run(
    adapterOf(parseAzureOptions(optionsFor(owner.wire))).prepare(
      { ...OWNER, generation: 9 },
      { name: "x", environment: {}, publicAddress: "auto", tags: {}, archs: ["x86_64"] },
      owner.bare(),
    ),
  )
  for (const api of [
    "ResourceSkus_List",
    "Usage_List",
    "VirtualMachineImages_List",
    "Subnets_Get",
    "VirtualNetworks_Get",
    "NetworkInterfaces_List",
    "Disks_ListByResourceGroup",
    "VirtualMachines_ListAll",
    "VirtualMachineScaleSets_Get",
    "VirtualMachineScaleSets_CreateOrUpdate",
  ])
    quirks.forbidden.add(api)
  const offers = await offersOf(owner)
  expect(offers).toMatchObject([{ instanceType: "Standard_D2s_v5", zone: "regional", family: "standardDSv5Family" }])
  expect(offers[0]).not.toHaveProperty("vcpus")
  const prepared = await prepareOf(owner)
  expect(prepared.notes).toContainEqual(expect.stringContaining("the subnet may not be read"))
  expect(await launchMany(owner, 2)).toHaveLength(2)
})

test("the longest names that Muster allows are names that Azure allows", async () => {
  const name = `${"a".repeat(19)}-${"b".repeat(20)}`
  const cloud = await azureCloud()
  const spec = { provider: cloud.provider, instanceType: "Standard_D2s_v5", groups: { [name]: {} } } as const
  const cluster = new Cluster({ name, ...spec }, { clock: cloud.clock, seed: 1, journal: false })
  const { running } = await cloud.run(cluster.scale({ [name]: 2 }))
  expect(running).toBe(2)
  expect(cluster.workers.map(({ group }) => group)).toEqual([name, name])
  await cloud.run(cluster.close())
})

describe("an interface that Azure reserves", () => {
  test("is refused for 180 s, and then goes", async () => {
    const cloud = await azureCloud({ azure: { resourceGroup: "theirs" } })
    const group = `/subscriptions/${SUBSCRIPTION}/resourcegroups/theirs`
    await cloud.run(putGroup(cloud, group))
    cloud.wire.quirks.keptInterfaces = 1
    const instances = await launchMany(cloud, 1)
    await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    await cloud.run(cloud.clock.sleep(10_000))
    const look = async () =>
      (await cloud.run(cloud.provider.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))).filter(
        ({ shared }) => !shared,
      )
    const found = await look()
    expect(found.map(({ kind }) => kind)).toEqual(["network-interface"])
    const error = await errorOf(cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve()))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain("holds default-")
    expect(error.message).toContain("180 s")
    await cloud.run(cloud.clock.sleep(180_000))
    await cloud.run(cloud.provider.remove?.(await look(), cloud.bare()) ?? Promise.resolve())
    expect(await look()).toEqual([])
    expect(cloud.wire.remains().map(({ kind, id }) => `${kind} ${id}`)).toContain("group theirs")
  })
})

async function putGroup(cloud: Cloud, id: string): Promise<void> {
  const { connect } = await import("../../../providers/azure/client/sdk.js")
  const { optionsFor } = await import("../support/cloud.js")
  const connection = connect(optionsFor(cloud.wire))
  const { signal } = new AbortController()
  await cloud.clock.busy(
    "put",
    connection.arm({ method: "PUT", path: `${id}?api-version=1`, body: { location: "westeurope", tags: {} } }, signal),
  )
}

test("nothing is printed, and what was made carries its tags", async () => {
  const warnings = vi.spyOn(process, "emitWarning")
  const cloud = await azureCloud()
  const [instance] = await launchMany(cloud, 1)
  const { "muster-launch": token = "" } = instance?.tags ?? {}
  const tags = { team: "video", ...launchTags(OWNER, "default", token) }
  for (const kind of ["vm", "nic", "address"]) {
    expect(cloud.wire.remains().find((one) => one.kind === kind)?.tags, kind).toEqual(tags)
  }
  expect(warnings).not.toHaveBeenCalled()
})
