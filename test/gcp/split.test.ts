import { expect, test } from "vitest"
import { isoTime, parseTime } from "../../providers/gcp/time.js"
import { callsFor, gce, launchOne, TYPE } from "./support/cloud.js"

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
  expect(properties.networkInterfaces[0]).not.toHaveProperty("accessConfigs")
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
