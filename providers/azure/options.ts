/** What a user may say to `azure()`. */
import type { Arch, JsonObject } from "../../src/provider.js"
import type { AzureCloudName } from "./clouds.js"

/** What this adapter needs of a credential; every one of "@azure/identity" fits. */
export interface AzureCredential {
  /** Asked before the last token ends, and anew when Azure has refused that. */
  getToken(scopes: string | string[], options?: AzureTokenOptions): Promise<AzureToken | null>
}

export interface AzureToken {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number
}

export interface AzureTokenOptions {
  readonly abortSignal?: AbortSignal
  /** JSON: what the token must satisfy, where Azure has asked for that. */
  readonly claims?: string
  readonly enableCae?: boolean
}

/** What carries the requests, when not node's own https: `sendRequest` of "@azure/core-rest-pipeline". */
export interface AzureHttpClient {
  sendRequest(request: never): Promise<unknown>
}

/** An image: "publisher:offer:sku:version" (or "latest"), or a resource id of an image or of a gallery's image. */
export type AzureImage = string | { readonly [A in Arch]?: string }

export interface AzureDisk {
  /** The image's own size by default. */
  readonly sizeGiB?: number
  /** "StandardSSD_LRS" by default; any managed disk type of Azure's. Unused by an ephemeral disk. */
  readonly type?: string
  /** The OS disk on the host itself, which costs nothing, where the size can carry it; false by default. */
  readonly ephemeral?: boolean
}

export interface AzureOptions {
  readonly subscriptionId: string
  /** For example "westeurope". */
  readonly location: string
  /** Instances go into this group, which must exist and is never deleted; by default each generation gets its own. */
  readonly resourceGroup?: string
  /** The resource id of a subnet; by default one network per location is made, and shared by all clusters. */
  readonly subnetId?: string
  /**
   * Tags of everything that is made, such as cost centres that a policy wants, in Azure's rules: names of 512 characters at most
   * without `<>%&\?/` and without case, values of 256; 42 at most beside Muster's own. A group's tag of the same name goes before it.
   */
  readonly tags?: Readonly<Record<string, string>>
  /** Which of Azure's clouds, by its name in `az cloud list`; by default the public one, or that of `endpoint`. */
  readonly cloud?: AzureCloudName
  /** By default `DefaultAzureCredential` of "@azure/identity". */
  readonly credential?: AzureCredential
  /** Where Azure Resource Manager answers, when not at its cloud's own address; https only. */
  readonly endpoint?: string
  /** PEM certificates to trust at `endpoint` instead of node's own; NODE_EXTRA_CA_CERTS adds to those without this option. */
  readonly ca?: string
  readonly httpClient?: AzureHttpClient
  /** Where the public price list is: https://prices.azure.com, or nowhere in clouds that are not public. */
  readonly pricesEndpoint?: string
  /** The image of groups that name none; Ubuntu 24.04 of the right architecture by default. */
  readonly image?: AzureImage
  /**
   * The resource id of a user-assigned identity that may read and delete the instances: with it every instance ends
   * itself at the cluster's deadline.
   */
  readonly identity?: string
  /** The public key of the user who may log in by SSH as `adminUsername`; by default no user may. Passwords are never allowed. */
  readonly sshPublicKey?: string
  /** "muster" by default. */
  readonly adminUsername?: string
  /** Most USD per hour for one spot instance; by default up to the on-demand price. */
  readonly maxPrice?: number
  readonly disk?: AzureDisk
  /** The resource id of a proximity placement group. */
  readonly proximityPlacementGroup?: string
  /** The resource id of a capacity reservation group. */
  readonly capacityReservationGroup?: string
  /** Merged into each VM last, in the words of "@azure/arm-compute": `{ licenseType: "UBUNTU_PRO" }`. */
  readonly overrides?: JsonObject
}
