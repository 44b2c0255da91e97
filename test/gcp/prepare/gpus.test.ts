/** GPUs on Compute Engine: a part is no whole one, and a TPU is none. */
import { expect, test } from "vitest"
import { gceWorld } from "../../../providers/gcp/wire/index.js"
import type { OfferQuery } from "../../../src/provider.js"
import type { TypeSpec } from "../../../src/simulator/index.js"
import { gce } from "../support/cloud.js"

/** Compute Engine lists a part of a GPU, and a TPU, as one accelerator. */
function type(name: string, vcpus: number, accelerator: string): TypeSpec {
  const price = { "on-demand": 0.1, spot: 0.02 }
  const gpu = { name: accelerator, count: 1 }
  return { name, family: name.split("-")[0] ?? name, vcpus, memoryGiB: 100, arch: "x86_64", price, gpu }
}

const TYPES = [
  ...(gceWorld().types ?? []),
  type("g4-standard-12", 12, "nvidia-rtx-pro-6000"),
  type("g4-standard-48", 48, "nvidia-rtx-pro-6000"),
  type("ct5lp-hightpu-1t", 24, "ct5lp"),
]

async function typesFor(query: Partial<OfferQuery>) {
  const cloud = await gce({ world: { types: TYPES } })
  const offers = await cloud.run(cloud.provider.offers({ markets: ["on-demand"], ...query }, cloud.bare()))
  return new Map(offers.map((offer) => [offer.instanceType, offer.gpu]))
}

test("one, without a name: whole GPUs", async () => {
  const names = [...(await typesFor({ gpu: { count: 1 } })).keys()].sort()
  expect(names).toEqual(["a2-highgpu-1g", "g2-standard-4", "g4-standard-48"])
})

test("types that are named are offered with what they have", async () => {
  const found = await typesFor({ instanceTypes: ["g4-standard-12", "ct5lp-hightpu-1t"] })
  expect(found.get("g4-standard-12")).toEqual({ name: "RTX-PRO-6000", count: 0.25 })
  expect(found.has("ct5lp-hightpu-1t")).toBe(true)
  expect(found.get("ct5lp-hightpu-1t")).toBeUndefined()
})
