import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { TransientError } from "../../../src/errors.js"
import type { Calls, Instance, Provider } from "../../../src/provider.js"
import { rig, SMALL } from "../support.js"

interface Renewal {
  readonly at: number
  readonly ids: readonly string[]
  readonly until: number
}

/** A cloud whose guests can read their own tags; `failing` says of how many renewals, from now on, nothing is heard. */
function leasing(provider: Provider): {
  provider: Provider
  renewals: Renewal[]
  asked: number[]
  state: { failing: number }
} {
  const renewals: Renewal[] = []
  const asked: number[] = []
  const state = { failing: 0 }
  const renew = async (instances: readonly Instance[], until: number, calls: Calls) => {
    if (state.failing-- > 0) throw new TransientError("no answer")
    renewals.push({ at: calls.now(), ids: instances.map(({ id }) => id), until })
    return Promise.resolve()
  }
  const prepare: Provider["prepare"] = (owner, group, calls) => {
    asked.push(group.leaseSeconds ?? 0)
    return provider.prepare(owner, group, calls)
  }
  return { provider: { ...provider, renew, prepare }, renewals, asked, state }
}

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

test("the owner renews three times a lease, all that live, never past the deadline, and guests are told how long", async () => {
  const cloud = rig()
  const { clock } = cloud
  const { provider, renewals, asked } = leasing(cloud.provider)
  const cluster = cloud.cluster({ provider, lease: "10m", maxLifetime: "1h" })
  await clock.run(cluster.scale(3))
  expect(asked).toEqual([600])
  await clock.run(clock.sleep(30 * 60_000))
  expect(renewals.length).toBeGreaterThanOrEqual(8)
  expect(renewals.length).toBeLessThanOrEqual(10)
  const ids = cluster.workers.map(({ id }) => id).sort()
  for (const { ids: renewed, until, at } of renewals) {
    expect([...renewed].sort()).toEqual(ids)
    expect(until - at / 1000).toBeGreaterThan(599 - 1)
    expect(until - at / 1000).toBeLessThanOrEqual(600)
  }
  await clock.run(clock.sleep(27 * 60_000))
  const deadline = Number(cluster.workers[0]?.tags["muster-deadline"] ?? 0)
  expect(renewals.at(-1)?.until).toBe(deadline)
  const count = renewals.length
  await clock.run(cluster.close())
  await clock.run(clock.sleep(30 * 60_000))
  expect(renewals).toHaveLength(count)
})

test("a renewal that fails is said loudly and tried again well before the lease is over", async () => {
  const cloud = rig()
  const { clock } = cloud
  const { provider, renewals, state } = leasing(cloud.provider)
  const cluster = cloud.cluster({ provider, lease: "10m" })
  const problems: string[] = []
  cluster.on("problem", ({ message }) => problems.push(message))
  await clock.run(cluster.scale(2))
  await clock.run(clock.sleep(5 * 60_000))
  const last = renewals.at(-1)?.at ?? 0
  state.failing = 3
  await clock.run(clock.sleep(10 * 60_000))
  const next = renewals.find(({ at }) => at > last)?.at ?? Number.POSITIVE_INFINITY
  expect(next - last).toBeLessThan(600_000)
  expect(problems).toHaveLength(3)
  expect(problems[0]).toMatch(/renewing the lease of 2 instances .*no answer.*end themselves within 600 s/)
  expect(process.emitWarning).toHaveBeenCalledTimes(3)
  await clock.run(cluster.close())
})

test("who detaches, or only watches, renews nothing; who takes over does, as long as the lease was", async () => {
  const cloud = rig()
  const { clock } = cloud
  const { provider, renewals } = leasing(cloud.provider)
  const first = cloud.cluster({ name: "render", provider, lease: "10m" })
  await clock.run(first.scale(2))
  await clock.run(first.detach())
  const before = renewals.length
  await clock.run(clock.sleep(20 * 60_000))
  const spec = { provider, instanceType: SMALL, lease: "5m" } as const
  const second = await clock.run(Cluster.attach("render", spec, { clock, journal: false }))
  await clock.run(clock.sleep(10 * 60_000))
  expect(renewals).toHaveLength(before)
  await clock.run(second.scale(3))
  await clock.run(clock.sleep(5 * 60_000))
  expect(renewals.length).toBeGreaterThan(before)
  expect((renewals.at(-1)?.until ?? 0) - (renewals.at(-1)?.at ?? 0) / 1000).toBeLessThanOrEqual(300)
  await clock.run(second.close())
})

test("where guests cannot read their tags a lease is refused, with the reason; so is one that is too short or too long", async () => {
  const { clock, cluster: make } = rig()
  await expect(clock.run(make({ lease: "10m" }).scale(1))).rejects.toThrow(
    /cluster\.lease: .*cannot read their own tags without credentials.*maxLifetime/,
  )
  expect(() => make({ lease: "5s" })).toThrow('use "30s" at least')
  expect(() => make({ lease: "2h", maxLifetime: "1h" })).toThrow("no more than maxLifetime")
  expect(() => make({ lease: "10m", leaseMs: 600_000 })).toThrow("give one of them")
})
