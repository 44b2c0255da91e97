/** From a blueprint and an offer to `instanceProperties`, what every instance of a bulk request is. Pure. */
import { merge } from "../../../src/input/merge.js"
import type { JsonObject, Offer } from "../../../src/provider.js"
import { seriesOf } from "../client/refusals/series.js"
import { cannotMigrate, diskTypeOf, hasBuiltInGpu, takesLocalSsds } from "../offers/families.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { isoTime } from "../../../src/tables/times.js"

type Labels = Readonly<Record<string, string>>

/** All but what depends on the machine type, for one type or several. */
export function sharedProperties(blueprint: Blueprint, offers: readonly Offer[], labels: Labels): JsonObject {
  const accelerators = offers.some(takesAccelerator) ? acceleratorsOf(blueprint) : {}
  const computed: JsonObject = {
    ...blueprint.properties,
    labels,
    metadata: { items: blueprint.metadata },
    networkInterfaces: [nicOf(blueprint)],
    scheduling: schedulingOf(blueprint, offers),
    ...affinityOf(blueprint, offers),
    ...accelerators,
  }
  return withTags(merge(computed, blueprint.overrides), blueprint)
}

/** Beside those of the user's overrides. */
function withTags(properties: JsonObject, { networkTags = [] }: Blueprint): JsonObject {
  if (networkTags.length === 0) return properties
  const { items = [], ...rest } = (properties.tags ?? {}) as JsonObject & { readonly items?: readonly string[] }
  return { ...properties, tags: { ...rest, items: [...new Set([...items, ...networkTags])] } }
}

function takesAccelerator({ instanceType }: Offer): boolean {
  return seriesOf(instanceType) === "n1"
}

function acceleratorsOf({ accelerator }: Blueprint): JsonObject {
  if (accelerator === undefined) return {}
  return { guestAccelerators: [{ acceleratorType: accelerator.type, acceleratorCount: accelerator.count }] }
}

/** "The VM has an external IP address only if accessConfigs is present." */
function nicOf({ place, publicAddress }: Blueprint): JsonObject {
  const access = publicAddress ? { accessConfigs: [{ type: "ONE_TO_ONE_NAT", name: "External NAT" }] } : {}
  return { ...place, ...access }
}

/** "You can't use reservations with Spot VMs" ("Spot VMs", restrictions): with one, the request would be refused. */
function affinityOf({ reservation }: Blueprint, offers: readonly Offer[]): JsonObject {
  if (reservation === undefined || isSpot(offers)) return {}
  return { reservationAffinity: reservation.affinity }
}

function isSpot(offers: readonly Offer[]): boolean {
  return offers[0]?.market === "spot"
}

/**
 * Compute Engine itself deletes each instance at the cluster's deadline, whatever becomes of us. A moment and not a run
 * time, so that a replayed request has the same bytes, and an instance that comes later does not live longer.
 */
function schedulingOf(blueprint: Blueprint, offers: readonly Offer[]): JsonObject {
  const { owner, accelerator, skipGuestOsShutdown, reservation } = blueprint
  const spot = isSpot(offers)
  // "Reservation-bound" VMs cannot be moved either; reservations of accelerators that are deployed densely take no others.
  const isBound = !spot && reservation?.isBound === true
  const hasGpu = offers.some(
    (offer) => hasBuiltInGpu(offer.instanceType) || (accelerator !== undefined && takesAccelerator(offer)),
  )
  return {
    provisioningModel: spot ? "SPOT" : isBound ? "RESERVATION_BOUND" : "STANDARD",
    instanceTerminationAction: "DELETE",
    terminationTime: isoTime(Number(owner.deadline) * 1000),
    // Neither a Spot VM nor one with a GPU can be moved; a Spot VM cannot be restarted either.
    ...(spot || isBound || hasGpu || offers.some(cannotMigrate) ? { onHostMaintenance: "TERMINATE" } : {}),
    ...(spot ? { automaticRestart: false } : {}),
    ...(skipGuestOsShutdown ? { skipGuestOsShutdown: true } : {}),
  }
}

/** Disks end with their instance, and are found by its labels should they ever not. In a bulk request types are bare names. */
export function disksOf(
  blueprint: Blueprint,
  { arch, instanceType, localDiskGiB }: Offer,
  labels: Labels,
): readonly JsonObject[] {
  const { disk, images, localSsds } = blueprint
  const boot = {
    boot: true,
    autoDelete: true,
    ...(disk.kmsKeyName === undefined ? {} : { diskEncryptionKey: { kmsKeyName: disk.kmsKeyName } }),
    initializeParams: {
      labels,
      sourceImage: images[arch] ?? "",
      diskType: disk.type ?? diskTypeOf(instanceType),
      ...(disk.sizeGb === undefined ? {} : { diskSizeGb: String(disk.sizeGb) }),
    },
  }
  // Those that are built in come by themselves.
  const attached = localDiskGiB !== undefined && takesLocalSsds(instanceType) ? localSsds : 0
  const scratch = { type: "SCRATCH", autoDelete: true, interface: "NVME", initializeParams: { diskType: "local-ssd" } }
  return [boot, ...Array.from({ length: attached }, () => scratch)]
}
