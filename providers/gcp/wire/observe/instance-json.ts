/** An instance as Compute Engine writes it: about as large as a real one, because its size is what lists cost. */
import type { InstanceState, JsonObject } from "../../../../src/provider.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { pacificTime } from "../client/pacific.js"
import { hexOf, link, pathIn } from "../account.js"
import { networkTagsOf, tagFingerprintOf } from "./network-tags.js"

const STATUS: { readonly [S in InstanceState]: string } = {
  pending: "STAGING",
  running: "RUNNING",
  stopped: "TERMINATED",
  terminating: "STOPPING",
  // Never shown: a terminated instance is in no list.
  terminated: "STOPPING",
}

interface Properties {
  readonly disks?: readonly {
    readonly type?: string
    readonly diskEncryptionKey?: JsonObject
    readonly initializeParams?: { readonly diskSizeGb?: string }
  }[]
  readonly networkInterfaces?: readonly { readonly network?: string; readonly accessConfigs?: readonly JsonObject[] }[]
  readonly scheduling?: JsonObject
  readonly metadata?: JsonObject
  readonly serviceAccounts?: readonly JsonObject[]
  readonly guestAccelerators?: readonly JsonObject[]
  readonly reservationAffinity?: JsonObject
}

/** Notices in force by instance: its 30 seconds have begun, and Compute Engine shows it as stopping. */
export function lookAt(world: World): Look {
  return {
    now: world.clock.now(),
    preempted: new Map(world.notices().map(({ id, at }) => [id, at])),
    networkTags: (instance) => networkTagsOf(world, instance),
  }
}

/** For so long, in milliseconds, an instance that powers off is stopping ("VM instance lifecycle"). */
const STOPPING_MS = 2_000

/** What shows beside the instance itself. */
export interface Look {
  readonly now: number
  readonly preempted: ReadonlyMap<string, number>
  readonly networkTags: (instance: WorldInstance) => readonly string[]
}

function statusOf({ id, state, stoppedAt }: WorldInstance, { now, preempted }: Look): string {
  if (preempted.has(id)) return "STOPPING"
  return stoppedAt !== undefined && now < stoppedAt + STOPPING_MS ? "STOPPING" : STATUS[state]
}

export function instanceJson(instance: WorldInstance, project: string, look: Look): JsonObject {
  const networkTags = look.networkTags(instance)
  const { id, zone, name = `vm-${id}`, createdAt, runningAt, instanceType, tags, attributes } = instance
  const path = `projects/${project}/zones/${zone}`
  const properties = (attributes.properties ?? {}) as Properties
  return {
    kind: "compute#instance",
    id,
    creationTimestamp: pacificTime(createdAt),
    name,
    description: "",
    tags: tagsJson(id, networkTags),
    machineType: link(`${path}/machineTypes/${instanceType}`),
    status: statusOf(instance, look),
    zone: link(path),
    canIpForward: false,
    networkInterfaces: [nicJson(instance, project, properties)],
    disks: (properties.disks ?? []).map((disk, index) => diskJson(instance, path, disk, index)),
    metadata: { kind: "compute#metadata", fingerprint: hexOf(`metadata/${id}`, 12), ...properties.metadata },
    serviceAccounts: properties.serviceAccounts ?? [],
    guestAccelerators: (properties.guestAccelerators ?? []).map((accelerator) => ({ ...accelerator })),
    selfLink: link(`${path}/instances/${name}`),
    scheduling: {
      automaticRestart: true,
      onHostMaintenance: "MIGRATE",
      preemptible: instance.market === "spot",
      ...properties.scheduling,
    },
    cpuPlatform: "Intel Cascade Lake",
    labels: tags,
    labelFingerprint: labelFingerprintOf(instance),
    startRestricted: false,
    deletionProtection: false,
    reservationAffinity: properties.reservationAffinity ?? { consumeReservationType: "ANY_RESERVATION" },
    shieldedInstanceConfig: { enableSecureBoot: false, enableVtpm: true, enableIntegrityMonitoring: true },
    shieldedInstanceIntegrityPolicy: { updateAutoLearnPolicy: true },
    fingerprint: hexOf(`instance/${id}`, 12),
    ...(runningAt === undefined ? {} : { lastStartTimestamp: pacificTime(runningAt) }),
  }
}

function tagsJson(id: string, items: readonly string[]): JsonObject {
  return { fingerprint: tagFingerprintOf(id, items), ...(items.length === 0 ? {} : { items }) }
}

function nicJson(
  { id, privateIp, publicIp }: WorldInstance,
  project: string,
  { networkInterfaces = [] }: Properties,
): JsonObject {
  const [nic] = networkInterfaces
  const access = { kind: "compute#accessConfig", type: "ONE_TO_ONE_NAT", name: "External NAT", networkTier: "PREMIUM" }
  return {
    kind: "compute#networkInterface",
    network: link(pathIn(project, nic?.network ?? "global/networks/default")),
    networkIP: privateIp,
    name: "nic0",
    ...(publicIp === undefined ? {} : { accessConfigs: [{ ...access, natIP: publicIp }] }),
    fingerprint: hexOf(`nic/${id}`, 12),
    stackType: "IPV4_ONLY",
  }
}

type Disk = NonNullable<Properties["disks"]>[number]

function diskJson(
  { id, name = `vm-${id}`, offer }: WorldInstance,
  path: string,
  { type = "PERSISTENT", initializeParams, diskEncryptionKey }: Disk,
  index: number,
): JsonObject {
  return {
    kind: "compute#attachedDisk",
    type,
    mode: "READ_WRITE",
    ...(type === "SCRATCH" ? {} : { source: link(`${path}/disks/${name}${index === 0 ? "" : `-${index}`}`) }),
    deviceName: `persistent-disk-${index}`,
    index,
    boot: index === 0,
    autoDelete: true,
    ...(diskEncryptionKey === undefined ? {} : { diskEncryptionKey }),
    interface: type === "SCRATCH" ? "NVME" : "SCSI",
    diskSizeGb: initializeParams?.diskSizeGb ?? (type === "SCRATCH" ? "375" : "10"),
    architecture: offer.arch === "arm64" ? "ARM64" : "X86_64",
    guestOsFeatures: [{ type: "UEFI_COMPATIBLE" }, { type: "VIRTIO_SCSI_MULTIQUEUE" }, { type: "GVNIC" }],
  }
}

/** Another one with each change of the labels. */
export function labelFingerprintOf({ id, tags }: WorldInstance): string {
  return hexOf(`labels/${id}/${JSON.stringify(tags)}`, 12)
}
