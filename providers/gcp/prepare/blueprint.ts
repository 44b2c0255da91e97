/** What `prepare` hands to `split`. */
import type { JsonObject, Owner } from "../../../src/provider.js"
import type { Images } from "./images.js"

/** What `split` makes launch calls of: `Prepared.body`, plain JSON. */
export type Blueprint = {
  readonly images: Images
  readonly metadata: readonly { readonly key: string; readonly value: string }[]
  readonly labels: Readonly<Record<string, string>>
  readonly place: { readonly network: string } | { readonly subnetwork: string }
  readonly publicAddress: boolean
  /** What firewall rules are for; left out: none. */
  readonly networkTags?: readonly string[]
  /** What the options say of each instance, in the API's own words. */
  readonly properties: JsonObject
  readonly disk: { readonly type?: string; readonly sizeGb?: number; readonly kmsKeyName?: string }
  readonly reservation?: { readonly affinity: JsonObject; readonly isBound: boolean }
  readonly localSsds: number
  readonly accelerator?: { readonly type: string; readonly count: number }
  readonly skipGuestOsShutdown: boolean
  readonly overrides: JsonObject
  readonly owner: { readonly [K in keyof Owner]: Owner[K] }
}
