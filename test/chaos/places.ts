/** How each cloud's provider is made where the cloud is a wire on this machine, from what can be told to another process. */
import type { AwsOptions } from "../../providers/aws/index.js"
import type { AzureOptions } from "../../providers/azure/index.js"
import type { GcpOptions } from "../../providers/gcp/index.js"
import type { LocalOptions } from "../../providers/local/index.js"
import type { JsonObject, Provider } from "../../src/provider.js"

/** A provider's options as plain JSON, but for what is no JSON and is the same everywhere. */
export interface Place {
  readonly cloud: CloudName
  readonly options: JsonObject
}

const MAKERS = {
  aws: async (options: JsonObject) => {
    const { aws } = await import("../../providers/aws/index.js")
    return aws(options as unknown as AwsOptions)
  },
  azure: async (options: JsonObject) => {
    const { azure } = await import("../../providers/azure/index.js")
    const credential = {
      getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    }
    return azure({ ...(options as unknown as AzureOptions), credential })
  },
  gcp: async (options: JsonObject) => {
    const { gcp } = await import("../../providers/gcp/index.js")
    return gcp(options as unknown as GcpOptions)
  },
  local: async (options: JsonObject) => {
    const { local } = await import("../../providers/local/index.js")
    return local(options as LocalOptions)
  },
} as const satisfies Readonly<Record<string, (options: JsonObject) => Promise<Provider>>>

export type CloudName = keyof typeof MAKERS

export const CLOUDS = Object.keys(MAKERS) as readonly CloudName[]

export function providerAt({ cloud, options }: Place): Promise<Provider> {
  return MAKERS[cloud](options)
}
