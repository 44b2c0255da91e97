/** Plan against ledger, and clouds that have little, over EC2's wire. */
import { describe, expect, test } from "vitest"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong, LONG } from "../../support/long.js"
import { expectAll, expectPlanned, expectShort, type ReadAsked, scarce, twelve } from "../../support/scarcity.js"
import { subnetOf } from "../../../providers/aws/wire/index.js"
import { ec2 } from "../support/cloud.js"

const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
const TYPES = ["m7i.large", "c7i.large", "m7i.4xlarge"]
const POOLS = twelve(ZONES, TYPES)
const SPEC = { instanceType: TYPES, order: "as-listed" } as const

interface Run {
  readonly InstanceType: string
  readonly MaxCount: string
  readonly Placement?: { readonly AvailabilityZone?: string }
  readonly SubnetId?: string
  readonly NetworkInterface?: readonly { readonly SubnetId?: string }[]
}

interface Fleet {
  readonly TargetCapacitySpecification: { readonly TotalTargetCapacity: string }
  readonly LaunchTemplateConfigs: readonly {
    readonly Overrides: readonly { readonly InstanceType: string; readonly AvailabilityZone: string }[]
  }[]
}

const ZONE_OF = new Map(ZONES.map((zone) => [subnetOf(zone), zone]))

/** A subnet stands for its zone. */
const read: ReadAsked = (api, parameters) => {
  if (api === "RunInstances") {
    const { InstanceType, MaxCount, Placement, SubnetId, NetworkInterface } = parameters as unknown as Run
    const subnet = SubnetId ?? NetworkInterface?.[0]?.SubnetId ?? ""
    const zone = Placement?.AvailabilityZone ?? ZONE_OF.get(subnet)
    return { zone, types: [InstanceType], count: Number(MaxCount) }
  }
  if (api !== "CreateFleet") return undefined
  const { TargetCapacitySpecification, LaunchTemplateConfigs } = parameters as unknown as Fleet
  const overrides = LaunchTemplateConfigs.flatMap((config) => config.Overrides)
  const zones = new Set(overrides.map(({ AvailabilityZone }) => AvailabilityZone))
  return {
    zone: zones.size === 1 ? [...zones][0] : undefined,
    types: [...new Set(overrides.map(({ InstanceType }) => InstanceType))],
    count: Number(TargetCapacitySpecification.TotalTargetCapacity),
  }
}

async function cloudOf(slots?: number) {
  const world = slots === undefined ? {} : { capacity: scarce(POOLS, slots) }
  return ec2({ world, aws: { subnetIds: undefined } })
}

describe("scale does exactly what plan says", () => {
  const rows: readonly (readonly [string, Partial<ClusterSpec>, readonly number[]])[] = [
    ["one type, one zone", { instanceType: "m7i.large" }, [201, 300]],
    ["over zones", { instanceType: "m7i.large", spread: "zones" }, [400]],
    ["spot of many types over zones", { instanceType: TYPES, spread: "zones", market: "spot" }, [201]],
    ...(isLong
      ? [["more than the limits let through at once", { instanceType: "m7i.large" }, [901, 1100]] as const]
      : []),
  ]
  test.each(rows)("%s", async (_title, spec, targets) => {
    const cloud = await cloudOf()
    await expectPlanned(cloud, read, spec, targets)
    expect(cloud.world.ledger.entries.filter(({ outcome }) => /Throttl|RequestLimit/.test(outcome))).toEqual([])
  })
})

/** What a refused request asked for is taken from the bucket of instances too: 1000 at first, then two a second. */
const waitMs = (count: number) => (Math.max(0, POOLS.length * count - 1000) / 2) * 1000
const REAL_MS = 300_000

describe.each(isLong ? [201, 501, 1001] : [201])(`%i workers${isLong ? "" : ` (501 and 1001: ${LONG})`}`, (count) => {
  test("as many slots in twelve pools: all of them", { timeout: REAL_MS }, async () => {
    await expectAll(await cloudOf(count), SPEC, count)
  })

  test("a tenth fewer: said as soon as the limits allow, and the reasons add up", { timeout: REAL_MS }, async () => {
    const slots = Math.floor(count * 0.9)
    await expectShort(await cloudOf(slots), SPEC, { count, slots, withinMs: 300_000 + waitMs(count) })
  })
})
