/** The one place where a provider's name becomes its adapter, loaded when it is first needed. */
import { SpecError } from "./errors.js"
import { show } from "./parse.js"
import type { Provider } from "./provider.js"
import type { ProviderName } from "./spec.js"

const LOAD: Readonly<Record<ProviderName, (region: string | undefined) => Promise<Provider>>> = {
  local: async (region) => {
    if (region !== undefined && region !== "local") {
      throw new SpecError([
        {
          option: "cluster.region",
          value: region,
          message: `is ${show(region)}; this machine is the region "local", leave it out`,
        },
      ])
    }
    return (await import("../providers/local/index.js")).local()
  },
  aws: async (region) => {
    if (region === undefined) {
      throw new SpecError([{ option: "cluster.region", message: `is missing; aws needs one, such as "eu-west-2"` }])
    }
    return (await import("../providers/aws/index.js")).aws({ region })
  },
}

/**
 * @throws SpecError when the adapter does not know the region, or must be told one.
 */
export function loadProvider(name: ProviderName, region: string | undefined): Promise<Provider> {
  return LOAD[name](region)
}
