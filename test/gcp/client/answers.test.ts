/**
 * Answers in every shape that the public contract allows, and some that only others between here and Google give: each is
 * read for what it says, or refused as what cannot be read. The texts are written here, after the documents that are named.
 */
import { describe, expect, test } from "vitest"
import { gcp } from "../../../providers/gcp/index.js"
import { isLong, LONG } from "../../support/long.js"
import { COMPUTE } from "../../support/newer-sdks.js"
import { canned, type Canned, instance, launchCall, offer, ZONES } from "../support/canned.js"
import { compute7 } from "../support/compute7.js"

/** "Errors" of the Compute Engine API: `errors[]` with reasons, and details of the kinds that google.rpc has. */
const refusal = (status: number, reason: string, message: string, details: readonly object[] = []): Canned => ({
  status,
  body: { error: { code: status, message, errors: [{ message, domain: "global", reason }], details } },
})

const errorInfo = (reason: string, metadata: object, field = "metadatas") => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "compute.googleapis.com",
  [field]: metadata,
})

const html = (status: number, headers: Record<string, string> = {}): Canned => ({
  status,
  headers,
  body: `<!DOCTYPE html><html><title>Error ${status}</title></html>`,
})

const perMinute = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per region'"

/** What was answered, and the class, code and other signs of what it becomes for whoever launches. */
const REFUSALS: readonly (readonly [title: string, answer: Canned, becomes: object])[] = [
  [
    "a quota by the minute that says what it holds (AIP-193, ErrorInfo)",
    refusal(403, "rateLimitExceeded", "Quota exceeded", [
      errorInfo(
        "RATE_LIMIT_EXCEEDED",
        { quota_limit: "DefaultPerMinutePerRegion", quota_limit_value: "60" },
        "metadata",
      ),
    ]),
    { name: "ThrottledError", code: "RATE_LIMIT_EXCEEDED", bucket: "writes", limit: 60 },
  ],
  [
    "a quota by the minute without details",
    refusal(403, "rateLimitExceeded", perMinute),
    { name: "ThrottledError", code: "rateLimitExceeded", bucket: "writes", limit: undefined },
  ],
  [
    "too many operations under way (Concurrent operations quota)",
    refusal(403, "rateLimitExceeded", "Rate Limit Exceeded", [
      errorInfo("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", { containerType: "PROJECT", location: "us-central1" }),
    ]),
    { name: "ThrottledError", bucket: "bulk", retryAfterMs: 3_000 },
  ],
  [
    "too much of something that is not named",
    refusal(403, "rateLimitExceeded", "Rate Limit Exceeded"),
    { name: "ThrottledError", bucket: undefined },
  ],
  [
    "a list of one, with a status of gRPC",
    { status: 429, body: [{ error: { code: 429, message: "Resource exhausted", status: "RESOURCE_EXHAUSTED" } }] },
    { name: "ThrottledError", code: "RESOURCE_EXHAUSTED", bucket: "writes" },
  ],
  ["a proxy that has enough", html(429), { name: "ThrottledError", code: "ForeignAnswer" }],
  [
    "no token, in no words",
    { status: 401, headers: { "www-authenticate": "Bearer" }, body: "" },
    { name: "AuthError" },
  ],
  ["a proxy that wants to know who asks", html(407), { name: "AuthError" }],
  ["a page that is not there", html(404), { name: "RejectedError", code: "ForeignAnswer" }],
  ["a gateway that failed", html(502), { name: "TransientError" }],
  ["a gateway that waited too long", html(408), { name: "TransientError" }],
  ["an error that is null", { status: 400, body: { error: null } }, { name: "RejectedError", code: "ForeignAnswer" }],
  ["an error that is a word", { status: 404, body: { error: "notFound" } }, { code: "ForeignAnswer" }],
  [
    "lists that are none",
    { status: 503, body: { error: { code: 503, errors: {}, details: [null] } } },
    { name: "TransientError", code: "HTTP 503" },
  ],
  ["a code that nobody knows yet", refusal(503, "somethingNew", "x"), { name: "TransientError", code: "somethingNew" }],
  [
    "a project that is not, or not ours",
    refusal(403, "forbidden", "Permission denied", [errorInfo("CONSUMER_INVALID", {})]),
    { name: "AuthError" },
  ],
]

const TYPE_IN_ZONE = {
  provider: "gcp",
  region: "us-central1",
  zone: "us-central1-a",
  instanceType: "n2-standard-4",
} as const

/** Refusals that another offer may not meet are failures of the launch: which offers they are about. */
const FAILURES: readonly (readonly [title: string, answer: Canned, failure: object])[] = [
  [
    "a quota of a series that has none of its own name",
    refusal(403, "quotaExceeded", "Quota 'CPUS_PER_VM_FAMILY' exceeded.  Limit: 176.0 in region us-central1.", [
      { metricName: "compute.googleapis.com/cpus_per_vm_family", limit: 176, dimensions: { vm_family: "C4D" } },
    ]),
    { reason: "quota", scope: { provider: "gcp", region: "us-central1", family: "c4d" } },
  ],
  [
    "the same, without its dimensions: the series that was asked for",
    refusal(403, "quotaExceeded", "Quota 'CPUS_PER_VM_FAMILY' exceeded.  Limit: 0.0 in region us-central1."),
    { reason: "quota", scope: { provider: "gcp", region: "us-central1", family: "n2" } },
  ],
  [
    "a quota of the whole project",
    refusal(403, "quotaExceeded", "Quota 'CPUS_ALL_REGIONS' exceeded.  Limit: 12.0 globally."),
    { reason: "quota", scope: { provider: "gcp" } },
  ],
  [
    "no room, under a reason that sounds like an outage",
    refusal(503, "backendError", "The zone 'z' does not have enough resources available to fulfill the request."),
    { reason: "capacity", scope: { ...TYPE_IN_ZONE, market: "on-demand" } },
  ],
  [
    "a type that the zone has not",
    refusal(404, "notFound", "The resource 'projects/p/zones/us-central1-a/machineTypes/n2-standard-4' was not found"),
    { reason: "capacity", ttlMs: 24 * 3_600_000, scope: TYPE_IN_ZONE },
  ],
]

/** The second version has no shortcut here: its index is read whole. */
const CLIENTS = { "6.15": undefined, "7.8": compute7 } as const

for (const [version, sdk] of Object.entries(CLIENTS)) {
  const isQuick = sdk === undefined
  const options = isQuick ? {} : { sdk }
  describe.skipIf(!isQuick && !(isLong && COMPUTE[1].isThere))(
    `client ${version}${isQuick ? "" : ` (${LONG}, with npm run newer-sdks)`}`,
    () => {
      test.each(REFUSALS)("%s", async (_title, answer, becomes) => {
        const cloud = await canned({}, options)
        cloud.answer = () => answer
        const thrown: unknown = await cloud.provider.launch(launchCall(), cloud.calls).catch((error: unknown) => error)
        expect(thrown).toMatchObject(becomes)
        expect((thrown as Error).message).toContain("launching 2 × n2-standard-4 (on-demand, us-central1-a)")
      })

      test.each(FAILURES)("%s", async (_title, answer, failure) => {
        const cloud = await canned({}, options)
        cloud.answer = () => answer
        const launched = await cloud.provider.launch(launchCall(), cloud.calls)
        expect(launched).toEqual({ instances: [], settled: true, failures: [expect.objectContaining(failure)] })
      })

      test("instances in every state, with what Google leaves out left out", async () => {
        const cloud = await canned({}, options)
        const statuses = {
          pending: ["PENDING", "PROVISIONING", "STAGING"],
          running: ["RUNNING", "REPAIRING", "A_STATE_TO_COME"],
          terminating: ["PENDING_STOP", "STOPPING", "DEPROVISIONING"],
          stopped: ["SUSPENDING", "SUSPENDED", "STOPPED", "TERMINATED"],
        }
        const states = Object.fromEntries(
          Object.entries(statuses).flatMap(([state, names]) => names.map((name) => [name, state])),
        )
        const labels = { "muster-uid": "u" }
        const items = [
          ...Object.keys(states).map((status) => ({ name: status.toLowerCase(), status, labels })),
          { name: "bare", labels, networkInterfaces: null, scheduling: null, metadata: null },
          { name: "not-ours", status: "RUNNING" },
        ]
        cloud.answer = ({ url }) =>
          url.pathname.includes(ZONES[0]) ? { body: { kind: "compute#instanceList", items } } : { body: { items: [] } }
        const found = await cloud.provider.list({ uid: "u" }, cloud.calls)
        const named = Object.fromEntries(found.map(({ name, state }) => [name.toUpperCase(), state]))
        expect(named).toEqual({ ...states, BARE: "running" })
        // An emulator may leave out the zone that was asked.
        expect(new Set(found.map(({ zone }) => zone))).toEqual(new Set([ZONES[0]]))
      })
    },
  )
}

describe("an operation that is done (Operation, error.errors[])", () => {
  const done = (more: object) => ({ kind: "compute#operation", name: "operation-1", status: "DONE", ...more })
  const pools = ZONES.flatMap((zone) =>
    ["n2-standard-4", "n2-standard-48"].map((instanceType) => offer({ zone, instanceType })),
  )
  const settled = async (operation: object, offers = pools) => {
    const cloud = await canned()
    cloud.answer = ({ url }) =>
      url.pathname.endsWith("/wait") ? { body: done(operation) } : { body: { kind: "compute#instanceList" } }
    return cloud.provider.settle(launchCall(offers, 6), { operation: "operation-1" }, cloud.calls)
  }

  test("what had no room is what its details name, and neither what has, nor what is called alike", async () => {
    const message =
      "The zone 'projects/p/zones/us-central1-b' does not have enough resources available to fulfill the request.  '(resource type:compute)'."
    const errorDetails = [
      { help: { links: [{ url: "https://cloud.google.com/compute/docs/resource-error" }] } },
      { localizedMessage: { locale: "en-US", message: "Consider trying your request in the us-central1-a zone(s)" } },
      {
        errorInfo: {
          reason: "resource_availability",
          metadatas: { vmType: "n2-standard-4", zone: "us-central1-b", zonesAvailable: "us-central1-a" },
        },
      },
    ]
    const code = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    const { failures } = await settled({ error: { errors: [{ code, message, errorDetails }] } })
    expect(failures).toMatchObject([{ code, scope: { zone: "us-central1-b", instanceType: "n2-standard-4" } }])
    expect(failures[0]?.count).toBe(6)
  })

  test("without details the message tells, as far as whole names stand in it", async () => {
    const message =
      "A n2-standard-48 VM instance is currently unavailable in the us-central1-b zone. Consider trying your request in the us-central1-a, us-central1-f zone(s)."
    const { failures } = await settled({ error: { errors: [{ code: "ZONE_RESOURCE_POOL_EXHAUSTED", message }] } })
    expect(failures.map(({ scope }) => [scope.zone, scope.instanceType])).toEqual([["us-central1-b", "n2-standard-48"]])
  })

  test("a quota of one series is no quota of the others in the same request", async () => {
    const quotaInfo = { metricName: "compute.googleapis.com/cpus_per_vm_family", dimensions: { vm_family: "C4" } }
    const error = { errors: [{ code: "QUOTA_EXCEEDED", message: "x", errorDetails: [{ quotaInfo }] }] }
    const offers = [offer(), offer({ instanceType: "c4-standard-4", family: "c4" })]
    const { failures } = await settled({ error }, offers)
    expect(failures).toMatchObject([{ reason: "quota", count: 6, scope: { family: "c4" } }])
    expect(failures).toHaveLength(1)
  })

  test("counts may be decimal texts", async () => {
    const perLocationStatus = {
      "zones/us-central1-a": { targetVmCount: "4", createdVmCount: "4", status: "DONE" },
      "zones/us-central1-b": { targetVmCount: "2", createdVmCount: "3", deletedVmCount: "1", status: "DONE" },
    }
    const launched = await settled({ instancesBulkInsertOperationMetadata: { perLocationStatus } }, [offer()])
    expect(launched).toMatchObject({ settled: true, failures: [] })
    expect(launched.instances).toHaveLength(6)
  })

  test("one that does not say how many it made is not done before lists have had their time to show them", async () => {
    const cloud = await canned()
    const endTime = new Date(cloud.calls.now()).toISOString()
    cloud.answer = ({ url }) =>
      url.pathname.endsWith("/wait") ? { body: done({ endTime }) } : { body: { kind: "compute#instanceList" } }
    const soon = await cloud.provider.settle(launchCall(), { operation: "operation-1" }, cloud.calls)
    expect(soon).toMatchObject({ settled: false, failures: [] })
    cloud.answer = ({ url }) =>
      url.pathname.endsWith("/wait")
        ? { body: done({ endTime: "2024-06-26T11:42:29.294-07:00" }) }
        : { body: { kind: "compute#instanceList" } }
    const late = await cloud.provider.settle(launchCall(), { operation: "operation-1" }, cloud.calls)
    expect(late).toMatchObject({ settled: true, instances: [], failures: [{ count: 2 }] })
  })
})

describe("lists", () => {
  test.each([
    ["an empty object", {}],
    ["somebody else's", { kind: "storage#objects", items: [] }],
    ["an error under HTTP 200", { error: "denied" }],
    ["a list", []],
  ])("%s is no list, and nothing may be concluded from it", async (_title, body) => {
    const cloud = await canned(body)
    await expect(cloud.provider.list({ uid: "u" }, cloud.calls)).rejects.toMatchObject({ name: "TransientError" })
    await expect(cloud.provider.terminate([instance()], cloud.calls)).rejects.toMatchObject({ name: "TransientError" })
  })

  test("pages may be empty, and the last has no token", async () => {
    const cloud = await canned()
    const item = { name: "worker-0", status: "RUNNING", zone: "us-central1-a", labels: { "muster-uid": "u" } }
    cloud.answer = ({ url }) => {
      const token = url.searchParams.get("pageToken")
      if (token === null) return { body: { kind: "compute#instanceList", items: null, nextPageToken: "1" } }
      return {
        body: {
          kind: "compute#instanceList",
          nextPageToken: token === "1" ? "2" : "",
          items: token === "1" ? [] : [item],
        },
      }
    }
    const found = await cloud.provider.list({ uid: "u", zones: ["us-central1-a"] }, cloud.calls)
    expect(found.map(({ id }) => id)).toEqual(["us-central1-a/worker-0"])
  })

  test("a region that names no zones is not one without instances", async () => {
    const cloud = await canned({ kind: "compute#region", name: "us-central1" })
    const provider = gcp({ region: "us-central1", project: "muster-test", apiEndpoint: cloud.apiEndpoint })
    await expect(provider.list({ uid: "u" }, cloud.calls)).rejects.toThrow(/zones of us-central1.*name them/)
  })

  test("operations that were not asked for are neither preemptions nor this launch", async () => {
    const others = [
      {
        operationType: "delete",
        name: "operation-9",
        clientOperationId: "somebody-else",
        targetLink: "instances/worker-0",
      },
    ]
    const cloud = await canned({ kind: "compute#operationList", items: others })
    const spot = { ...instance(), market: "spot" } as const
    expect(await cloud.provider.interruptions?.([spot], cloud.calls)).toEqual({ notices: [], reasons: [], endings: [] })
    expect(await cloud.provider.find?.(launchCall(), cloud.calls)).toBeUndefined()
  })
})

test("404 of Google's is gone, in any of its spellings; another's 404 is nothing", async () => {
  const cloud = await canned()
  for (const reason of ["notFound", "NOT_FOUND", undefined]) {
    const error = {
      code: 404,
      message: "The resource was not found",
      ...(reason === undefined ? {} : { status: reason }),
    }
    cloud.answer = () => ({ status: 404, body: { error } })
    const { accepted } = await cloud.provider.terminate([instance()], cloud.calls)
    expect(accepted).toEqual([{ id: "us-central1-a/worker-0", state: "terminated" }])
  }
  cloud.answer = () => html(404)
  const { accepted, failures } = await cloud.provider.terminate([instance()], cloud.calls)
  expect([accepted, failures]).toMatchObject([[], [{ code: "ForeignAnswer" }]])
})

describe("what is sent", () => {
  const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

  test("a wait has no body, and every request says who sends it", async () => {
    const cloud = await canned({ kind: "compute#operation", name: "operation-1", status: "RUNNING" })
    const call = launchCall()
    await cloud.provider.settle(call, (await cloud.provider.launch(call, cloud.calls)).ref ?? null, cloud.calls)
    const [create, wait] = cloud.requests
    expect(create?.url.searchParams.get("requestId")).toMatch(UUID_4)
    expect([create?.method, create?.headers["content-type"]]).toEqual(["POST", "application/json"])
    expect([wait?.method, wait?.body, wait?.headers["content-length"]]).toEqual(["POST", "", "0"])
    for (const { headers } of cloud.requests) expect(headers["user-agent"]).toMatch(/^muster/)
  })

  test("a mask is one parameter among others, or the only one", async () => {
    const cloud = await canned({ kind: "compute#x", items: [] })
    await cloud.provider.headroom?.({ offers: [] } as never, cloud.calls)
    await cloud.provider.list({ uid: "u", zones: ["us-central1-a"] }, cloud.calls)
    const [region, list] = cloud.requests
    expect(region?.url.search).toMatch(/^\?fields=/)
    expect([...(list?.url.searchParams.keys() ?? [])].sort()).toEqual(["fields", "filter", "maxResults"])
  })
})

describe("local disks that are built in (bundledLocalSsds of a MachineType)", () => {
  const types = (names: readonly (readonly [name: string, partitionCount: number])[]) => ({
    kind: "compute#machineTypeList",
    items: names.map(([name, partitionCount]) => ({
      name,
      guestCpus: 88,
      memoryMb: 720_896,
      ...(partitionCount === 0 ? {} : { bundledLocalSsds: { defaultInterface: "NVME", partitionCount } }),
    })),
  })

  test("each holds what those of its series do", async () => {
    const body = types([
      ["c3-standard-88-lssd", 4],
      ["a2-ultragpu-1g", 1],
      ["z3-highmem-88-highlssd", 12],
      ["z3-highmem-192-highlssd-metal", 12],
      ["n2-standard-4", 0],
    ])
    const cloud = await canned(body, { zones: ["us-central1-a"] })
    const offers = await cloud.provider.offers({ markets: ["on-demand"] }, cloud.calls)
    expect(Object.fromEntries(offers.map(({ instanceType, localDiskGiB }) => [instanceType, localDiskGiB]))).toEqual({
      "c3-standard-88-lssd": 1_500,
      "a2-ultragpu-1g": 375,
      "z3-highmem-88-highlssd": 36_000,
      "z3-highmem-192-highlssd-metal": 72_000,
      "n2-standard-4": undefined,
    })
    const query = { markets: ["on-demand"], localDiskGiB: { min: 30_000 } } as const
    const large = await cloud.provider.offers(query, cloud.calls)
    expect(large.map(({ instanceType }) => instanceType)).toEqual([
      "z3-highmem-88-highlssd",
      "z3-highmem-192-highlssd-metal",
    ])
  })
})
