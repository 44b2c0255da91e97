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
  readonly scheduling?: { readonly provisioningModel?: string; readonly preemptible?: boolean }
  readonly networkInterfaces?: readonly {
    readonly networkIP?: string
    readonly accessConfigs?: readonly { readonly natIP?: string }[]
  }[]
}

export interface NativeWarning {
  readonly code?: string
  readonly message?: string
}

/** Every list: a warning or `unreachables` says that it is not all there is. */
interface Page {
  readonly kind?: string
  readonly nextPageToken?: string
  readonly warning?: NativeWarning
  readonly unreachables?: readonly string[]
}

export interface PageOf<T> extends Page {
  readonly items?: readonly T[]
}

export interface AggregatedPage extends Page {
  readonly items?: Readonly<
    Record<string, { readonly instances?: readonly NativeInstance[]; readonly warning?: NativeWarning }>
  >
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
  readonly zones?: readonly string[]
  readonly quotas?: readonly { readonly metric?: string; readonly limit?: number; readonly usage?: number }[]
}

export interface NativeImage {
  readonly kind?: string
  readonly name?: string
  readonly selfLink?: string
  readonly architecture?: string
}

/** The last part of a URL: zones, types and networks are named by URLs in replies. */
export function lastPart(url: string | undefined): string {
  return url?.slice(url.lastIndexOf("/") + 1) ?? ""
}
