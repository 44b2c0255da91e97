/** Sizes that cannot boot the image are not offered; what only some of them need is sent with them. */
import { describe, expect, test } from "vitest"
import { AZURE_TYPES } from "../../../providers/azure/wire/index.js"
import { SpecError } from "../../../src/errors.js"
import type { OfferQuery } from "../../../src/provider.js"
import type { TypeSpec } from "../../../src/simulator/index.js"
import { azureCloud, type Cloud, launchMany, offersOf, planMany, prepareOf, SUBSCRIPTION } from "../support/cloud.js"
import { errorOf, scripted } from "../support/scripted.js"

function size(name: string, rest: Partial<TypeSpec> = {}): TypeSpec {
  const price = { "on-demand": 0.1, spot: 0.02 }
  return { name, family: `${name}Family`, vcpus: 2, memoryGiB: 8, arch: "x86_64", price, ...rest }
}

/** Generation 1 only; generation 2 and NVMe only. */
const [OLD, NEW] = ["Standard_D2_v3", "Standard_D2s_v6"]
const TYPES = [...AZURE_TYPES, size(OLD), size(NEW)]
const GEN1 = "Canonical:ubuntu-24_04-lts:server-gen1:latest"

const cloudOf = (azure: object = {}) => azureCloud({ world: { types: TYPES }, azure })

async function sizesFor(cloud: Cloud, query: Partial<OfferQuery>): Promise<readonly string[]> {
  const offers = await offersOf(cloud, { vcpus: { max: 2 }, instanceTypes: undefined as never, boots: {}, ...query })
  return [...new Set(offers.map(({ instanceType }) => instanceType))].sort()
}

describe("chosen by size", () => {
  test("for the image of generation 2 that is the default", async () => {
    expect(await sizesFor(await cloudOf(), {})).toEqual(["Standard_D2ps_v5", "Standard_D2s_v5", NEW])
  })

  test("for an image of generation 1, of the group's own or of the provider's", async () => {
    const arch = "x86_64"
    expect(await sizesFor(await cloudOf(), { arch, boots: { image: GEN1 } })).toEqual([OLD, "Standard_D2s_v5"])
    expect(await sizesFor(await cloudOf({ image: GEN1 }), { arch })).toEqual([OLD, "Standard_D2s_v5"])
  })

  test("for whoever only asks what there is", async () => {
    const cloud = await cloudOf()
    const all = await offersOf(cloud, { vcpus: { max: 2 }, instanceTypes: undefined as never })
    expect(new Set(all.map(({ instanceType }) => instanceType))).toContain(OLD)
    expect(cloud.world.ledger.entries.map(({ api }) => api)).not.toContain("VirtualMachineImages_Get")
  })
})

describe("named", () => {
  test("alone: refused with the reason, before anything is made", async () => {
    const cloud = await cloudOf()
    const error = await errorOf(sizesFor(cloud, { instanceTypes: [OLD] }))
    expect(error).toBeInstanceOf(SpecError)
    expect(error.message).toBe(
      `instanceType: "${OLD}" cannot boot Canonical:ubuntu-24_04-lts:server:latest: it boots images of generation 1, and this one is of generation 2; name another size, or an image of that generation`,
    )
    const nvme = await errorOf(sizesFor(cloud, { instanceTypes: [NEW], boots: { image: GEN1 } }))
    expect(nvme.message).toContain(`"${NEW}" cannot boot ${GEN1}: it boots images of generation 2`)
  })

  test("beside another: the other one, and why", async () => {
    const cloud = await cloudOf()
    const notes: string[] = []
    const calls = { ...cloud.bare(), note: (words: string) => notes.push(words) }
    const query = { instanceTypes: [OLD, "Standard_D2s_v5"], markets: ["on-demand"], boots: {} } as const
    const offers = await cloud.run(cloud.provider.offers(query, calls))
    expect(new Set(offers.map(({ instanceType }) => instanceType))).toEqual(new Set(["Standard_D2s_v5"]))
    expect(notes).toEqual([expect.stringMatching(/^"Standard_D2_v3" cannot boot .*; the other sizes are used$/)])
  })

  test("of those that boot anything: no image is read", async () => {
    const cloud = await cloudOf()
    await sizesFor(cloud, { instanceTypes: ["Standard_D2s_v5"] })
    expect(cloud.world.ledger.entries.map(({ api }) => api)).toEqual(["ResourceSkus_List", "RetailPrices"])
  })
})

test("what is offered depends on the provider's image, and is kept apart for each", async () => {
  const keys = await Promise.all(
    [{}, { image: GEN1 }].map(async (azure) => (await cloudOf(azure)).provider.limits.offersKey),
  )
  expect(new Set(keys).size).toBe(2)
})

describe("an image that cannot be read rules nothing out", () => {
  test.each(["VirtualMachineImages_Get", "VirtualMachineImages_List"])("%s is forbidden", async (api) => {
    const cloud = await cloudOf()
    cloud.wire.quirks.forbidden.add(api)
    expect(await sizesFor(cloud, { instanceTypes: [OLD] })).toEqual([OLD])
  })

  test("there is none of that name", async () => {
    expect(await sizesFor(await cloudOf(), { instanceTypes: [OLD], boots: { image: "a:b:c:latest" } })).toEqual([OLD])
  })
})

describe("somebody's own images", () => {
  const BASE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute`
  const sku = (name: string, capabilities: Readonly<Record<string, string>>) => ({
    resourceType: "virtualMachines",
    name,
    locations: ["westeurope"],
    capabilities: Object.entries({ vCPUs: "2", MemoryGB: "8", ...capabilities }).map(([key, value]) => ({
      name: key,
      value,
    })),
  })
  const SKUS = [
    sku(OLD, { HyperVGenerations: "V1" }),
    sku(NEW, { HyperVGenerations: "V2", DiskControllerTypes: "NVMe" }),
    sku("Standard_E2bs_v5", { HyperVGenerations: "V1,V2", DiskControllerTypes: "SCSI, NVMe" }),
  ]

  async function bootOf(id: string, properties: object): Promise<readonly string[]> {
    const arm = await scripted(({ path }) => {
      if (path.endsWith("/skus")) return { body: { value: SKUS } }
      return path === id.replace(/\/versions\/.*/, "") ? { body: { id, properties } } : undefined
    })
    const query = { markets: ["on-demand"], boots: { image: id } } as const
    const offers = await arm.provider.offers(query, arm.calls)
    return [...new Set(offers.map(({ instanceType }) => instanceType))].sort()
  }

  test.each([
    ["a gallery's definition", `${BASE}/galleries/ours/images/worker`],
    ["a version of it", `${BASE}/galleries/ours/images/worker/versions/1.2.3`],
  ])("%s says what it is tagged for", async (_what, id) => {
    const features = [{ name: "DiskControllerTypes", value: "SCSI,NVMe" }]
    expect(await bootOf(id, { hyperVGeneration: "V2", features })).toEqual([NEW, "Standard_E2bs_v5"])
    expect(await bootOf(id, { hyperVGeneration: "V2" })).toEqual(["Standard_E2bs_v5"])
    expect(await bootOf(id, { hyperVGeneration: "V1" })).toEqual([OLD, "Standard_E2bs_v5"])
  })

  test("a managed image only says its generation", async () => {
    expect(await bootOf(`${BASE}/images/worker`, { hyperVGeneration: "V2" })).toEqual([NEW, "Standard_E2bs_v5"])
  })
})

test("sizes that may not be read are offered for no zone: with zones asked for, that is said", async () => {
  const cloud = await cloudOf()
  cloud.wire.quirks.forbidden.add("ResourceSkus_List")
  expect((await offersOf(cloud)).map(({ zone }) => zone)).toEqual(["regional"])
  expect(await errorOf(offersOf(cloud, { zones: ["1", "2"] }))).toMatchObject({ code: "AuthorizationFailed" })
})

describe("what is sent", () => {
  interface Body {
    readonly vm: { readonly storageProfile: { readonly diskControllerType?: string } }
  }
  const controllerOf = (body: unknown) => (body as Body).vm.storageProfile.diskControllerType

  test("a size that boots from NVMe only says so; the others leave it to Azure", async () => {
    const cloud = await cloudOf()
    const group = { instanceTypes: [NEW] }
    const [call] = await planMany(cloud, 1, { instanceTypes: [NEW] }, group)
    if (call === undefined) throw new Error("no launch call")
    expect(controllerOf(call.body)).toBe("NVMe")
    expect((await cloud.run(cloud.provider.launch(call, cloud.bare()))).instances).toHaveLength(1)
    const [older] = await planMany(cloud, 1, {}, group)
    expect(controllerOf(older?.body)).toBeUndefined()
  })

  test("sizes are not read where their names say that they are older, and their list is not needed", async () => {
    const cloud = await cloudOf()
    await prepareOf(cloud, { instanceTypes: ["Standard_D2s_v5"] })
    expect(cloud.world.ledger.entries.map(({ api }) => api)).not.toContain("ResourceSkus_List")
    cloud.wire.quirks.forbidden.add("ResourceSkus_List")
    expect((await prepareOf(cloud, { instanceTypes: [NEW] })).body.nvme).toEqual([])
  })

  test("what slips through is refused in Azure's words, and only this size is refused", async () => {
    const cloud = await cloudOf()
    const [call] = await planMany(cloud, 1, { instanceTypes: [OLD] })
    if (call === undefined) throw new Error("no launch call")
    const error = await errorOf(cloud.run(cloud.provider.launch(call, cloud.bare())))
    expect(error).toMatchObject({ name: "OfferRefusedError", code: "BadRequest", scope: { instanceType: OLD } })
    expect(error.message).toMatch(/cannot boot Hypervisor Generation '2'.*name sizes that can boot this image/)
    expect(await launchMany(cloud, 1)).toHaveLength(1)
  })
})
