/** A cloud that has little: the same scenario on the world itself and behind every wire. */
import { expect } from "vitest"
import type { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { ShortfallError } from "../../src/errors.js"
import type { Json, Provider } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import type { CapacityRow } from "../../src/simulator/stock/pools.js"
import type { ClusterSpec } from "../../src/spec.js"

/** A pool: a zone and a type. */
export interface Pool {
  readonly zone: string
  readonly instanceType: string
}

/** Shares of the slots in twelve pools, uneven; the other pools of the world have none. */
const SHARES: readonly number[] = [30, 0, 7, 1, 19, 0, 2, 11, 0, 25, 4, 1]

/** So many slots spread unevenly over the pools; everything else is empty. */
export function scarce(pools: readonly Pool[], slots: number): readonly CapacityRow[] {
  const shareOf = (index: number) => SHARES[index % SHARES.length] ?? 0
  const total = pools.reduce((sum, _pool, index) => sum + shareOf(index), 0)
  const counts = pools.map((_, index) => Math.floor((slots * shareOf(index)) / total))
  const given = counts.reduce((sum, count) => sum + count, 0)
  const last = counts.length - 1
  return [
    ...pools.map((pool, index) => ({ ...pool, count: (counts[index] ?? 0) + (index === last ? slots - given : 0) })),
    { count: 0 },
  ]
}

/** Twelve pools of these zones and types. */
export function twelve(zones: readonly string[], types: readonly string[]): readonly Pool[] {
  return zones.flatMap((zone) => types.map((instanceType) => ({ zone, instanceType }))).slice(0, 12)
}

/** A cloud behind its wire, and how its ledger says what a launch request asks for. */
export interface Wired {
  readonly clock: VirtualClock
  readonly world: World
  readonly provider: Provider
}

export interface AskedFor {
  readonly api: string
  /** Undefined where a request names several. */
  readonly zone: string | undefined
  readonly types: readonly string[]
  readonly count: number
}

export type ReadAsked = (api: string, parameters: Json) => Omit<AskedFor, "api"> | undefined

export function askedFor(world: World, read: ReadAsked): readonly AskedFor[] {
  return world.ledger.entries.flatMap(({ api, parameters }) => {
    const asked = read(api, parameters)
    return asked === undefined ? [] : [{ api, ...asked }]
  })
}

function clusterOn({ clock, provider }: Wired, spec: Partial<ClusterSpec>): Cluster {
  const whole = { name: "render", provider, ...spec }
  return new Cluster(whole as ClusterSpec, { clock, seed: 1, journal: false })
}

/** When nothing goes wrong `scale` sends the calls that `plan` named: api, zone, types, count. */
export async function expectPlanned(
  cloud: Wired,
  read: ReadAsked,
  spec: Partial<ClusterSpec>,
  targets: readonly number[],
) {
  const cluster = clusterOn(cloud, spec)
  for (const target of targets) {
    const plan = await cloud.clock.run(cluster.plan(target))
    const planned = plan.groups.flatMap(({ calls }) =>
      calls.map(({ api, zone, instanceTypes, count }) => ({ api, zone, types: [...instanceTypes].sort(), count })),
    )
    const before = askedFor(cloud.world, read).length
    expect(await cloud.clock.run(cluster.scale(target))).toMatchObject({ running: target })
    const asked = askedFor(cloud.world, read).slice(before)
    expect(inOrder(asked)).toEqual(inOrder(planned))
  }
  await cloud.clock.run(cluster.close())
}

/** Requests that leave in the same moment arrive in any order. */
function inOrder(calls: readonly AskedFor[]): readonly string[] {
  return calls.map(({ api, zone, types, count }) => JSON.stringify([api, zone ?? "", [...types].sort(), count])).sort()
}

/** As many slots as are asked for: all of them come. */
export async function expectAll(cloud: Wired, spec: Partial<ClusterSpec>, count: number): Promise<void> {
  const cluster = clusterOn(cloud, spec)
  expect(await cloud.clock.run(cluster.scale(count))).toMatchObject({ running: count, shortfall: { count: 0 } })
  const receipt = await cloud.clock.run(cluster.close())
  // Some clouds accept a request and fail the instance later: that one is in the receipt as well.
  expect([receipt.instances.length >= count, receipt.leaked]).toEqual([true, []])
}

/** Fewer: what there is runs, the reasons add up, and it is said within `withinMs`. */
export async function expectShort(
  cloud: Wired,
  spec: Partial<ClusterSpec>,
  { count, slots, withinMs }: { readonly count: number; readonly slots: number; readonly withinMs: number },
): Promise<void> {
  const cluster = clusterOn(cloud, spec)
  const begun = cloud.clock.now()
  const error = await cloud.clock.run(cluster.scale(count).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(ShortfallError)
  const { running, shortfall } = error as ShortfallError
  const explained = shortfall.reasons.reduce((sum, reason) => sum + reason.count, 0)
  expect([running, shortfall.count, explained]).toEqual([slots, count - slots, count - slots])
  for (const { reason, code, message, advice, retryAt } of shortfall.reasons) {
    expect([reason, code !== "", message !== "", advice.startsWith("add "), (retryAt ?? 0) > 0]).toEqual([
      "capacity",
      true,
      true,
      true,
      true,
    ])
  }
  expect(cloud.clock.now() - begun).toBeLessThanOrEqual(withinMs)
  await cloud.clock.run(cluster.close())
}
