/** Where a person can look at an instance. */
import type { Instance } from "../../../src/provider.js"
import { cloudOf } from "../clouds.js"
import type { AzureOptions } from "../options.js"

/** The instance's page in the portal of its cloud; whoever opens it logs in there. */
export function consoleUrl(options: Pick<AzureOptions, "cloud" | "endpoint">, { id }: Pick<Instance, "id">): string {
  return `${cloudOf(options).portal}/#resource${encodeURI(id)}/overview`
}
