/** Images of Azure that are not what a worker boots, or are sold under a plan. */
import { describe, expect, test } from "vitest"
import { VERSION } from "../../../providers/azure/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { SpecError } from "../../../src/errors.js"
import {
  azureCloud,
  type Cloud,
  GROUP,
  launchMany,
  NO_ROOM,
  offersOf,
  OWNER,
  planMany,
  prepareOf,
  SUBSCRIPTION,
  wishFor,
} from "../support/cloud.js"
import { errorOf, scripted } from "../support/scripted.js"

const WINDOWS = "microsoftwindowsserver:windowsserver:2025-datacenter-g2:latest"
const SOLD = "vendor:product:plan-a:latest"
const PLAN = { publisher: "vendor", product: "product", name: "plan-a" }
const BASE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute`

const priceWith = async (cloud: Cloud, image?: string) =>
  (await offersOf(cloud, { boots: image === undefined ? {} : { image } })).map(({ pricePerHour }) => pricePerHour)

describe("Windows is refused before anything is made", () => {
  test.each(["latest", VERSION])("of the Marketplace, version %s", async (version) => {
    const image = WINDOWS.replace("latest", version)
    const cloud = await azureCloud()
    const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", image }
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    const error = await errorOf(cloud.run(cluster.scale(1)))
    expect(error).toBeInstanceOf(SpecError)
    expect(error.message).toMatch(/image: is "microsoft.*", a Windows image, and startup scripts here are for Linux/)
    expect(cloud.wire.remains().filter(({ kind }) => kind === "vm")).toEqual([])
    await cloud.run(cluster.close())
  })

  test.each([
    ["a gallery's", `${BASE}/galleries/ours/images/w/versions/1.0.0`, { osType: "Windows" }],
    ["a managed one", `${BASE}/images/w`, { storageProfile: { osDisk: { osType: "Windows" } } }],
  ])("%s", async (_what, id, properties) => {
    const arm = await scripted(({ path }) =>
      path === id.replace(/\/versions\/.*/, "") ? { body: { id, properties } } : undefined,
    )
    const group = { ...GROUP, image: id, publicAddress: false }
    const calls = { ...arm.calls, readOnly: true }
    expect((await errorOf(arm.provider.prepare(OWNER, group, calls))).message).toMatch(
      /default\.image: is .* a Windows image/,
    )
  })
})

describe("an image that is sold under a plan", () => {
  test("is launched with the plan; its price is not known, and what to accept is said", async () => {
    const cloud = await azureCloud({ azure: { image: SOLD } })
    const { notes } = await prepareOf(cloud)
    expect(notes.join()).toContain("az vm image terms accept --publisher vendor --offer product --plan plan-a")
    const [call] = await planMany(cloud, 1)
    expect(call?.body.vm).toMatchObject({ plan: PLAN })
    expect(await launchMany(cloud, 2)).toHaveLength(2)
    expect(await priceWith(cloud)).toEqual([undefined, undefined, undefined, undefined])
  })

  test("of a gallery: its definition names the plan", async () => {
    const id = `${BASE}/galleries/ours/images/sold`
    const purchasePlan = { ...PLAN }
    const arm = await scripted(({ path, method }) => {
      if (path === id) return { body: { id, properties: { osType: "Linux", purchasePlan } } }
      return method === "GET" ? undefined : { body: { id: path } }
    })
    const group = { ...GROUP, image: id, publicAddress: false, instanceTypes: [] }
    const { body } = await arm.provider.prepare(OWNER, group, { ...arm.calls, readOnly: true })
    expect(body.plans).toEqual({ x86_64: PLAN })
  })

  test("that may not be read needs its plan in overrides: Azure's refusal says so", async () => {
    const cloud = await azureCloud({ azure: { image: SOLD.replace("latest", VERSION) } })
    cloud.wire.quirks.forbidden.add("VirtualMachineImages_Get")
    const offers = await offersOf(cloud)
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    if (call === undefined) throw new Error("no launch call")
    const error = await errorOf(cloud.run(cloud.provider.launch(call, cloud.bare())))
    expect(error.message).toMatch(/VMMarketplaceInvalidInput.*needs its plan in overrides/)
    const named = await azureCloud({ azure: { image: SOLD.replace("latest", VERSION), overrides: { plan: PLAN } } })
    named.wire.quirks.forbidden.add("VirtualMachineImages_Get")
    expect(await launchMany(named, 1)).toHaveLength(1)
  })
})

test.each([
  ["redhat:rhel:9-lvm-gen2:latest", true],
  ["redhat:rhel-byos:rhel-lvm9-gen2:latest", true],
  ["Canonical:ubuntu-24_04-lts:server-gen1:latest", false],
  [undefined, false],
])("%s: unpriced %s", async (image, isUnpriced) => {
  const prices = await priceWith(await azureCloud(), image)
  expect(prices.every((price) => (price === undefined) === isUnpriced)).toBe(true)
})

test("Ubuntu's own image is not read for it", async () => {
  const cloud = await azureCloud()
  await launchMany(cloud, 1)
  expect(cloud.world.ledger.count("VirtualMachineImages_Get")).toBe(0)
})
