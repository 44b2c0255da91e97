/** Clusters that live through what Azure answers: what can go on goes on, what cannot says why, and nothing is left. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { ClusterSpec } from "../../src/spec.js"
import { azureCloud, type Cloud } from "./support/cloud.js"
import { errorOf } from "./support/scripted.js"

const PUT = "VirtualMachines_CreateOrUpdate"
const TWO = ["Standard_D2s_v5", "Standard_D4s_v5"]
const MINUTE_MS = 60_000

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const all = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", ...spec } as const
  return new Cluster(all as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

const puts = ({ world }: Cloud) => world.ledger.entries.filter(({ api }) => api === PUT).length
const running = ({ world }: Cloud) => world.truth({ states: ["running"] })

/** What is there beside the network that all clusters share, once Azure has finished. */
async function leftBehind(cloud: Cloud): Promise<readonly string[]> {
  await cloud.run(cloud.clock.sleep(2 * MINUTE_MS))
  return cloud.wire.remains().flatMap(({ kind, id }) => (id.includes("muster-westeurope") ? [] : [`${kind} ${id}`]))
}

describe("one offer is refused", () => {
  test("a size that cannot boot the image: the other one", async () => {
    const cloud = await azureCloud()
    const message = "The selected VM size 'Standard_D2s_v5' cannot boot Hypervisor Generation '2'."
    const [instanceType] = TWO
    cloud.wire.answer({ api: PUT, place: "whole", code: "BadRequest", message, scope: { instanceType } as never })
    const cluster = clusterOn(cloud, { instanceType: TWO, order: "as-listed" })
    expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(new Set(running(cloud).map((instance) => instance.instanceType))).toEqual(new Set(["Standard_D4s_v5"]))
    await cloud.run(cluster.close())
  })

  test("spot, in words that nobody knows: on demand", async () => {
    const cloud = await azureCloud()
    const said = { status: 409, code: "OperationNotAllowed", message: "Not on this market, today." } as const
    cloud.wire.answer({ api: PUT, place: "whole", ...said, scope: { market: "spot" } })
    const cluster = clusterOn(cloud, { instanceType: TWO, market: "spot-with-fallback" })
    expect(await cloud.run(cluster.scale(3))).toMatchObject({ running: 3 })
    expect(running(cloud).every(({ market }) => market === "on-demand")).toBe(true)
    expect(puts(cloud)).toBeLessThan(20)
    await cloud.run(cluster.close())
  })
})

test("spot VMs that are accepted and fail, in words that nobody knows: on demand", async () => {
  const cloud = await azureCloud()
  const said = { code: "NeverSeen", message: "It ended like this.", scope: { market: "spot" } } as const
  cloud.wire.answer({ api: PUT, place: "failed-view", ...said })
  const cluster = clusterOn(cloud, { instanceType: TWO, market: "spot-with-fallback", zones: ["1", "2"] })
  expect(await cloud.run(cluster.scale(3))).toMatchObject({ running: 3 })
  expect(running(cloud).every(({ market }) => market === "on-demand")).toBe(true)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("spot answered with server errors for ever: on demand runs once no list can miss what was asked", async () => {
  const cloud = await azureCloud()
  const said = { status: 500, code: "InternalServerError", message: "An error occurred." } as const
  cloud.wire.answer({ api: PUT, place: "whole", ...said, scope: { market: "spot" } })
  const cluster = clusterOn(cloud, { market: "spot-with-fallback" })
  const { attemptMs, consistencyMs } = cloud.provider.limits
  const begunAt = cloud.clock.now()
  expect(await cloud.run(cluster.scale(4, { timeout: "5h" }))).toMatchObject({ running: 4 })
  expect(cloud.clock.now() - begunAt).toBeLessThan(2 * MINUTE_MS + attemptMs + consistencyMs + 30_000)
  expect(running(cloud).every(({ market }) => market === "on-demand")).toBe(true)
  expect(puts(cloud)).toBeLessThanOrEqual(40)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("every offer is refused in the same words: the group stops with them, after a few", async () => {
  const cloud = await azureCloud()
  const message =
    "The specified disk size 50 GB is smaller than the size of the corresponding disk in the VM image: 150 GB."
  cloud.wire.answer({ api: PUT, place: "whole", status: 409, code: "OperationNotAllowed", message })
  const cluster = clusterOn(cloud, { instanceType: TWO })
  const error = await errorOf(cloud.run(cluster.scale(3)))
  expect(error.name).toBe("RejectedError")
  expect(error.message).toContain(message)
  expect(puts(cloud)).toBeLessThan(20)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

describe("what was made a moment ago is not known everywhere", () => {
  const GROUP = "Resource group 'muster-render-x-1' could not be found."
  const SUBNET =
    "Resource /subscriptions/s/resourceGroups/muster-westeurope/providers/Microsoft.Network/virtualNetworks/muster-westeurope/subnets/workers referenced by resource /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/n was not found."

  test.each([
    ["a group, twice", { status: 404, code: "ResourceGroupNotFound", message: GROUP.replace("-x-", "-"), times: 2 }, 0],
    [
      "a group, for half a minute",
      { status: 404, code: "ResourceGroupNotFound", message: "could not be found" },
      30_000,
    ],
    ["the subnet, for half a minute", { status: 400, code: "InvalidResourceReference", message: SUBNET }, 30_000],
  ])("%s: all run in the end, and all are ended", async (_what, said, forMs) => {
    const cloud = await azureCloud()
    const until = forMs === 0 ? {} : { untilMs: cloud.clock.now() + forMs }
    cloud.wire.answer({ api: PUT, place: "whole", ...said, ...until })
    const cluster = clusterOn(cloud)
    expect(await cloud.run(cluster.scale(18))).toMatchObject({ running: 18 })
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(await leftBehind(cloud)).toEqual([])
  })

  test("whatever lists and deletes do not know yet: nothing is made twice, and nothing is left", async () => {
    const cloud = await azureCloud()
    cloud.wire.quirks.replicationMs = 45_000
    const cluster = clusterOn(cloud)
    expect(await cloud.run(cluster.scale(6, { timeout: "20m" }))).toMatchObject({ running: 6 })
    expect(running(cloud)).toHaveLength(6)
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(await leftBehind(cloud)).toEqual([])
  })

  test("somebody deletes the group: the cluster ends, makes nothing anew, and says so", async () => {
    const cloud = await azureCloud()
    const cluster = clusterOn(cloud)
    const problems: string[] = []
    cluster.on("problem", ({ message }) => problems.push(message))
    await cloud.run(cluster.scale(3))
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    await cloud.run(Cluster.sweep({ provider: cloud.provider, name: "render" }, { clock: cloud.clock }))
    await cloud.run(cloud.clock.sleep(60 * MINUTE_MS))
    expect(problems).toEqual([
      expect.stringMatching(/^somebody deleted "render" \(.*\); the target is now 0, nothing is launched/),
    ])
    expect(String(cluster.explain())).toContain('stopped until the next scale: somebody deleted "render"')
    expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
    expect(await cloud.run(cluster.close())).toMatchObject({ leaked: [], leftovers: [] })
    expect(await leftBehind(cloud)).toEqual([])
  })
})

describe("VMs that are accepted and then fail", () => {
  test.each([
    ["ServerTimeout", "The server did not answer in time."],
    ["InternalExecutionError", "An internal execution error occurred. Please retry later."],
    ["NetworkingInternalOperationError", "An unexpected error occurred in networking."],
  ])("with %s, eight times: no failed boots, and all run", async (code, message) => {
    const cloud = await azureCloud()
    cloud.wire.answer({ api: PUT, place: "failed-view", code, message, times: 8 })
    const cluster = clusterOn(cloud)
    expect(await cloud.run(cluster.scale(6))).toMatchObject({ running: 6 })
    expect(String(cluster.explain())).not.toContain("startup")
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(await leftBehind(cloud)).toEqual([])
  })

  test("because a policy forbids them: its words, after a few, and no word of the image", async () => {
    const cloud = await azureCloud()
    const message = "Resource 'default-1' was disallowed by policy. Policy identifiers: 'Allowed locations'"
    cloud.wire.answer({ api: PUT, place: "failed-view", code: "RequestDisallowedByPolicy", message })
    const cluster = clusterOn(cloud)
    const error = await errorOf(cloud.run(cluster.scale(3)))
    expect(error.message).toContain(message)
    expect(error.message).not.toMatch(/startup|image/)
    expect(puts(cloud)).toBeLessThan(20)
    await cloud.run(cluster.close())
    expect(await leftBehind(cloud)).toEqual([])
  })
})

test("the group of the user's that never was: plan and scale say so before anything is made", async () => {
  const cloud = await azureCloud({ azure: { resourceGroup: "wrokers" } })
  const cluster = clusterOn(cloud)
  for (const ask of [() => cluster.plan(2), () => cluster.scale(2)]) {
    const error = await errorOf(cloud.run<unknown>(ask()))
    expect(error).toMatchObject({ name: "SpecError", problems: [{ option: "azure.resourceGroup", value: "wrokers" }] })
  }
  expect(puts(cloud)).toBe(0)
  expect(cloud.wire.remains()).toEqual([])
  await cloud.run(cluster.close())
})

test("one 401 in the middle of a burst: nobody hears of it", async () => {
  let asked = 0
  const getToken = () => {
    asked += 1
    return Promise.resolve({ token: `token-${asked}`, expiresOnTimestamp: Number.MAX_SAFE_INTEGER })
  }
  const cloud = await azureCloud({ azure: { credential: { getToken } } })
  const said = { status: 401, code: "ExpiredAuthenticationToken", message: "The access token expired." } as const
  cloud.wire.answer({ api: PUT, place: "whole", times: 1, ...said })
  const cluster = clusterOn(cloud)
  const problems: string[] = []
  cluster.on("problem", ({ message }) => void problems.push(message))
  expect(await cloud.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect([asked, puts(cloud), problems]).toEqual([2, 21, []])
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
})

describe("a network that stays Updating", () => {
  test("the scale that waited for it names it, with its state", async () => {
    const cloud = await azureCloud()
    cloud.wire.quirks.networkMs = Number.POSITIVE_INFINITY
    const cluster = clusterOn(cloud)
    const error = await errorOf(cloud.run(cluster.scale(2, { timeout: "5m" })))
    expect(error.message).toMatch(/network muster-westeurope .*is "Updating"/)
    await cloud.run(cluster.close())
    expect(await leftBehind(cloud)).toEqual([])
  })

  test("close does not wait for it, and removes what was made by then", async () => {
    const cloud = await azureCloud()
    cloud.wire.quirks.networkMs = Number.POSITIVE_INFINITY
    const cluster = clusterOn(cloud)
    const scaling = cluster.scale(2, { timeout: "5m" }).catch((error: unknown) => error)
    await cloud.run(cloud.clock.sleep(10_000))
    const begunAt = cloud.clock.now()
    expect((await cloud.run(cluster.close({ timeout: "20s" }))).leaked).toEqual([])
    expect(cloud.clock.now() - begunAt).toBeLessThan(20_000)
    await cloud.run(scaling)
    expect(await leftBehind(cloud)).toEqual([])
  })
})
