/** What is asked now and then: consoles, specs, pages, left-over disks, ways out. */
import { describe, expect, test } from "vitest"
import { gcp } from "../../providers/gcp/index.js"
import { leaveDisk, PROJECT } from "../../providers/gcp/wire/index.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Instance, Leftover } from "../../src/provider.js"
import {
  type Cloud,
  gce,
  launchMany,
  launchOne,
  NO_ROOM,
  offersOf,
  optionsFor,
  OWNER,
  prepareOf,
  REGION,
  wishFor,
  ZONE,
} from "./support/cloud.js"

const need = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("nothing there")
  return value
}

describe("the console", () => {
  const read = (cloud: Cloud, instance: Instance) => cloud.run(need(cloud.provider.consoleLog)(instance, cloud.bare()))

  test("is empty before the boot and then has its end", async () => {
    const cloud = await gce()
    const [instance] = await launchMany(cloud, 1)
    expect(await read(cloud, need(instance))).toBe("")
    await cloud.run(cloud.clock.sleep(60_000))
    expect(await read(cloud, need(instance))).toContain(`Linux version 6.1.0-cloud (${instance?.name})`)
    expect(cloud.world.ledger.of("instances.getSerialPortOutput")[0]?.parameters).toMatchObject({ start: "-32768" })
  })

  test("of one that is gone is an error", async () => {
    const cloud = await gce()
    const like = { id: `${ZONE}/gone`, name: "gone", zone: ZONE } as Instance
    await expect(read(cloud, like)).rejects.toThrow(/reading the console of us-central1-a\/gone/)
  })
})

test("the page of an instance in the console", async () => {
  const { provider } = await gce()
  const like = { id: `${ZONE}/render-1`, name: "render-1", zone: ZONE } as Instance
  expect(provider.consoleUrl?.(like)).toBe(
    "https://console.cloud.google.com/compute/instancesDetail/zones/us-central1-a/instances/render-1?project=muster-test",
  )
})

describe("the spec of a group", () => {
  const spec = { text: '{"name":"default","startup":"echo \\"hi\\" & <b>ü</b>"}', digest: "0123456789abcdef" }

  async function launched(cloud: Cloud, text = spec.text) {
    const offers = await offersOf(cloud)
    const prepared = await prepareOf(cloud, { spec: { ...spec, text } })
    const [call] = cloud.provider.split(wishFor(offers, 1), prepared, NO_ROOM)
    const { instances } = await launchOne(cloud, need(call))
    return { prepared, instance: need(instances[0]) }
  }

  test("travels in the metadata, its digest in a label", async () => {
    const cloud = await gce()
    const { instance } = await launched(cloud)
    expect(instance.tags[TAG.spec]).toBe(spec.digest)
    expect(await cloud.run(need(cloud.provider.recall)(instance, cloud.bare()))).toBe(spec.text)
    const [listed] = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
    expect(listed?.tags[TAG.spec]).toBe(spec.digest)
  })

  test("that is too large stays at home, and the plan says so", async () => {
    const cloud = await gce()
    const { prepared, instance } = await launched(cloud, "x".repeat(262_145))
    expect(prepared.notes.join("\n")).toMatch(/too large.*must give it again/)
    expect(instance.tags[TAG.spec]).toBe(spec.digest)
    expect(await cloud.run(need(cloud.provider.recall)(instance, cloud.bare()))).toBeUndefined()
  })

  test("of an instance that is gone is none", async () => {
    const cloud = await gce()
    const like = { id: `${ZONE}/gone`, name: "gone", zone: ZONE } as Instance
    expect(await cloud.run(need(cloud.provider.recall)(like, cloud.bare()))).toBeUndefined()
  })
})

describe("disks that stayed behind", () => {
  const OURS = { [TAG.cluster]: "render", [TAG.uid]: OWNER.uid, [TAG.owner]: "default" }
  const THEIRS = { ...OURS, [TAG.cluster]: "other", [TAG.uid]: "feedfeedfeedfeed" }
  const find = (cloud: Cloud, selector = {}): Promise<readonly Leftover[]> =>
    cloud.run(need(cloud.provider.leftovers)(selector, cloud.bare()))

  async function littered(): Promise<Cloud> {
    const cloud = await gce()
    leaveDisk(cloud.world, PROJECT, ZONE, "render-1", OURS)
    leaveDisk(cloud.world, PROJECT, "us-central1-f", "other-1", THEIRS)
    leaveDisk(cloud.world, PROJECT, ZONE, "database", { team: "video" })
    return cloud
  }

  test("are found by their labels, one cluster's or all, and nobody else's", async () => {
    const cloud = await littered()
    const mine = { kind: "disk", id: `${ZONE}/render-1`, region: REGION, tags: OURS, shared: false }
    expect(await find(cloud, { cluster: "render", uid: OWNER.uid, owner: "default" })).toEqual([mine])
    expect((await find(cloud)).map(({ id }) => id)).toEqual([`${ZONE}/render-1`, "us-central1-f/other-1"])
    expect(cloud.world.ledger.count("disks.aggregatedList")).toBe(1)
  })

  test("one that an instance holds ends with it, and is none", async () => {
    const cloud = await gce()
    const instances = await launchMany(cloud, 3)
    expect(await find(cloud, { uid: OWNER.uid })).toEqual([])
    await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    await cloud.run(cloud.clock.sleep(120_000))
    expect(await find(cloud, { uid: OWNER.uid })).toEqual([])
  })

  test("are removed, twice is success, and one that is held is refused", async () => {
    const cloud = await littered()
    const found = await find(cloud, { uid: OWNER.uid })
    const remove = (leftovers: readonly Leftover[]) => cloud.run(need(cloud.provider.remove)(leftovers, cloud.bare()))
    await remove(found)
    await cloud.run(cloud.clock.sleep(120_000))
    await remove(found)
    expect(await find(cloud, { uid: OWNER.uid })).toEqual([])
    expect((await find(cloud)).map(({ id }) => id)).toEqual(["us-central1-f/other-1"])
    const [instance] = await launchMany(cloud, 1)
    const held = { ...need(found[0]), id: need(instance).id }
    await expect(remove([held])).rejects.toThrow(/already being used by/)
    await expect(remove([{ ...held, kind: "template" }])).rejects.toThrow(/no such kind/)
  })

  test("who may not list them is told of none; a zone that does not answer is an error", async () => {
    const cloud = await littered()
    cloud.wire.unreachable.add("us-central1-b")
    await expect(find(cloud)).rejects.toThrow(/us-central1-b does not answer/)
    cloud.world.faults.rate("disks.aggregatedList", 1, { kind: "fail", error: "auth" })
    expect(await find(cloud)).toEqual([])
  })
})

describe("publicAddress: auto", () => {
  async function noteFor(cloud: Cloud): Promise<{ readonly given: unknown; readonly note: string }> {
    const { body, notes } = await prepareOf(cloud)
    return { given: body.publicAddress, note: notes.find((one) => one.includes("public address")) ?? "" }
  }

  function addRouter(cloud: Cloud, nat: object, network = "default"): void {
    const id = `projects/${PROJECT}/regions/${REGION}/routers/edge`
    const nats = [{ name: "way-out", sourceSubnetworkIpRangesToNat: "LIST_OF_SUBNETWORKS", ...nat }] as never
    cloud.world.resources.put({ kind: "router", id, tags: {}, attributes: { network, nats } })
  }

  const ALL = { sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES" }
  const ONE = { subnetworks: [{ name: `projects/${PROJECT}/regions/${REGION}/subnetworks/default` }] }

  test.each([
    [{}, ALL],
    [{ subnetwork: "default" }, ALL],
    [{ subnetwork: "default" }, ONE],
    [{}, ONE],
  ])("%o with Cloud NAT %o: none", async (options, nat) => {
    const cloud = await gce({ gcp: options })
    addRouter(cloud, nat)
    expect(await noteFor(cloud)).toMatchObject({
      given: false,
      note: "instances get no public address: Cloud NAT way-out of router edge is their way out",
    })
  })

  test.each([
    ["no router", undefined, "default"],
    ["a router of another network", ALL, "elsewhere"],
    ["a NAT for others", { subnetworks: [{ name: "regions/us-central1/subnetworks/other" }] }, "default"],
    ["a NAT that only joins networks", { ...ALL, type: "PRIVATE" }, "default"],
  ] as const)("%s: one each, and what it costs", async (_what, nat, network) => {
    const cloud = await gce({ gcp: { subnetwork: "default" } })
    if (nat !== undefined) addRouter(cloud, nat, network)
    const { given, note } = await noteFor(cloud)
    expect(given).toBe(true)
    expect(note).toMatch(/subnetwork default has no Cloud NAT in us-central1: about 0\.005 USD/)
  })

  test.each([
    [{}, true, /routers may not be read here/],
    [{ network: "default" }, false, /network default must have Cloud NAT/],
  ] as const)("%o without the right to look: %s", async (options, expected, says) => {
    const cloud = await gce({ gcp: options })
    cloud.world.faults.rate("routers.list", 1, { kind: "fail", error: "auth" })
    const { given, note } = await noteFor(cloud)
    expect(given).toBe(expected)
    expect(note).toMatch(says)
  })
})

test("a project of another name than any in GOOGLE_CLOUD_PROJECT leads nowhere else", async () => {
  const cloud = await gce()
  const before = process.env.GOOGLE_CLOUD_PROJECT
  process.env.GOOGLE_CLOUD_PROJECT = "../../other"
  try {
    const provider = gcp(optionsFor(cloud.wire, { project: undefined }))
    await expect(cloud.run(provider.list({ uid: OWNER.uid, zones: [ZONE] }, cloud.bare()))).rejects.toThrow(
      /can be the name of no project/,
    )
    expect(cloud.world.ledger.count()).toBe(0)
  } finally {
    if (before === undefined) delete process.env.GOOGLE_CLOUD_PROJECT
    else process.env.GOOGLE_CLOUD_PROJECT = before
  }
})
