/** An instance as EC2 writes it: about as large as a real one, because its size is what lists cost. */
import type { InstanceState } from "../../../../src/provider.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID, hexOf, VPC } from "../world/account.js"
import { type InstanceInterface, interfacesOf } from "../world/interfaces.js"
import { gmtTime, isoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import type { Reply } from "../client/action.js"

/** "Instance state changes": names and the codes of the low byte. */
const STATES: { readonly [S in InstanceState]: { readonly code: number; readonly name: string } } = {
  pending: { code: 0, name: "pending" },
  running: { code: 16, name: "running" },
  terminating: { code: 32, name: "shutting-down" },
  terminated: { code: 48, name: "terminated" },
  stopped: { code: 80, name: "stopped" },
}

export function stateXml(state: InstanceState): { readonly code: number; readonly name: string } {
  return STATES[state]
}

/** What the world's own reasons are called by EC2; those that are EC2's already stay. */
const REASONS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  capacity: ["Server.InsufficientInstanceCapacity", "Insufficient capacity to launch this instance"],
  quota: ["Client.VolumeLimitExceeded", "Volume limit exceeded"],
  interrupted: ["Server.SpotInstanceTermination", "Spot instance termination"],
  boot: ["Server.InternalError", "Internal error on launch"],
}

function reasonOf(instance: WorldInstance): { readonly code: string; readonly message: string } | undefined {
  const { state, endReason } = instance
  if (state === "pending") return { code: "pending", message: "pending" }
  if (state === "running") return undefined
  if (endReason === undefined && instance.endedByRequest === true) {
    const code = "Client.UserInitiatedShutdown"
    return { code, message: `${code}: User initiated shutdown` }
  }
  if (endReason === undefined) {
    const code = "Client.InstanceInitiatedShutdown"
    return { code, message: `${code}: Instance initiated shutdown` }
  }
  if (/^(Client|Server)\./.test(endReason.code)) return { code: endReason.code, message: `${endReason.message}` }
  const [code, message] = REASONS[endReason.reason] ?? ["Server.InternalError", endReason.message]
  return { code, message: `${code}: ${message}` }
}

export function instanceXml(world: World, instance: WorldInstance): Xml {
  const { id, attributes, privateIp, publicIp, state, zone, createdAt, leftAt } = instance
  const request = attributes.request as Readonly<Record<string, unknown>>
  const isOver = state === "terminated"
  const monitored = (request.Monitoring as { Enabled?: boolean } | undefined)?.Enabled === true
  return {
    instanceId: id,
    imageId: String(attributes.imageId),
    instanceState: stateXml(state),
    privateDnsName: isOver ? "" : `ip-${privateIp.replaceAll(".", "-")}.ec2.internal`,
    dnsName: publicIp === undefined || isOver ? "" : `ec2-${publicIp.replaceAll(".", "-")}.compute-1.amazonaws.com`,
    reason: leftAt === undefined || instance.endedByRequest !== true ? "" : `User initiated (${gmtTime(leftAt)})`,
    keyName: request.KeyName as string | undefined,
    productCodes: [],
    instanceType: instance.instanceType,
    launchTime: isoTime(createdAt),
    placement: { availabilityZone: zone, groupName: "", tenancy: "default", ...placementXml(request.Placement) },
    monitoring: { state: monitored ? "enabled" : "disabled" },
    // A terminated instance has no place in a network any more.
    ...(isOver ? {} : networkXml(world, instance)),
    stateReason: reasonOf(instance),
    architecture: instance.offer.arch,
    rootDeviceType: "ebs",
    rootDeviceName: String(attributes.rootDevice ?? "/dev/xvda"),
    blockDeviceMapping: isOver ? [] : [diskXml(instance)],
    cpuOptions: cpuXml(instance.offer.vcpus ?? 1),
    ...reservationXml(request.CapacityReservationSpecification),
    virtualizationType: "hvm",
    clientToken: (attributes.clientToken as string | undefined) ?? "",
    tagSet: Object.entries(instance.tags).map(([key, value]) => ({ key, value })),
    hypervisor: "xen",
    ebsOptimized: false,
    enaSupport: true,
    metadataOptions: metadataXml(request.MetadataOptions as Readonly<Record<string, string>> | undefined),
    ...(instance.market === "spot" ? { instanceLifecycle: "spot", spotInstanceRequestId: spotRequestOf(id) } : {}),
  }
}

/** The spot request that an instance came from: one of its own. */
export function spotRequestOf(instanceId: string): string {
  return `sir-${hexOf(instanceId, 8)}`
}

function placementXml(asked: unknown): { readonly [name: string]: Xml } {
  const { GroupName: groupName, Tenancy: tenancy } = (asked ?? {}) as { GroupName?: string; Tenancy?: string }
  return { ...(groupName === undefined ? {} : { groupName }), ...(tenancy === undefined ? {} : { tenancy }) }
}

/** Two threads a core, but for the smallest. */
function cpuXml(vcpus: number): Xml {
  const threadsPerCore = vcpus % 2 === 0 ? 2 : 1
  return { coreCount: vcpus / threadsPerCore, threadsPerCore }
}

function reservationXml(asked: unknown): { readonly [name: string]: Xml } {
  const { CapacityReservationTarget: target } = (asked ?? {}) as {
    CapacityReservationTarget?: { CapacityReservationId?: string }
  }
  return target?.CapacityReservationId === undefined ? {} : { capacityReservationId: target.CapacityReservationId }
}

function networkXml(world: World, instance: WorldInstance): { readonly [name: string]: Xml } {
  const { attributes, privateIp, publicIp } = instance
  const interfaces = interfacesOf(world, instance)
  return {
    subnetId: String(attributes.subnetId),
    vpcId: VPC,
    privateIpAddress: privateIp,
    ipAddress: publicIp,
    sourceDestCheck: true,
    groupSet: groupsXml(world, interfaces[0]?.groups ?? []),
    networkInterfaceSet: interfaces.map((one) => interfaceXml(world, instance, one)),
  }
}

function interfaceXml(world: World, instance: WorldInstance, { id, index, groups }: InstanceInterface): Xml {
  const { attributes, privateIp, createdAt } = instance
  const address = index === 0 ? privateIp : `${privateIp.split(".").slice(0, 2).join(".")}.255.${index}`
  return {
    networkInterfaceId: id,
    subnetId: String(attributes.subnetId),
    vpcId: VPC,
    ownerId: ACCOUNT_ID,
    status: "in-use",
    macAddress: `0e:${(hexOf(index === 0 ? instance.id : id, 10).match(/../g) ?? []).join(":")}`,
    privateIpAddress: address,
    sourceDestCheck: true,
    groupSet: groupsXml(world, groups),
    attachment: {
      attachmentId: id.replace("eni-", "eni-attach-"),
      deviceIndex: index,
      status: "attached",
      attachTime: isoTime(createdAt),
      deleteOnTermination: true,
    },
    privateIpAddressesSet: [{ privateIpAddress: address, primary: true }],
  }
}

function groupsXml(world: World, ids: readonly string[]): readonly Xml[] {
  return ids.map((groupId) => {
    const name = world.resources.get("security-group", groupId)?.attributes.name
    return { groupId, groupName: String(name ?? "default") }
  })
}

function diskXml({ id, createdAt, attributes }: WorldInstance): Xml {
  const ebs = {
    volumeId: `vol-0${hexOf(id, 16)}`,
    status: "attached",
    attachTime: isoTime(createdAt),
    deleteOnTermination: true,
  }
  return { deviceName: String(attributes.rootDevice ?? "/dev/xvda"), ebs }
}

function metadataXml(asked: Readonly<Record<string, string>> | undefined): Xml {
  return {
    state: "applied",
    httpTokens: asked?.HttpTokens ?? "optional",
    httpPutResponseHopLimit: Number(asked?.HttpPutResponseHopLimit ?? 1),
    httpEndpoint: asked?.HttpEndpoint ?? "enabled",
    httpProtocolIpv6: "disabled",
    instanceMetadataTags: asked?.InstanceMetadataTags ?? "disabled",
  }
}

/** A reservation is what one request launched. */
export function reservation(world: World, instances: readonly WorldInstance[]): Reply {
  return {
    reservationId: String(instances[0]?.attributes.reservation),
    ownerId: ACCOUNT_ID,
    groupSet: [],
    instancesSet: instances.map((instance) => instanceXml(world, instance)),
  }
}
