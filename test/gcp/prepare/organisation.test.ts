/** What organisations ask of Compute Engine: disks under their own keys, and capacity that they have reserved. */
import { describe, expect, test } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"
import { AuthError, RejectedError } from "../../../src/errors.js"
import type { JsonObject, LaunchCall, Market } from "../../../src/provider.js"
import { type Cloud, gce, launchOne, NO_ROOM, prepareOf, TYPE, wishFor } from "../support/cloud.js"

const KEY = "projects/keys/locations/us-central1/keyRings/disks/cryptoKeys/workers"

interface Properties extends JsonObject {
  readonly disks: readonly JsonObject[]
  readonly scheduling: JsonObject
}

async function callOn(cloud: Cloud, market: Market, instanceType: string = TYPE): Promise<LaunchCall> {
  const { provider } = cloud
  const found = await cloud.run(provider.offers({ instanceTypes: [instanceType], markets: [market] }, cloud.bare()))
  const [call] = provider.split(wishFor(found.slice(0, 1), 2), await prepareOf(cloud), NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  return call
}

const propertiesOf = ({ body }: LaunchCall) => body.instanceProperties as Properties

test.each([
  [{ disk: { kmsKeyName: "workers" } }, /gcp\.disk\.kmsKeyName: is "workers"; give the key as "projects\/P\/locations/],
  [{ disk: { kmsKeyName: `${KEY}/cryptoKeyVersions/newest` } }, /gcp\.disk\.kmsKeyName/],
  [{ reservation: "My Reservation" }, /gcp\.reservation: is "My Reservation"; give its name/],
  [{ reservation: { name: "a/b" } }, /gcp\.reservation\.name: is "a\/b"/],
  [{ reservation: { name: "a", provisioningModel: "SPOT" } }, /gcp\.reservation\.provisioningModel: is "SPOT"/],
])("%o is refused", (options, message) => {
  expect(() => gcp({ region: "us-central1", ...options } as unknown as GcpOptions)).toThrow(message)
})

describe("a key of the customer's own", () => {
  test.each([KEY, `${KEY}/cryptoKeyVersions/3`])("%s: the boot disk is made with it", async (kmsKeyName) => {
    const cloud = await gce({ gcp: { disk: { kmsKeyName } } })
    const call = await callOn(cloud, "on-demand")
    expect(propertiesOf(call).disks).toMatchObject([{ boot: true, diskEncryptionKey: { kmsKeyName } }])
    expect((await launchOne(cloud, call)).instances).toHaveLength(2)
  })

  test("local SSDs have none, which Compute Engine encrypts itself", async () => {
    const cloud = await gce({ gcp: { disk: { kmsKeyName: KEY }, localSsds: 1 } })
    const [boot, scratch] = propertiesOf(await callOn(cloud, "on-demand")).disks
    expect([boot?.diskEncryptionKey, scratch?.diskEncryptionKey]).toEqual([{ kmsKeyName: KEY }, undefined])
  })

  test.each([
    [
      `Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '${KEY}'`,
      AuthError,
      /cryptoKeyEncrypter/,
    ],
    [`${KEY}/cryptoKeyVersions/1 is not enabled, current state is: DISABLED.`, RejectedError, /check disk\.kmsKeyName/],
  ])("%s: said, with what to do", async (words, becomes, remedy) => {
    const cloud = await gce({ gcp: { disk: { kmsKeyName: KEY } } })
    const message = `Cloud KMS error when using key ${KEY}: ${words}`
    cloud.wire.answers.give({ api: "instances.bulkInsert", place: "whole", code: "badRequest", status: 400, message })
    const error = await launchOne(cloud, await callOn(cloud, "on-demand")).catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(becomes)
    expect((error as Error).message).toMatch(remedy)
  })
})

describe("a reservation by its name", () => {
  const specific = (name: string) => ({
    consumeReservationType: "SPECIFIC_RESERVATION",
    key: "compute.googleapis.com/reservation-name",
    values: [name],
  })
  const DENSE = "projects/other/reservations/gpus/reservationBlocks/b-1"

  test("on demand it is named; with spot nothing is", async () => {
    const cloud = await gce({ gcp: { reservation: "mine" } })
    const call = await callOn(cloud, "on-demand")
    expect(propertiesOf(call)).toMatchObject({
      reservationAffinity: specific("mine"),
      scheduling: { provisioningModel: "STANDARD" },
    })
    const spot = await callOn(cloud, "spot")
    expect(propertiesOf(spot).reservationAffinity).toBeUndefined()
    for (const one of [call, spot]) expect((await launchOne(cloud, one)).instances).toHaveLength(2)
  })

  test("of accelerators that are deployed densely, or by the calendar: bound to it", async () => {
    const reservation = { name: DENSE, provisioningModel: "RESERVATION_BOUND" } as const
    const cloud = await gce({ gcp: { reservation } })
    const call = await callOn(cloud, "on-demand")
    expect(propertiesOf(call)).toMatchObject({
      reservationAffinity: specific(DENSE),
      scheduling: {
        provisioningModel: "RESERVATION_BOUND",
        onHostMaintenance: "TERMINATE",
        instanceTerminationAction: "DELETE",
        terminationTime: "2026-01-02T00:00:00.000Z",
      },
    })
    expect((await launchOne(cloud, call)).instances).toHaveLength(2)
    const spot = await callOn(cloud, "spot")
    expect(propertiesOf(spot).scheduling.provisioningModel).toBe("SPOT")
    expect((await launchOne(cloud, spot)).instances).toHaveLength(2)
  })

  test("the wire refuses what the cloud does", async () => {
    const cloud = await gce({ gcp: { reservation: "mine" } })
    const call = await callOn(cloud, "on-demand")
    const properties = propertiesOf(call)
    const scheduling = { ...properties.scheduling, provisioningModel: "SPOT", automaticRestart: false }
    const body = { ...call.body, instanceProperties: { ...properties, scheduling } }
    const error = await launchOne(cloud, { ...call, body }).catch((thrown: Error) => thrown)
    expect((error as Error).message).toContain("Spot VMs cannot consume reservations")
  })
})
