/** What the wire knows besides a burst's usual requests, and how the adapter takes it. */
import { describe, expect, test } from "vitest"
import { HttpFailure, toMusterError } from "../../providers/gcp/client/errors.js"
import { gcp } from "../../providers/gcp/index.js"
import { parseTime } from "../../src/tables/times.js"
import { pacificTime } from "../../providers/gcp/wire/client/pacific.js"
import { Cluster } from "../../src/cluster.js"
import { ThrottledError } from "../../src/errors.js"
import type { JsonObject } from "../../src/provider.js"
import { callsFor, type Cloud, gce, launchMany, launchOne, TYPE, ZONE } from "./support/cloud.js"

describe("a subnetwork that is full", () => {
  const small = (cloud: Cloud) => {
    const id = "projects/muster-test/regions/us-central1/subnetworks/default"
    cloud.world.resources.put({
      kind: "subnetwork",
      id,
      tags: {},
      attributes: { network: "default", range: "10.0.0.0/28" },
    })
  }

  test("gives what it has; the rest is a quota of the region for half a minute", async () => {
    const cloud = await gce()
    small(cloud)
    const [call] = await callsFor(cloud, 20)
    if (call === undefined) throw new Error("no call")
    const { instances, failures } = await launchOne(cloud, call)
    // "The first two and the last two addresses cannot be used."
    expect(instances).toHaveLength(12)
    const scope = { provider: "gcp", region: "us-central1" }
    expect(failures).toMatchObject([{ reason: "quota", count: 8, code: "IP_SPACE_EXHAUSTED", ttlMs: 30_000, scope }])
    expect(failures[0]?.message).toMatch(/IP space of .*subnetworks\/default.* is exhausted.*name another subnetwork/)
  })

  test("with nothing left: nothing comes, and the reason is no lack of machines", async () => {
    const cloud = await gce()
    small(cloud)
    await launchMany(cloud, 12)
    const [call] = await callsFor(cloud, 3)
    if (call === undefined) throw new Error("no call")
    expect(await launchOne(cloud, call)).toMatchObject({ instances: [], failures: [{ reason: "quota", count: 3 }] })
  })
})

test("a wait that returns at once is not asked again in a hurry", async () => {
  const cloud = await gce({ wire: { operationMs: 60_000, waitMs: 0 } })
  const cluster = new Cluster(
    { name: "render", provider: cloud.provider, instanceType: TYPE },
    { clock: cloud.clock, seed: 1, journal: false },
  )
  expect((await cloud.run(cluster.scale(3))).running).toBe(3)
  expect(cloud.world.ledger.count("zoneOperations.wait")).toBeLessThan(60_000 / 2_000 + 2)
  await cloud.run(cluster.close())
})

test("a refusal that names the project's own quota of requests is passed on, with what to do", async () => {
  const said = {
    error: {
      code: 403,
      message: "Quota exceeded for quota metric 'Queries' … per minute",
      errors: [{ reason: "rateLimitExceeded" }],
      details: [{ reason: "RATE_LIMIT_EXCEEDED", metadata: { quota_limit_value: "600" } }],
    },
  }
  const error = toMusterError(new HttpFailure({ status: 403, headers: {}, body: JSON.stringify(said) }), {
    what: "x",
    region: "r",
  })
  expect(error).toBeInstanceOf(ThrottledError)
  expect(error.message).toMatch(/may make 600 a minute: gcp\(\{ requestsPerMinute \}\)/)
  const { limits } = gcp({ region: "us-central1", requestsPerMinute: { writes: 600 } })
  expect(limits.buckets).toMatchObject({ writes: { count: 600 }, reads: { count: 1200 }, heavy: { count: 600 } })
})

test("one instance by instances.insert, as the API has it, which takes URLs where a bulk request takes names", async () => {
  const cloud = await gce()
  const send = async (changes: object) => {
    const body = {
      name: "single",
      machineType: `zones/${ZONE}/machineTypes/${TYPE}`,
      disks: [
        {
          boot: true,
          autoDelete: true,
          initializeParams: {
            sourceImage: "projects/debian-cloud/global/images/family/debian-12",
            diskType: `zones/${ZONE}/diskTypes/pd-balanced`,
          },
        },
      ],
      networkInterfaces: [{ network: "global/networks/default" }],
      ...changes,
    }
    const requestId = "8f6c2a0e-1d3b-4c5d-9e7f-0123456789ab"
    const url = `${cloud.wire.url}/compute/v1/projects/muster-test/zones/${ZONE}/instances?requestId=${requestId}`
    const reply = await cloud.run(
      cloud.clock.busy("insert", fetch(url, { method: "POST", body: JSON.stringify(body) })),
    )
    return {
      status: reply.status,
      body: (await reply.json()) as { readonly name?: string; readonly operationType?: string },
    }
  }
  expect(await send({ machineType: TYPE })).toMatchObject({ status: 400 })
  const first = await send({})
  expect(first).toMatchObject({ status: 200, body: { operationType: "insert" } })
  expect((await send({})).body.name).toBe(first.body.name)
  expect(cloud.world.truth()).toHaveLength(1)
})

describe("what the wire writes as Compute Engine does", () => {
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
  const SHORT = { world: { quotas: [{ name: "N2_CPUS", family: "n2", vcpus: 8 }] } } as const

  interface Operation {
    readonly operationGroupId?: string
    readonly insertTime: string
    readonly targetLink: string
    readonly error?: {
      readonly errors: readonly { readonly code: string; readonly errorDetails?: readonly object[] }[]
    }
    readonly instancesBulkInsertOperationMetadata?: { readonly perLocationStatus: object }
  }

  async function operations(cloud: Cloud, filter: string): Promise<readonly Operation[]> {
    const path = `/compute/v1/projects/muster-test/zones/${ZONE}/operations`
    const url = `${cloud.wire.url}${path}?filter=${encodeURIComponent(filter)}`
    const reply = await cloud.run(cloud.clock.busy("list", fetch(url)))
    return ((await reply.json()) as { readonly items?: readonly Operation[] }).items ?? []
  }

  test("the causes of a partial bulk request stand in the operations of its VMs, and not in its own", async () => {
    const cloud = await gce(SHORT)
    await launchMany(cloud, 5)
    const [bulk] = await operations(cloud, 'operationType="bulkInsert"')
    expect(bulk?.error).toBeUndefined()
    expect(bulk?.operationGroupId).toMatch(UUID)
    expect(bulk?.instancesBulkInsertOperationMetadata?.perLocationStatus).toEqual({
      [`zones/${ZONE}`]: { targetVmCount: 5, createdVmCount: 2, failedToCreateVmCount: 3, status: "DONE" },
    })
    const inserts = await operations(cloud, `operationGroupId="${bulk?.operationGroupId}" AND operationType=insert`)
    expect(inserts.map(({ error }) => error?.errors[0]?.code).sort()).toEqual([
      ...Array.from({ length: 3 }, () => "QUOTA_EXCEEDED"),
      ...Array.from({ length: 2 }, () => undefined),
    ])
    expect(new Set(inserts.map(({ targetLink }) => targetLink)).size).toBe(5)
  })

  test("one that came to nothing says why itself, the summary first, with help and a sentence for people", async () => {
    const cloud = await gce()
    cloud.world.setCapacity({ zone: ZONE }, 0)
    await launchMany(cloud, 2)
    const [bulk] = await operations(cloud, 'operationType="bulkInsert"')
    const [summary, cause] = bulk?.error?.errors ?? []
    expect(summary?.code).toBe("VM_MIN_COUNT_NOT_REACHED")
    expect(cause).toMatchObject({
      code: "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
      errorDetails: [
        { help: { links: [{ url: "https://cloud.google.com/compute/docs/resource-error" }] } },
        { localizedMessage: { locale: "en-US" } },
        { errorInfo: { reason: "resource_availability", metadatas: { zone: ZONE, vmType: TYPE } } },
      ],
    })
  })

  test("times are Pacific, and compared as moments", async () => {
    const cloud = await gce()
    await launchMany(cloud, 1)
    const [bulk] = await operations(cloud, 'operationType="bulkInsert"')
    expect(bulk?.insertTime).toMatch(/^2025-12-31T16:00:00\.\d{3}-08:00$/)
    expect(await operations(cloud, 'creationTimestamp > "2026-01-01T00:00:00Z"')).toHaveLength(2)
    expect(await operations(cloud, 'creationTimestamp > "2026-01-01T00:00:01Z"')).toEqual([])
  })

  test.each([
    ["2026-03-08T09:59:59.000Z", "2026-03-08T01:59:59.000-08:00"],
    ["2026-03-08T10:00:00.000Z", "2026-03-08T03:00:00.000-07:00"],
    ["2026-11-01T08:59:59.000Z", "2026-11-01T01:59:59.000-07:00"],
    ["2026-11-01T09:00:00.000Z", "2026-11-01T01:00:00.000-08:00"],
  ])("%s is %s", (utc, pacific) => {
    expect(pacificTime(Date.parse(utc))).toBe(pacific)
    expect(parseTime(pacific)).toBe(Date.parse(utc))
  })

  test("a deletion is done when its instance has gone", async () => {
    const cloud = await gce({ world: { latency: { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 45_000 } } })
    const instances = await launchMany(cloud, 1)
    await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    const states = async () =>
      (await operations(cloud, "operationType=delete")).map((one) => Reflect.get(one, "status"))
    await cloud.run(cloud.clock.sleep(40_000))
    expect(await states()).toEqual(["RUNNING"])
    await cloud.run(cloud.clock.sleep(10_000))
    expect(await states()).toEqual(["DONE"])
  })

  test.each([
    ["c4-standard-4", "pd-ssd"],
    ["n2-standard-4", "hyperdisk-balanced"],
  ])("%s refuses %s in the words that users are told", async (type, disk) => {
    const cloud = await gce({ gcp: { zones: [ZONE] } })
    const [call] = await callsFor(cloud, 1, {}, [type])
    if (call === undefined) throw new Error("no call")
    const body = JSON.parse(
      JSON.stringify(call.body).replace(/"diskType":"[^"]+"/, `"diskType":"${disk}"`),
    ) as JsonObject
    await expect(cloud.run(cloud.provider.launch({ ...call, body }, cloud.bare()))).rejects.toThrow(
      `${disk} disk type cannot be used by ${type} machine type`,
    )
  })
})

describe("a scripted answer", () => {
  const REFUSED = { api: "instances.bulkInsert", place: "whole", code: "somethingNew", message: "No." } as const

  test("meets whom it is about, in its time, as often as it is to", async () => {
    const cloud = await gce()
    const now = cloud.clock.now()
    const { answers } = cloud.wire
    answers.give({ ...REFUSED, scope: { zone: ZONE }, fromMs: now + 10, untilMs: now + 60_000, times: 1 })
    const next = (zone?: string) => answers.next("instances.bulkInsert", "whole", zone === undefined ? {} : { zone })
    expect(next(ZONE)).toBeUndefined()
    await cloud.run(cloud.clock.sleep(10))
    expect([next("us-central1-b"), next(), answers.next("instances.delete", "whole", { zone: ZONE })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([next(ZONE)?.code, next(ZONE)]).toEqual(["somethingNew", undefined])
    answers.give({ ...REFUSED, untilMs: now + 60_000 })
    await cloud.run(cloud.clock.sleep(60_000))
    expect(next(ZONE)).toBeUndefined()
  })

  test("of any other request is given before it is done", async () => {
    const cloud = await gce({ gcp: { zones: [ZONE] } })
    const instances = await launchMany(cloud, 1)
    cloud.wire.answers.give({ ...REFUSED, api: "instances.delete", status: 409, scope: { instanceType: TYPE } })
    const { failures } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    expect(failures).toMatchObject([{ code: "somethingNew" }])
    expect(cloud.world.truth({ states: ["pending", "running"] })).toHaveLength(1)
    cloud.wire.answers.clear()
    expect((await cloud.run(cloud.provider.terminate(instances, cloud.bare()))).accepted).toHaveLength(1)
  })
})
