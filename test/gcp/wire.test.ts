/** What the wire knows besides a burst's usual requests, and how the adapter takes it. */
import { describe, expect, test } from "vitest"
import { HttpFailure, toMusterError } from "../../providers/gcp/errors.js"
import { gcp } from "../../providers/gcp/index.js"
import { Cluster } from "../../src/cluster.js"
import { ThrottledError } from "../../src/errors.js"
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
