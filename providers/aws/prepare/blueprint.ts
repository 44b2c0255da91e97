/** What `prepare` pins for the launches of one group. */
import type { JsonObject, Owner } from "../../../src/provider.js"
import type { Images } from "./images.js"
import type { AwsOptions } from "../options.js"
import type { Subnet } from "../offers/subnets.js"

/** The options that every launch says. */
export type LaunchOptions = Pick<
  AwsOptions,
  | "fleet"
  | "fleetRate"
  | "spotAllocation"
  | "onDemandAllocation"
  | "maxSpotPrice"
  | "instanceProfile"
  | "keyName"
  | "containers"
  | "rootGiB"
  | "volumeInitializationRate"
  | "reservation"
  | "placementGroup"
  | "tenancy"
  | "efa"
>

/** What `split` makes launch calls of: `Prepared.body`, plain JSON. */
export type Blueprint = {
  readonly images: Images
  /** Empty: each zone's default subnet. */
  readonly subnets: readonly Subnet[]
  readonly securityGroupIds: readonly string[]
  /** Base64. */
  readonly userData: string
  /** The user's, for what is launched: of the provider and of the group. */
  readonly tags: Readonly<Record<string, string>>
  /** The provider's alone, for all else; left out: none. */
  readonly commonTags?: Readonly<Record<string, string>>
  readonly publicAddress: "auto" | boolean
  readonly options: LaunchOptions
  readonly overrides: JsonObject
  /** The digest of the group's spec, where one was given. */
  readonly spec?: string
  readonly owner: Owner
}

const LAUNCH_OPTIONS = [
  "fleet",
  "fleetRate",
  "spotAllocation",
  "onDemandAllocation",
  "maxSpotPrice",
  "instanceProfile",
  "keyName",
  "containers",
  "rootGiB",
  "volumeInitializationRate",
  "reservation",
  "placementGroup",
  "tenancy",
  "efa",
] as const satisfies readonly (keyof LaunchOptions)[]

export function launchOptions(options: AwsOptions): LaunchOptions {
  return Object.fromEntries(
    LAUNCH_OPTIONS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  ) as LaunchOptions
}
