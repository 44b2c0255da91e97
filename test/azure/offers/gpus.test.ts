/** GPUs on Azure: a part is no whole one, and whoever names none means NVIDIA's. */
import { expect, test } from "vitest"
import { AZURE_TYPES } from "../../../providers/azure/wire/index.js"
import { gpuOf } from "../../../providers/azure/offers/gpus.js"
import type { TypeSpec } from "../../../src/simulator/index.js"
import { azureCloud, offersOf } from "../support/cloud.js"

/** The list of sizes counts a part of a GPU as one. */
function size(name: string, vcpus: number, price: number, gpu = "?"): TypeSpec {
  const prices = { "on-demand": price, spot: price / 5 }
  return {
    name,
    family: `${name}Family`,
    vcpus,
    memoryGiB: 55,
    arch: "x86_64",
    price: prices,
    gpu: { name: gpu, count: 1 },
  }
}

const SIXTH = "Standard_NV6ads_A10_v5"
const TYPES = [
  ...AZURE_TYPES,
  size(SIXTH, 6, 0.45),
  size("Standard_NV36ads_A10_v5", 36, 3.2),
  size("Standard_NV32as_v4", 32, 0.2),
  size("Standard_ND96isr_MI300X_v5", 96, 0.3),
  size("Standard_NP10s", 10, 0.1),
  size("Standard_NX8s_Q9_v1", 8, 0.01),
]

async function sizesFor(gpu: { readonly name?: string; readonly count?: number }): Promise<readonly string[]> {
  const cloud = await azureCloud({ world: { types: TYPES } })
  const offers = await offersOf(cloud, { instanceTypes: undefined as never, gpu })
  return [...new Set(offers.map(({ instanceType }) => instanceType))].sort()
}

test.each([
  [SIXTH, 0.167, 4],
  ["Standard_NV12ads_A10_v5", 0.333, 7],
  ["Standard_NV18ads_A10_v5", 0.5, 12],
  ["Standard_NV36adms_A10_v5", 1, 24],
  ["Standard_NV4ads_V710_v5", 0.167, 4],
  ["Standard_NV28adms_V710_v5", 1, 28],
  ["Standard_NV4as_v4", 0.125, 2],
  ["Standard_NC4as_T4_v3", 1, 16],
])("%s has %d of a GPU, and %d GiB of its memory", (name, count, memoryGiB) => {
  expect(gpuOf(name, 1)).toMatchObject({ count, memoryGiB })
})

test("one, without a name: whole ones of NVIDIA's, cheaper ones of others or not", async () => {
  expect(await sizesFor({ count: 1 })).toEqual(["Standard_NC4as_T4_v3", "Standard_NV36ads_A10_v5"])
  expect(await sizesFor({})).toEqual(["Standard_NC4as_T4_v3", "Standard_NV36ads_A10_v5"])
})

test("by its name: also AMD's", async () => {
  expect(await sizesFor({ name: "A10", count: 1 })).toEqual(["Standard_NV36ads_A10_v5"])
  expect(await sizesFor({ name: "mi300x" })).toEqual(["Standard_ND96isr_MI300X_v5"])
  expect(await sizesFor({ name: "MI25" })).toEqual(["Standard_NV32as_v4"])
})

test("a size that is named is offered with what it has", async () => {
  const [offer] = await offersOf(await azureCloud({ world: { types: TYPES } }), { instanceTypes: [SIXTH] })
  expect(offer?.gpu).toEqual({ name: "A10", count: 0.167, memoryGiB: 4 })
})
