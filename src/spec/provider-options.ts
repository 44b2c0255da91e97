/** Provider options: the names of what each factory can be told as data, so that a slip is found before its adapter is loaded. */
import { nearest } from "../input/parse.js"
import type { SpecProblem } from "../errors.js"
import type { NamedProvider } from "./provider-data.js"
import type { ProviderName } from "./provider-schema.js"

/** Those of the adapters' own schemas; a test holds them to that. */
export const OPTION_NAMES: Readonly<Record<ProviderName, readonly string[]>> = {
  local: ["root", "capacity", "vcpus", "memoryGiB", "prices", "graceMs", "zones"],
  aws: [
    "region",
    "endpoint",
    "credentials",
    "client",
    "subnetIds",
    "securityGroupIds",
    "imageId",
    "clients",
    "prices",
    "maxSpotPrice",
    "fleet",
    "fleetRate",
    "spotAllocation",
    "onDemandAllocation",
    "instanceProfile",
    "keyName",
    "sshFrom",
    "containers",
    "rootGiB",
    "volumeInitializationRate",
    "skipOsShutdown",
    "reservation",
    "placementGroup",
    "tenancy",
    "efa",
    "tags",
    "overrides",
  ],
  gcp: [
    "region",
    "project",
    "zones",
    "network",
    "subnetwork",
    "labels",
    "serviceAccount",
    "scopes",
    "image",
    "accelerator",
    "disk",
    "localSsds",
    "secureBoot",
    "osLogin",
    "reservation",
    "skipGuestOsShutdown",
    "prices",
    "apiEndpoint",
    "billingEndpoint",
    "resourceManagerEndpoint",
    "auth",
    "sdk",
    "requestsPerMinute",
    "overrides",
  ],
  azure: [
    "subscriptionId",
    "location",
    "resourceGroup",
    "subnetId",
    "cloud",
    "tags",
    "credential",
    "endpoint",
    "ca",
    "httpClient",
    "pricesEndpoint",
    "image",
    "identity",
    "sshPublicKey",
    "adminUsername",
    "maxPrice",
    "disk",
    "proximityPlacementGroup",
    "capacityReservationGroup",
    "overrides",
  ],
}

/** Options that the factory does not know. What is given may be a secret, and is not shown. */
export function optionNameProblems({ named, at, options }: NamedProvider): readonly SpecProblem[] {
  const known = OPTION_NAMES[named]
  return Object.keys(options)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearest(key, known)
      const hint = near === undefined ? `known options: ${known.join(", ")}` : `did you mean "${near}"?`
      return { option: `${at}.${named}.${key}`, message: `unknown option; ${hint}` }
    })
}
