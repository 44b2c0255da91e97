/** What becomes of instances and of what comes with them, and the options that go to the right call. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { AwsOptions } from "../../providers/aws/index.js"
import { RejectedError, ShortfallError, TransientError } from "../../src/errors.js"
import type { Instance, LaunchCall, Market, Offer } from "../../src/provider.js"
import { type Cloud, ec2, launchMany, NO_ROOM, OWNER, prepareOf, TOLD, wishFor, ZONE } from "./support/cloud.js"
import { templatesIn } from "./support/fleets.js"

const all = { uid: OWNER.uid }
const list = (cloud: Cloud) => cloud.run(cloud.provider.list(all, cloud.bare()))

async function callOf(cloud: Cloud, type = "m7i.large", market: Market = "on-demand"): Promise<LaunchCall> {
  const query = { instanceTypes: [type], markets: [market] } as const
  const offers: readonly Offer[] = await cloud.run(cloud.provider.offers(query, cloud.bare()))
  const [call] = cloud.provider.split(wishFor(offers, 2, { market }), await prepareOf(cloud), NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  return call
}

const send = (cloud: Cloud, call: LaunchCall) => cloud.run(cloud.provider.launch(call, cloud.bare()))

async function withOptions(aws: Partial<AwsOptions>, type = "m7i.large") {
  const cloud = await ec2({ aws: { imageId: TOLD, ...aws } })
  return { cloud, call: await callOf(cloud, type) }
}

describe("interruptions", () => {
  test("are known by their notice, two minutes ahead, and their reason after", async () => {
    const cloud = await ec2()
    const { instances } = await send(cloud, await callOf(cloud, "m7i.large", "spot"))
    await cloud.run(cloud.clock.sleep(10_000))
    const [taken] = cloud.world.faults.interrupt([instances[0]?.id ?? ""])
    const at = cloud.clock.now() + 120_000
    const read = () =>
      cloud.run(cloud.provider.interruptions?.(instances, cloud.bare()) ?? Promise.reject(new Error("none")))
    expect((await read()).notices).toEqual([{ id: taken, at }])
    await cloud.run(cloud.clock.sleep(130_000))
    expect((await read()).notices).toEqual([])
    const gone = (await list(cloud)).find(({ id }) => id === taken)
    expect(gone?.failure).toMatchObject({ reason: "interrupted", code: "Server.SpotInstanceTermination" })
  })

  test("of nobody's spot instances are not asked for", async () => {
    const cloud = await ec2()
    const instances = await launchMany(cloud, 1)
    cloud.world.ledger.clear()
    expect(
      await cloud.run(cloud.provider.interruptions?.(instances, cloud.bare()) ?? Promise.resolve(undefined)),
    ).toEqual({
      notices: [],
      reasons: [],
    })
    expect(cloud.world.ledger.count()).toBe(0)
  })
})

test("a console says what was written to it", async () => {
  const cloud = await ec2()
  const [instance] = await launchMany(cloud, 1)
  const read = () =>
    cloud.run(cloud.provider.consoleLog?.(instance as Instance, cloud.bare()) ?? Promise.resolve("none"))
  expect(await read()).toBe("")
  await cloud.run(cloud.clock.sleep(10_000))
  expect(await read()).toContain(instance?.id)
})

test("a console is read as it is now, and where a type refuses that, as it was posted last", async () => {
  const cloud = await ec2()
  const [instance] = await launchMany(cloud, 1)
  await cloud.run(cloud.clock.sleep(10_000))
  const isLatest = (parameters: unknown) => JSON.stringify(parameters).includes("Latest")
  const code = "UnsupportedOperation"
  cloud.world.ledger.clear()
  const read = () =>
    cloud.run(cloud.provider.consoleLog?.(instance as Instance, cloud.bare()) ?? Promise.resolve("none"))
  expect(await read()).toContain(instance?.id)
  expect(cloud.world.ledger.of("GetConsoleOutput").map(({ parameters }) => isLatest(parameters))).toEqual([true])
  cloud.world.faults.fail("GetConsoleOutput", { error: "rejected", code, when: isLatest })
  expect(await read()).toContain(instance?.id)
  expect(cloud.world.ledger.of("GetConsoleOutput").map(({ parameters }) => isLatest(parameters))).toEqual([
    true,
    true,
    false,
  ])
})

describe("lists", () => {
  test("whose page token is forgotten are read again from their first page", async () => {
    const cloud = await ec2({ world: { buckets: {} } })
    for (let n = 0; n < 2; n += 1) await launchMany(cloud, 750)
    const isSecondPage = (parameters: unknown) => JSON.stringify(parameters).includes("NextToken")
    cloud.world.faults.fail("DescribeInstances", { error: "rejected", code: "InvalidNextToken", when: isSecondPage })
    cloud.world.ledger.clear()
    expect(await list(cloud)).toHaveLength(1500)
    expect(cloud.world.ledger.count("DescribeInstances")).toBe(4)
  })

  test("whose page token is always forgotten are an error", async () => {
    const cloud = await ec2({ world: { buckets: {} } })
    for (let n = 0; n < 2; n += 1) await launchMany(cloud, 750)
    const when = (parameters: unknown) => JSON.stringify(parameters).includes("NextToken")
    cloud.world.faults.fail("DescribeInstances", { error: "rejected", code: "InvalidNextToken", times: 9, when })
    await expect(list(cloud)).rejects.toMatchObject({ code: "InvalidNextToken" })
  })

  test("during the outage of a zone are an error, never short; the other zones' instances end", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const instances = await launchMany(cloud, 2)
    cloud.wire.impair("us-east-1c")
    await expect(list(cloud)).rejects.toBeInstanceOf(TransientError)
    const { accepted } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    expect(accepted).toHaveLength(2)
    cloud.wire.impair()
    expect(await list(cloud)).toHaveLength(2)
  })

  test("tags fade from terminated instances, which ids still find", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 1)
    await cloud.run(cloud.provider.terminate(made, cloud.bare()))
    await cloud.run(cloud.clock.sleep(30 * 60_000))
    expect(await list(cloud)).toEqual([])
    const found = await cloud.run(cloud.provider.list({ ids: made.map(({ id }) => id) }, cloud.bare()))
    expect(found.map(({ state, tags }) => [state, tags])).toEqual([["terminated", {}]])
  })
})

describe("terminate", () => {
  test("right after the launch, when EC2 does not know the ids yet: not taken for gone", async () => {
    const cloud = await ec2({ world: { listLagMs: 5_000 }, wire: { terminateLags: true } })
    const made = await launchMany(cloud, 2)
    const first = await cloud.run(cloud.provider.terminate(made, cloud.bare()))
    expect(first.accepted).toEqual([])
    expect(first.failures.map(({ code }) => code)).toEqual(["InvalidInstanceID.NotFound", "InvalidInstanceID.NotFound"])
    await cloud.run(cloud.clock.sleep(6_000))
    expect((await cloud.run(cloud.provider.terminate(made, cloud.bare()))).accepted).toHaveLength(2)
  })

  test.each([
    [true, "true"],
    [undefined, undefined],
  ])("skips the guest's shutdown when asked: %s", async (skipOsShutdown, sent) => {
    const cloud = await ec2({ aws: { skipOsShutdown } })
    await cloud.run(cloud.provider.terminate(await launchMany(cloud, 1), cloud.bare()))
    const [entry] = cloud.world.ledger.of("TerminateInstances")
    const parameters = entry?.parameters as { SkipOsShutdown?: string } | undefined
    expect(parameters?.SkipOsShutdown).toBe(sent)
  })
})

test("disks and interfaces that stayed behind are leftovers; those in use are none", async () => {
  const cloud = await ec2()
  const [instance] = await launchMany(cloud, 1)
  const tags = instance?.tags ?? {}
  const attributes = { zone: ZONE }
  cloud.world.resources.add({ kind: "volume", id: "vol-0a0a0a0a0a0a0a0a0", tags, attributes })
  cloud.world.resources.add({ kind: "network-interface", id: "eni-0a0a0a0a0a0a0a0a0", tags, attributes })
  cloud.world.resources.add({ kind: "volume", id: "vol-0b0b0b0b0b0b0b0b0", tags: { Name: "theirs" }, attributes })
  const read = async (selector: object) => {
    const left = await cloud.run(cloud.provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))
    return left.filter(({ kind }) => kind !== "launch-template")
  }
  const found = await read(all)
  expect(found.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    "volume vol-0a0a0a0a0a0a0a0a0",
    "network-interface eni-0a0a0a0a0a0a0a0a0",
  ])
  expect(await read({ uid: "another" })).toEqual([])
  expect((await read({})).map(({ id }) => id)).toEqual(found.map(({ id }) => id))
  for (let twice = 0; twice < 2; twice += 1) {
    await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  }
  expect(await read(all)).toEqual([])
  expect(cloud.world.resources.get("volume", "vol-0b0b0b0b0b0b0b0b0")).toBeDefined()
})

describe("options", () => {
  const reservation = { id: "cr-0a1b2c3d4e5f67890" }

  test("profile, key, hops and disk size are in the request", async () => {
    const disk = { rootGiB: 100, volumeInitializationRate: 200 }
    const { call } = await withOptions({ instanceProfile: "worker", keyName: "ops", containers: true, ...disk })
    expect(call.body).toMatchObject({
      IamInstanceProfile: { Name: "worker" },
      KeyName: "ops",
      MetadataOptions: { HttpPutResponseHopLimit: 2, HttpTokens: "required" },
      BlockDeviceMappings: [
        { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 100, VolumeInitializationRate: 200, Encrypted: true } },
      ],
    })
  })

  test.each([
    ["a capacity reservation", {}, false],
    ["a capacity block", { kind: "capacity-block" as const }, true],
  ])("%s goes to RunInstances, and no further than it reaches", async (_what, kind, block) => {
    const { cloud, call } = await withOptions({ reservation: { ...reservation, ...kind } })
    const attributes = { instanceType: "m7i.large", zone: ZONE, count: 2, block }
    await expect(send(cloud, call)).rejects.toThrow(/InvalidCapacityReservationId\.NotFound.*check reservation/)
    cloud.world.resources.add({ kind: "capacity-reservation", id: reservation.id, tags: {}, attributes })
    expect(call.api).toBe("RunInstances")
    expect((await send(cloud, call)).instances).toHaveLength(2)
    const { failures } = await send(cloud, await callOf(cloud))
    expect(failures).toMatchObject([{ reason: "capacity", code: "ReservationCapacityExceeded", count: 2 }])
  })

  test("a placement group, dedicated hardware and a fabric adapter are in the request, and EC2 has the last word", async () => {
    const { cloud, call } = await withOptions(
      { placementGroup: "near", tenancy: "dedicated", efa: true },
      "p4d.24xlarge",
    )
    expect(call.body).toMatchObject({
      Placement: { GroupName: "near", Tenancy: "dedicated" },
      NetworkInterfaces: [{ InterfaceType: "efa", DeleteOnTermination: true }],
    })
    await expect(send(cloud, call)).rejects.toThrow(/The Placement Group 'near' is unknown/)
    cloud.world.resources.add({ kind: "placement-group", id: "near", tags: {}, attributes: {} })
    expect((await send(cloud, call)).instances).toHaveLength(2)
    const small = await withOptions({ efa: true })
    expect((await send(small.cloud, small.call)).failures).toMatchObject([{ code: "Unsupported" }])
  })
})

test("rights are asked for without making anything", async () => {
  const cloud = await ec2({ aws: { imageId: TOLD } })
  cloud.world.faults.rate("DescribeSpotPriceHistory", 1, { kind: "fail", error: "auth" })
  const found = await cloud.run(cloud.provider.rights(await callOf(cloud), cloud.bare()))
  const refused = found.filter(({ allowed }) => !allowed)
  expect(refused.map(({ action }) => action)).toEqual(["ec2:DescribeSpotPriceHistory"])
  expect(found.map(({ action }) => action)).toContain("ec2:RunInstances")
  expect(cloud.world.truth()).toEqual([])
})

describe("through a cluster", () => {
  const clusterOn = (cloud: Cloud, spec: object = {}) =>
    new Cluster(
      { name: "render", provider: cloud.provider, instanceType: "m7i.large", ...spec },
      { clock: cloud.clock, seed: 1, journal: false },
    )

  test("a key that may not be used shows only after the launch: the loop ends, with EC2's reason", async () => {
    const cloud = await ec2()
    const words = { code: "Client.InternalError", message: "Client.InternalError: Client error on launch" }
    cloud.world.faults.rateBoots(1, {}, words)
    const cluster = clusterOn(cloud)
    const error = await cloud.run(cluster.scale(20, { timeout: "30m" }).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(ShortfallError)
    expect(String((error as ShortfallError).shortfall.reasons.map(({ code }) => code))).toContain(
      "Client.InternalError",
    )
    expect(cloud.world.truth().length).toBeLessThan(200)
    await cloud.run(cluster.close())
  })

  test("one zone down: the workers come from the others", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    cloud.world.setCapacity({ zone: ZONE }, 0)
    const cluster = clusterOn(cloud, { spread: "zones" })
    const { running } = await cloud.run(cluster.scale(8))
    expect(running).toBe(8)
    expect(cloud.world.truth().map(({ zone }) => zone)).not.toContain(ZONE)
    const receipt = await cloud.run(cluster.close())
    expect(receipt.leaked).toEqual([])
  })

  test("a principal that may only list, launch and end: up, down, and nothing left", async () => {
    const cloud = await ec2()
    const allowed = ["RunInstances", "DescribeInstances", "TerminateInstances"]
    const apis = ["DescribeImages", "DescribeSubnets", "DescribeInstanceTypes", "DescribeSpotPriceHistory"]
    const others = ["DescribeLaunchTemplates", "DescribeVolumes", "DescribeNetworkInterfaces", "DescribeSecurityGroups"]
    for (const api of [...apis, ...others]) cloud.world.faults.rate(api, 1, { kind: "fail", error: "auth" })
    const cluster = clusterOn(cloud)
    expect((await cloud.run(cluster.scale(5))).running).toBe(5)
    const receipt = await cloud.run(cluster.close())
    expect([receipt.leaked, receipt.leftovers]).toEqual([[], []])
    const done = cloud.world.ledger.entries.filter(({ outcome }) => outcome === "ok").map(({ api }) => api)
    expect(new Set(done)).toEqual(new Set(allowed))
  })

  test("a spot burst leaves no template behind", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const cluster = clusterOn(cloud, { market: "spot", instanceType: ["m7i.large", "c7i.large"] })
    expect((await cloud.run(cluster.scale(10))).running).toBe(10)
    expect(templatesIn(cloud)).toHaveLength(1)
    // Made before the first fleet, which so is not refused for want of it.
    expect(cloud.world.ledger.of("CreateFleet").map(({ outcome }) => outcome)).toEqual(["ok"])
    await cloud.run(cluster.close())
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  })

  test("an image that is gone stops the cluster with what to do", async () => {
    const cloud = await ec2({ aws: { imageId: { ...TOLD, id: "ami-0123456789abcdef0" } } })
    const cluster = clusterOn(cloud)
    const error = await cloud.run(cluster.scale(1).catch((thrown: unknown) => thrown))
    expect(String(error)).toMatch(/InvalidAMIID\.NotFound.*check imageId/)
    expect(error).toBeInstanceOf(RejectedError)
    await cloud.run(cluster.close())
  })

  test("an idle owner makes anew one that was ended, and not all of them", async () => {
    const cloud = await ec2()
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(4))
    await cloud.run(cloud.clock.sleep(60_000))
    const living = () => cloud.world.truth({ states: ["pending", "running"] })
    cloud.world.terminate([living()[0]?.id ?? ""])
    await cloud.run(cloud.clock.sleep(300_000))
    expect(living()).toHaveLength(4)
    await cloud.run(Cluster.sweep({ provider: cloud.provider, name: "render" }, { clock: cloud.clock }))
    await cloud.run(cloud.clock.sleep(3_600_000))
    expect(living()).toEqual([])
    expect(cloud.world.ledger.of("RunInstances")).toHaveLength(2)
    expect(await cloud.run(cluster.close())).toMatchObject({ leaked: [] })
  })
})
