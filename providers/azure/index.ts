import { plainOptions } from "../../src/input/parse.js"
import type { Provider } from "../../src/provider.js"
import { adapterOf } from "./adapter.js"
import { parseAzureOptions } from "./options-check.js"
import type { AzureOptions } from "./options.js"

export type { AzureCloudName } from "./clouds.js"
export type {
  AzureCredential,
  AzureDisk,
  AzureHttpClient,
  AzureImage,
  AzureOptions,
  AzureToken,
  AzureTokenOptions,
} from "./options.js"

/**
 * Azure VMs in one location, for `new Cluster({ provider: azure({ subscriptionId, location: "westeurope" }) })`. Nothing is
 * loaded or sent before it is used; the SDKs are "@azure/arm-compute" and, without a credential of your own,
 * "@azure/identity", installed beside Muster.
 *
 * @param options see `AzureOptions`; `subscriptionId` and `location` must be given.
 * @throws SpecError with all that is wrong with the options.
 */
export function azure(options: AzureOptions): Provider {
  return { ...adapterOf(parseAzureOptions(options)), recipe: () => plainOptions(options) }
}
