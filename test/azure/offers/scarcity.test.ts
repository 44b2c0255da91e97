/** Plan against ledger, and clouds that have little, over Azure's wire. */
import { describe, expect, test } from "vitest"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong, LONG } from "../../support/long.js"
import {
  askedFor,
  expectAll,
  expectPlanned,
  expectShort,
  type ReadAsked,
  scarce,
  twelve,
} from "../../support/scarcity.js"
import { azureCloud } from "../support/cloud.js"

const ZONES = ["1", "2", "3", "regional"]
const TYPES = ["Standard_D2s_v5", "Standard_D4s_v5", "Standard_D16s_v5"]
const POOLS = twelve(ZONES, TYPES)
const SPEC = { instanceType: TYPES, order: "as-listed" } as const
const PUT = "VirtualMachines_CreateOrUpdate"

interface Put {
  readonly body: {
    readonly zones?: readonly string[]
    readonly properties: { readonly hardwareProfile: { readonly vmSize: string } }
  }
}

const read: ReadAsked = (api, parameters) => {
  if (api !== PUT) return undefined
  const { zones, properties } = (parameters as unknown as Put).body
  return { zone: zones?.[0] ?? "regional", types: [properties.hardwareProfile.vmSize], count: 1 }
}

const cloudOf = (slots?: number) => azureCloud({ world: slots === undefined ? {} : { capacity: scarce(POOLS, slots) } })

describe("scale does exactly what plan says", () => {
  const rows: readonly (readonly [string, Partial<ClusterSpec>, readonly number[]])[] = [
    ["one size, one zone", { instanceType: "Standard_D2s_v5" }, [60, 80]],
    ["over zones", { instanceType: "Standard_D2s_v5", spread: "zones" }, [60, 62]],
    ["spot with fallback", { instanceType: TYPES, market: "spot-with-fallback" }, [60]],
  ]
  test.each(rows)("%s", async (_title, spec, targets) => {
    await expectPlanned(await cloudOf(), read, spec, targets)
  })
})

const COUNTS = isLong ? [101, 201, 501, 1001] : [101]
describe.each(COUNTS)(`%i workers${isLong ? "" : ` (201, 501 and 1001: ${LONG})`}`, (count) => {
  test("as many slots in twelve pools: all of them, and an empty pool is asked only while nobody knows", {
    timeout: 300_000,
  }, async () => {
    const cloud = await cloudOf(count)
    await expectAll(cloud, SPEC, count)
    const empty = scarce(POOLS, count).flatMap((row) => (row.count === 0 && row.zone !== undefined ? [row] : []))
    const asked = askedFor(cloud.world, read)
    for (const { zone, instanceType } of empty) {
      const tries = asked.filter((call) => call.zone === zone && call.types[0] === instanceType)
      // One PUT is one VM: what is on the wire together when the first one is refused.
      expect(tries.length).toBeLessThanOrEqual(128)
    }
  })

  test("a tenth fewer: said within ten minutes, and the reasons add up", { timeout: 300_000 }, async () => {
    const slots = Math.floor(count * 0.9)
    await expectShort(await cloudOf(slots), SPEC, { count, slots, withinMs: 600_000 })
  })
})
