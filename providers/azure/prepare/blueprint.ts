/** What `prepare` hands to `split`. */
import type { Arch, JsonObject, Owner } from "../../../src/provider.js"

/** What `split` makes launch calls of: `Prepared.body`, plain JSON. */
export type Blueprint = {
  readonly location: string
  readonly group: string
  readonly images: { readonly [A in Arch]?: JsonObject }
  readonly plans: { readonly [A in Arch]?: JsonObject }
  readonly subnetId: string
  readonly publicAddress: boolean
  /** The application security groups of its interfaces, by id; left out: none. */
  readonly securityGroups?: readonly string[]
  /** Base64. */
  readonly customData: string
  /** The group's spec in base64, for a process that attaches later; left out where there is no room for it. */
  readonly userData?: string
  /** The digest of the group's spec. */
  readonly spec?: string
  /** The guest has something to do before its end. */
  readonly hasNotice?: true
  readonly login: JsonObject
  readonly disk: JsonObject
  /** The sizes that can have their OS disk on the host, and where there. */
  readonly ephemeral: { readonly [size: string]: string }
  /** The sizes that boot from NVMe only. */
  readonly nvme: readonly string[]
  readonly placement: JsonObject
  readonly identity?: string
  /** USD per hour for spot; -1: up to the on-demand price. */
  readonly maxPrice: number
  readonly tags: Readonly<Record<string, string>>
  readonly overrides: JsonObject
  readonly owner: { readonly [K in keyof Owner]: Owner[K] }
}
