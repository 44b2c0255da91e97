/** The one place where a provider's name becomes its adapter, loaded when it is first needed. */
import { SpecError } from "./errors.js"
import { show } from "./parse.js"
import type { Provider } from "./provider.js"
import type { ProviderName } from "./spec.js"

const LOAD: Readonly<Record<ProviderName, (region: string | undefined) => Promise<Provider>>> = {
  local: async (region) => {
    if (region !== undefined && region !== "local") {
      const message = `is ${show(region)}; this machine is the region "local", leave it out`
      throw new SpecError([{ option: "cluster.region", value: region, message }])
    }
    return (await import("../providers/local/index.js")).local()
  },
  aws: async (region) => (await import("../providers/aws/index.js")).aws({ region: given(region, "aws", "eu-west-2") }),
  gcp: async (region) =>
    (await import("../providers/gcp/index.js")).gcp({ region: given(region, "gcp", "europe-west2") }),
  azure: async (region) => {
    const location = given(region, "azure", "uksouth")
    const subscriptionId = process.env.AZURE_SUBSCRIPTION_ID
    if (subscriptionId === undefined) {
      const message = `is "azure", which needs a subscription: set AZURE_SUBSCRIPTION_ID, or give azure({ subscriptionId, location })`
      throw new SpecError([{ option: "cluster.provider", value: "azure", message }])
    }
    return (await import("../providers/azure/index.js")).azure({ subscriptionId, location })
  },
}

function given(region: string | undefined, name: ProviderName, example: string): string {
  if (region !== undefined) return region
  throw new SpecError([
    { option: "cluster.region", message: `is missing; ${name} needs one, such as ${show(example)}` },
  ])
}

/**
 * @throws SpecError when the adapter does not know the region, or must be told one.
 */
export function loadProvider(name: ProviderName, region: string | undefined): Promise<Provider> {
  return LOAD[name](region)
}
