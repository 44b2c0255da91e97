/** The parts of a request for instances that the wire reads, as the API's description has them. */
import type { JsonObject } from "../../../../src/provider.js"

export interface Scheduling {
  readonly provisioningModel?: string
  readonly instanceTerminationAction?: string
  readonly terminationTime?: string
  readonly maxRunDuration?: JsonObject
  readonly onHostMaintenance?: string
  readonly automaticRestart?: boolean
}

export interface ReservationAffinity {
  readonly consumeReservationType?: string
  readonly key?: string
  readonly values?: readonly string[]
}

export interface Disk extends JsonObject {
  readonly boot?: boolean
  readonly autoDelete?: boolean
  readonly type?: string
  readonly diskEncryptionKey?: { readonly kmsKeyName?: string }
  readonly initializeParams?: {
    readonly sourceImage?: string
    readonly diskType?: string
    readonly diskSizeGb?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

export interface Properties {
  readonly machineType?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly disks?: readonly Disk[]
  readonly metadata?: { readonly items?: readonly { readonly key?: string; readonly value?: string }[] }
  readonly networkInterfaces?: readonly {
    readonly network?: string
    readonly subnetwork?: string
    readonly accessConfigs?: readonly JsonObject[]
  }[]
  /** Network tags. */
  readonly tags?: { readonly items?: readonly string[] }
  readonly scheduling?: Scheduling
  readonly reservationAffinity?: ReservationAffinity
  readonly guestAccelerators?: readonly { readonly acceleratorType?: string; readonly acceleratorCount?: number }[]
  readonly serviceAccounts?: readonly JsonObject[]
}
