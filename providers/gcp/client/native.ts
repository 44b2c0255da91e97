/** What we read of Compute Engine's replies, by hand: the package's own types are 32 MB, which every compile would read. */

export interface NativeInstance {
  readonly id?: string
  readonly name?: string
  readonly status?: string
  readonly statusMessage?: string
  readonly zone?: string
  readonly machineType?: string
  readonly creationTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly labelFingerprint?: string
  readonly scheduling?: { readonly provisioningModel?: string; readonly preemptible?: boolean }
  readonly networkInterfaces?: readonly {
    readonly network?: string
    readonly networkIP?: string
    readonly accessConfigs?: readonly { readonly natIP?: string }[]
  }[]
  /** Network tags, which firewall rules are for. */
  readonly tags?: { readonly items?: readonly string[]; readonly fingerprint?: string }
  readonly serviceAccounts?: readonly { readonly email?: string }[]
  readonly metadata?: { readonly items?: readonly { readonly key?: string; readonly value?: string }[] }
}

export interface NativeDisk {
  readonly name?: string
  readonly zone?: string
  readonly status?: string
  readonly creationTimestamp?: string
  readonly lastAttachTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  /** The instances that use it. */
  readonly users?: readonly string[]
}

export interface NativeSerialPort {
  readonly kind?: string
  readonly contents?: string
}

/** What a guest has written about itself. */
export interface NativeGuestAttributes {
  readonly kind?: string
  readonly queryValue?: {
    readonly items?: readonly { readonly namespace?: string; readonly key?: string; readonly value?: string }[]
  }
}

interface Traffic {
  readonly IPProtocol?: string
  /** "22" or "1000-2000"; every port when left out. */
  readonly ports?: readonly string[]
}

export interface NativeFirewall {
  readonly kind?: string
  readonly name?: string
  readonly description?: string
  readonly network?: string
  readonly direction?: string
  readonly disabled?: boolean
  readonly priority?: number
  readonly sourceRanges?: readonly string[]
  readonly sourceTags?: readonly string[]
  readonly sourceServiceAccounts?: readonly string[]
  readonly targetTags?: readonly string[]
  readonly targetServiceAccounts?: readonly string[]
  readonly allowed?: readonly Traffic[]
  readonly denied?: readonly Traffic[]
}

export interface NativeRouter {
  readonly name?: string
  readonly network?: string
  readonly nats?: readonly {
    readonly name?: string
    readonly sourceSubnetworkIpRangesToNat?: string
    readonly subnetworks?: readonly { readonly name?: string }[]
    /** "PRIVATE" joins networks, and leads nowhere else. */
    readonly type?: string
  }[]
}

export interface NativeSubnetwork {
  readonly kind?: string
  readonly name?: string
  readonly network?: string
}

export interface NativeWarning {
  readonly code?: string
  readonly message?: string
}

/** Every list: a warning or `unreachables` says that it is not all there is. */
export interface Page {
  readonly kind?: string
  readonly nextPageToken?: string
  readonly warning?: NativeWarning
  readonly unreachables?: readonly string[]
}

export interface PageOf<T> extends Page {
  readonly items?: readonly T[]
}

interface Scoped {
  readonly warning?: NativeWarning
}

/** By "zones/Z", and by "regions/R" for what is a region's. */
type Scopes<T> = Readonly<Record<string, T & Scoped>>

export interface InstancePage extends Page {
  readonly items?: Scopes<{ readonly instances?: readonly NativeInstance[] }>
}

export interface DiskPage extends Page {
  readonly items?: Scopes<{ readonly disks?: readonly NativeDisk[] }>
}

export interface OperationError {
  readonly code?: string
  readonly message?: string
  readonly location?: string
  readonly errorDetails?: readonly {
    readonly errorInfo?: { readonly reason?: string; readonly metadatas?: Readonly<Record<string, string>> }
    readonly quotaInfo?: { readonly metricName?: string; readonly limitName?: string; readonly limit?: number }
  }[]
}

/** VMs of a bulk operation in one zone. */
export interface LocationStatus {
  readonly targetVmCount?: number
  readonly createdVmCount?: number
  readonly failedToCreateVmCount?: number
  readonly deletedVmCount?: number
  readonly status?: string
}

export interface NativeOperation {
  readonly kind?: string
  readonly id?: string
  readonly name?: string
  readonly operationType?: string
  readonly status?: string
  readonly zone?: string
  readonly region?: string
  readonly targetLink?: string
  readonly insertTime?: string
  readonly startTime?: string
  readonly endTime?: string
  readonly clientOperationId?: string
  /** Of a bulk operation and the insert operations that came of it: the same. */
  readonly operationGroupId?: string
  readonly httpErrorStatusCode?: number
  readonly httpErrorMessage?: string
  readonly error?: { readonly errors?: readonly OperationError[] }
  readonly instancesBulkInsertOperationMetadata?: {
    readonly perLocationStatus?: Readonly<Record<string, LocationStatus>>
  }
}

export interface NativeMachineType {
  readonly name?: string
  readonly guestCpus?: number
  readonly memoryMb?: number
  readonly architecture?: string
  readonly accelerators?: readonly { readonly guestAcceleratorType?: string; readonly guestAcceleratorCount?: number }[]
  readonly bundledLocalSsds?: { readonly partitionCount?: number; readonly defaultInterface?: string }
  readonly deprecated?: { readonly state?: string }
}

export interface NativeRegion {
  readonly kind?: string
  readonly name?: string
  /** "UP" or "DOWN". */
  readonly status?: string
  readonly zones?: readonly string[]
  readonly quotas?: readonly { readonly metric?: string; readonly limit?: number; readonly usage?: number }[]
}

export interface NativeImage {
  readonly kind?: string
  readonly name?: string
  readonly selfLink?: string
  readonly architecture?: string
  readonly licenses?: readonly string[]
  readonly guestOsFeatures?: readonly { readonly type?: string }[]
}

/** The last part of a URL: zones, types and networks are named by URLs in replies. */
export function lastPart(url: string | undefined): string {
  return url?.slice(url.lastIndexOf("/") + 1) ?? ""
}
