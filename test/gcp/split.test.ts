import { expect, test } from "vitest"
import { isoTime, parseTime } from "../../src/tables/times.js"
import type { Offer } from "../../src/provider.js"
import { callsFor, gce, launchOne, NO_ROOM, prepareOf, TYPE, wishFor, ZONE } from "./support/cloud.js"

type Properties = {
  readonly machineType?: string
  readonly disks?: readonly { readonly initializeParams: Readonly<Record<string, unknown>> }[]
  readonly scheduling: Readonly<Record<string, unknown>>
  readonly networkInterfaces: readonly unknown[]
  readonly [key: string]: unknown
}

async function propertiesOf(
  options: Parameters<typeof gce>[0],
  type = TYPE,
  market: "on-demand" | "spot" = "on-demand",
) {
  const cloud = await gce(options)
  const [call] = await callsFor(cloud, 2, {}, [type])
  if (call === undefined) throw new Error("no call")
  const offers = call.offers.map((offer) => ({ ...offer, market }))
  const [own] = await callsFor(cloud, 2, { market, offers }, [type])
  if (own === undefined) throw new Error("no call")
  // What the wire accepts is well formed; what it makes is what was asked.
  expect((await launchOne(cloud, own)).instances).toHaveLength(2)
  return own.body.instanceProperties as unknown as Properties
}

test("names are ours, valid, and as many as instances", async () => {
  const cloud = await gce()
  const calls = await callsFor(cloud, 12_000)
  expect(calls.map(({ count }) => count)).toEqual([4_000, 4_000, 4_000])
  for (const { names = [] } of calls) for (const name of names) expect(name).toMatch(/^render-default-[0-9a-f]{12}$/)
})

test("the deadline is the cluster's, to the second, and ends in deletion", async () => {
  const { scheduling } = await propertiesOf({})
  expect(scheduling).toEqual({
    provisioningModel: "STANDARD",
    instanceTerminationAction: "DELETE",
    terminationTime: "2026-01-02T00:00:00.000Z",
  })
})

test("spot", async () => {
  const { scheduling } = await propertiesOf({}, TYPE, "spot")
  expect(scheduling).toMatchObject({
    provisioningModel: "SPOT",
    automaticRestart: false,
    onHostMaintenance: "TERMINATE",
  })
})

test.each(["g2-standard-4", "a2-highgpu-1g"])("%s has its GPUs built in and cannot be moved", async (type) => {
  const { scheduling, guestAccelerators } = await propertiesOf({}, type)
  expect(scheduling).toMatchObject({ onHostMaintenance: "TERMINATE" })
  expect(guestAccelerators).toBeUndefined()
})

test("N1 takes the accelerator that was named", async () => {
  const { scheduling, guestAccelerators } = await propertiesOf(
    { gcp: { accelerator: { type: "nvidia-tesla-t4", count: 2 } } },
    "n1-standard-8",
  )
  expect(guestAccelerators).toEqual([{ acceleratorType: "nvidia-tesla-t4", acceleratorCount: 2 }])
  expect(scheduling).toMatchObject({ onHostMaintenance: "TERMINATE" })
})

test.each([
  ["t2a-standard-4", "debian-12-bookworm-arm64", "pd-balanced"],
  ["c4a-standard-4", "debian-12-bookworm-arm64", "hyperdisk-balanced"],
  ["n4a-standard-4", "debian-12-bookworm-arm64", "hyperdisk-balanced"],
  ["c4-standard-4", "debian-12-bookworm-v", "hyperdisk-balanced"],
] as const)("%s boots the image and the disk that it takes", async (type, image, disk) => {
  const { disks } = await propertiesOf({}, type)
  expect(disks?.[0]?.initializeParams).toMatchObject({ diskType: disk })
  expect(disks?.[0]?.initializeParams.sourceImage).toContain(image)
})

test("what the options say is in every instance", async () => {
  const properties = await propertiesOf({
    gcp: {
      subnetwork: "default",
      serviceAccount: "worker@muster-test.iam.gserviceaccount.com",
      disk: { sizeGb: 50 },
      localSsds: 2,
      secureBoot: true,
      osLogin: true,
      reservation: "none",
      skipGuestOsShutdown: true,
      overrides: { canIpForward: true, scheduling: { minNodeCpus: 4 } },
    },
  })
  expect(properties).toMatchObject({
    canIpForward: true,
    scheduling: { minNodeCpus: 4, skipGuestOsShutdown: true, instanceTerminationAction: "DELETE" },
    networkInterfaces: [{ subnetwork: "regions/us-central1/subnetworks/default" }],
    serviceAccounts: [{ email: "worker@muster-test.iam.gserviceaccount.com" }],
    shieldedInstanceConfig: { enableSecureBoot: true },
    reservationAffinity: { consumeReservationType: "NO_RESERVATION" },
    metadata: { items: [{ key: "startup-script" }, { key: "enable-oslogin", value: "TRUE" }] },
  })
  expect(properties.disks).toHaveLength(3)
})

test("several types over several zones: as even as there is room, and the rest wherever there is some", async () => {
  const cloud = await gce()
  const types = [TYPE, "n2-standard-16"]
  for (const instanceType of types) cloud.world.setCapacity({ zone: "us-central1-b", instanceType }, 1)
  const [call, ...more] = await callsFor(cloud, 14, { spread: "zones" }, types)
  if (call === undefined) throw new Error("no call")
  expect([call.api, more]).toEqual(["regionInstances.bulkInsert", []])
  const letters = ["a", "b", "c", "f"]
  const zones = letters.map((letter) => ({ zone: `zones/us-central1-${letter}` }))
  expect(call.body.locationPolicy).toEqual({ targetShape: "BALANCED", zones })
  const { instances, failures } = await launchOne(cloud, call)
  expect(failures).toEqual([])
  const counts = letters.map((letter) => instances.filter(({ zone }) => zone.endsWith(letter)).length)
  expect(counts[1]).toBe(2)
  for (const index of [0, 2, 3]) expect(counts[index]).toBeGreaterThanOrEqual(3)
  expect(counts.reduce((sum, count) => sum + count)).toBe(14)
})

test("local SSDs are attached to what takes them, and never to what has its own", async () => {
  const scratch = async (type: string) => {
    const { disks = [] } = await propertiesOf({ gcp: { localSsds: 2 } }, type)
    return disks.filter(({ initializeParams }) => initializeParams.diskType === "local-ssd").length
  }
  expect([await scratch(TYPE), await scratch("c3-standard-4-lssd")]).toEqual([2, 0])
})

test("what cannot be moved while it runs is ended for the host's maintenance, and only that", async () => {
  const { scheduling } = await propertiesOf({}, "z3-highmem-88-highlssd")
  expect(scheduling).toMatchObject({ onHostMaintenance: "TERMINATE" })
  expect((await propertiesOf({}, TYPE)).scheduling).not.toHaveProperty("onHostMaintenance")
})

test("several types in one zone: one request, which takes the next type where the first runs out", async () => {
  const cloud = await gce()
  cloud.world.setCapacity({ zone: ZONE, instanceType: "n2-standard-16" }, 5)
  const [call, ...more] = await callsFor(cloud, 12, {}, [TYPE, "n2-standard-16"])
  if (call === undefined) throw new Error("no call")
  expect([call.api, more]).toEqual(["regionInstances.bulkInsert", []])
  expect(call.body.locationPolicy).toEqual({ targetShape: "ANY_SINGLE_ZONE", zones: [{ zone: `zones/${ZONE}` }] })
  const { instances, failures } = await launchOne(cloud, call)
  expect([instances.length, failures]).toEqual([12, []])
  expect(instances.filter(({ instanceType }) => instanceType === TYPE)).toHaveLength(7)
  expect(new Set(instances.map(({ zone }) => zone))).toEqual(new Set([ZONE]))
  // Its names are taken there, so that nothing needs to be looked for before it is sent, or sent again long after.
  await cloud.run(cloud.clock.sleep(5 * 3_600_000))
  expect((await launchOne(cloud, call)).instances).toHaveLength(12)
  expect(cloud.world.truth()).toHaveLength(12)
  expect(cloud.world.ledger.count("regionOperations.list")).toBe(0)
})

test("of very many types the best ten are asked for", async () => {
  const cloud = await gce()
  const offers = Array.from({ length: 30 }, (_, index) => ({
    ...{ provider: "gcp", region: "us-central1", zone: ZONE, market: "on-demand", family: "n2", arch: "x86_64" },
    instanceType: `n2-standard-${index + 2}`,
  })) as unknown as Offer[]
  const [call] = cloud.provider.split(wishFor(offers, 3), await prepareOf(cloud), NO_ROOM)
  const best = offers
    .slice(0, 10)
    .map(({ instanceType }, rank) => [
      instanceType,
      expect.objectContaining({ rank: String(rank), machineTypes: [instanceType] }),
    ])
  expect(call?.body.instanceFlexibilityPolicy).toEqual({ instanceSelections: Object.fromEntries(best) })
})

test.each([
  "1970-01-01T00:00:00.000Z",
  "2000-02-29T23:59:59.999Z",
  "2026-12-31T12:00:00.000Z",
  "2100-03-01T00:00:00.000Z",
])("%s is read and written the same", (text) => {
  expect(isoTime(parseTime(text) ?? Number.NaN)).toBe(text)
  expect(parseTime(text)).toBe(new Date(text).getTime())
})

test("Google writes its own times in Pacific time", () => {
  expect(parseTime("2026-01-01T00:00:00.123-08:00")).toBe(Date.UTC(2026, 0, 1, 8, 0, 0, 123))
  expect(parseTime("yesterday")).toBeUndefined()
})
