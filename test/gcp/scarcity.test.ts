/** Plan against ledger, and clouds that have little, over Compute Engine's wire. */
import { describe, expect, test } from "vitest"
import type { ClusterSpec } from "../../src/spec.js"
import { isLong, LONG } from "../support/long.js"
import { expectAll, expectPlanned, expectShort, type ReadAsked, scarce, twelve } from "../support/scarcity.js"
import { gce } from "./support/cloud.js"

const ZONES = ["us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"]
const TYPES = ["n2-standard-4", "c4-standard-4", "e2-standard-4"]
const POOLS = twelve(ZONES, TYPES)
const SPEC = { instanceType: TYPES, order: "as-listed" } as const

interface Bulk {
  readonly zone?: string
  readonly body: {
    readonly count: string
    readonly instanceProperties?: { readonly machineType?: string }
    readonly instanceFlexibilityPolicy?: {
      readonly instanceSelections: Readonly<Record<string, { readonly machineTypes: readonly string[] }>>
    }
  }
}

const read: ReadAsked = (api, parameters) => {
  if (!api.endsWith("bulkInsert")) return undefined
  const { zone, body } = parameters as unknown as Bulk
  const several = Object.values(body.instanceFlexibilityPolicy?.instanceSelections ?? {})
  const types = several.flatMap(({ machineTypes }) => machineTypes)
  const [one] = (body.instanceProperties?.machineType ?? "").split("/").slice(-1)
  return { zone, types: types.length > 0 ? types : [one ?? ""], count: Number(body.count) }
}

const cloudOf = (slots?: number) => gce({ world: slots === undefined ? {} : { capacity: scarce(POOLS, slots) } })

describe("scale does exactly what plan says", () => {
  const rows: readonly (readonly [string, Partial<ClusterSpec>, readonly number[]])[] = [
    ["one type, one zone", { instanceType: "n2-standard-4" }, [201, 300]],
    ["over zones", { instanceType: "n2-standard-4", spread: "zones" }, [201, 202]],
    ["several types over several zones, in one request to the region", { instanceType: TYPES, spread: "zones" }, [201]],
    ["spot with fallback", { instanceType: TYPES, market: "spot-with-fallback" }, [201]],
  ]
  test.each(rows)("%s", async (_title, spec, targets) => {
    const cloud = await cloudOf()
    await expectPlanned(cloud, read, spec, targets)
    expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
  })
})

describe.each(isLong ? [201, 501, 1001] : [201])(`%i workers${isLong ? "" : ` (501 and 1001: ${LONG})`}`, (count) => {
  test("as many slots in twelve pools: all of them", { timeout: 300_000 }, async () => {
    await expectAll(await cloudOf(count), SPEC, count)
  })

  test("a tenth fewer: said within five minutes, and the reasons add up", { timeout: 300_000 }, async () => {
    const slots = Math.floor(count * 0.9)
    await expectShort(await cloudOf(slots), SPEC, { count, slots, withinMs: 300_000 })
  })
})
