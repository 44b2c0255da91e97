/** The parts of a VM's REST body that the wire reads. */

export interface RestNic {
  readonly name?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly properties?: {
    readonly deleteOption?: string
    readonly ipConfigurations?: readonly {
      readonly name?: string
      readonly properties?: {
        readonly subnet?: { readonly id?: string }
        readonly applicationSecurityGroups?: readonly { readonly id?: string }[]
        readonly publicIPAddressConfiguration?: {
          readonly name?: string
          readonly tags?: Readonly<Record<string, string>>
          readonly sku?: { readonly name?: string; readonly tier?: string }
          readonly properties?: { readonly deleteOption?: string; readonly publicIPAllocationMethod?: string }
        }
      }
    }[]
  }
}

export interface RestVm {
  readonly location?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly zones?: readonly string[]
  readonly plan?: { readonly name?: string; readonly publisher?: string; readonly product?: string }
  readonly identity?: { readonly type?: string; readonly userAssignedIdentities?: Readonly<Record<string, unknown>> }
  readonly properties?: {
    readonly hardwareProfile?: { readonly vmSize?: string }
    readonly storageProfile?: {
      readonly imageReference?: Readonly<Record<string, string>>
      readonly diskControllerType?: string
      readonly osDisk?: {
        readonly name?: string
        readonly createOption?: string
        readonly deleteOption?: string
        readonly managedDisk?: { readonly storageAccountType?: string }
        readonly diffDiskSettings?: { readonly option?: string; readonly placement?: string }
      }
    }
    readonly osProfile?: {
      readonly computerName?: string
      readonly adminUsername?: string
      readonly adminPassword?: string
      readonly customData?: string
      readonly linuxConfiguration?: {
        readonly disablePasswordAuthentication?: boolean
        readonly ssh?: { readonly publicKeys?: readonly { readonly path?: string; readonly keyData?: string }[] }
      }
    }
    readonly networkProfile?: {
      readonly networkApiVersion?: string
      readonly networkInterfaceConfigurations?: readonly RestNic[]
    }
    readonly diagnosticsProfile?: {
      readonly bootDiagnostics?: { readonly enabled?: boolean; readonly storageUri?: string }
    }
    /** Base64. */
    readonly userData?: string
    readonly priority?: string
    readonly evictionPolicy?: string
    readonly billingProfile?: { readonly maxPrice?: number }
  }
}

export function nicsOf({ properties }: RestVm) {
  return properties?.networkProfile?.networkInterfaceConfigurations ?? []
}
