/** Machine series and the disks that they boot from: what cannot is not offered. */
import { describe, expect, test } from "vitest"
import { diskTypeOf, takesDisk } from "../../../providers/gcp/offers/families.js"
import { SpecError } from "../../../src/errors.js"
import type { Calls, OfferQuery } from "../../../src/provider.js"
import { gce, launchMany, TYPE } from "../support/cloud.js"

const C4 = "c4-standard-4"
const NAMED: OfferQuery = { instanceTypes: [TYPE, C4], markets: ["on-demand"] }

/** What is offered with this disk, and what is said of it. */
async function offered(type: string, query: OfferQuery = NAMED, readable = true) {
  const cloud = await gce({ gcp: { disk: { type }, zones: ["us-central1-a"] } })
  if (!readable) cloud.world.faults.rate("machineTypes.list", 1, { kind: "fail", error: "auth" })
  const notes: string[] = []
  const calls: Calls = { ...cloud.bare(), note: (words) => notes.push(words) }
  const offers = await cloud.run(cloud.provider.offers(query, calls))
  return { types: offers.map(({ instanceType }) => instanceType), notes }
}

test.each([
  ["pd-ssd", [TYPE], C4],
  ["pd-standard", [TYPE], C4],
  ["hyperdisk-balanced", [C4], TYPE],
])("%s: %o of two that were named, and the other is told", async (disk, types, other) => {
  for (const readable of [true, false]) {
    const found = await offered(disk, NAMED, readable)
    expect(found.types).toEqual(types)
    expect(found.notes).toEqual([`${other} is left out, because it cannot boot from ${disk} (gcp.disk.type)`])
  }
})

test("a type that was named alone is a mistake, with what to do", async () => {
  const alone = offered("pd-ssd", { instanceTypes: [C4], markets: ["on-demand"] })
  await expect(alone).rejects.toThrow(SpecError)
  await expect(alone).rejects.toThrow(
    /gcp\.disk\.type: is "pd-ssd", from which c4-standard-4 cannot boot; leave it out/,
  )
})

test("chosen by size, what cannot boot is not among them, and nothing need be said", async () => {
  const { types, notes } = await offered("pd-balanced", { markets: ["on-demand"], vcpus: { max: 4 } })
  expect(types).toContain(TYPE)
  expect(types.filter((type) => /^(c4|n4)/.test(type))).toEqual([])
  expect(notes).toEqual([])
})

test("without a word of the user's each series gets what it takes, and launches", async () => {
  const cloud = await gce()
  expect(await launchMany(cloud, 1)).toHaveLength(1)
})

describe("by series", () => {
  test.each([
    ["n2-standard-4", "pd-balanced"],
    ["custom-4-8192", "pd-balanced"],
    ["c3-standard-4", "pd-balanced"],
    ["c4-standard-4", "hyperdisk-balanced"],
    ["n4d-standard-2", "hyperdisk-balanced"],
    ["a4-highgpu-8g", "hyperdisk-balanced"],
    ["c3-standard-192-metal", "hyperdisk-balanced"],
  ])("%s boots from %s", (type, disk) => {
    expect(diskTypeOf(type)).toBe(disk)
    expect(takesDisk(type, disk)).toBe(true)
  })

  test.each([
    ["c4a-standard-8", "pd-balanced", false],
    ["n4-standard-2", "pd-standard", false],
    ["a4-highgpu-8g", "pd-ssd", false],
    ["c3-standard-192-metal", "pd-standard", false],
    ["c3-standard-4", "pd-standard", false],
    ["c3-standard-4", "hyperdisk-balanced", true],
    ["e2-standard-2", "hyperdisk-balanced", false],
    ["t2d-standard-16", "hyperdisk-balanced", false],
    ["n2-standard-4", "pd-extreme", true],
    ["m3-ultramem-32", "hyperdisk-extreme", true],
    ["z9-later-1", "pd-future", true],
  ])("%s and %s: %s", (type, disk, expected) => {
    expect(takesDisk(type, disk)).toBe(expected)
  })
})
