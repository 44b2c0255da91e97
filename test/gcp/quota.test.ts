/** A project whose own numbers are lower than the documented ones: the first refusal says so, and it is the last. */
import { expect, test } from "vitest"
import { GCE_BUCKETS } from "../../providers/gcp/wire/world.js"
import type { Instance } from "../../src/provider.js"
import { gce, ZONE } from "./support/cloud.js"

const MINUTE_MS = 60_000
const minuteOf = (at: number) => Math.floor(at / MINUTE_MS)

/** A project that may make so many writes a minute, and what our clock shows when the first one is sent. */
async function narrowProject(writes: number) {
  const bucket = { kind: "window", count: writes, perMinute: 1, aligned: true } as const
  const cloud = await gce({ world: { buckets: { ...GCE_BUCKETS, writes: bucket } }, gcp: { zones: [ZONE] } })
  await cloud.run(cloud.clock.sleep(20_000))
  return cloud
}

const gone = (count: number): readonly Instance[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${ZONE}/worker-${index}`,
    name: `worker-${index}`,
    zone: ZONE,
    state: "running",
    provider: "gcp",
    region: "us-central1",
    instanceType: "n2-standard-4",
    market: "on-demand",
    launchedAt: 0,
    tags: {},
  }))

test("after the first refusals none is sent in that minute, and no later minute sees one", async () => {
  const cloud = await narrowProject(60)
  const { accepted } = await cloud.run(cloud.provider.terminate(gone(330), cloud.calls()))
  expect(accepted).toHaveLength(330)
  const sent = cloud.world.ledger.of("instances.delete")
  const refused = sent.filter(({ kind }) => kind === "throttled")
  const first = minuteOf(sent[0]?.at ?? 0)
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ at }) => minuteOf(at)))).toEqual(new Set([first]))
  // What was on the wire when the first refusal came cannot be called back; nothing follows it.
  const heard = Math.min(...refused.map(({ at }) => at)) + 1_000
  expect(sent.filter(({ at }) => at > heard && minuteOf(at) === first)).toEqual([])
  // Then four fifths of what the refusal named, from the beginning of each minute.
  const perMinute = new Map<number, number>()
  for (const { at } of sent) perMinute.set(minuteOf(at), (perMinute.get(minuteOf(at)) ?? 0) + 1)
  const later = [...perMinute].filter(([minute]) => minute > first).map(([, count]) => count)
  expect(later.slice(0, -1)).toEqual(later.slice(0, -1).map(() => 48))
  const starts = [...perMinute.keys()].slice(1).map((minute) => {
    return Math.min(...sent.flatMap(({ at }) => (minuteOf(at) === minute ? [at] : []))) - minute * MINUTE_MS
  })
  for (const start of starts) expect(start).toBeLessThan(2_000)
})

test("while writes wait for the next minute, reads go on", async () => {
  const cloud = await narrowProject(1)
  const calls = cloud.calls()
  const ending = cloud.provider.terminate(gone(3), calls)
  const reading = cloud.clock.sleep(5_000).then(async () => {
    const lists = [
      cloud.provider.list({ uid: "0123456789abcdef" }, calls),
      cloud.provider.list({ cluster: "c" }, calls),
    ]
    await Promise.all(lists)
    return cloud.clock.now()
  })
  const [, readAt] = await cloud.run(Promise.all([ending, reading]))
  const deletions = cloud.world.ledger.of("instances.delete")
  expect(minuteOf(readAt)).toBe(minuteOf(deletions[0]?.at ?? 0))
  expect(deletions.some(({ at }) => minuteOf(at) > minuteOf(readAt))).toBe(true)
})

test("too many operations under way hold back what adds to them, and not everything that writes", async () => {
  const cloud = await gce({ gcp: { zones: [ZONE] } })
  const details = {
    error: "throttled",
    code: "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED",
    message: "Rate Limit Exceeded",
  } as const
  cloud.world.faults.fail("instances.delete", { ...details, times: 1 })
  const calls = cloud.calls()
  const begun = cloud.clock.now()
  const ending = cloud.provider.terminate(gone(1), calls)
  const launching = cloud.clock.sleep(500).then(async () => {
    await calls.send("instances.bulkInsert", { writes: 1, bulk: 1 }, async () => {})
    return cloud.clock.now() - begun
  })
  const [, waited] = await cloud.run(Promise.all([ending, launching]))
  expect(waited).toBeLessThan(1_000)
  expect(cloud.clock.now() - begun).toBeGreaterThanOrEqual(3_000)
})
