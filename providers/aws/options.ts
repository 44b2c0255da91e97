/** The options of `aws()`. */
import type { Arch, JsonObject } from "../../src/provider.js"

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** A date, or the text of one as STS writes it. Keys are asked for anew five minutes before, and when AWS refuses them. */
  readonly expiration?: Date | string
}

/** What this adapter needs of an `EC2Client`; any ready-made one fits. */
export interface AwsClient {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
}

/** A subnet by its id alone, or with the zone that it is in, which then need not be asked for. */
export type AwsSubnet = string | { readonly id: string; readonly zone: string }

/** An image by its id alone, or with its processor and the devices of its disks, which then need not be asked for. */
export type AwsImage =
  | string
  | { readonly id: string; readonly arch: Arch; readonly devices: readonly [string, ...string[]] }

/** USD per hour of a type: on demand, or by market. */
export type AwsPrice = number | { readonly onDemand?: number; readonly spot?: number }

/** Capacity that is paid for already: an On-Demand Capacity Reservation or a Capacity Block. */
export interface AwsReservation {
  readonly id: string
  readonly kind?: "capacity-reservation" | "capacity-block"
}

/** Ready-made clients of other AWS services, each with `maxAttempts: 1`; made when their package is installed. */
export interface AwsClients {
  /** `PricingClient` of "@aws-sdk/client-pricing": on-demand prices. */
  readonly pricing?: AwsClient
  /** `ServiceQuotasClient` of "@aws-sdk/client-service-quotas": how many vCPUs the account may run. */
  readonly serviceQuotas?: AwsClient
  /** `STS` of "@aws-sdk/client-sts": what EC2 says encoded about a missing right. */
  readonly sts?: AwsDecoder
}

/** What decodes an authorization message; an `STS` of "@aws-sdk/client-sts" fits. */
export interface AwsDecoder {
  decodeAuthorizationMessage(
    input: { readonly EncodedMessage: string },
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly DecodedMessage?: string | undefined }>
}

export interface AwsOptions {
  /** For example "eu-west-2". */
  readonly region: string
  /** Where EC2 answers, when not at AWS's own address; plain http only on this machine. */
  readonly endpoint?: string
  /**
   * Keys, or a function that returns them, which is asked again when AWS refuses what it returned; by default what the SDK finds
   * in environment, files, SSO or metadata.
   */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>)
  /** A ready-made `EC2Client` with `maxAttempts: 1`, instead of `endpoint` and `credentials`. */
  readonly client?: AwsClient
  readonly clients?: AwsClients
  /** Where instances go; by default the default subnet of each zone. */
  readonly subnetIds?: readonly AwsSubnet[]
  /** By default Muster's own group of the VPC, or the VPC's default group where the network is not read. */
  readonly securityGroupIds?: readonly string[]
  /** The image of groups that name none; by default Ubuntu 24.04, or the GPU image for groups with GPUs. */
  readonly imageId?: AwsImage
  /** USD per hour by type, before what AWS says: a discount of your own, or what cannot be read. */
  readonly prices?: Readonly<Record<string, AwsPrice>>
  /** Spot offers above it (USD per hour) are left out, and none is paid more. */
  readonly maxSpotPrice?: number
  /** CreateFleet: `true` wherever it can be used, `false` never; by default where it is faster or falls over by itself. */
  readonly fleet?: boolean
  /** Whether fleets consume RunInstances' limit of instances ("shared", the default: never refused), or not. */
  readonly fleetRate?: "shared" | "separate"
  readonly spotAllocation?: "price-capacity-optimized" | "capacity-optimized" | "diversified" | "lowest-price"
  /** Of fleets on demand: "prioritized" (the default) follows our own ranking by price and by your order. */
  readonly onDemandAllocation?: "prioritized" | "lowest-price"
  /** Name or ARN of an instance profile; none by default. */
  readonly instanceProfile?: string
  /** Name of a key pair; none by default. */
  readonly keyName?: string
  /** Lets this address range, and no other, reach port 22: "203.0.113.7/32", "2001:db8:7::/48". */
  readonly sshFrom?: string
  /** Containers may reach instance metadata as well: one hop more. */
  readonly containers?: boolean
  /** Size of the root disk in GiB; the image's own by default. */
  readonly rootGiB?: number
  /**
   * MiB per second (100 to 300) at which EBS loads the root disk from its snapshot, at a price per GiB of the snapshot. By default EBS
   * loads a block when it is first read ("Initialize Amazon EBS volumes").
   */
  readonly volumeInitializationRate?: number
  /** Ends instances without waiting for the guest to shut down. */
  readonly skipOsShutdown?: boolean
  readonly reservation?: AwsReservation
  /** Name of a placement group. */
  readonly placementGroup?: string
  /** Hardware that no other account uses. */
  readonly tenancy?: "dedicated"
  /** An Elastic Fabric Adapter as the instance's interface. */
  readonly efa?: boolean
  /**
   * On everything that is made here: instances, disks, network interfaces, spot requests, fleets, templates, security groups. EC2's
   * own rules hold, so that keys and values may have capitals, spaces and the like. A group's tag of the same key goes before.
   */
  readonly tags?: Readonly<Record<string, string>>
  /** Merged into each launch last, as EC2's API spells it: `{ Monitoring: { Enabled: true } }`. */
  readonly overrides?: JsonObject
}
