/** The requests that this adapter makes: the client and method of each, its cost, its answer. */
import type { Cost } from "../../../src/provider.js"
import type {
  DiskPage,
  InstancePage,
  NativeDisk,
  NativeFirewall,
  NativeGuestAttributes,
  NativeImage,
  NativeInstance,
  NativeMachineType,
  NativeOperation,
  NativeRegion,
  NativeRouter,
  NativeSerialPort,
  NativeSubnetwork,
  PageOf,
} from "./native.js"
import type { ClientName } from "./sdk.js"

interface Api {
  readonly client: ClientName
  readonly method: string
  readonly cost: Cost
}

/** The cost of each request is in the buckets of `limits.ts`. */
export const APIS = {
  "instances.bulkInsert": { client: "InstancesClient", method: "bulkInsert", cost: { writes: 1 } },
  "regionInstances.bulkInsert": { client: "RegionInstancesClient", method: "bulkInsert", cost: { writes: 1 } },
  "instances.delete": { client: "InstancesClient", method: "delete", cost: { writes: 1, deletions: 1 } },
  "instances.list": { client: "InstancesClient", method: "list", cost: { reads: 1 } },
  "instances.aggregatedList": { client: "InstancesClient", method: "aggregatedList", cost: { "heavy-global": 1 } },
  "instances.get": { client: "InstancesClient", method: "get", cost: { reads: 1 } },
  "instances.setLabels": { client: "InstancesClient", method: "setLabels", cost: { writes: 1 } },
  "instances.getSerialPortOutput": { client: "InstancesClient", method: "getSerialPortOutput", cost: { reads: 1 } },
  "instances.getGuestAttributes": { client: "InstancesClient", method: "getGuestAttributes", cost: { reads: 1 } },
  "instances.setTags": { client: "InstancesClient", method: "setTags", cost: { writes: 1 } },
  "disks.list": { client: "DisksClient", method: "list", cost: { reads: 1 } },
  "disks.aggregatedList": { client: "DisksClient", method: "aggregatedList", cost: { "heavy-global": 1 } },
  "disks.delete": { client: "DisksClient", method: "delete", cost: { writes: 1, deletions: 1 } },
  "zoneOperations.wait": { client: "ZoneOperationsClient", method: "wait", cost: { heavy: 1 } },
  "regionOperations.wait": { client: "RegionOperationsClient", method: "wait", cost: { heavy: 1 } },
  "globalOperations.wait": { client: "GlobalOperationsClient", method: "wait", cost: { "heavy-global": 1 } },
  "zoneOperations.list": { client: "ZoneOperationsClient", method: "list", cost: { reads: 1 } },
  "regionOperations.list": { client: "RegionOperationsClient", method: "list", cost: { reads: 1 } },
  "machineTypes.list": { client: "MachineTypesClient", method: "list", cost: { reads: 1 } },
  "regions.get": { client: "RegionsClient", method: "get", cost: { reads: 1 } },
  "images.get": { client: "ImagesClient", method: "get", cost: { reads: 1 } },
  "images.getFromFamily": { client: "ImagesClient", method: "getFromFamily", cost: { reads: 1 } },
  "routers.list": { client: "RoutersClient", method: "list", cost: { reads: 1 } },
  "subnetworks.get": { client: "SubnetworksClient", method: "get", cost: { reads: 1 } },
  "firewalls.list": { client: "FirewallsClient", method: "list", cost: { "reads-global": 1 } },
  "firewalls.get": { client: "FirewallsClient", method: "get", cost: { "reads-global": 1 } },
  "firewalls.insert": { client: "FirewallsClient", method: "insert", cost: { "writes-global": 1 } },
  "firewalls.patch": { client: "FirewallsClient", method: "patch", cost: { "writes-global": 1 } },
  "firewalls.delete": { client: "FirewallsClient", method: "delete", cost: { "writes-global": 1 } },
} as const satisfies Readonly<Record<string, Api>>

export type ApiName = keyof typeof APIS

export interface Replies {
  readonly "instances.bulkInsert": NativeOperation
  readonly "regionInstances.bulkInsert": NativeOperation
  readonly "instances.delete": NativeOperation
  readonly "instances.list": PageOf<NativeInstance>
  readonly "instances.aggregatedList": InstancePage
  readonly "instances.get": NativeInstance
  readonly "instances.setLabels": NativeOperation
  readonly "instances.getSerialPortOutput": NativeSerialPort
  readonly "instances.getGuestAttributes": NativeGuestAttributes
  readonly "instances.setTags": NativeOperation
  readonly "disks.list": PageOf<NativeDisk>
  readonly "disks.aggregatedList": DiskPage
  readonly "disks.delete": NativeOperation
  readonly "zoneOperations.wait": NativeOperation
  readonly "regionOperations.wait": NativeOperation
  readonly "globalOperations.wait": NativeOperation
  readonly "zoneOperations.list": PageOf<NativeOperation>
  readonly "regionOperations.list": PageOf<NativeOperation>
  readonly "machineTypes.list": PageOf<NativeMachineType>
  readonly "regions.get": NativeRegion
  readonly "images.get": NativeImage
  readonly "images.getFromFamily": NativeImage
  readonly "routers.list": PageOf<NativeRouter>
  readonly "subnetworks.get": NativeSubnetwork
  readonly "firewalls.list": PageOf<NativeFirewall>
  readonly "firewalls.get": NativeFirewall
  readonly "firewalls.insert": NativeOperation
  readonly "firewalls.patch": NativeOperation
  readonly "firewalls.delete": NativeOperation
}
