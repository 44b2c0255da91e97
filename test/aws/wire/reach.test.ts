/** How fast EC2's documented default limits allow it, and no faster: on the virtual clock, counted in the world's ledger. */
import { describe, expect, test } from "vitest"
import type { AwsOptions } from "../../../providers/aws/index.js"
import { EC2_TYPES } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { launchTags } from "../../../src/fleet/tags.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong, LONG } from "../../support/long.js"
import { type Cloud, ec2, NO_ROOM, prepareOf, wishFor } from "../support/cloud.js"

/** One latency for all requests, so that they reach the buckets as far apart as they were sent; booted soon. */
const SOON = {
  latency: { requestMs: 100, createMs: 2_000, bootMs: [3_000, 6_000], stopMs: [5_000, 40_000] },
  listLagMs: [0, 1_000],
} as const

/** Twenty real types of two vCPUs. */
const TWENTY_TYPES = [
  ...["m5", "m5a", "m5d", "m5n", "m6i", "m6a", "m6id", "m6in", "m7i", "m7a"],
  ...["c5", "c5a", "c5d", "c5n", "c6i", "c6a", "c6id", "c6in", "c7i", "c7a"],
].map((family) => ({ ...(EC2_TYPES[1] as (typeof EC2_TYPES)[number]), name: `${family}.large` }))

interface Setting {
  readonly aws?: Pick<AwsOptions, "fleet" | "fleetRate">
  readonly wire?: { readonly fleetsDrawOnRunInstances: boolean }
  readonly types?: typeof EC2_TYPES
  /** Its messages are not compared with EC2's model: there are gigabytes of them, and all are like those of smaller bursts. */
  readonly unchecked?: true
}

async function cloudWith({ aws, wire, types, unchecked }: Setting = {}): Promise<Cloud> {
  const world = { ...SOON, ...(types === undefined ? {} : { types }) }
  const unheard = unchecked === undefined ? {} : { onExchange: () => {} }
  return ec2({ world, aws: { subnetIds: undefined, ...aws }, wire: { ...wire, ...unheard } })
}

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = {
    name: "render",
    provider: cloud.provider,
    instanceType: "m7i.large",
    spread: "zones",
    ...spec,
  } as const
  return new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

const launches = (cloud: Cloud) =>
  cloud.world.ledger.entries.filter(({ api }) => api === "RunInstances" || api === "CreateFleet")

/** What was refused for being too much. */
const throttled = (cloud: Cloud) =>
  cloud.world.ledger.entries.filter(({ outcome }) => ["Throttled", "RequestLimitExceeded"].includes(outcome))

const seconds = (cloud: Cloud, from: number) => ((launches(cloud).at(-1)?.at ?? 0) - from) / 1000

async function etaOf(cloud: Cloud, cluster: Cluster, count: number): Promise<number> {
  const { groups } = await cloud.run(cluster.plan(count))
  return (groups[0]?.etaMs ?? Number.NaN) / 1000
}

/** Up to `count`, then down: when the last launch was sent, and what was promised. */
async function burst(cloud: Cloud, cluster: Cluster, count: number) {
  const eta = await etaOf(cloud, cluster, count)
  const start = cloud.clock.now()
  const { running } = await cloud.run(cluster.scale(count, { timeout: "2h" }))
  expect(running).toBe(count)
  const up = seconds(cloud, start)
  await cloud.run(cluster.close())
  expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
  checkLedger(cloud)
  return { eta, up }
}

/** The launches alone, through the core's calls: what lists cost the SDK's parser would take a minute of real time. */
async function launchAll(cloud: Cloud, count: number) {
  const eta = await etaOf(cloud, clusterOn(cloud), count)
  const query = { instanceTypes: ["m7i.large"], markets: ["on-demand"] } as const
  const offers = await cloud.run(cloud.provider.offers(query, cloud.calls()))
  const wish = wishFor(offers, count, { spread: "zones" })
  const calls = cloud.provider.split(wish, await prepareOf(cloud), NO_ROOM)
  const start = cloud.clock.now()
  const made = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.calls()))))
  expect(made.flatMap(({ instances }) => instances)).toHaveLength(count)
  expect(made.flatMap(({ failures }) => failures)).toEqual([])
  checkLedger(cloud)
  return { eta, up: seconds(cloud, start) }
}

function checkLedger(cloud: Cloud): void {
  expect(throttled(cloud)).toEqual([])
  expect(cloud.world.ledger.count("CreateTags")).toBe(0)
}

test("1000 on demand of one type over four zones: four RunInstances, all at once", async () => {
  const cloud = await cloudWith()
  const { eta, up } = await burst(cloud, clusterOn(cloud), 1000)
  expect(launches(cloud).map(({ api }) => api)).toEqual(Array.from({ length: 4 }, () => "RunInstances"))
  expect(new Set(launches(cloud).map(({ at }) => at)).size).toBe(1)
  expect(eta).toBe(0)
  expect(up).toBeLessThan(1)
})

test("1000 spot over twenty types and four zones: at most two CreateFleet", async () => {
  const cloud = await cloudWith({ types: TWENTY_TYPES })
  const spec = { market: "spot", instanceType: TWENTY_TYPES.map(({ name }) => name) } as const
  await burst(cloud, clusterOn(cloud, spec), 1000)
  const fleets = cloud.world.ledger.of("CreateFleet")
  expect(fleets.length).toBeLessThanOrEqual(2)
  expect(JSON.stringify(fleets.at(-1)?.parameters).match(/"InstanceType"/g)).toHaveLength(80)
  expect(cloud.world.ledger.count("RunInstances")).toBe(0)
})

describe("3000 on demand", () => {
  const near = (value: number, wanted: number, share: number) => {
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(wanted * share)
  }

  test("without fleets: within 3 % of 1000 s, as was said", async () => {
    const cloud = await cloudWith({ aws: { fleet: false } })
    const { eta, up } = await launchAll(cloud, 3000)
    near(up, 1000, 0.03)
    near(eta, up, 0.1)
    expect(cloud.world.ledger.count("CreateFleet")).toBe(0)
  })

  test.each([true, false])("with fleets, where they draw on RunInstances' limit: %s", async (isShared) => {
    const cloud = await cloudWith({ aws: { fleet: true }, wire: { fleetsDrawOnRunInstances: isShared } })
    const { eta, up } = await launchAll(cloud, 3000)
    near(up, 1000, 0.03)
    near(eta, up, 0.1)
    expect(cloud.world.ledger.count("RunInstances")).toBe(0)
  })

  test("with fleets at a rate of their own: at once, as was said", async () => {
    const aws = { fleet: true, fleetRate: "separate" } as const
    const cloud = await cloudWith({ aws, wire: { fleetsDrawOnRunInstances: false } })
    const { eta, up } = await launchAll(cloud, 3000)
    expect(eta).toBe(0)
    // The first fleets have their template made.
    expect(up).toBeLessThan(10)
  })
})

/** Minutes of the SDK's parser: whoever confirms thousands of boots reads thousands of instances some times. */
describe.skipIf(!isLong)(`through a cluster, lists and all (${LONG})`, () => {
  test.each([
    ["without fleets", { aws: { fleet: false } }],
    ["with fleets", { aws: { fleet: true } }],
    [
      "with fleets that draw on no limit of RunInstances",
      { aws: { fleet: true }, wire: { fleetsDrawOnRunInstances: false } },
    ],
  ] as const)(
    "3000 up, %s: within 30 s of 1000 s, as was said, and down",
    async (_what, setting) => {
      const cloud = await cloudWith({ ...setting, unchecked: true })
      const { eta, up } = await burst(cloud, clusterOn(cloud), 3000)
      expect(Math.abs(up - 1000)).toBeLessThanOrEqual(1000 * 0.03)
      expect(Math.abs(eta - up)).toBeLessThanOrEqual(up * 0.1)
    },
    1_800_000,
  )

  test("10,000 down by close: within 3 % of 450 s", async () => {
    const cloud = await cloudWith({ unchecked: true })
    const { clock, world } = cloud
    const owner = { cluster: "render", uid: "0123456789abcdef", owner: "default", generation: 1, claim: "c" }
    const deadline = String(Math.floor(clock.now() / 1000) + 43_200)
    const tags = launchTags({ ...owner, deadline }, "default", "0".repeat(32))
    const attributes = { imageId: "ami-1", subnetId: "subnet-1", securityGroupIds: [], reservation: "r-1", request: {} }
    for (const zone of world.settings.zones) {
      const pool = { zone, instanceType: "m7i.large", market: "on-demand" } as const
      world.create({ ...pool, min: 2_500, max: 2_500, tags, attributes })
    }
    await clock.run(clock.sleep(10_000))
    const cluster = await cloud.run(
      Cluster.attach("render", { provider: cloud.provider }, { clock, seed: 1, journal: false }),
    )
    const start = clock.now()
    const receipt = await cloud.run(cluster.close({ timeout: "1h" }))
    expect([receipt.instances.length, receipt.leaked]).toEqual([10_000, []])
    const last = world.ledger.of("TerminateInstances").at(-1)?.at ?? 0
    expect(Math.abs((last - start) / 1000 - 450)).toBeLessThanOrEqual(450 * 0.03)
    // It is confirmed when the last has been asked to go, not much later.
    expect((clock.now() - last) / 1000).toBeLessThan(60)
    expect(throttled(cloud)).toEqual([])
  }, 1_800_000)
})

test("10,000 down: within 3 % of 450 s", async () => {
  const cloud = await ec2({ world: SOON })
  const { clock, provider, world } = cloud
  const pool = { zone: "us-east-1a", instanceType: "m7i.large", market: "on-demand" } as const
  const tags = { "muster-uid": "u", "muster-cluster": "c", "muster-owner": "o" }
  const attributes = { imageId: "ami-1", subnetId: "subnet-1", securityGroupIds: [], reservation: "r-1", request: {} }
  world.create({ ...pool, min: 10_000, max: 10_000, tags, attributes })
  const calls = cloud.calls()
  await clock.run(clock.sleep(10_000))
  const instances = await cloud.run(provider.list({ uid: "u" }, calls))
  expect(instances).toHaveLength(10_000)
  const start = clock.now()
  const { accepted } = await cloud.run(provider.terminate(instances, calls))
  expect(accepted).toHaveLength(10_000)
  const last = world.ledger.of("TerminateInstances").at(-1)?.at ?? 0
  expect(Math.abs((last - start) / 1000 - 450)).toBeLessThanOrEqual(450 * 0.03)
  expect(throttled(cloud)).toEqual([])
})
